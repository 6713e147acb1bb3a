use crate::takeover::{Field, ForeignKey};
use std::collections::BTreeMap;
use std::fmt;

/// What became of one account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Its key in the system that it comes from.
    pub key: ForeignKey,
    /// Its username there; empty where that could not be read.
    pub username: String,
    /// What happened to it.
    pub change: Change,
    /// What somebody should know of it.
    pub remarks: Vec<Remark>,
}

/// What happened to an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// It came in.
    Added,
    /// It was here, and these fields were taken over.
    Amended(Vec<Field>),
    /// It was here, and nothing was to be taken over.
    Unchanged,
    /// It did not come in. A remark says why.
    Skipped,
    /// It had come in and was deleted again, since it gave way to a newer one.
    Removed,
    /// It is here and no longer there.
    Missing,
    /// It is no longer there, and was deactivated here.
    Deactivated,
}

/// What somebody should know of an account. Displays as a sentence without its subject.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Remark {
    /// Skipped: it cannot be understood; why, without the value.
    Unreadable(String),
    /// Skipped: its number, which is its key, belongs to an account that did not come in under it.
    NumberTaken,
    /// Skipped: its key is a number that is higher than 2⁵³ - 1.
    NumberTooHigh,
    /// Skipped: its key, which is a text, is the subject of an account that did not come in under it.
    SubjectTaken,
    /// Skipped: its key is a text that reads as a whole number, so that a token could not tell it from
    /// the number of another account.
    AmbiguousKey,
    /// Skipped: its username belongs to the account of that username.
    UsernameTaken {
        /// The owner's username.
        by: String,
    },
    /// Its new username belongs to somebody else: it keeps the one that it has.
    UsernameKept {
        /// The owner's username.
        by: String,
    },
    /// Its address belongs to the account of that username: it has none, or keeps the one that it has.
    AddressTaken {
        /// The owner's username.
        by: String,
    },
    /// Skipped: another account, of that key, is newer and has its username now.
    GaveWay {
        /// The key of the newer one.
        to: ForeignKey,
    },
    /// Skipped: it gave way in an earlier import.
    GaveWayBefore,
    /// Skipped: it came in earlier and was deleted here.
    DeletedHere,
    /// Its password is no hash that is accepted: its owner has to reset it.
    MustReset,
    /// These fields were changed there and here: ours were kept.
    Conflict(Vec<Field>),
    /// It came in earlier and is no longer there.
    Missing,
    /// It came in earlier, is no longer there, and was deactivated here.
    Deactivated,
}

/// A [`Remark`] without its particulars, for counting. Displays as a heading.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "each is the remark of that name")]
pub enum RemarkKind {
    Unreadable,
    NumberTaken,
    NumberTooHigh,
    SubjectTaken,
    AmbiguousKey,
    UsernameTaken,
    UsernameKept,
    AddressTaken,
    GaveWay,
    GaveWayBefore,
    DeletedHere,
    MustReset,
    Conflict,
    Missing,
    Deactivated,
}

impl Remark {
    /// Its kind.
    pub fn kind(&self) -> RemarkKind {
        match self {
            Self::Unreadable(_) => RemarkKind::Unreadable,
            Self::NumberTaken => RemarkKind::NumberTaken,
            Self::NumberTooHigh => RemarkKind::NumberTooHigh,
            Self::SubjectTaken => RemarkKind::SubjectTaken,
            Self::AmbiguousKey => RemarkKind::AmbiguousKey,
            Self::UsernameTaken { .. } => RemarkKind::UsernameTaken,
            Self::UsernameKept { .. } => RemarkKind::UsernameKept,
            Self::AddressTaken { .. } => RemarkKind::AddressTaken,
            Self::GaveWay { .. } => RemarkKind::GaveWay,
            Self::GaveWayBefore => RemarkKind::GaveWayBefore,
            Self::DeletedHere => RemarkKind::DeletedHere,
            Self::MustReset => RemarkKind::MustReset,
            Self::Conflict(_) => RemarkKind::Conflict,
            Self::Missing => RemarkKind::Missing,
            Self::Deactivated => RemarkKind::Deactivated,
        }
    }
}

impl fmt::Display for RemarkKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unreadable => "skipped: cannot be understood",
            Self::NumberTaken => "skipped: the number belongs to another account",
            Self::NumberTooHigh => {
                "skipped: the number is higher than 2^53 - 1, which not every client can read"
            }
            Self::SubjectTaken => "skipped: the key is the subject of another account",
            Self::AmbiguousKey => "skipped: the key is a text that reads as a number",
            Self::UsernameTaken => "skipped: the username belongs to another account",
            Self::UsernameKept => "the new username belongs to another account; the old one was kept",
            Self::AddressTaken => "the address belongs to another account and was left out",
            Self::GaveWay => "skipped: gave way to a newer account of that username",
            Self::GaveWayBefore => "skipped: gave way to a newer account in an earlier import",
            Self::DeletedHere => "skipped: was deleted here",
            Self::MustReset => "must reset the password: what is stored is no hash that is accepted",
            Self::Conflict => "changed there and here; ours was kept",
            Self::Missing => "came in earlier and is no longer there",
            Self::Deactivated => "is no longer there and was deactivated here",
        })
    }
}

impl fmt::Display for Remark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(reason) => write!(f, "cannot be understood: {reason}"),
            Self::UsernameTaken { by } => write!(f, "its username belongs to {by}"),
            Self::UsernameKept { by } => write!(f, "its new username belongs to {by}"),
            Self::AddressTaken { by } => write!(f, "its address belongs to {by}"),
            Self::GaveWay { to } => write!(f, "gave way to {to}"),
            Self::Conflict(fields) => {
                f.write_str("changed there and here: ")?;
                for (i, field) in fields.iter().enumerate() {
                    write!(f, "{}{field}", if i == 0 { "" } else { ", " })?;
                }
                Ok(())
            }
            Self::NumberTaken
            | Self::NumberTooHigh
            | Self::SubjectTaken
            | Self::AmbiguousKey
            | Self::GaveWayBefore
            | Self::DeletedHere
            | Self::MustReset
            | Self::Missing
            | Self::Deactivated => self.kind().fmt(f),
        }
    }
}

/// What an import has done so far. It does not grow with the number of accounts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Groups that came in, or were here.
    pub groups: u64,
    /// Accounts that came in.
    pub added: u64,
    /// Accounts that were here and of which something was taken over.
    pub amended: u64,
    /// Accounts that were here and of which nothing was to be taken over.
    pub unchanged: u64,
    /// Accounts that did not come in.
    pub skipped: u64,
    /// Accounts that were here and gave way to newer ones.
    pub removed: u64,
    /// Accounts that are here and no longer there.
    pub missing: u64,
    /// Those of them that were deactivated.
    pub deactivated: u64,
    /// Refresh tokens that have not expired, used up or not.
    pub tokens: u64,
    /// What somebody should know, by kind.
    pub remarks: BTreeMap<RemarkKind, Remarks>,
}

/// Remarks of one kind.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Remarks {
    /// How many there are.
    pub count: u64,
    /// The first of them.
    pub first: Vec<Remarked>,
}

/// A remark and whom it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remarked {
    /// The account's key in the system that it comes from.
    pub key: ForeignKey,
    /// Its username; empty where that could not be read.
    pub username: String,
    /// The remark.
    pub remark: Remark,
}

impl Report {
    /// How many accounts of the source were looked at.
    pub fn accounts(&self) -> u64 {
        [self.added, self.amended, self.unchanged, self.skipped].into_iter().fold(0, u64::saturating_add)
    }

    /// The remarks of a kind, if there are any.
    pub fn remarks_of(&self, kind: RemarkKind) -> Option<&Remarks> {
        self.remarks.get(&kind)
    }

    /// Adds an outcome. Of each kind of remark at most `shown` are kept with their accounts.
    pub(super) fn note(&mut self, outcome: Outcome, shown: usize) {
        let Outcome { key, username, change, remarks } = outcome;
        let (first, second) = match change {
            Change::Added => (&mut self.added, None),
            Change::Amended(_) => (&mut self.amended, None),
            Change::Unchanged => (&mut self.unchanged, None),
            Change::Skipped => (&mut self.skipped, None),
            Change::Removed => (&mut self.removed, None),
            Change::Missing => (&mut self.missing, None),
            Change::Deactivated => (&mut self.missing, Some(&mut self.deactivated)),
        };
        for count in [Some(first), second].into_iter().flatten() {
            *count = count.saturating_add(1);
        }
        for remark in remarks {
            let of_kind = self.remarks.entry(remark.kind()).or_default();
            of_kind.count = of_kind.count.saturating_add(1);
            if of_kind.first.len() < shown {
                of_kind.first.push(Remarked { key: key.clone(), username: username.clone(), remark });
            }
        }
    }
}
