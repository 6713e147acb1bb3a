//! One-time secrets: what a link in a letter carries, and the short code beside it.
//!
//! A secret is stored as a digest alone. It works once, for one purpose, one account and one
//! address, and only while the account's password is the one that it was made under
//! ([`OneTimeSecret::is_bound_to`]). Of an account's secrets for one purpose there is one: a newer
//! one takes its place. Only what undoes a change of address stands until it is over, since a thief
//! would change the address twice.

use crate::identity::EmailAddress;
use crate::random::Random;
use crate::time::Timestamp;
use crate::user::{CredentialVersion, User, UserId};
use std::fmt::{self, Write as _};
use std::time::Duration;
use zeroize::Zeroizing;

/// What a one-time secret does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Purpose {
    /// Proves that its holder reads the mail of the account's address.
    VerifyEmail,
    /// Sets a new password.
    ResetPassword,
    /// Proves that its holder reads the mail of another address, which becomes the account's.
    ChangeEmail,
    /// Gives the account back to the address that it had.
    UndoEmailChange,
}

impl Purpose {
    /// Every purpose.
    pub const ALL: [Self; 4] =
        [Self::VerifyEmail, Self::ResetPassword, Self::ChangeEmail, Self::UndoEmailChange];

    /// How long a link works: an hour for a password, a day for an address. The last one is for
    /// somebody who may be away while a thief has the account: a week.
    pub const fn lifetime(self) -> Duration {
        const HOUR: u64 = 3600;
        Duration::from_secs(match self {
            Self::ResetPassword => HOUR,
            Self::VerifyEmail | Self::ChangeEmail => 24 * HOUR,
            Self::UndoEmailChange => 7 * 24 * HOUR,
        })
    }

    /// Its name in a database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::VerifyEmail => "verify_email",
            Self::ResetPassword => "reset_password",
            Self::ChangeEmail => "change_email",
            Self::UndoEmailChange => "undo_email_change",
        }
    }

    /// From its name in a database.
    pub fn from_stored(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|purpose| purpose.as_str() == name)
    }
}

/// A secret as its holder has it: of a link, 64 hexadecimal digits that stand for 256 random bits.
/// Wiped from memory when dropped; `Debug` does not print it.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretText(Zeroizing<String>);

impl SecretText {
    /// A new secret of a link.
    pub fn generate(random: &dyn Random) -> Self {
        let mut bytes = Zeroizing::new([0; 32]);
        random.fill(bytes.as_mut_slice());
        let mut text = Zeroizing::new(String::with_capacity(64));
        for byte in bytes.iter() {
            // Writing to a string cannot fail.
            let _ = write!(text, "{byte:02x}");
        }
        Self(text)
    }

    /// A secret that somebody presents, or that a letter was kept with. Any text is one; what nobody
    /// was sent is found nowhere.
    pub fn from_text(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    /// The text.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretText(…)")
    }
}

/// A code that is typed where a link is awkward: eight decimal digits. Wiped from memory when
/// dropped; `Debug` does not print it.
#[derive(Clone, PartialEq, Eq)]
pub struct Code(Zeroizing<String>);

impl Code {
    /// How many digits it has.
    pub const DIGITS: usize = 8;
    /// How long it works (NIST SP 800-63B-4, section 3.1.3.2: at most ten minutes).
    pub const LIFETIME: Duration = Duration::from_secs(10 * 60);
    /// How often one may be tried, right or wrong, whatever was sent meanwhile.
    pub const TRIES: u32 = 5;

    /// A new code, each as likely as the other.
    pub fn generate(random: &dyn Random) -> Self {
        const CODES: u64 = 10_u64.pow(8);
        let mut bytes = [0; 8];
        loop {
            random.fill(&mut bytes);
            let drawn = u64::from_be_bytes(bytes);
            // What lies beyond the last whole round of codes would make some likelier.
            if drawn < u64::MAX - u64::MAX % CODES {
                return Self(Zeroizing::new(format!("{:08}", drawn % CODES)));
            }
        }
    }

    /// A code as somebody typed it: white space and hyphens between the digits do not count. `None`
    /// if it has another form.
    pub fn parse(typed: &str) -> Option<Self> {
        let digits: Zeroizing<String> =
            Zeroizing::new(typed.chars().filter(|c| !c.is_whitespace() && *c != '-').collect());
        let is_code = digits.len() == Self::DIGITS && digits.bytes().all(|byte| byte.is_ascii_digit());
        is_code.then_some(Self(digits))
    }

    /// The digits.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Code(…)")
    }
}

/// What is stored of a secret or of a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SecretDigest(pub [u8; 32]);

/// Makes digests of secrets. An implementation MUST use a key that is not in the database: a code has
/// few enough values to try them all.
///
/// Each method answers the digest that is stored first, and after it those under keys that were
/// replaced, which are only looked for.
pub trait SecretDigests: Send + Sync {
    /// Of a link's secret, for a purpose: the same text has another digest for another purpose.
    fn of_secret(&self, purpose: Purpose, secret: &SecretText) -> Vec<SecretDigest>;
    /// Of a code, for a purpose and an account.
    fn of_code(&self, purpose: Purpose, user: UserId, code: &Code) -> Vec<SecretDigest>;
}

/// A code that stands beside a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoredCode {
    /// Its digest.
    pub digest: SecretDigest,
    /// When it stops to work.
    pub expires_at: Timestamp,
}

/// A one-time secret as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OneTimeSecret {
    /// Whose it is.
    pub user: UserId,
    /// What it does.
    pub purpose: Purpose,
    /// The digest of the link's secret; no two secrets share one.
    pub digest: SecretDigest,
    /// The code beside it.
    pub code: Option<StoredCode>,
    /// The address that it is about: the account's own, the one that is to be the account's, or the
    /// one that was.
    pub address: EmailAddress,
    /// The version of the account's password that it was made under.
    pub version: CredentialVersion,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it stops to work.
    pub expires_at: Timestamp,
}

impl OneTimeSecret {
    /// Whether it works for the account as it is now, whose password is of that version.
    ///
    /// That the account has another password than when the secret was made ends it; but not the one
    /// that undoes a change of address, since a thief would change the password first.
    pub fn is_bound_to(&self, user: &User, version: CredentialVersion, now: Timestamp) -> bool {
        let is_own_address = user.email.as_ref() == Some(&self.address);
        let is_of_this_password = version == self.version;
        let holds = match self.purpose {
            Purpose::VerifyEmail | Purpose::ResetPassword => is_own_address && is_of_this_password,
            Purpose::ChangeEmail => is_of_this_password,
            Purpose::UndoEmailChange => true,
        };
        holds && user.id == self.user && user.is_active && now < self.expires_at
    }
}

/// Tries of codes for one address, known or not. A run of them is over once there was none for as long
/// as a code lives, so that no code is tried more often than [`Code::TRIES`] allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attempts {
    /// How many there were in this run.
    pub tries: u32,
    /// When the last one was that counted.
    pub last_at: Timestamp,
}

impl Attempts {
    /// The run with one more try at `now`; `None` where there may be no more.
    pub fn one_more(run: Option<Self>, now: Timestamp) -> Option<Self> {
        let tries = run.filter(|run| now.since(run.last_at) < Code::LIFETIME).map_or(0, |run| run.tries);
        (tries < Code::TRIES).then(|| Self { tries: tries.saturating_add(1), last_at: now })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::SeededRandom;

    #[test]
    fn a_secret_is_64_hexadecimal_digits_that_debug_does_not_show() {
        let random = SeededRandom::default();
        let [one, other] = [0, 1].map(|_| SecretText::generate(&random));
        assert_ne!(one, other);
        assert_eq!(one.expose().len(), 64);
        assert!(one.expose().bytes().all(|b| b.is_ascii_hexdigit()));
        let code = Code::generate(&random);
        let shown = format!("{one:?} {code:?}");
        assert!(!shown.contains(one.expose()) && !shown.contains(code.expose()), "{shown}");
    }

    #[test]
    fn a_code_is_eight_digits_however_it_is_grouped() {
        let code = Code::generate(&SeededRandom::default());
        let (first, second) = code.expose().split_at(4);
        for typed in [format!("{first} {second}"), format!(" {first}-{second}\n"), format!("{first}{second}")]
        {
            assert_eq!(Code::parse(&typed).as_ref(), Some(&code));
        }
        for typed in ["", "1234567", "123456789", "1234567a", "١٢٣٤٥٦٧٨", "+1234567"] {
            assert_eq!(Code::parse(typed), None, "{typed}");
        }
    }

    #[test]
    fn no_code_is_tried_more_than_five_times_in_its_ten_minutes() {
        let start = Timestamp::from_seconds(1_000_000);
        for spacing in [1, 60, 120, 299, 599] {
            let (mut run, mut allowed) = (None, Vec::new());
            for try_number in 0..2000 {
                let now = start.plus(Duration::from_secs(spacing * try_number));
                if let Some(counted) = Attempts::one_more(run, now) {
                    run = Some(counted);
                    allowed.push(now);
                }
            }
            for born in &allowed {
                let within = allowed.iter().filter(|at| *at >= born && at.since(*born) < Code::LIFETIME);
                assert!(within.count() <= 5, "every {spacing} s");
            }
            assert!(allowed.len() > 5, "every {spacing} s");
        }
    }

    #[test]
    fn every_purpose_is_read_back_from_its_name() {
        for purpose in Purpose::ALL {
            assert_eq!(Purpose::from_stored(purpose.as_str()), Some(purpose));
        }
        assert_eq!(Purpose::from_stored("other"), None);
    }
}
