//! What tests find in letters.

use crate::support::{Answer, Server};
use doorward_domain::mail::Message;
use serde_json::json;

/// What a letter asks to be sent back.
pub(crate) struct Sent {
    pub(crate) to: String,
    pub(crate) uid: String,
    pub(crate) key: String,
    pub(crate) code: String,
}

/// The letters that are on their way and ask for something, in order.
pub(crate) fn sent(server: &Server) -> Vec<Sent> {
    let asking = server.world.mail().into_iter().filter_map(|letter| {
        let (uid, key, code) = match &letter.message {
            Message::VerifyEmail { secret, code } | Message::ConfirmEmailChange { secret, code } => {
                ("", secret, code.expose())
            }
            Message::ResetPassword { uid, secret, code } => (uid.as_str(), secret, code.expose()),
            Message::EmailChanged { undo, .. } => ("", undo, ""),
            _ => return None,
        };
        let to = letter.to.to_string();
        Some(Sent { to, uid: uid.to_owned(), key: key.expose().to_owned(), code: code.to_owned() })
    });
    asking.collect()
}

/// The only one of them.
#[track_caller]
pub(crate) fn only(server: &Server) -> Sent {
    let mut letters = sent(server);
    assert_eq!(letters.len(), 1);
    letters.remove(0)
}

/// Asks at `path` for a letter to alice, who gets it.
#[track_caller]
pub(crate) fn asked(server: &Server, path: &str) -> Sent {
    let answer: Answer = server.post(path, &json!({"email": "Alice@example.com"}));
    assert!(answer.status < 300, "{}", answer.text);
    only(server)
}

/// A code that is another.
pub(crate) fn other(code: &str) -> String {
    let (rest, last) = code.split_at(code.len() - 1);
    format!("{rest}{}", if last == "0" { "1" } else { "0" })
}
