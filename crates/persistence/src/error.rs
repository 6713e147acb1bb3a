//! What diesel's errors mean to the store's callers.

use diesel::result::{DatabaseErrorKind, Error};
use doorward_domain::store::StoreError;

/// The error as the port tells it.
///
/// Diesel has no kind of its own for many conditions, so some are told by their text: SQLite's are
/// fixed, PostgreSQL's are English unless the server is set to another language, where the worst is
/// a `Failed` in place of an `Unavailable`.
pub(crate) fn store_error(error: &Error) -> StoreError {
    let text = error.to_string();
    match error {
        Error::DatabaseError(DatabaseErrorKind::SerializationFailure, _) => conflict(text),
        Error::DatabaseError(
            DatabaseErrorKind::UnableToSendCommand
            | DatabaseErrorKind::ClosedConnection
            | DatabaseErrorKind::ReadOnlyTransaction,
            _,
        ) => StoreError::unavailable(text),
        Error::DatabaseError(DatabaseErrorKind::Unknown, _) => {
            let lower = text.to_lowercase();
            let says = |phrases: &[&str]| phrases.iter().any(|phrase| lower.contains(phrase));
            if says(&["deadlock"]) {
                conflict(text)
            } else if says(&TRANSIENT) {
                StoreError::unavailable(text)
            } else {
                StoreError::failed(text)
            }
        }
        // The text of a violated constraint holds the values that violate it.
        Error::DatabaseError(kind, information) => StoreError::failed(format!(
            "{kind:?} of {}",
            information.constraint_name().unwrap_or("a constraint")
        )),
        _ => StoreError::failed(text),
    }
}

/// Of the conditions that pass or can be mended outside.
const TRANSIENT: [&str; 12] = [
    // SQLite
    "database is locked",
    "database table is locked",
    "disk is full",
    "disk i/o error",
    "readonly database",
    "unable to open database file",
    // PostgreSQL
    "canceling statement",
    "terminating connection",
    "shutting down",
    "starting up",
    "no space left",
    "remaining connection slots",
];

fn conflict(text: String) -> StoreError {
    StoreError::Conflict(text.into())
}
