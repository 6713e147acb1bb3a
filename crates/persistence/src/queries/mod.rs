//! Every query, written once for both databases.
//!
//! A query is a plain function over a [`AnyConnection`](crate::connection::AnyConnection); the rows that
//! it reads and writes stay in here.

mod changes;
mod instance;
mod kept;
mod keys;
mod rotations;
mod sessions;
mod unit;
mod users;

pub(crate) use changes::numbering;
pub(crate) use rotations::rotate_free;
pub(crate) use sessions::Rotate;
pub(crate) use unit::Unit;

use diesel::QueryResult;

/// Whether a guarded statement found its row.
fn hit(rows: QueryResult<usize>) -> QueryResult<bool> {
    rows.map(|rows| rows > 0)
}

/// A column holds what this program never writes there.
fn damaged(what: &'static str) -> diesel::result::Error {
    diesel::result::Error::DeserializationError(what.into())
}

/// A count of rows.
fn counted(rows: QueryResult<usize>) -> QueryResult<u64> {
    rows.map(|rows| u64::try_from(rows).unwrap_or(u64::MAX))
}
