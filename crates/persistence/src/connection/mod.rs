//! One connection type over two databases, so that every query is written once.

mod postgres;
mod sqlite;
mod tls;

pub(crate) use postgres::{PurePg, connect as connect_postgres};
pub(crate) use sqlite::{Access, open_foreign_sqlite, open_sqlite};

use diesel::SqliteConnection;

/// A connection to either database.
#[derive(diesel::MultiConnection)]
pub(crate) enum AnyConnection {
    /// The embedded database.
    Sqlite(SqliteConnection),
    /// A server, spoken to without libpq.
    Postgresql(PurePg),
}

impl AnyConnection {
    /// Whether it can be used, as far as is known without a question to the database.
    pub(crate) fn is_open(&mut self) -> bool {
        match self {
            Self::Sqlite(_) => true,
            Self::Postgresql(connection) => connection.is_open(),
        }
    }
}

/// Runs one expression with the connection of either type: for what diesel can say to each database
/// but not to both at once (`ON CONFLICT`), and for what is asked all the time, since diesel writes the
/// text of a query to both anew for each asking, and to one once.
macro_rules! on_either {
    ($connection:expr, |$inner:ident| $body:expr) => {
        match $connection {
            $crate::connection::AnyConnection::Sqlite($inner) => $body,
            $crate::connection::AnyConnection::Postgresql($inner) => $body,
        }
    };
}
pub(crate) use on_either;
