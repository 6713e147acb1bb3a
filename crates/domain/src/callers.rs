//! Who makes a request, and the port to a memory of who holds which access token.
//!
//! A token's signature, its times, its session and its account decide whose a request is
//! ([`Auth::authenticate`](crate::use_cases::Auth::authenticate)). They were decided upon before for
//! nearly every request, with the same token a moment ago: that may be remembered, for as long as
//! nothing of it changes.

use crate::session::SessionId;
use crate::time::Timestamp;
use crate::user::User;
use std::ops::Range;
use std::sync::Arc;

/// Who makes a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The account.
    pub user: Arc<User>,
    /// The session; `None` for a token that a Django service issued with a shared key.
    pub session: Option<SessionId>,
}

/// A token's holder, as it was found out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recognition {
    /// Who holds the token.
    pub caller: Caller,
    /// All instants at which that is so, unless the account, its sessions or the keys change.
    pub during: Range<Timestamp>,
}

/// A place in memory where nobody was found; what it means is for the memory that made it.
#[derive(Debug, PartialEq, Eq)]
pub struct Gap {
    /// Stands for the token; `None` for one that is not to be remembered.
    pub token: Option<[u8; 32]>,
    /// When it was looked for, as the memory counts.
    pub since: u64,
}

/// Remembers who holds which access token. Adapters: [`NoMemory`], and `doorward_recall`'s; all pass
/// [`callers_contract`](crate::testing::callers_contract).
///
/// An implementation MUST answer as a look at the token, the keys and the store would, but for what
/// was changed elsewhere within the last second. It MUST NOT block.
pub trait Callers: Send + Sync {
    /// Who holds this token at `now`, if that is known.
    ///
    /// # Errors
    /// It is not. Whoever finds it out may fill the gap, if they looked at nothing before they had it.
    fn recall(&self, token: &str, now: Timestamp) -> Result<Caller, Gap>;

    /// Fills a gap. What has changed since it was found is not remembered as it was.
    fn remember(&self, gap: Gap, found: Recognition);
}

/// Finds out anew, every time.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoMemory;

impl Callers for NoMemory {
    fn recall(&self, _: &str, _: Timestamp) -> Result<Caller, Gap> {
        Err(Gap { token: None, since: 0 })
    }

    fn remember(&self, _: Gap, _: Recognition) {}
}
