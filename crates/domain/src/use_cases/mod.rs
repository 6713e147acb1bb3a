//! What can be done: one use case, one file.
//!
//! Each file has the synchronous *steps*, plain functions over a unit of work that hold the rules,
//! and the method of [`Auth`] (or [`Keys`]) that chains them and awaits what lies between: the
//! store and the password hash. While a password is hashed no transaction is open, so the step
//! that follows checks, in its own guarded write, that what the first step saw is still true.

mod accounts;
mod authenticate;
mod deletion;
mod dossier;
mod email_change;
mod exchange;
mod holder;
mod import;
mod keys;
mod login;
mod logout;
mod password_change;
mod password_reset;
mod post;
mod profile;
mod proof;
mod reauthentication;
mod refresh;
mod register;
mod sessions;
mod sweep;
mod verification;

pub use accounts::{ChangePasswordError, change_password, delete_account, set_account_active};
pub use authenticate::{AuthenticationError, judge};
pub use deletion::{DeleteAccountError, delete_own_account};
pub use dossier::{Dossier, compile_dossier};
pub use email_change::{
    ChangeEmailError, ConfirmEmailError, EmailChange, change_email, request_email_change, undo_email_change,
};
pub use exchange::{Exchange, exchange};
pub use import::{
    AccountSource, Change, CollisionPolicy, ImportError, ImportRules, Imports, Outcome, Remark, RemarkKind,
    Remarked, Remarks, Report, SourceError, SourceRow, import_batch, judge_missing,
};
pub use keys::{AdoptRootError, KeyChangeError, Keys, OpenKeys, RootAdoption};
pub use login::{LoggedIn, LoginError, LoginRequest, PasswordUpgrade, begin_session, find_credential};
pub use logout::{Logout, end_foreign_token, end_presented_session};
pub use password_change::{ReplacePasswordError, replace_password};
pub use password_reset::{PasswordReset, ResetPasswordError, reset_password};
pub use post::{Post, Progress, RetryError, answer_requests};
pub use proof::{Proof, ProofError, find_proven};
pub use refresh::{Refresh, RefreshError, Refreshed, rotate};
pub use register::{
    CheckedDraft, Draft, DraftErrors, RegisterError, Registered, Registration, Role, check_draft, register,
};
pub use sessions::end_own_session;
pub use verification::verify_address;

use crate::callers::Callers;
use crate::hashing::{HashError, PasswordHasher};
use crate::mail::{Desk, Envelopes};
use crate::one_time::SecretDigests;
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
    /// Remembers who calls.
    pub callers: Arc<dyn Callers>,
    /// Issues and reads tokens.
    pub tokens: Arc<dyn TokenService>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Makes digests of one-time secrets.
    pub digests: Arc<dyn SecretDigests>,
    /// Seals letters.
    pub envelopes: Arc<dyn Envelopes>,
    /// Draws ids and secrets.
    pub random: Arc<dyn Random>,
}

/// What an operator decides.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Policy {
    /// How long sessions live, and what a replay costs.
    pub sessions: SessionPolicy,
    /// What a new password must be.
    pub passwords: PasswordRules,
    /// What is asked of an account's address.
    pub addresses: AddressPolicy,
}

/// What is asked of an account's address.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AddressPolicy {
    /// Whether owners are asked to prove that they read its mail, and what depends on it.
    pub verification: Verification,
    /// Whether a registration with an address that is taken looks like any other, and its owner is told
    /// by mail. It hides nothing unless a verified address is [`Verification::Required`].
    pub private_registration: bool,
}

/// Whether owners are asked to prove that they read their address's mail.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Verification {
    /// Nobody is asked at registration.
    None,
    /// Everybody is asked at registration, and nothing depends on the answer.
    #[default]
    Optional,
    /// Everybody is asked at registration, and nobody logs in before.
    Required,
}

/// The use cases of accounts and sessions.
#[derive(Clone)]
pub struct Auth {
    ports: Ports,
    policy: Policy,
    desk: Desk,
}

impl Auth {
    /// Use cases on these adapters, under this policy.
    pub fn new(ports: Ports, policy: Policy) -> Self {
        let Ports { envelopes, digests, random, .. } = ports.clone();
        Self { ports, policy, desk: Desk::new(envelopes, digests, random) }
    }

    /// Where letters are written.
    fn desk(&self) -> Desk {
        self.desk.clone()
    }

    /// The adapters, for what has no use case: readiness, published keys.
    pub fn ports(&self) -> &Ports {
        &self.ports
    }

    /// What the operator decided, for what tells people the rules before they break them.
    pub fn policy(&self) -> &Policy {
        &self.policy
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
