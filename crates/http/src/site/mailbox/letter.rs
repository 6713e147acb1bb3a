use super::item::{Item, state};
use super::{door, json, wants_json};
use crate::call::Call;
use crate::endpoint::{Answer, Endpoint};
use crate::problem::Problem;
use crate::site::page::{Escaped, page};
use crate::wire::rfc3339;
use actix_web::http::{Method, StatusCode};
use doorward_domain::mail::{LetterId, OutboxEntry, ShownLetter};
use doorward_domain::time::Timestamp;

pub(super) fn endpoint() -> Endpoint {
    Endpoint::at("/dev/mailbox/{id}/").open(Method::GET, letter)
}

async fn letter(call: Call) -> Answer {
    door::pass(&call)?;
    let (post, now) = (&call.state().post, call.auth().ports().clock.now());
    let id = LetterId::parse(call.segment("id")).ok_or(Problem::NotFound)?;
    let entry = post.letter(id).await?.ok_or(Problem::NotFound)?;
    let shown = post.show(&entry);
    if wants_json(&call) {
        return json(&Item::new(&entry, shown.as_ref(), now));
    }
    let title = shown.as_ref().map_or(entry.kind.as_str(), |shown| &shown.subject);
    Ok(page(StatusCode::OK, title, &main(title, &entry, shown.as_ref(), now)))
}

fn main(title: &str, entry: &OutboxEntry, shown: Option<&ShownLetter>, now: Timestamp) -> String {
    format!(
        include_str!("letter.html"),
        title = Escaped(title),
        from = Escaped(shown.map_or("", |shown| &shown.from)),
        to = Escaped(entry.to.as_str()),
        written_at = rfc3339(entry.written_at),
        state = state(entry, now),
        contents = shown.map_or_else(|| include_str!("gone.html").to_owned(), contents),
    )
}

/// The letter's frame is a sandbox: a template that an operator wrote runs nothing, and its policy is
/// the page's, which loads nothing.
fn contents(shown: &ShownLetter) -> String {
    let link = shown.link.as_deref().filter(|link| is_web_address(link)).map(|link| {
        let link = Escaped(link);
        format!("<p><a href=\"{link}\" rel=\"noreferrer\">{link}</a></p>\n")
    });
    format!(
        include_str!("contents.html"),
        link = link.unwrap_or_default(),
        text = Escaped(&shown.text),
        html = Escaped(&shown.html),
    )
}

fn is_web_address(link: &str) -> bool {
    link.starts_with("https://") || link.starts_with("http://")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(html: &str, link: &str) -> String {
        contents(&ShownLetter {
            from: String::new(),
            subject: String::new(),
            text: "1 < 2 </pre>".to_owned(),
            html: html.to_owned(),
            link: Some(link.to_owned()),
        })
    }

    #[test]
    fn the_letters_html_cannot_leave_its_frame() {
        let page = shown(r#""></iframe><script>alert('x')</script>"#, "https://example.com/?a=1&b=2");
        assert!(page.contains(r#"srcdoc="&quot;&gt;&lt;/iframe&gt;&lt;script&gt;"#), "{page}");
        assert!(page.contains("<iframe sandbox "), "{page}");
        assert!(page.contains("<pre>1 &lt; 2 &lt;/pre&gt;</pre>"), "{page}");
        assert!(page.contains(r#"<a href="https://example.com/?a=1&amp;b=2""#), "{page}");
    }

    #[test]
    fn what_is_no_web_address_is_no_link() {
        assert!(!shown("", "javascript:alert(1)").contains("<a "));
    }
}
