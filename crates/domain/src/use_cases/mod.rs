//! What can be done: one use case, one file.
//!
//! Each file has the synchronous *steps*, plain functions over a unit of work that hold the rules,
//! and the method of [`Auth`] (or [`Keys`]) that chains them and awaits what lies between: the
//! store and the password hash. While a password is hashed no transaction is open, so the step
//! that follows checks, in its own guarded write, that what the first step saw is still true.

mod accounts;
mod authenticate;
mod exchange;
mod holder;
mod import;
mod keys;
mod login;
mod logout;
mod profile;
mod refresh;
mod register;
mod sessions;
mod sweep;

pub use accounts::{ChangePasswordError, change_password, delete_account, set_account_active};
pub use authenticate::{AuthenticationError, Caller, judge};
pub use exchange::{Exchange, exchange};
pub use import::{
    AccountSource, Change, CollisionPolicy, ImportError, ImportRules, Imports, Outcome, Remark, RemarkKind,
    Remarked, Remarks, Report, SourceError, SourceRow, import_batch, judge_missing,
};
pub use keys::{AdoptRootError, KeyChangeError, Keys, OpenKeys, RootAdoption};
pub use login::{LoggedIn, LoginError, LoginRequest, PasswordUpgrade, begin_session, find_credential};
pub use logout::{Logout, end_foreign_token, end_presented_session};
pub use refresh::{Refresh, RefreshError, Refreshed, rotate};
pub use register::{
    CheckedDraft, Draft, DraftErrors, RegisterError, Role, check_draft, insert_account,
    insert_account_with_session,
};
pub use sessions::end_own_session;

use crate::hashing::{HashError, PasswordHasher};
use crate::password::PasswordRules;
use crate::random::Random;
use crate::session::SessionPolicy;
use crate::store::{Store, StoreError};
use crate::time::Clock;
use crate::token::{CannotSign, TokenService};
use std::sync::Arc;

/// The adapters that the use cases run on.
#[derive(Clone)]
pub struct Ports {
    /// The database.
    pub store: Arc<dyn Store>,
    /// The hash lane.
    pub hasher: Arc<dyn PasswordHasher>,
    /// Issues and reads tokens.
    pub tokens: Arc<dyn TokenService>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Draws ids.
    pub random: Arc<dyn Random>,
}

/// What an operator decides.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Policy {
    /// How long sessions live, and what a replay costs.
    pub sessions: SessionPolicy,
    /// What a new password must be.
    pub passwords: PasswordRules,
}

/// The use cases of accounts and sessions.
#[derive(Clone)]
pub struct Auth {
    ports: Ports,
    policy: Policy,
}

impl Auth {
    /// Use cases on these adapters, under this policy.
    pub fn new(ports: Ports, policy: Policy) -> Self {
        Self { ports, policy }
    }

    /// The adapters, for what has no use case: readiness, published keys.
    pub fn ports(&self) -> &Ports {
        &self.ports
    }
}

/// Something beneath a use case failed. Never the caller's fault, and never an answer about
/// accounts or sessions: a transport answers 503 or 500 and does not show the cause.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Failure {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The hash lane.
    #[error(transparent)]
    Hash(#[from] HashError),
    /// The signing keys.
    #[error(transparent)]
    Sign(#[from] CannotSign),
}
