use crate::takeover::{ForeignAccount, ForeignKey, ForeignToken, ForeignTokenId, Group};

/// The system that accounts come from, read in pages. It is only read, and may change meanwhile.
///
/// An implementation MUST give the pages of a kind in one order, in which `after` is the last thing
/// that was given, and an empty page at the end and nowhere else. It may block the thread that calls.
pub trait AccountSource: Send {
    /// Every group.
    ///
    /// # Errors
    /// The source cannot be read.
    fn groups(&mut self) -> Result<Vec<Group>, SourceError>;

    /// The next accounts, at most `limit`.
    ///
    /// # Errors
    /// The source cannot be read.
    fn accounts_after(
        &mut self,
        after: Option<&ForeignKey>,
        limit: u32,
    ) -> Result<Vec<SourceRow>, SourceError>;

    /// The next refresh tokens that it issued or blacklisted, at most `limit`.
    ///
    /// # Errors
    /// The source cannot be read.
    fn tokens_after(
        &mut self,
        after: Option<&ForeignTokenId>,
        limit: u32,
    ) -> Result<Vec<ForeignToken>, SourceError>;

    /// Those of the keys that it still has an account for, in any order.
    ///
    /// # Errors
    /// The source cannot be read.
    fn present(&mut self, keys: &[ForeignKey]) -> Result<Vec<ForeignKey>, SourceError>;
}

/// An account of the source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SourceRow {
    /// One that can be understood.
    Account(Box<ForeignAccount>),
    /// One that cannot: it is left out and told of.
    Unreadable {
        /// Its key.
        key: ForeignKey,
        /// What is wrong with it, without the value.
        reason: String,
    },
}

impl SourceRow {
    /// The account's key.
    pub fn key(&self) -> &ForeignKey {
        match self {
            Self::Account(account) => &account.key,
            Self::Unreadable { key, .. } => key,
        }
    }
}

impl From<ForeignAccount> for SourceRow {
    fn from(account: ForeignAccount) -> Self {
        Self::Account(Box::new(account))
    }
}

/// The source could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the source cannot be read: {0}")]
pub struct SourceError(pub String);
