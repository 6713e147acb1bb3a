//! Letters as the outbox stores them: JSON, sealed.

use doorward_domain::identity::EmailAddress;
use doorward_domain::mail::{Envelopes, Letter, LetterId, Message};
use doorward_domain::one_time::{Code, SecretText};
use doorward_domain::sealing::{DoesNotOpen, SealedAs, Sealer};
use doorward_domain::session::Client;
use doorward_domain::time::Timestamp;
use doorward_domain::user::Subject;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::sync::Arc;
use zeroize::Zeroizing;

/// Seals letters under the root secret, each bound to its id.
pub struct SealedEnvelopes {
    current: Arc<dyn Sealer>,
    previous: Vec<Arc<dyn Sealer>>,
}

impl SealedEnvelopes {
    /// Envelopes that `current` seals, and that `current` or one of `previous` opens: letters that
    /// were written before the root secret was replaced are still sent.
    pub fn new(current: Arc<dyn Sealer>, previous: Vec<Arc<dyn Sealer>>) -> Self {
        Self { current, previous }
    }
}

impl Envelopes for SealedEnvelopes {
    fn close(&self, letter: &Letter) -> Vec<u8> {
        // More than the longest letter takes: a buffer that grew would leave copies behind.
        let mut plain = Zeroizing::new(Vec::with_capacity(16 * 1024));
        // Strings and numbers always have a form, and a vector takes all that is written to it.
        let _ = serde_json::to_writer(&mut *plain, &Stored::from(letter));
        self.current.seal(place(&letter.id.to_string()), &plain)
    }

    fn open(&self, id: LetterId, sealed: &[u8]) -> Result<Letter, DoesNotOpen> {
        let row = id.to_string();
        let plain = std::iter::once(&self.current)
            .chain(&self.previous)
            .find_map(|sealer| sealer.open(place(&row), sealed).ok())
            .ok_or(DoesNotOpen)?;
        let stored: Stored<'_> = serde_json::from_slice(&plain).map_err(|_| DoesNotOpen)?;
        stored.into_letter(id).ok_or(DoesNotOpen)
    }
}

fn place(row: &str) -> SealedAs<'_> {
    SealedAs { table: "letters", row, purpose: "letter" }
}

/// The stored form. A change that older servers cannot read, or that cannot read what they wrote, is
/// another version.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored<'a> {
    v: u8,
    #[serde(borrow)]
    to: Cow<'a, str>,
    #[serde(borrow)]
    username: Cow<'a, str>,
    #[serde(borrow)]
    message: StoredMessage<'a>,
    written_at: i64,
    expires_at: i64,
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
enum StoredMessage<'a> {
    VerifyEmail {
        #[serde(borrow)]
        secret: Cow<'a, str>,
        #[serde(borrow)]
        code: Cow<'a, str>,
    },
    ResetPassword {
        #[serde(borrow)]
        uid: Cow<'a, str>,
        #[serde(borrow)]
        secret: Cow<'a, str>,
        #[serde(borrow)]
        code: Cow<'a, str>,
    },
    ConfirmEmailChange {
        #[serde(borrow)]
        secret: Cow<'a, str>,
        #[serde(borrow)]
        code: Cow<'a, str>,
    },
    EmailChanged {
        #[serde(borrow)]
        new: Cow<'a, str>,
        #[serde(borrow)]
        undo: Cow<'a, str>,
    },
    EmailRemoved,
    PasswordChanged {
        #[serde(borrow)]
        client: Option<StoredClient<'a>>,
    },
    TokenReused {
        #[serde(borrow)]
        client: StoredClient<'a>,
    },
    AddressTaken,
    AccountDeleted,
    Test,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredClient<'a> {
    #[serde(borrow)]
    address: Cow<'a, str>,
    #[serde(borrow)]
    user_agent: Cow<'a, str>,
}

const VERSION: u8 = 1;

impl<'a> From<&'a Letter> for Stored<'a> {
    fn from(letter: &'a Letter) -> Self {
        Self {
            v: VERSION,
            to: letter.to.as_str().into(),
            username: letter.username.as_str().into(),
            message: (&letter.message).into(),
            written_at: letter.written_at.as_micros(),
            expires_at: letter.expires_at.as_micros(),
        }
    }
}

impl Stored<'_> {
    fn into_letter(self, id: LetterId) -> Option<Letter> {
        (self.v == VERSION).then_some(())?;
        Some(Letter {
            id,
            to: EmailAddress::from_stored(self.to.into_owned()),
            username: self.username.into_owned(),
            message: self.message.into_message()?,
            written_at: Timestamp::from_micros(self.written_at),
            expires_at: Timestamp::from_micros(self.expires_at),
        })
    }
}

impl<'a> From<&'a Message> for StoredMessage<'a> {
    fn from(message: &'a Message) -> Self {
        match message {
            Message::VerifyEmail { secret, code } => {
                Self::VerifyEmail { secret: secret.expose().into(), code: code.expose().into() }
            }
            Message::ResetPassword { uid, secret, code } => Self::ResetPassword {
                uid: uid.as_str().into(),
                secret: secret.expose().into(),
                code: code.expose().into(),
            },
            Message::ConfirmEmailChange { secret, code } => {
                Self::ConfirmEmailChange { secret: secret.expose().into(), code: code.expose().into() }
            }
            Message::EmailChanged { new, undo } => {
                Self::EmailChanged { new: new.as_str().into(), undo: undo.expose().into() }
            }
            Message::EmailRemoved => Self::EmailRemoved,
            Message::PasswordChanged { client } => {
                Self::PasswordChanged { client: client.as_ref().map(Into::into) }
            }
            Message::TokenReused { client } => Self::TokenReused { client: client.into() },
            Message::AddressTaken => Self::AddressTaken,
            Message::AccountDeleted => Self::AccountDeleted,
            Message::Test => Self::Test,
        }
    }
}

impl StoredMessage<'_> {
    fn into_message(self) -> Option<Message> {
        Some(match self {
            Self::VerifyEmail { secret, code } => {
                Message::VerifyEmail { secret: SecretText::from_text(secret), code: Code::parse(&code)? }
            }
            Self::ResetPassword { uid, secret, code } => Message::ResetPassword {
                uid: Subject::from_stored(uid.into_owned()),
                secret: SecretText::from_text(secret),
                code: Code::parse(&code)?,
            },
            Self::ConfirmEmailChange { secret, code } => Message::ConfirmEmailChange {
                secret: SecretText::from_text(secret),
                code: Code::parse(&code)?,
            },
            Self::EmailChanged { new, undo } => Message::EmailChanged {
                new: EmailAddress::from_stored(new.into_owned()),
                undo: SecretText::from_text(undo),
            },
            Self::EmailRemoved => Message::EmailRemoved,
            Self::PasswordChanged { client } => Message::PasswordChanged { client: client.map(Into::into) },
            Self::TokenReused { client } => Message::TokenReused { client: client.into() },
            Self::AddressTaken => Message::AddressTaken,
            Self::AccountDeleted => Message::AccountDeleted,
            Self::Test => Message::Test,
        })
    }
}

impl<'a> From<&'a Client> for StoredClient<'a> {
    fn from(client: &'a Client) -> Self {
        Self { address: client.address.as_str().into(), user_agent: client.user_agent.as_str().into() }
    }
}

impl From<StoredClient<'_>> for Client {
    fn from(stored: StoredClient<'_>) -> Self {
        Self { address: stored.address.into_owned(), user_agent: stored.user_agent.into_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::{self, other_id};
    use doorward_domain::testing::TestSealer;

    fn envelopes(current: &'static str, previous: &[&'static str]) -> SealedEnvelopes {
        let sealer = |root: &'static str| -> Arc<dyn Sealer> { Arc::new(TestSealer(root)) };
        SealedEnvelopes::new(sealer(current), previous.iter().map(|root| sealer(root)).collect())
    }

    #[test]
    fn every_letter_comes_out_as_it_went_in() {
        let envelopes = envelopes("root", &[]);
        for mut letter in samples::all() {
            letter.username = "quote \" backslash \\ line\r\n \u{1f4ec}".to_owned();
            assert_eq!(envelopes.open(letter.id, &envelopes.close(&letter)), Ok(letter));
        }
    }

    #[test]
    fn a_letter_opens_under_its_own_id_alone() {
        let envelopes = envelopes("root", &[]);
        for letter in samples::all() {
            assert_eq!(envelopes.open(other_id(), &envelopes.close(&letter)), Err(DoesNotOpen));
        }
    }

    #[test]
    fn a_letter_opens_under_a_root_that_was_replaced() {
        let letter = samples::all().remove(0);
        let sealed = envelopes("old", &[]).close(&letter);
        assert_eq!(envelopes("new", &["older", "old"]).open(letter.id, &sealed), Ok(letter.clone()));
        assert_eq!(envelopes("new", &["older"]).open(letter.id, &sealed), Err(DoesNotOpen));
    }

    #[test]
    fn a_form_that_is_not_known_does_not_open() {
        let envelopes = envelopes("root", &[]);
        let id = other_id();
        let open = |json: &str| {
            let sealed = TestSealer("root").seal(place(&id.to_string()), json.as_bytes());
            envelopes.open(id, &sealed)
        };
        let form = |v: u8, kind: &str| {
            format!(
                r#"{{"v":{v},"to":"a@b.example","username":"a","message":{{"kind":"{kind}"}},"written_at":1,"expires_at":2}}"#
            )
        };
        assert!(open(&form(1, "test")).is_ok());
        for json in [form(2, "test"), form(1, "other"), form(1, "verify_email"), String::new()] {
            assert_eq!(open(&json), Err(DoesNotOpen), "{json}");
        }
    }

    #[test]
    fn the_stored_names_are_the_kinds_names() {
        for letter in samples::all() {
            let json = serde_json::to_value(Stored::from(&letter)).unwrap();
            assert_eq!(json["message"]["kind"], letter.message.kind().as_str());
        }
    }
}
