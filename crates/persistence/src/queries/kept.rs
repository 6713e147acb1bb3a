//! Statements that are prepared once.

use crate::connection::AnyConnection;
use diesel::backend::Backend;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::query_dsl::LoadQuery;
use diesel::{QueryResult, RunQueryDsl};
use std::marker::PhantomData;

/// An update whose prepared statement is kept for the next one of the same text.
///
/// Diesel prepares every update anew, since its text may depend on its values: on SQLite most of what
/// a rotation costs, on PostgreSQL a trip of its own. With no id of its own, it is found by its text,
/// so another text is another statement. It is kept only where it is loaded: an update that returns
/// nothing is looked at through a reference, which forgets this.
pub(super) struct Kept<Q>(pub(super) Q);

impl<Q> Kept<Q> {
    /// How many rows it changed; it returns a number of each.
    pub(super) fn count<'query>(self, c: &mut AnyConnection) -> QueryResult<usize>
    where
        Self: LoadQuery<'query, AnyConnection, i64>,
    {
        self.load(c).map(|rows| rows.len())
    }
}

impl<Q: QueryFragment<DB>, DB: Backend> QueryFragment<DB> for Kept<Q> {
    fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        self.0.walk_ast(out)
    }

    fn is_safe_to_cache_prepared(&self, _backend: &DB) -> QueryResult<bool> {
        Ok(true)
    }
}

impl<Q> QueryId for Kept<Q> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<Q: Query> Query for Kept<Q> {
    type SqlType = Q::SqlType;
}

impl<Q, C> RunQueryDsl<C> for Kept<Q> {}

/// A query that has one text, whatever its values are: its prepared statement is found by `Id`, and its
/// text is written once. Nothing else may have that id. It has to be asked of the connection within an
/// [`AnyConnection`], which would hide the id.
pub(super) struct Fixed<Id, Q> {
    query: Q,
    id: PhantomData<Id>,
}

impl<Id, Q> Fixed<Id, Q> {
    pub(super) fn new(query: Q) -> Self {
        Self { query, id: PhantomData }
    }
}

impl<Id, Q: QueryFragment<DB>, DB: Backend> QueryFragment<DB> for Fixed<Id, Q> {
    fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        self.query.walk_ast(out)
    }

    fn is_safe_to_cache_prepared(&self, _backend: &DB) -> QueryResult<bool> {
        Ok(true)
    }
}

impl<Id: 'static, Q> QueryId for Fixed<Id, Q> {
    type QueryId = Fixed<Id, ()>;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl<Id, Q: Query> Query for Fixed<Id, Q> {
    type SqlType = Q::SqlType;
}

impl<Id, Q, C> RunQueryDsl<C> for Fixed<Id, Q> {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::instance;
    use diesel::connection::{Connection, InstrumentationEvent, SimpleConnection};
    use diesel::prelude::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

    #[test]
    fn an_update_is_prepared_once() {
        let mut c = SqliteConnection::establish(":memory:").unwrap();
        c.batch_execute("CREATE TABLE instance (id, key_ring_version); INSERT INTO instance VALUES (1, 0)")
            .unwrap();
        let kept = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&kept);
        c.set_instrumentation(move |event: InstrumentationEvent<'_>| {
            if matches!(event, InstrumentationEvent::CacheQuery { .. }) {
                count.fetch_add(1, SeqCst);
            }
        });
        let mut c = AnyConnection::Sqlite(c);
        let update = |c: &mut AnyConnection, to: i64| {
            Kept(
                diesel::update(instance::table)
                    .set(instance::key_ring_version.eq(to))
                    .returning(instance::id),
            )
            .count(c)
        };
        assert_eq!((update(&mut c, 1), update(&mut c, 2)), (Ok(1), Ok(1)));
        assert_eq!(kept.load(SeqCst), 1);
    }
}
