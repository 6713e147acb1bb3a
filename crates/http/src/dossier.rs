//! What is stored about an account, as its owner gets it.

use crate::problem::Problem;
use crate::wire::{AccountId, rfc3339};
use doorward_domain::mail::OutboxEntry;
use doorward_domain::one_time::OneTimeSecret;
use doorward_domain::session::{self, EndReason};
use doorward_domain::takeover;
use doorward_domain::time::Timestamp;
use doorward_domain::use_cases;
use doorward_domain::user::User;
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

/// All that is stored about an account, but for what opens it.
#[derive(Serialize, ToSchema)]
pub(crate) struct Dossier {
    /// The account.
    account: Account,
    /// Whether it has a password at all.
    has_password: bool,
    /// How often its password was changed here.
    password_changes: i64,
    /// What it is allowed beside what its groups give.
    permissions: Vec<Permission>,
    /// What came with the account from the system that it comes from, and nothing here uses.
    #[schema(value_type = Object)]
    attributes: Box<RawValue>,
    /// Its sessions, over or not, as far as they were not swept.
    sessions: Vec<Session>,
    /// What proves that somebody reads its mail, as far as that was not used.
    one_time_secrets: Vec<PendingSecret>,
    /// The letters about it, as far as they were not swept.
    letters: Vec<SentLetter>,
}

/// An account, with all of its columns but the password's.
#[derive(Serialize, ToSchema)]
#[schema(as = DossierAccount)]
#[expect(clippy::struct_excessive_bools, reason = "each is a column of its own")]
struct Account {
    /// What others know it by: the claim `user_id`.
    id: AccountId,
    /// What other services know it by: the claim `sub`.
    subject: String,
    /// What it logs in with.
    username: String,
    /// Its address, if it has one.
    email: Option<String>,
    /// When somebody last proved to read that address's mail, or an operator vouched for it.
    #[schema(format = DateTime)]
    email_verified_at: Option<String>,
    /// The person's name; may be empty.
    full_name: String,
    /// Whether it can be used at all.
    is_active: bool,
    /// Whether it may enter an administration.
    is_staff: bool,
    /// Whether it has every permission.
    is_superuser: bool,
    /// Whether it came from another system.
    is_imported: bool,
    /// The names of its groups, in order.
    groups: Vec<String>,
    /// When it was made.
    #[schema(format = DateTime)]
    date_joined: String,
    /// When it last logged in.
    #[schema(format = DateTime)]
    last_login: Option<String>,
    /// Access tokens without a session that were issued before this instant are refused.
    #[schema(format = DateTime)]
    tokens_valid_after: String,
}

/// A permission of Django.
#[derive(Serialize, ToSchema)]
#[schema(as = DossierPermission)]
struct Permission {
    /// The label of the app that defines it.
    app: String,
    /// The model that it is about.
    model: String,
    /// What it allows.
    #[schema(example = "change_user")]
    codename: String,
}

/// One login of one client.
#[derive(Serialize, ToSchema)]
#[schema(as = DossierSession)]
struct Session {
    /// Its name.
    #[schema(format = "uuid")]
    id: String,
    /// When its owner logged in.
    #[schema(format = DateTime)]
    created: String,
    /// When its tokens were last issued.
    #[schema(format = DateTime)]
    last_used: String,
    /// When its refresh token expires.
    #[schema(format = DateTime)]
    expires: String,
    /// When it ends however often it is used; null for never.
    #[schema(format = DateTime)]
    ends: Option<String>,
    /// The address that it was last used from; empty if not known.
    #[schema(example = "192.0.2.7")]
    address: String,
    /// What the client calls itself.
    user_agent: String,
    /// When it was ended before its time.
    #[schema(format = DateTime)]
    ended: Option<String>,
    /// Why it was ended: `logout`, `revoked`, `reuse` (of a refresh token), `password_change` or
    /// `deactivation`.
    ended_by: Option<&'static str>,
}

/// What proves that somebody reads an address's mail: never the secret itself.
#[derive(Serialize, ToSchema)]
struct PendingSecret {
    /// What it does: `verify_email`, `reset_password`, `change_email` or `undo_email_change`.
    purpose: &'static str,
    /// The address that it is about.
    #[schema(example = "alice@example.com")]
    address: String,
    /// When it was made.
    #[schema(format = DateTime)]
    created_at: String,
    /// When it stops to work.
    #[schema(format = DateTime)]
    expires_at: String,
}

/// A letter about the account: never what it holds.
#[derive(Serialize, ToSchema)]
struct SentLetter {
    /// Its name.
    #[schema(format = "uuid")]
    id: String,
    /// What it tells.
    #[schema(example = "verify_email")]
    kind: &'static str,
    /// Where it goes.
    #[schema(example = "alice@example.com")]
    to: String,
    /// When it was written.
    #[schema(format = DateTime)]
    written_at: String,
    /// When nobody needs it any more.
    #[schema(format = DateTime)]
    expires_at: String,
    /// What became of it: `queued`, `sent`, `kept` or `failed`.
    state: &'static str,
    /// How often somebody began to deliver it.
    attempts: u32,
    /// When it was sent, kept or given up.
    #[schema(format = DateTime)]
    settled_at: Option<String>,
}

impl TryFrom<use_cases::Dossier> for Dossier {
    type Error = Problem;

    fn try_from(dossier: use_cases::Dossier) -> Result<Self, Problem> {
        let use_cases::Dossier { user, last_login, has_password, password_changes, .. } = dossier;
        // As it came, so that a number keeps its digits.
        let attributes = RawValue::from_string(dossier.attributes.as_json().to_owned());
        Ok(Self {
            account: Account::new(user, last_login),
            has_password,
            password_changes,
            permissions: dossier.permissions.into_iter().map(Permission::from).collect(),
            attributes: attributes
                .map_err(|_| Problem::Defect("the attributes of an account are no JSON"))?,
            sessions: dossier.sessions.into_iter().map(Session::from).collect(),
            one_time_secrets: dossier.one_time_secrets.into_iter().map(PendingSecret::from).collect(),
            letters: dossier.letters.into_iter().map(SentLetter::from).collect(),
        })
    }
}

impl Account {
    fn new(user: User, last_login: Option<Timestamp>) -> Self {
        Self {
            id: user.public_id().into(),
            subject: user.subject.as_str().to_owned(),
            username: user.username.to_string(),
            email: user.email.map(|email| email.to_string()),
            email_verified_at: user.email_verified_at.map(rfc3339),
            full_name: user.full_name.as_str().to_owned(),
            is_active: user.is_active,
            is_staff: user.is_staff,
            is_superuser: user.is_superuser,
            is_imported: user.is_imported,
            groups: user.groups,
            date_joined: rfc3339(user.date_joined),
            last_login: last_login.map(rfc3339),
            tokens_valid_after: rfc3339(user.tokens_valid_after),
        }
    }
}

impl From<takeover::Permission> for Permission {
    fn from(permission: takeover::Permission) -> Self {
        let takeover::Permission { app, model, codename } = permission;
        Self { app, model, codename }
    }
}

impl From<session::Session> for Session {
    fn from(session: session::Session) -> Self {
        Self {
            id: session.id.to_string(),
            created: rfc3339(session.created_at),
            last_used: rfc3339(session.rotated_at),
            expires: rfc3339(session.expires_at),
            ends: session.ends_at.map(rfc3339),
            address: session.client.address,
            user_agent: session.client.user_agent,
            ended: session.ended.map(|end| rfc3339(end.at)),
            ended_by: session.ended.map(|end| reason_name(end.reason)),
        }
    }
}

impl From<OneTimeSecret> for PendingSecret {
    fn from(secret: OneTimeSecret) -> Self {
        Self {
            purpose: secret.purpose.as_str(),
            address: secret.address.to_string(),
            created_at: rfc3339(secret.created_at),
            expires_at: rfc3339(secret.expires_at),
        }
    }
}

impl From<OutboxEntry> for SentLetter {
    fn from(entry: OutboxEntry) -> Self {
        Self {
            id: entry.id.to_string(),
            kind: entry.kind.as_str(),
            to: entry.to.to_string(),
            written_at: rfc3339(entry.written_at),
            expires_at: rfc3339(entry.expires_at),
            state: entry.state.as_str(),
            attempts: entry.attempts,
            settled_at: entry.settled_at.map(rfc3339),
        }
    }
}

fn reason_name(reason: EndReason) -> &'static str {
    match reason {
        EndReason::Logout => "logout",
        EndReason::Revoked => "revoked",
        EndReason::Reuse => "reuse",
        EndReason::PasswordChange => "password_change",
        EndReason::Deactivation => "deactivation",
    }
}
