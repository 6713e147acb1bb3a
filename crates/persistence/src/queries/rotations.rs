//! Many rotations with one statement and so one commit, which only PostgreSQL can be told.

use super::sessions::{Rotate, SessionRow};
use crate::connection::{AnyConnection, PurePg};
use diesel::dsl::{AsSelect, SqlTypeOf};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{Array, BigInt, Binary, Text};
use doorward_domain::session::Session;

/// Rotates those of the sessions whose guards hold and whose rows nobody else is changing, and answers
/// them as they then are. The others are left as they are, without waiting: so batches and other
/// units of work do not wait for each other in a circle, and one busy row does not hold up the rest.
///
/// No two of the rotations may be of one session.
pub(crate) fn rotate_free(c: &mut AnyConnection, rotations: &[&Rotate]) -> QueryResult<Vec<Session>> {
    let rows: Vec<SessionRow> = match c {
        AnyConnection::Postgresql(c) => RotateFree::of(rotations).load(c)?,
        // Its one writer commits together what waits, however many statements that is.
        AnyConnection::Sqlite(_) => Vec::new(),
    };
    rows.into_iter().map(Session::try_from).collect()
}

/// The guards are judged on rows that are locked by then; the second join is only the writing. As in
/// [`super::sessions::rotate`], the account is only a check: that the planner does not look sessions
/// up by it is seen to by a sum. No column that it sets is indexed.
const AFTER_THE_VALUES: &str = ") AS asked (id, user_id, generation, at, expires_at, address, user_agent)
), free AS (
    SELECT asked.* FROM asked
    JOIN sessions ON sessions.id = asked.id
        AND sessions.user_id + 0 = asked.user_id
        AND sessions.generation = asked.generation
        AND sessions.ended_at IS NULL
        AND sessions.expires_at > asked.at
    JOIN users ON users.id = asked.user_id AND users.is_active
    FOR NO KEY UPDATE OF sessions SKIP LOCKED
)
UPDATE sessions SET
    generation = free.generation + 1,
    rotated_at = free.at,
    expires_at = LEAST(free.expires_at, sessions.ends_at),
    address = free.address,
    user_agent = free.user_agent
FROM free WHERE sessions.id = free.id
RETURNING sessions.id, sessions.user_id, sessions.generation, sessions.created_at, sessions.rotated_at,
    sessions.expires_at, sessions.ends_at, sessions.address, sessions.user_agent, sessions.ended_at,
    sessions.end_reason";

/// The statement with its columns of values.
struct RotateFree<'a> {
    ids: Vec<&'a [u8]>,
    users: Vec<i64>,
    generations: Vec<i64>,
    at: Vec<i64>,
    expires_at: Vec<i64>,
    addresses: Vec<&'a str>,
    user_agents: Vec<&'a str>,
}

impl<'a> RotateFree<'a> {
    fn of(rotations: &[&'a Rotate]) -> Self {
        let numbers = |number: fn(&Rotate) -> i64| rotations.iter().map(|asked| number(asked)).collect();
        Self {
            ids: rotations.iter().map(|asked| asked.id.as_bytes().as_slice()).collect(),
            users: numbers(|asked| asked.user.0),
            generations: numbers(|asked| asked.rotation.from.0),
            at: numbers(|asked| asked.rotation.at.as_micros()),
            expires_at: numbers(|asked| asked.rotation.expires_at.as_micros()),
            addresses: rotations.iter().map(|asked| asked.rotation.client.address.as_str()).collect(),
            user_agents: rotations.iter().map(|asked| asked.rotation.client.user_agent.as_str()).collect(),
        }
    }
}

impl QueryFragment<Pg> for RotateFree<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("WITH asked AS (SELECT * FROM unnest(");
        out.push_bind_param::<Array<Binary>, _>(&self.ids)?;
        for numbers in [&self.users, &self.generations, &self.at, &self.expires_at] {
            out.push_sql(", ");
            out.push_bind_param::<Array<BigInt>, _>(numbers)?;
        }
        for texts in [&self.addresses, &self.user_agents] {
            out.push_sql(", ");
            out.push_bind_param::<Array<Text>, _>(texts)?;
        }
        out.push_sql(AFTER_THE_VALUES);
        Ok(())
    }
}

/// One text for any number of rotations: prepared once.
impl QueryId for RotateFree<'_> {
    type QueryId = RotateFree<'static>;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl Query for RotateFree<'_> {
    type SqlType = SqlTypeOf<AsSelect<SessionRow, Pg>>;
}

impl RunQueryDsl<PurePg> for RotateFree<'_> {}
