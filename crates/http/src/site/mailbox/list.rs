use super::item::{Item, state};
use super::{door, json, wants_json};
use crate::call::Call;
use crate::endpoint::{Answer, Endpoint};
use crate::site::page::{Escaped, page};
use crate::wire::rfc3339;
use actix_web::http::{Method, StatusCode};
use doorward_domain::mail::{OutboxEntry, ShownLetter};
use doorward_domain::store::LetterFilter;
use doorward_domain::time::Timestamp;

/// How many letters are listed: those that were written last.
const LISTED: u32 = 100;

pub(super) fn endpoint() -> Endpoint {
    Endpoint::at("/dev/mailbox/").open(Method::GET, list)
}

async fn list(call: Call) -> Answer {
    door::pass(&call)?;
    let (post, now) = (&call.state().post, call.auth().ports().clock.now());
    let entries = post.letters(LetterFilter::default(), LISTED).await?;
    let letters: Vec<_> = entries.iter().map(|entry| (entry, post.show(entry))).collect();
    if wants_json(&call) {
        let items = letters.iter().map(|(entry, shown)| Item::new(entry, shown.as_ref(), now));
        return json(&items.collect::<Vec<_>>());
    }
    let rows: String = letters.iter().map(|(entry, shown)| row(entry, shown.as_ref(), now)).collect();
    Ok(page(StatusCode::OK, "Mailbox", &format!(include_str!("list.html"), rows = rows)))
}

fn row(entry: &OutboxEntry, shown: Option<&ShownLetter>, now: Timestamp) -> String {
    format!(
        include_str!("row.html"),
        id = entry.id,
        written_at = rfc3339(entry.written_at),
        to = Escaped(entry.to.as_str()),
        subject = Escaped(shown.map_or(entry.kind.as_str(), |shown| &shown.subject)),
        state = state(entry, now),
    )
}
