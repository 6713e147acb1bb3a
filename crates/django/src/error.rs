use doorward_domain::use_cases::SourceError;
use std::error::Error;

/// Why Django's tables cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum DjangoError {
    /// The database failed, or refused a question.
    #[error("the Django database did not answer")]
    Database(#[source] Box<dyn Error + Send + Sync>),
    /// An answer is not what was asked for.
    #[error("the Django database answered something else than was asked: {0}")]
    Answer(String),
    /// The key that was asked about is of another kind than the table's.
    #[error("the key is of another kind than the users' primary key")]
    ForeignKind,
    /// There is no table of that name.
    #[error("there is no table {0:?}")]
    NoSuchTable(String),
    /// Nothing looks like a table of users.
    #[error("there is no auth_user, nor any other table with Django's columns of a user; name the table")]
    NoUserTable,
    /// Several tables may be the one.
    #[error("several tables look like the one with the users: {}; name the right one", .0.join(", "))]
    AmbiguousUserTable(Vec<String>),
    /// The table cannot be one of Django's users.
    #[error("the table {table:?} cannot be taken for one of users: {reason}")]
    NotUsers {
        /// The table.
        table: String,
        /// What it lacks.
        reason: String,
    },
}

impl DjangoError {
    pub(crate) fn answer(problem: impl Into<String>) -> Self {
        Self::Answer(problem.into())
    }

    pub(crate) fn not_users(table: &str, reason: impl Into<String>) -> Self {
        Self::NotUsers { table: table.to_owned(), reason: reason.into() }
    }
}

impl From<DjangoError> for SourceError {
    fn from(error: DjangoError) -> Self {
        let mut said = error.to_string();
        let mut cause = error.source();
        while let Some(error) = cause {
            said = format!("{said}: {error}");
            cause = error.source();
        }
        Self(said)
    }
}
