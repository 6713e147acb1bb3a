//! Pages for people, in one frame: no script, no cookie, nothing loaded from or linked to elsewhere.

use crate::endpoint::Answer;
use crate::problem::Problem;
use actix_web::HttpResponse;
use actix_web::body::BoxBody;
use actix_web::http::StatusCode;
use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, HeaderValue, REFERRER_POLICY,
};
use std::fmt::{self, Write as _};

/// The style stands in the page, and a form goes back to where it came from.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; \
     frame-ancestors 'none'; base-uri 'none'";

/// What a page's address, fields or text hold is for its reader alone.
const PRIVATE: [(HeaderName, HeaderValue); 3] = [
    (CACHE_CONTROL, HeaderValue::from_static("no-store")),
    (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (HeaderName::from_static("x-robots-tag"), HeaderValue::from_static("noindex")),
];

/// A page. `main` is HTML; the title is text.
pub(super) fn page(status: StatusCode, title: &str, main: &str) -> HttpResponse {
    write_page(HttpResponse::new(status), title, main)
}

/// A page that has nothing but a heading and a paragraph, both text.
pub(super) fn note(status: StatusCode, title: &str, text: &str) -> HttpResponse {
    write_note(HttpResponse::new(status), title, text)
}

/// Tells a problem on a page: whoever follows a link of a letter reads no JSON.
pub(super) async fn in_html(answer: impl Future<Output = Answer>) -> Answer {
    Ok(answer.await.unwrap_or_else(sorry))
}

/// Adds what keeps an answer with its reader.
pub(super) fn keep_private(answer: &mut HttpResponse) {
    for (name, value) in PRIVATE {
        answer.headers_mut().insert(name, value);
    }
}

/// A text, as HTML writes it: in an element, or in an attribute's quotes.
pub(super) struct Escaped<'a>(pub(super) &'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|c| match c {
            '&' => f.write_str("&amp;"),
            '<' => f.write_str("&lt;"),
            '>' => f.write_str("&gt;"),
            '"' => f.write_str("&quot;"),
            '\'' => f.write_str("&#39;"),
            _ => f.write_char(c),
        })
    }
}

fn sorry(problem: Problem) -> HttpResponse {
    let answer = HttpResponse::from_error(problem);
    let (title, text) = match answer.status() {
        StatusCode::SERVICE_UNAVAILABLE => (
            "Please try again in a moment",
            "The server is busy. Wait a moment, and then open the link in the letter again.",
        ),
        status if status.is_server_error() => {
            ("Something went wrong here", "It is not your fault. Open the link in the letter again later.")
        }
        _ => ("This could not be read", "Open the link in the letter again, and send the form from there."),
    };
    write_note(answer, title, text)
}

fn write_note(answer: HttpResponse, title: &str, text: &str) -> HttpResponse {
    let main = format!(include_str!("note.html"), title = Escaped(title), text = Escaped(text));
    write_page(answer, title, &main)
}

/// Puts a page into an answer, whose status and other headers stay.
fn write_page(answer: HttpResponse, title: &str, main: &str) -> HttpResponse {
    let style = include_str!("page.css");
    let html = format!(include_str!("page.html"), title = Escaped(title), style = style, main = main);
    let mut answer = answer.map_body(|_, _| BoxBody::new(html));
    keep_private(&mut answer);
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    answer
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::body::MessageBody;
    use actix_web::http::header::RETRY_AFTER;
    use doorward_domain::store::StoreError;
    use doorward_domain::use_cases::Failure;

    fn text(answer: HttpResponse) -> String {
        String::from_utf8(answer.into_body().try_into_bytes().unwrap().to_vec()).unwrap()
    }

    #[test]
    fn what_html_reads_as_its_own_is_escaped() {
        let told = Escaped(r#"<b onclick="x('y')">é & ü</b>"#).to_string();
        assert_eq!(told, "&lt;b onclick=&quot;x(&#39;y&#39;)&quot;&gt;é &amp; ü&lt;/b&gt;");
    }

    #[test]
    fn a_note_is_text() {
        let page = text(note(StatusCode::OK, "<i>title</i>", "</main><script>"));
        assert!(!page.contains("<i>") && !page.contains("<script>"), "{page}");
        assert_eq!(page.matches("&lt;i&gt;title&lt;/i&gt;").count(), 2, "{page}");
    }

    #[test]
    fn a_problem_keeps_its_status_and_headers_and_hides_its_cause() {
        let away = Problem::from(Failure::Store(StoreError::unavailable("password=hunter2 at db.internal")));
        let answer = sorry(away);
        assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(answer.headers().get(RETRY_AFTER).unwrap(), "1");
        assert_eq!(answer.headers().get(CONTENT_TYPE).unwrap(), "text/html; charset=utf-8");
        assert!(answer.error().is_some(), "the log tells the cause");
        let page = text(answer);
        assert!(page.contains("Please try again in a moment") && !page.contains("hunter2"), "{page}");
    }
}
