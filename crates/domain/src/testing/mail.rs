use crate::mail::{
    Courier, Delivered, Delivery, DeliveryError, Envelopes, Letter, LetterId, Message, ShownLetter,
};
use crate::one_time::{Code, Purpose, SecretDigest, SecretDigests, SecretText};
use crate::sealing::DoesNotOpen;
use crate::user::UserId;
use sha2::{Digest as _, Sha256};
use std::collections::{HashMap, VecDeque};
use std::future::ready;
use std::sync::Mutex;

/// Digests without a key.
#[derive(Debug, Clone, Copy)]
pub struct TestDigests;

impl SecretDigests for TestDigests {
    fn of_secret(&self, purpose: Purpose, secret: &SecretText) -> Vec<SecretDigest> {
        vec![digest(&["link", purpose.as_str(), secret.expose()])]
    }

    fn of_code(&self, purpose: Purpose, user: UserId, code: &Code) -> Vec<SecretDigest> {
        vec![digest(&["code", purpose.as_str(), &user.to_string(), code.expose()])]
    }
}

fn digest(parts: &[&str]) -> SecretDigest {
    SecretDigest(Sha256::digest(parts.join("\n")).into())
}

/// Keeps letters aside, and puts the letter's name into the envelope.
#[derive(Debug, Default)]
pub struct TestEnvelopes(Mutex<HashMap<LetterId, Letter>>);

impl Envelopes for TestEnvelopes {
    fn close(&self, letter: &Letter) -> Vec<u8> {
        self.0.lock().unwrap().insert(letter.id, letter.clone());
        letter.id.as_bytes().to_vec()
    }

    fn open(&self, id: LetterId, sealed: &[u8]) -> Result<Letter, DoesNotOpen> {
        let letter = self.0.lock().unwrap().get(&id).cloned();
        letter.filter(|_| sealed == id.as_bytes()).ok_or(DoesNotOpen)
    }
}

/// Takes every letter, unless it is told to fail.
#[derive(Debug, Default)]
pub struct TestCourier {
    taken: Mutex<Vec<Letter>>,
    failures: Mutex<VecDeque<DeliveryError>>,
    meanwhile: Mutex<Option<Meanwhile>>,
}

/// What happens while a letter is on its way.
struct Meanwhile(Box<dyn FnOnce() + Send>);

impl std::fmt::Debug for Meanwhile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Meanwhile(…)")
    }
}

impl TestCourier {
    /// Fails once more.
    pub fn fail_next(&self, error: DeliveryError) {
        self.failures.lock().unwrap().push_back(error);
    }

    /// Does this while the next letter is on its way.
    pub fn before_next(&self, meanwhile: impl FnOnce() + Send + 'static) {
        *self.meanwhile.lock().unwrap() = Some(Meanwhile(Box::new(meanwhile)));
    }

    /// The letters that it has taken since it was last asked, in order.
    pub fn taken(&self) -> Vec<Letter> {
        std::mem::take(&mut self.taken.lock().unwrap())
    }
}

impl Courier for TestCourier {
    fn deliver(&self, letter: &Letter) -> Delivery {
        let meanwhile = self.meanwhile.lock().unwrap().take();
        if let Some(Meanwhile(happens)) = meanwhile {
            happens();
        }
        let failure = self.failures.lock().unwrap().pop_front();
        Box::pin(ready(failure.map_or_else(
            || {
                self.taken.lock().unwrap().push(letter.clone());
                Ok(Delivered::Sent)
            },
            Err,
        )))
    }

    fn show(&self, letter: &Letter) -> Result<ShownLetter, DeliveryError> {
        let kind = letter.message.kind().as_str();
        Ok(ShownLetter {
            from: "doorward@example.com".to_owned(),
            subject: kind.to_owned(),
            text: format!("{kind} for {}", letter.username),
            html: format!("<p>{kind}</p>"),
            link: secret_of(letter).map(|secret| format!("https://example.com/{}", secret.expose())),
        })
    }
}

/// The secret of a letter's link.
pub(crate) fn secret_of(letter: &Letter) -> Option<SecretText> {
    match &letter.message {
        Message::VerifyEmail { secret, .. }
        | Message::ResetPassword { secret, .. }
        | Message::ConfirmEmailChange { secret, .. } => Some(secret.clone()),
        Message::EmailChanged { undo, .. } => Some(undo.clone()),
        Message::EmailRemoved
        | Message::PasswordChanged { .. }
        | Message::TokenReused { .. }
        | Message::AddressTaken
        | Message::AccountDeleted
        | Message::Test => None,
    }
}

/// The code of a letter.
#[cfg(test)]
pub(crate) fn code_of(letter: &Letter) -> Option<Code> {
    match &letter.message {
        Message::VerifyEmail { code, .. }
        | Message::ResetPassword { code, .. }
        | Message::ConfirmEmailChange { code, .. } => Some(code.clone()),
        _ => None,
    }
}
