use super::LetterKind;
use crate::identity::EmailAddress;
use crate::time::Timestamp;
use crate::user::UserId;
use std::time::Duration;

/// What letters are counted under.
///
/// Spellings that reach one mailbox at some provider count as one: upper and lower case, Unicode's
/// compatibility forms, a "+tag", dots and quotes in the local part, the two forms of a domain. That
/// two people who are told apart by a dot alone share a bound is the price.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MailBucket(String);

/// What keeps a mailbox from being flooded with a letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    /// Anybody can cause it: counted for the mailbox, in whatever spelling.
    Asked,
    /// Only whoever has this account can cause it, whose address is proven: counted for the account and
    /// the kind of letter, so that no stranger, and no other letter, uses up what warns its owner.
    Notice(UserId),
    /// What lets it be written is used up with it: a secret, or a test that an operator makes.
    Unbounded,
}

impl MailBucket {
    /// The bucket of a letter; `None` where it is not counted.
    pub fn of(bound: Bound, kind: LetterKind, to: &EmailAddress) -> Option<Self> {
        match bound {
            Bound::Asked => Some(Self(format!("asked {}", mailbox(to)))),
            Bound::Notice(user) => Some(Self(format!("notice {user} {}", kind.as_str()))),
            Bound::Unbounded => None,
        }
    }

    /// The text that it is stored under.
    pub fn as_str(&self) -> &str {
        &self.0
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
    /// Of these, how many are kept for letters that set a new password: whoever is locked out must not be
    /// kept so by letters of other kinds.
    pub const FOR_RESETS: [usize; 2] = [1, 2];
    /// For how long a letter counts.
    pub const REMEMBERED: Duration = Duration::from_secs(24 * 3600);

    /// These and one more of that kind at `now`, without those that count no more; `None` where there may
    /// be none.
    #[must_use]
    pub fn one_more(self, kind: LetterKind, bound: Bound, now: Timestamp) -> Option<Self> {
        const HOUR: Duration = Duration::from_secs(3600);
        let leaves_room = bound == Bound::Asked && kind != LetterKind::ResetPassword;
        let [hourly, daily] = if leaves_room { Self::FOR_RESETS } else { [0, 0] };
        let mut recent = self.0;
        recent.retain(|at| now.since(*at) < Self::REMEMBERED);
        let within_hour = recent.iter().filter(|at| now.since(**at) < HOUR).count();
        let has_room = within_hour + hourly < Self::AN_HOUR && recent.len() + daily < Self::A_DAY;
        has_room.then(|| {
            recent.push(now);
            Self(recent)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RESET: LetterKind = LetterKind::ResetPassword;

    fn bucket(address: &str) -> MailBucket {
        MailBucket::of(Bound::Asked, RESET, &EmailAddress::parse(address).unwrap()).unwrap()
    }

    #[test]
    fn every_spelling_of_a_mailbox_is_one_bucket() {
        let expected = bucket("alice@bücher.example");
        for spelling in [
            "ALICE@BÜCHER.example",
            "alice+1@bücher.example",
            "a.l.i.c.e@bücher.example",
            "\"alice\"@bücher.example",
            "\"alice+x\"@bücher.example",
            "alice@xn--bcher-kva.example",
        ] {
            assert_eq!(bucket(spelling), expected, "{spelling}");
        }
        assert_ne!(bucket("alicia@bücher.example"), expected);
        assert_ne!(bucket("alice@example.com"), expected);
        assert_ne!(bucket("+x@b.example"), bucket("+y@b.example"));
    }

    #[test]
    fn what_anybody_can_cause_does_not_use_up_what_warns_an_owner() {
        let address = EmailAddress::parse("a@example.com").unwrap();
        let of = |bound, kind| MailBucket::of(bound, kind, &address);
        let warnings = [LetterKind::PasswordChanged, LetterKind::TokenReused];
        let [changed, reused] = warnings.map(|kind| of(Bound::Notice(UserId(1)), kind));
        let asked = of(Bound::Asked, LetterKind::PasswordChanged);
        assert!(asked != changed && changed != reused && reused != asked);
        assert_ne!(changed, of(Bound::Notice(UserId(2)), LetterKind::PasswordChanged));
        assert_eq!(of(Bound::Unbounded, LetterKind::EmailChanged), None);
    }

    #[test]
    fn at_most_three_are_written_in_any_hour_and_ten_in_any_day() {
        for (kind, hourly, daily) in [(RESET, 3, 10), (LetterKind::VerifyEmail, 2, 8)] {
            let start = Timestamp::from_seconds(1_000_000);
            let (mut mailings, mut written) = (Mailings::default(), Vec::new());
            for minute in 0..(3 * 24 * 60) {
                let now = start.plus(Duration::from_secs(60 * minute));
                if let Some(more) = mailings.clone().one_more(kind, Bound::Asked, now) {
                    mailings = more;
                    written.push(now);
                }
            }
            for (span, most) in [(3600, hourly), (24 * 3600, daily)] {
                for from in &written {
                    let within = written.iter().filter(|at| *at >= from && at.since(*from).as_secs() < span);
                    assert!(within.count() <= most, "{kind:?}, {span} s");
                }
            }
            assert_eq!(written.len(), 3 * daily);
        }
    }

    #[test]
    fn other_letters_leave_room_for_one_that_sets_a_password() {
        let now = Timestamp::from_seconds(1_000_000);
        let mut mailings = Mailings::default();
        while let Some(more) = mailings.clone().one_more(LetterKind::AddressTaken, Bound::Asked, now) {
            mailings = more;
        }
        assert_eq!(mailings.0.len(), 2);
        assert!(mailings.one_more(RESET, Bound::Asked, now).is_some());
    }
}
