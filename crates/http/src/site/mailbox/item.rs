use crate::wire::rfc3339;
use doorward_domain::mail::{OutboxEntry, ShownLetter};
use doorward_domain::time::Timestamp;
use serde::Serialize;

/// A letter, as a program reads it. What is gone with the letter's contents is null.
#[derive(Serialize)]
pub(super) struct Item<'a> {
    id: String,
    to: &'a str,
    kind: &'static str,
    subject: Option<&'a str>,
    written_at: String,
    state: &'static str,
    text: Option<&'a str>,
    link: Option<&'a str>,
}

impl<'a> Item<'a> {
    pub(super) fn new(entry: &'a OutboxEntry, shown: Option<&'a ShownLetter>, now: Timestamp) -> Self {
        Self {
            id: entry.id.to_string(),
            to: entry.to.as_str(),
            kind: entry.kind.as_str(),
            subject: shown.map(|shown| shown.subject.as_str()),
            written_at: rfc3339(entry.written_at),
            state: state(entry, now),
            text: shown.map(|shown| shown.text.as_str()),
            link: shown.and_then(|shown| shown.link.as_deref()),
        }
    }
}

/// What became of a letter, in a word.
pub(super) fn state(entry: &OutboxEntry, now: Timestamp) -> &'static str {
    if entry.has_expired(now) { "expired" } else { entry.state.as_str() }
}
