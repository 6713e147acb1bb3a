use std::error::Error;

/// The port to a database that is only read.
pub trait Rows {
    /// Runs a `SELECT` that has one text column and no parameters, and gives the column's value of
    /// each row, in order. No value is ever NULL.
    ///
    /// # Errors
    /// The database failed, or refused the question.
    fn texts(&mut self, select: &str) -> Result<Vec<String>, Box<dyn Error + Send + Sync>>;
}

impl<R: Rows + ?Sized> Rows for &mut R {
    fn texts(&mut self, select: &str) -> Result<Vec<String>, Box<dyn Error + Send + Sync>> {
        (**self).texts(select)
    }
}

impl<R: Rows + ?Sized> Rows for Box<R> {
    fn texts(&mut self, select: &str) -> Result<Vec<String>, Box<dyn Error + Send + Sync>> {
        (**self).texts(select)
    }
}

/// The kind of database that answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// SQLite from 3.38, the first with its JSON functions always built in.
    Sqlite,
    /// PostgreSQL. Tables are looked for along the connection's `search_path`.
    Postgres,
}
