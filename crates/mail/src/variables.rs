//! What a template can say.

use crate::site::{Site, in_query};
use crate::words::{inert, one_line};
use doorward_domain::mail::{Letter, Message};
use doorward_domain::one_time::{Code, SecretText};
use doorward_domain::session::Client;
use doorward_domain::time::Timestamp;
use minijinja::value::Value;
use std::collections::BTreeMap;
use std::time::Duration;

/// What a template writes into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// Nothing is escaped.
    Text,
    /// Everything is.
    Html,
}

/// The variables of one letter. One that the letter has no use for is not there, so that a template
/// that asks for it is refused when it is loaded.
pub(crate) fn variables(letter: &Letter, site: &Site, form: Form) -> Value {
    let mut all = Variables { values: BTreeMap::new(), form };
    all.text("username", &one_line(&letter.username, 150));
    all.text("to", &one_line(letter.to.as_str(), 320));
    all.text("site", site.host());
    all.url("public_url", site.url());
    all.text("when", &utc(letter.written_at));
    if let Some(link) = site.link(&letter.message) {
        let lasts = letter.expires_at.since(letter.written_at);
        all.url("link", &link);
        all.number("link_hours", lasts.as_secs() / 3600);
        all.text("link_lasts", &in_words(lasts));
        all.text("link_until", &utc(letter.expires_at));
    }
    match &letter.message {
        Message::VerifyEmail { secret, code } | Message::ConfirmEmailChange { secret, code } => {
            all.secret("key", secret);
            all.code(code, letter.written_at);
        }
        Message::ResetPassword { uid, secret, code } => {
            all.text("uid", &in_query(uid.as_str()));
            all.secret("token", secret);
            all.code(code, letter.written_at);
        }
        Message::EmailChanged { new, undo } => {
            all.text("new_address", &one_line(new.as_str(), 320));
            all.secret("key", undo);
        }
        Message::PasswordChanged { client } => {
            all.put("by_operator", Value::from(client.is_none()));
            all.client(client.as_ref());
        }
        Message::TokenReused { client } => all.client(Some(client)),
        Message::EmailRemoved | Message::AddressTaken | Message::AccountDeleted | Message::Test => {}
    }
    Value::from(all.values)
}

/// What a letter's reader must find in it, of which any one will do: its secret, or its code.
pub(crate) fn keys(message: &Message) -> Vec<String> {
    match message {
        Message::VerifyEmail { secret, code }
        | Message::ResetPassword { secret, code, .. }
        | Message::ConfirmEmailChange { secret, code } => vec![secret.expose().to_owned(), grouped(code)],
        Message::EmailChanged { undo, .. } => vec![undo.expose().to_owned()],
        Message::EmailRemoved
        | Message::PasswordChanged { .. }
        | Message::TokenReused { .. }
        | Message::AddressTaken
        | Message::AccountDeleted
        | Message::Test => Vec::new(),
    }
}

struct Variables {
    values: BTreeMap<&'static str, Value>,
    form: Form,
}

impl Variables {
    fn put(&mut self, name: &'static str, value: Value) {
        self.values.insert(name, value);
    }

    fn text(&mut self, name: &'static str, text: &str) {
        self.put(name, Value::from(text));
    }

    fn number(&mut self, name: &'static str, number: u64) {
        self.put(name, Value::from(number));
    }

    /// A [`Site`]'s URLs hold nothing that HTML minds but `&`. The engine would escape slashes too,
    /// which is right and hard to read where a mail program shows the source.
    fn url(&mut self, name: &'static str, url: &str) {
        self.put(
            name,
            match self.form {
                Form::Text => Value::from(url),
                Form::Html => Value::from_safe_string(url.replace('&', "&amp;")),
            },
        );
    }

    fn secret(&mut self, name: &'static str, secret: &SecretText) {
        self.text(name, secret.expose());
    }

    fn code(&mut self, code: &Code, written_at: Timestamp) {
        self.text("code", &grouped(code));
        self.number("code_minutes", Code::LIFETIME.as_secs() / 60);
        self.text("code_until", &utc(written_at.plus(Code::LIFETIME)));
    }

    fn client(&mut self, client: Option<&Client>) {
        self.text("client_address", &client.map_or_else(String::new, |client| one_line(&client.address, 64)));
        self.text("client", &client.map_or_else(String::new, |client| inert(&client.user_agent)));
    }
}

/// In two groups of four: easier to read and to type.
fn grouped(code: &Code) -> String {
    let digits = code.expose();
    digits.split_at_checked(4).map_or_else(|| digits.to_owned(), |(first, rest)| format!("{first} {rest}"))
}

fn utc(at: Timestamp) -> String {
    let shown = jiff::Timestamp::from_microsecond(at.as_micros());
    shown.map_or_else(|_| "at an unknown time".to_owned(), |at| at.strftime("%Y-%m-%d %H:%M UTC").to_string())
}

/// In the largest unit that it is whole in.
fn in_words(span: Duration) -> String {
    let minutes = span.as_secs() / 60;
    let (count, unit) = match minutes {
        _ if minutes > 0 && minutes.is_multiple_of(24 * 60) => (minutes / (24 * 60), "day"),
        _ if minutes > 0 && minutes.is_multiple_of(60) => (minutes / 60, "hour"),
        _ => (minutes, "minute"),
    };
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_told_in_their_largest_whole_unit() {
        for (minutes, words) in [
            (0, "0 minutes"),
            (1, "1 minute"),
            (60, "1 hour"),
            (90, "90 minutes"),
            (1440, "1 day"),
            (10080, "7 days"),
        ] {
            assert_eq!(in_words(Duration::from_secs(60 * minutes)), words);
        }
    }

    #[test]
    fn instants_are_told_in_utc_to_the_minute() {
        assert_eq!(utc(Timestamp::from_seconds(1_795_414_559)), "2026-11-23 06:15 UTC");
        assert_eq!(utc(Timestamp::from_micros(i64::MAX)), "at an unknown time");
    }
}
