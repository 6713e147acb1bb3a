//! Accounts that come from another system, and may go back: what is carried, and under which key.
//!
//! An import can be run again and again while the other system is still in use. For that, each
//! account that came in has an [`ImportRecord`]: what the other system was [`Seen`] to say. What has
//! changed there since is taken over, unless it was changed here too.

mod seen;

pub use seen::{Field, Seen};

use crate::identity::{CanonicalName, EmailAddress, Username};
use crate::password::PasswordHash;
use crate::session::SessionId;
use crate::time::Timestamp;
use crate::user::{CredentialVersion, FullName, PublicId, Subject, User, UserId};
use std::fmt;

/// The primary key of an account in the system that it comes from. They are ordered as an import takes
/// them: numbers first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ForeignKey {
    /// A whole number, which becomes the account's number here.
    Number(i64),
    /// Any other key, as that system writes it in a token: it becomes the account's subject.
    Text(String),
}

impl ForeignKey {
    /// The key of an account in the system that it comes from, or would come from.
    pub fn of(user: &User) -> Self {
        match user.public_id() {
            PublicId::Number(UserId(number)) => Self::Number(number),
            PublicId::Key(subject) => Self::Text(subject.as_str().to_owned()),
        }
    }
}

impl fmt::Display for ForeignKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Text(text) => text.fmt(f),
        }
    }
}

/// What another system holds in an account's place for a password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ForeignPassword {
    /// A hash that can be verified as it stands.
    Hash(PasswordHash),
    /// None: the account has no password there either.
    Unusable,
    /// Something that is never accepted here, for example MD5 or a plain text. Its owner has to reset
    /// it; the value is not kept.
    MustReset,
}

/// Columns of an account's profile that mean nothing here: the text of one JSON object. It is kept as
/// it came and given back by an export.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attributes(String);

impl Attributes {
    /// Takes the text of a JSON object.
    pub fn from_json(object: impl Into<String>) -> Self {
        Self(object.into())
    }

    /// The text.
    pub fn as_json(&self) -> &str {
        &self.0
    }
}

impl Default for Attributes {
    fn default() -> Self {
        Self("{}".to_owned())
    }
}

/// A permission of Django: kept as it came and given back by an export.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Permission {
    /// The label of the app that defines it.
    pub app: String,
    /// The model that it is about, in lower case.
    pub model: String,
    /// What it allows, as in `change_user`.
    pub codename: String,
}

/// A group of accounts with the permissions that it gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Its number in the system that it comes from.
    pub id: i64,
    /// Its name; no two groups share one.
    pub name: String,
    /// In order.
    pub permissions: Vec<Permission>,
}

/// An account as another system has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForeignAccount {
    /// Its primary key there.
    pub key: ForeignKey,
    /// What it logs in with.
    pub username: Username,
    /// Its address, if it has one.
    pub email: Option<EmailAddress>,
    /// Its password's hash.
    pub password: ForeignPassword,
    /// The person's name.
    pub full_name: FullName,
    /// Whether it can be used at all.
    pub is_active: bool,
    /// Django's flag.
    pub is_staff: bool,
    /// Django's flag.
    pub is_superuser: bool,
    /// When it was made.
    pub date_joined: Timestamp,
    /// When it last logged in.
    pub last_login: Option<Timestamp>,
    /// The names of its groups, in order.
    pub groups: Vec<String>,
    /// What it is allowed beside what its groups give, in order.
    pub permissions: Vec<Permission>,
    /// Everything else that is known about it.
    pub attributes: Attributes,
}

/// Everything that is stored about an account, its hash included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountRecord {
    /// The account.
    pub user: User,
    /// When it last logged in.
    pub last_login: Option<Timestamp>,
    /// The hash of its password.
    pub password: PasswordHash,
    /// How often its password was changed here.
    pub credential_version: CredentialVersion,
    /// What it is allowed beside what its groups give, in order.
    pub permissions: Vec<Permission>,
    /// What an import brought and nothing here uses.
    pub attributes: Attributes,
}

/// An account that is about to be stored under a key of another system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportedAccount {
    /// Its number; `None` for one that the database draws.
    pub id: Option<UserId>,
    /// Its name for other services; the key itself, where that is a text.
    pub subject: Subject,
    /// The account as it came, freed of names that belong to somebody else.
    pub account: ForeignAccount,
    /// The hash, or the mark of an unusable password.
    pub password: PasswordHash,
    /// What the other system was seen to say.
    pub seen: Seen,
}

impl ImportedAccount {
    /// The account as it is once it is stored under that number: its password was never changed here,
    /// and tokens that the other system issued are honoured.
    pub fn as_record(&self, id: UserId) -> AccountRecord {
        let Self { subject, account, password, .. } = self;
        AccountRecord {
            user: User {
                id,
                subject: subject.clone(),
                username: account.username.clone(),
                email: account.email.clone(),
                email_verified_at: None,
                full_name: account.full_name.clone(),
                is_active: account.is_active,
                is_staff: account.is_staff,
                is_superuser: account.is_superuser,
                groups: account.groups.clone(),
                is_known_by_subject: matches!(account.key, ForeignKey::Text(_)),
                is_imported: true,
                date_joined: account.date_joined,
                tokens_valid_after: Timestamp::EPOCH,
            },
            last_login: account.last_login,
            password: password.clone(),
            credential_version: CredentialVersion::FIRST,
            permissions: account.permissions.clone(),
            attributes: account.attributes.clone(),
        }
    }

    /// That it came in, once it is stored under that number.
    pub fn as_import(&self, id: UserId) -> ImportRecord {
        ImportRecord { key: self.account.key.clone(), user: Some(id), seen: self.seen.clone() }
    }
}

/// That an account came from another system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportRecord {
    /// Its key there.
    pub key: ForeignKey,
    /// Its number here, also after it was deleted here; `None` for one that gave way to another.
    pub user: Option<UserId>,
    /// What the other system said when it was last looked at.
    pub seen: Seen,
}

/// Who has a login name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameOwner {
    /// The name.
    pub name: CanonicalName,
    /// Whose it is.
    pub user: UserId,
    /// Whether it is that account's username; else it is its address alone.
    pub is_username: bool,
}

/// What an import changes about an account that came in earlier; what is `None` stays as it is.
/// Passwords and activity have steps of their own, since they end sessions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Amendment {
    /// What it logs in with.
    pub username: Option<Username>,
    /// Its address, or that it has none.
    pub email: Option<Option<EmailAddress>>,
    /// The person's name.
    pub full_name: Option<FullName>,
    /// Django's flag.
    pub is_staff: Option<bool>,
    /// Django's flag.
    pub is_superuser: Option<bool>,
    /// When it was made.
    pub date_joined: Option<Timestamp>,
    /// When it last logged in.
    pub last_login: Option<Timestamp>,
    /// The names of its groups.
    pub groups: Option<Vec<String>>,
    /// What it is allowed beside what its groups give.
    pub permissions: Option<Vec<Permission>>,
    /// What nothing here uses.
    pub attributes: Option<Attributes>,
}

impl Amendment {
    /// Whether it changes nothing.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The account as it is afterwards.
    #[must_use]
    pub fn applied_to(&self, account: AccountRecord) -> AccountRecord {
        let new = self.clone();
        let AccountRecord { user, last_login, permissions, attributes, .. } = account;
        let email = new.email.unwrap_or_else(|| user.email.clone());
        let user = User {
            username: new.username.unwrap_or(user.username),
            // Nobody proved to read another address's mail.
            email_verified_at: user.email_verified_at.filter(|_| email == user.email),
            email,
            full_name: new.full_name.unwrap_or(user.full_name),
            is_staff: new.is_staff.unwrap_or(user.is_staff),
            is_superuser: new.is_superuser.unwrap_or(user.is_superuser),
            date_joined: new.date_joined.unwrap_or(user.date_joined),
            groups: new.groups.unwrap_or(user.groups),
            ..user
        };
        AccountRecord {
            user,
            last_login: new.last_login.or(last_login),
            permissions: new.permissions.unwrap_or(permissions),
            attributes: new.attributes.unwrap_or(attributes),
            ..account
        }
    }
}

/// The `jti` of a refresh token that another system issued.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ForeignTokenId(pub String);

/// A refresh token that another system issued: never the token itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForeignToken {
    /// Its id.
    pub id: ForeignTokenId,
    /// When it expires; after that nobody needs to know of it.
    pub expires_at: Timestamp,
    /// Whether and how it was used up.
    pub spent: Option<Spent>,
}

/// How a refresh token of another system was used up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spent {
    /// When.
    pub at: Timestamp,
    /// The session that it was exchanged for; `None` where it was blacklisted.
    pub session: Option<SessionId>,
}
