//! Many rows at once.

use crate::connection::AnyConnection;
use diesel::backend::Backend;
use diesel::pg::Pg;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::sql_types::{Array, BigInt, Binary, Bool, Nullable, Text};
use diesel::sqlite::Sqlite;
use diesel::{QueryResult, RunQueryDsl};

/// An `INSERT` of any number of rows, of which each database prepares one text once.
///
/// PostgreSQL is sent one statement with an array for each column: its number of parameters, of which
/// there may be 65,535, does not grow with the rows. SQLite, to which a statement is no trip, runs one
/// for each row.
pub(super) struct Rows<'a> {
    table: &'static str,
    columns: Vec<(&'static str, Column<'a>)>,
    on_conflict: &'static str,
}

enum Column<'a> {
    Numbers(Vec<Option<i64>>),
    Texts(Vec<Option<&'a str>>),
    Bytes(Vec<Option<&'a [u8]>>),
    Flags(Vec<Option<bool>>),
}

impl<'a> Rows<'a> {
    /// No columns yet. Each is to get as many values as the others.
    pub(super) fn into(table: &'static str) -> Self {
        Self { table, columns: Vec::new(), on_conflict: "" }
    }

    pub(super) fn numbers<T: Into<Option<i64>>>(
        self,
        name: &'static str,
        values: impl IntoIterator<Item = T>,
    ) -> Self {
        self.with(name, Column::Numbers(values.into_iter().map(Into::into).collect()))
    }

    pub(super) fn texts<T: Into<Option<&'a str>>>(
        self,
        name: &'static str,
        values: impl IntoIterator<Item = T>,
    ) -> Self {
        self.with(name, Column::Texts(values.into_iter().map(Into::into).collect()))
    }

    pub(super) fn bytes<T: Into<Option<&'a [u8]>>>(
        self,
        name: &'static str,
        values: impl IntoIterator<Item = T>,
    ) -> Self {
        self.with(name, Column::Bytes(values.into_iter().map(Into::into).collect()))
    }

    pub(super) fn flags(self, name: &'static str, values: impl IntoIterator<Item = bool>) -> Self {
        self.with(name, Column::Flags(values.into_iter().map(Some).collect()))
    }

    /// What happens with a row whose key is there: `ON CONFLICT …`. PostgreSQL takes no two rows of one
    /// key then.
    pub(super) fn on_conflict(self, clause: &'static str) -> Self {
        Self { on_conflict: clause, ..self }
    }

    /// Stores them, and tells how many were stored or changed.
    pub(super) fn insert(&self, c: &mut AnyConnection) -> QueryResult<usize> {
        match c {
            _ if self.len() == 0 => Ok(0),
            AnyConnection::Sqlite(c) => {
                (0..self.len()).map(|index| Row { rows: self, index }.execute(c)).sum()
            }
            AnyConnection::Postgresql(c) => Together(self).execute(c),
        }
    }

    fn with(mut self, name: &'static str, column: Column<'a>) -> Self {
        self.columns.push((name, column));
        self
    }

    fn len(&self) -> usize {
        self.columns.first().map_or(0, |(_, column)| match column {
            Column::Numbers(values) => values.len(),
            Column::Texts(values) => values.len(),
            Column::Bytes(values) => values.len(),
            Column::Flags(values) => values.len(),
        })
    }

    /// `INSERT INTO table (columns)`.
    fn push_head<DB: Backend>(&self, out: &mut AstPass<'_, '_, DB>) {
        out.push_sql("INSERT INTO ");
        out.push_sql(self.table);
        for (number, (name, _)) in self.columns.iter().enumerate() {
            out.push_sql(if number == 0 { " (" } else { ", " });
            out.push_sql(name);
        }
        out.push_sql(") ");
    }
}

/// All of them, as PostgreSQL takes them.
struct Together<'r, 'a>(&'r Rows<'a>);

impl QueryFragment<Pg> for Together<'_, '_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        self.0.push_head(&mut out);
        out.push_sql("SELECT * FROM unnest(");
        for (number, (_, column)) in self.0.columns.iter().enumerate() {
            if number > 0 {
                out.push_sql(", ");
            }
            match column {
                Column::Numbers(values) => out.push_bind_param::<Array<Nullable<BigInt>>, _>(values)?,
                Column::Texts(values) => out.push_bind_param::<Array<Nullable<Text>>, _>(values)?,
                Column::Bytes(values) => out.push_bind_param::<Array<Nullable<Binary>>, _>(values)?,
                Column::Flags(values) => out.push_bind_param::<Array<Nullable<Bool>>, _>(values)?,
            }
        }
        out.push_sql(") ");
        out.push_sql(self.0.on_conflict);
        Ok(())
    }
}

/// One of them, as SQLite takes them.
struct Row<'r, 'a> {
    rows: &'r Rows<'a>,
    index: usize,
}

impl QueryFragment<Sqlite> for Row<'_, '_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        self.rows.push_head(&mut out);
        for (number, (_, column)) in self.rows.columns.iter().enumerate() {
            out.push_sql(if number == 0 { "VALUES (" } else { ", " });
            match column {
                Column::Numbers(of) => out.push_bind_param::<Nullable<BigInt>, _>(at(of, self.index))?,
                Column::Texts(of) => out.push_bind_param::<Nullable<Text>, _>(at(of, self.index))?,
                Column::Bytes(of) => out.push_bind_param::<Nullable<Binary>, _>(at(of, self.index))?,
                Column::Flags(of) => out.push_bind_param::<Nullable<Bool>, _>(at(of, self.index))?,
            }
        }
        out.push_sql(") ");
        out.push_sql(self.rows.on_conflict);
        Ok(())
    }
}

/// A column that is too short ends in nulls, as on PostgreSQL.
#[expect(clippy::ref_option, reason = "what is bound must live as long as the rows")]
fn at<T>(values: &[Option<T>], index: usize) -> &Option<T> {
    values.get(index).unwrap_or(&None)
}

// With no id of its own, a prepared statement is found by its text.
impl QueryId for Together<'_, '_> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl QueryId for Row<'_, '_> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<C> RunQueryDsl<C> for Together<'_, '_> {}
impl<C> RunQueryDsl<C> for Row<'_, '_> {}
