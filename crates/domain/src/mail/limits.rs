use super::LetterKind;
use crate::identity::EmailAddress;
use crate::time::Timestamp;
use std::time::Duration;

/// What letters are counted under: an address in whatever spelling, and whether anybody can cause the
/// letter or only the account's owner.
///
/// Spellings that reach one mailbox at some provider count as one: upper and lower case, Unicode's
/// compatibility forms, a "+tag", dots and quotes in the local part, the two forms of a domain. That
/// two people who are told apart by a dot alone share a bound is the price.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MailBucket(String);

impl MailBucket {
    /// The bucket of a letter; `None` where letters are not counted: what gives an account back to its
    /// owner must not be held up by other letters, and what an operator asks for is sent.
    pub fn of(kind: LetterKind, to: &EmailAddress) -> Option<Self> {
        let class = match kind {
            LetterKind::VerifyEmail
            | LetterKind::ResetPassword
            | LetterKind::ConfirmEmailChange
            | LetterKind::AddressTaken => "asked",
            LetterKind::PasswordChanged | LetterKind::TokenReused | LetterKind::AccountDeleted => "notice",
            LetterKind::EmailChanged | LetterKind::Test => return None,
        };
        Some(Self(format!("{class} {}", mailbox(to))))
    }

    /// The text that it is stored under.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// From what is stored.
    pub fn from_stored(stored: String) -> Self {
        Self(stored)
    }
}

fn mailbox(address: &EmailAddress) -> String {
    let canonical = address.canonical().as_str();
    let (local, domain) = canonical.rsplit_once('@').unwrap_or((canonical, ""));
    let local: String = local.chars().filter(|c| !matches!(c, '"' | '.' | '\\')).collect();
    let local = local.split('+').next().filter(|part| !part.is_empty()).unwrap_or(&local);
    let ascii = idna::domain_to_ascii(domain);
    format!("{local}@{}", ascii.as_deref().unwrap_or(domain))
}

/// When letters of one bucket were written, the last ones.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mailings(pub Vec<Timestamp>);

impl Mailings {
    /// The most letters of a bucket within an hour.
    pub const AN_HOUR: usize = 3;
    /// The most within a day.
    pub const A_DAY: usize = 10;
    /// For how long a letter counts.
    pub const REMEMBERED: Duration = Duration::from_secs(24 * 3600);

    /// These and one more at `now`, without those that count no more; `None` where there may be none.
    #[must_use]
    pub fn one_more(self, now: Timestamp) -> Option<Self> {
        const HOUR: Duration = Duration::from_secs(3600);
        let mut recent = self.0;
        recent.retain(|at| now.since(*at) < Self::REMEMBERED);
        let within_hour = recent.iter().filter(|at| now.since(**at) < HOUR).count();
        let has_room = within_hour < Self::AN_HOUR && recent.len() < Self::A_DAY;
        has_room.then(|| {
            recent.push(now);
            Self(recent)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bucket(kind: LetterKind, address: &str) -> MailBucket {
        MailBucket::of(kind, &EmailAddress::parse(address).unwrap()).unwrap()
    }

    #[test]
    fn every_spelling_of_a_mailbox_is_one_bucket() {
        let expected = bucket(LetterKind::ResetPassword, "alice@bücher.example");
        for spelling in [
            "ALICE@BÜCHER.example",
            "alice+1@bücher.example",
            "a.l.i.c.e@bücher.example",
            "\"alice\"@bücher.example",
            "\"alice+x\"@bücher.example",
            "alice@xn--bcher-kva.example",
        ] {
            assert_eq!(bucket(LetterKind::ResetPassword, spelling), expected, "{spelling}");
        }
        assert_ne!(bucket(LetterKind::ResetPassword, "alicia@bücher.example"), expected);
        assert_ne!(bucket(LetterKind::ResetPassword, "alice@example.com"), expected);
        assert_ne!(
            bucket(LetterKind::ResetPassword, "+x@b.example"),
            bucket(LetterKind::ResetPassword, "+y@b.example")
        );
    }

    #[test]
    fn what_anybody_can_cause_does_not_use_up_what_only_the_owner_can() {
        let [asked, notice] = [LetterKind::ResetPassword, LetterKind::PasswordChanged]
            .map(|kind| bucket(kind, "a@example.com"));
        assert_ne!(asked, notice);
        let address = EmailAddress::parse("a@example.com").unwrap();
        assert_eq!(MailBucket::of(LetterKind::EmailChanged, &address), None);
    }

    #[test]
    fn at_most_three_are_written_in_any_hour_and_ten_in_any_day() {
        let start = Timestamp::from_seconds(1_000_000);
        let (mut mailings, mut written) = (Mailings::default(), Vec::new());
        for minute in 0..(3 * 24 * 60) {
            let now = start.plus(Duration::from_secs(60 * minute));
            if let Some(more) = mailings.clone().one_more(now) {
                mailings = more;
                written.push(now);
            }
        }
        for (span, most) in [(3600, 3), (24 * 3600, 10)] {
            for from in &written {
                let within = written.iter().filter(|at| *at >= from && at.since(*from).as_secs() < span);
                assert!(within.count() <= most, "{span} s");
            }
        }
        assert!(written.len() >= 30, "{}", written.len());
    }
}
