//! What an access token stands on: its account and its session, as requests are judged by them.
//!
//! A request needs this and nothing else of the database, and it changes rarely. So an instance may
//! remember it, if it follows the [`Changes`]: every unit of work that changes an account's standing
//! gets a [`ChangeNumber`], and the numbers grow in the order of the commits.

use crate::session::SessionId;
use crate::time::Timestamp;
use crate::user::{User, UserId};
use std::sync::Arc;

/// An account, and whether the session that a token names is its own and lives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// The account, active or not.
    pub user: Arc<User>,
    /// When the named session's refresh token expires, at the earliest: a rotation may have moved it
    /// on. `None` if no session was named, or if it was ended, is not the account's or is not there.
    pub session_until: Option<Timestamp>,
}

/// An account with its sessions: what all of its tokens stand on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedIn {
    /// The account, active or not.
    pub user: Arc<User>,
    /// Its live sessions, each with its [`Standing::session_until`], in no order; may be empty.
    pub sessions: Vec<(SessionId, Timestamp)>,
}

/// Counts the changes of accounts' standing, without a gap, in the order of the commits; 0 in a new
/// database.
///
/// The order is what a follower relies on: when it has seen a number, no smaller one appears later.
/// A sequence of PostgreSQL does not give that, since a late commit may carry an early number.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChangeNumber(pub i64);

impl ChangeNumber {
    /// Before any change: what a follower knows that has not looked yet.
    pub const NOTHING_SEEN: Self = Self(-1);
}

/// What changed since a follower last looked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changes {
    /// The last change there is; where to follow on.
    pub last: ChangeNumber,
    /// Whose standing changed since; `None` if that cannot be told any more, since those were too
    /// many or too long ago: it may have been anybody's.
    pub accounts: Option<Vec<UserId>>,
}

impl Changes {
    /// The most changes that are told at once.
    pub const MOST: u32 = 1_000;

    /// How many changes a database keeps for those who follow.
    pub const KEPT: u32 = 10_000;
}
