//! Accounts: who can log in, and what is known about them.

use crate::identity::{CanonicalName, EmailAddress, TextError, Username, text_errors};
use crate::password::PasswordHash;
use crate::random::{Random, uuid_v7};
use crate::time::Timestamp;
use std::fmt;

/// The number of an account, assigned by the database and never used again: the claim `user_id`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UserId(pub i64);

impl fmt::Display for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The immutable, unique text that names an account to other services: the claim `sub`
/// (RFC 7519, section 4.1.2). A `UUIDv7` for accounts made here.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Subject(String);

impl Subject {
    /// A new, unique subject.
    pub fn generate(random: &dyn Random, now: Timestamp) -> Self {
        Self(uuid_v7(random, now).to_string())
    }

    /// A subject as a database holds it.
    pub fn from_stored(stored: String) -> Self {
        Self(stored)
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Counts the changes of an account's password. What was decided under one version must not take
/// effect under another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CredentialVersion(pub i64);

impl CredentialVersion {
    /// Of an account whose password was never changed here, be it made here or imported.
    pub const FIRST: Self = Self(0);
}

/// A person's name, free text of at most [`FullName::MAX_CHARS`] code points; may be empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FullName(String);

impl FullName {
    /// The most code points of a full name.
    pub const MAX_CHARS: usize = 255;

    /// Parses what was typed.
    ///
    /// # Errors
    /// Every rule that is broken; never an empty list.
    pub fn parse(typed: &str) -> Result<Self, Vec<TextError>> {
        let errors: Vec<_> = text_errors(typed, Self::MAX_CHARS).collect();
        if errors.is_empty() { Ok(Self(typed.to_owned())) } else { Err(errors) }
    }

    /// A name as a database holds it, not checked again.
    pub fn from_stored(stored: String) -> Self {
        Self(stored)
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// An account, without its password.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a column of its own, three of them Django's")]
pub struct User {
    /// Its number.
    pub id: UserId,
    /// Its name for other services.
    pub subject: Subject,
    /// What it logs in with.
    pub username: Username,
    /// Its address, if it has one; it logs in with this too.
    pub email: Option<EmailAddress>,
    /// When somebody last proved to read that address's mail, or an operator vouched for it; `None` if
    /// nobody did since the account has this address.
    pub email_verified_at: Option<Timestamp>,
    /// The person's name.
    pub full_name: FullName,
    /// Whether it can be used at all.
    pub is_active: bool,
    /// Whether it may enter an administration (Django's flag, carried for services that ask).
    pub is_staff: bool,
    /// Whether it has every permission (Django's flag, likewise).
    pub is_superuser: bool,
    /// The names of its groups, in order: carried for services that ask.
    pub groups: Vec<String>,
    /// Whether its subject is the primary key that it had in the system that it comes from, and so
    /// what others know it by in place of its number.
    pub is_known_by_subject: bool,
    /// Whether it came in from another system, which then knows it by what it is known by here. Tokens
    /// of a system that was replaced open no other account: what it calls account 1 is not ours.
    pub is_imported: bool,
    /// When it was made.
    pub date_joined: Timestamp,
    /// Access tokens without a session that were issued before this instant are refused.
    pub tokens_valid_after: Timestamp,
}

/// What others know an account by: the claim `user_id`, and `id` in answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PublicId<'a> {
    /// Its number.
    Number(UserId),
    /// The primary key that it had in the system that it comes from.
    Key(&'a Subject),
}

impl User {
    /// Whether it is known who reads its address's mail. A superuser that an operator made without an
    /// address counts as known.
    pub fn is_verified(&self) -> bool {
        self.email_verified_at.is_some() || (self.email.is_none() && self.is_superuser)
    }

    /// Whether that is its address. A login name that is its username alone is not.
    pub fn has_address(&self, address: &CanonicalName) -> bool {
        self.email.as_ref().is_some_and(|email| email.canonical() == address)
    }

    /// Whether its address is known to be its owner's: they proved to read its mail, or another system has
    /// written to them there.
    pub fn has_proven_address(&self) -> bool {
        self.email.is_some() && (self.email_verified_at.is_some() || self.is_imported)
    }

    /// What others know it by.
    pub fn public_id(&self) -> PublicId<'_> {
        if self.is_known_by_subject { PublicId::Key(&self.subject) } else { PublicId::Number(self.id) }
    }
}

/// An account with what is told of it to people and decides nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// The account.
    pub user: User,
    /// When it last logged in.
    pub last_login: Option<Timestamp>,
}

/// An account that is about to be stored.
#[derive(Debug, Clone)]
pub struct NewUser {
    /// Its name for other services.
    pub subject: Subject,
    /// What it logs in with.
    pub username: Username,
    /// Its address.
    pub email: Option<EmailAddress>,
    /// When an operator vouched for the address.
    pub email_verified_at: Option<Timestamp>,
    /// The hash of its password.
    pub password: PasswordHash,
    /// Whether it can be used at all.
    pub is_active: bool,
    /// Whether it may enter an administration.
    pub is_staff: bool,
    /// Whether it has every permission.
    pub is_superuser: bool,
    /// When it was made.
    pub date_joined: Timestamp,
}

impl NewUser {
    /// The canonical names that must not belong to anybody else: the username's and the address's.
    pub fn login_names(&self) -> impl Iterator<Item = &CanonicalName> {
        std::iter::once(self.username.canonical()).chain(self.email.as_ref().map(EmailAddress::canonical))
    }
}

/// What a login is checked against.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credential {
    /// Whose it is.
    pub user_id: UserId,
    /// The hash.
    pub password: PasswordHash,
    /// The version of the hash, for the guarded write that follows the check.
    pub version: CredentialVersion,
    /// Whether the account can be used at all.
    pub is_active: bool,
    /// Whether it is known who reads its address's mail: [`User::is_verified`].
    pub is_verified: bool,
}
