//! Every query, written once for both databases.
//!
//! A query is a plain function over a [`AnyConnection`](crate::connection::AnyConnection); the rows that
//! it reads and writes stay in here.
//!
//! What is unique is asked for with `get_result`: diesel's `first` adds a `LIMIT` whose value is bound, and
//! for every value that is bound there SQLite prepares the statement anew.

mod accounts;
mod addresses;
mod amendments;
mod archive;
mod attempts;
mod changes;
mod foreign_tokens;
mod groups;
mod imports;
mod instance;
mod kept;
mod keys;
mod letters;
mod lists;
mod mailings;
mod mailroom;
mod requests;
mod rotations;
mod rows;
mod secrets;
mod sessions;
mod unit;
mod users;
mod vault;

pub(crate) use changes::numbering;
pub(crate) use rotations::rotate_free;
pub(crate) use sessions::{Rotate, standing_of_session};
pub(crate) use unit::Unit;

use diesel::QueryResult;
use diesel::result::{DatabaseErrorKind, Error};

/// Whether a guarded statement found its row.
fn hit(rows: QueryResult<usize>) -> QueryResult<bool> {
    rows.map(|rows| rows > 0)
}

/// A column holds what this program never writes there.
fn damaged(what: &'static str) -> Error {
    Error::DeserializationError(what.into())
}

/// Somebody was faster: the unit of work is to be run again.
fn lost(how: &str) -> Error {
    Error::DatabaseError(DatabaseErrorKind::SerializationFailure, Box::new(how.to_owned()))
}

/// A violated uniqueness, where it means that somebody was faster. Its text, which holds the values,
/// is left out.
fn unless_lost<T>(result: QueryResult<T>) -> QueryResult<T> {
    result.map_err(|error| match error {
        Error::DatabaseError(DatabaseErrorKind::UniqueViolation, what) => {
            lost(what.constraint_name().unwrap_or("a name, a number or a key was taken"))
        }
        other => other,
    })
}

/// The most keys that one statement asks for, and the most rows that it stores.
const CHUNK: usize = 1000;

/// What is found of many keys, a chunk at a time.
fn of_many<K, T>(keys: &[K], mut found: impl FnMut(&[K]) -> QueryResult<Vec<T>>) -> QueryResult<Vec<T>> {
    let mut all = Vec::new();
    for chunk in keys.chunks(CHUNK) {
        all.append(&mut found(chunk)?);
    }
    Ok(all)
}

/// Added to a column that only checks what another one found: so no planner can take its index. Without
/// statistics PostgreSQL's may think that an account has one session, and then a rotation reads all of
/// an account's sessions to find one.
const ASIDE: i64 = 0;

/// The rows of a query, without those that other units of work have; nobody else gets them until this one
/// ends. Nobody waits: several take one row after the other side by side. What this skips, another one
/// has, or gives back and it is found by the next look. SQLite has one writer.
macro_rules! free {
    ($connection:expr, $query:expr) => {
        match $connection {
            $crate::connection::AnyConnection::Sqlite(c) => $query.load(c),
            $crate::connection::AnyConnection::Postgresql(c) => $query.for_update().skip_locked().load(c),
        }
    };
}
use free;

/// A count of rows.
fn counted(rows: QueryResult<usize>) -> QueryResult<u64> {
    rows.map(|rows| u64::try_from(rows).unwrap_or(u64::MAX))
}
