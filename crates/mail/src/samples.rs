//! Letters of every kind: what templates are tried with before anybody is sent one.

use doorward_domain::identity::EmailAddress;
use doorward_domain::mail::{Letter, LetterId, LetterKind, Message};
use doorward_domain::one_time::{Code, Purpose, SecretText};
use doorward_domain::session::Client;
use doorward_domain::time::Timestamp;
use doorward_domain::user::Subject;
use std::time::Duration;

/// A letter of every kind, and of every form that a kind has.
pub(crate) fn all() -> Vec<Letter> {
    LetterKind::ALL.into_iter().flat_map(of).collect()
}

/// The forms of one kind; of each that has a form without the account's name, that too.
pub(crate) fn of(kind: LetterKind) -> Vec<Letter> {
    let day = Duration::from_secs(24 * 3600);
    let with_code = |message: fn(SecretText, Code) -> Message| code().map(|code| message(secret(), code));
    let client = Client::new("192.0.2.7", "Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Firefox/133.0");
    let (messages, lifetime) = match kind {
        LetterKind::VerifyEmail => (
            with_code(|secret, code| Message::VerifyEmail { secret, code }).into_iter().collect(),
            Purpose::VerifyEmail.lifetime(),
        ),
        LetterKind::ResetPassword => (
            with_code(|secret, code| Message::ResetPassword { uid: subject(), secret, code })
                .into_iter()
                .collect(),
            Purpose::ResetPassword.lifetime(),
        ),
        LetterKind::ConfirmEmailChange => (
            with_code(|secret, code| Message::ConfirmEmailChange { secret, code }).into_iter().collect(),
            Purpose::ChangeEmail.lifetime(),
        ),
        LetterKind::EmailChanged => (
            vec![Message::EmailChanged { new: address("new@example.net"), undo: secret() }],
            Purpose::UndoEmailChange.lifetime(),
        ),
        LetterKind::PasswordChanged => (
            vec![
                Message::PasswordChanged { client: Some(client) },
                Message::PasswordChanged { client: Some(Client::default()) },
                Message::PasswordChanged { client: None },
            ],
            day,
        ),
        LetterKind::TokenReused => {
            (vec![Message::TokenReused { client }, Message::TokenReused { client: Client::default() }], day)
        }
        LetterKind::EmailRemoved => (vec![Message::EmailRemoved], day),
        LetterKind::AddressTaken => (vec![Message::AddressTaken], day),
        LetterKind::AccountDeleted => (vec![Message::AccountDeleted], day),
        LetterKind::Test => (vec![Message::Test], day),
    };
    let named = messages.iter().cloned().map(|message| letter("alice", message, lifetime));
    let unnamed = messages.iter().cloned().map(|message| letter("", message, lifetime));
    named.chain(unnamed.filter(|_| goes_to_strangers(kind))).collect()
}

/// Whether it may go to an address that was never proven to be the owner's, and then does not name them.
fn goes_to_strangers(kind: LetterKind) -> bool {
    match kind {
        LetterKind::EmailRemoved
        | LetterKind::PasswordChanged
        | LetterKind::TokenReused
        | LetterKind::AccountDeleted => true,
        LetterKind::VerifyEmail
        | LetterKind::ResetPassword
        | LetterKind::ConfirmEmailChange
        | LetterKind::EmailChanged
        | LetterKind::AddressTaken
        | LetterKind::Test => false,
    }
}

fn letter(username: &str, message: Message, lifetime: Duration) -> Letter {
    // 2026-11-23 06:15:00 UTC.
    let written_at = Timestamp::from_seconds(1_795_414_500);
    Letter {
        id: LetterId::from_bytes([0x11; 16]),
        to: address("alice@example.org"),
        username: username.to_owned(),
        message,
        written_at,
        expires_at: written_at.plus(lifetime),
    }
}

fn address(text: &str) -> EmailAddress {
    EmailAddress::from_stored(text.to_owned())
}

fn secret() -> SecretText {
    SecretText::from_text("5ec2e7".repeat(10) + "5ec2")
}

fn code() -> Option<Code> {
    Code::parse("12345678")
}

fn subject() -> Subject {
    Subject::from_stored("0193585b-3d2e-7c8a-9f10-2b7f4a6c8e01".to_owned())
}

/// An id that no sample has.
#[cfg(test)]
pub(crate) fn other_id() -> LetterId {
    LetterId::from_bytes([0x22; 16])
}
