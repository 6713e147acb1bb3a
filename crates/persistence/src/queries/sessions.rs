//! Sessions.

use super::kept::{Fixed, Kept};
use super::users::{self as accounts, UserRow};
use super::{ASIDE, counted, damaged, free, hit};
use crate::connection::{AnyConnection, on_either};
use crate::schema::{sessions, users};
use diesel::dsl::{case_when, exists};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel_async::AsyncPgConnection;
use doorward_domain::session::{Client, End, EndReason, Generation, Rotation, Session, SessionId};
use doorward_domain::standing::{SignedIn, Standing};
use doorward_domain::store::Swept;
use doorward_domain::time::Timestamp;
use doorward_domain::user::{User, UserId};
use std::collections::HashMap;
use std::sync::Arc;

/// A rotation, and of which session.
pub(crate) struct Rotate {
    pub(crate) user: UserId,
    pub(crate) id: SessionId,
    pub(crate) rotation: Rotation,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = sessions)]
pub(super) struct SessionRow {
    id: Vec<u8>,
    user_id: i64,
    generation: i64,
    created_at: i64,
    rotated_at: i64,
    expires_at: i64,
    ends_at: Option<i64>,
    address: String,
    user_agent: String,
    ended_at: Option<i64>,
    end_reason: Option<String>,
}

impl TryFrom<SessionRow> for Session {
    type Error = diesel::result::Error;

    fn try_from(row: SessionRow) -> QueryResult<Self> {
        let ended = match (row.ended_at, row.end_reason) {
            (Some(at), Some(reason)) => Some(End {
                at: Timestamp::from_micros(at),
                reason: reason_from_name(&reason).ok_or_else(|| damaged("an unknown end of a session"))?,
            }),
            _ => None,
        };
        Ok(Self {
            id: session_id(row.id)?,
            user_id: UserId(row.user_id),
            generation: Generation(row.generation),
            created_at: Timestamp::from_micros(row.created_at),
            rotated_at: Timestamp::from_micros(row.rotated_at),
            expires_at: Timestamp::from_micros(row.expires_at),
            ends_at: row.ends_at.map(Timestamp::from_micros),
            client: Client { address: row.address, user_agent: row.user_agent },
            ended,
        })
    }
}

pub(super) fn session_id(stored: Vec<u8>) -> QueryResult<SessionId> {
    let bytes = stored.try_into().map_err(|_| damaged("a session's id is not 16 bytes long"))?;
    Ok(SessionId::from_bytes(bytes))
}

pub(super) fn by_id(c: &mut AnyConnection, id: SessionId) -> QueryResult<Option<(Session, User)>> {
    let row: Option<(SessionRow, UserRow)> = on_either!(c, |c| {
        let query = sessions::table
            .inner_join(users::table)
            .filter(sessions::id.eq(id.as_bytes().as_slice()))
            .select((SessionRow::as_select(), UserRow::as_select()));
        Fixed::<SessionRow, _>::new(query).get_result(c).optional()?
    });
    row.map(|(session, user)| Ok((session.try_into()?, user.try_into()?))).transpose()
}

/// An account and when a session of its own ends that has not ended yet, as one statement for either
/// database.
macro_rules! standing_query {
    ($user:expr, $session:expr) => {{
        let own = (sessions::user_id + ASIDE)
            .eq(users::id)
            .and(sessions::id.eq($session.as_bytes().as_slice()))
            .and(sessions::ended_at.is_null());
        let query = users::table
            .left_join(sessions::table.on(own))
            .filter(users::id.eq($user.0))
            .select((UserRow::as_select(), sessions::expires_at.nullable()));
        Fixed::<Standing, _>::new(query)
    }};
}

pub(super) fn standing(
    c: &mut AnyConnection,
    user: UserId,
    session: Option<SessionId>,
) -> QueryResult<Option<Standing>> {
    let Some(session) = session else {
        let user = accounts::by_id(c, user)?;
        return Ok(user.map(|user| Standing { user: Arc::new(user), session_until: None }));
    };
    let row = on_either!(c, |c| standing_query!(user, session).get_result(c).optional()?);
    row.map(standing_from).transpose()
}

/// The same on a connection that many ask at once.
pub(crate) async fn standing_of_session(
    mut c: &AsyncPgConnection,
    user: UserId,
    session: SessionId,
) -> QueryResult<Option<Standing>> {
    let row = diesel_async::RunQueryDsl::get_result(standing_query!(user, session), &mut c).await;
    row.optional()?.map(standing_from).transpose()
}

fn standing_from((user, until): (UserRow, Option<i64>)) -> QueryResult<Standing> {
    Ok(Standing { user: Arc::new(user.try_into()?), session_until: until.map(Timestamp::from_micros) })
}

/// Two looks, each along an index: accounts by their numbers, and the sessions of all these numbers.
pub(super) fn signed_in_before(
    c: &mut AnyConnection,
    before: UserId,
    limit: u32,
    now: Timestamp,
) -> QueryResult<Vec<SignedIn>> {
    let users = accounts::before(c, before, limit)?;
    let Some(lowest) = users.last().map(|user| user.id) else { return Ok(Vec::new()) };
    let rows: Vec<(i64, Vec<u8>, i64)> = sessions::table
        .filter(sessions::user_id.ge(lowest.0))
        .filter(sessions::user_id.lt(before.0))
        .filter(sessions::ended_at.is_null())
        .filter(sessions::expires_at.gt(now.as_micros()))
        .select((sessions::user_id, sessions::id, sessions::expires_at))
        .load(c)?;
    let mut sessions: HashMap<UserId, Vec<_>> = HashMap::with_capacity(users.len());
    for (user, id, until) in rows {
        sessions.entry(UserId(user)).or_default().push((session_id(id)?, Timestamp::from_micros(until)));
    }
    let signed_in = |user: User| {
        let sessions = sessions.remove(&user.id).unwrap_or_default();
        SignedIn { user: Arc::new(user), sessions }
    };
    Ok(users.into_iter().map(signed_in).collect())
}

pub(super) fn live(c: &mut AnyConnection, user: UserId, now: Timestamp) -> QueryResult<Vec<Session>> {
    let rows: Vec<SessionRow> = sessions::table
        .filter(sessions::user_id.eq(user.0))
        .filter(sessions::ended_at.is_null())
        .filter(sessions::expires_at.gt(now.as_micros()))
        .order((sessions::rotated_at.desc(), sessions::id.desc()))
        .select(SessionRow::as_select())
        .load(c)?;
    rows.into_iter().map(Session::try_from).collect()
}

pub(super) fn of(c: &mut AnyConnection, user: UserId) -> QueryResult<Vec<Session>> {
    let rows: Vec<SessionRow> = sessions::table
        .filter(sessions::user_id.eq(user.0))
        .order((sessions::rotated_at.desc(), sessions::id.desc()))
        .select(SessionRow::as_select())
        .load(c)?;
    rows.into_iter().map(Session::try_from).collect()
}

pub(super) fn insert(c: &mut AnyConnection, session: &Session) -> QueryResult<()> {
    let values = (
        sessions::id.eq(session.id.as_bytes().as_slice()),
        sessions::user_id.eq(session.user_id.0),
        sessions::generation.eq(session.generation.0),
        sessions::created_at.eq(session.created_at.as_micros()),
        sessions::rotated_at.eq(session.rotated_at.as_micros()),
        sessions::expires_at.eq(session.expires_at.as_micros()),
        sessions::ends_at.eq(session.ends_at.map(Timestamp::as_micros)),
        sessions::address.eq(&session.client.address),
        sessions::user_agent.eq(&session.client.user_agent),
        sessions::ended_at.eq(session.ended.map(|end| end.at.as_micros())),
        sessions::end_reason.eq(session.ended.map(|end| reason_name(end.reason))),
        sessions::sweep_at.eq(session.expires_at.as_micros()),
    );
    diesel::insert_into(sessions::table).values(values).execute(c).map(drop)
}

/// One statement, guard and all: it needs no transaction around it. It sets no column that is indexed.
pub(super) fn rotate(
    c: &mut AnyConnection,
    user: UserId,
    id: SessionId,
    rotation: &Rotation,
) -> QueryResult<Option<Session>> {
    let active = users::table.find(user.0).filter(users::is_active.eq(true));
    let guard = sessions::table
        .find(id.as_bytes().as_slice())
        .filter((sessions::user_id + ASIDE).eq(user.0))
        .filter(sessions::generation.eq(rotation.from.0))
        .filter(sessions::ended_at.is_null())
        .filter(sessions::expires_at.gt(rotation.at.as_micros()))
        .filter(exists(active));
    let expires_at = rotation.expires_at.as_micros();
    let changes = (
        sessions::generation.eq(rotation.from.next().0),
        sessions::rotated_at.eq(rotation.at.as_micros()),
        sessions::expires_at.eq(case_when(
            sessions::ends_at.lt(expires_at),
            sessions::ends_at.assume_not_null(),
        )
        .otherwise(expires_at)),
        sessions::address.eq(&rotation.client.address),
        sessions::user_agent.eq(&rotation.client.user_agent),
    );
    // `as_returning` is for one of the databases; the columns are the same for both.
    let columns = <SessionRow as Selectable<Pg>>::construct_selection();
    let update = diesel::update(guard).set(changes).returning(columns);
    let row: Option<SessionRow> =
        on_either!(c, |c| Fixed::<Rotate, _>::new(update).get_result(c).optional())?;
    row.map(Session::try_from).transpose()
}

pub(super) fn end(c: &mut AnyConnection, user: UserId, id: SessionId, end: End) -> QueryResult<bool> {
    let guard = sessions::table
        .find(id.as_bytes().as_slice())
        .filter((sessions::user_id + ASIDE).eq(user.0))
        .filter(sessions::ended_at.is_null());
    let changes =
        (sessions::ended_at.eq(end.at.as_micros()), sessions::end_reason.eq(reason_name(end.reason)));
    hit(Kept(diesel::update(guard).set(changes).returning(sessions::generation)).count(c))
}

pub(super) fn end_all(
    c: &mut AnyConnection,
    user: UserId,
    except: Option<SessionId>,
    end: End,
) -> QueryResult<u64> {
    // No session has the empty id.
    let except = except.as_ref().map_or([].as_slice(), |id| id.as_bytes());
    let guard = sessions::table
        .filter(sessions::user_id.eq(user.0))
        .filter(sessions::id.ne(except))
        .filter(sessions::ended_at.is_null());
    let changes =
        (sessions::ended_at.eq(end.at.as_micros()), sessions::end_reason.eq(reason_name(end.reason)));
    counted(Kept(diesel::update(guard).set(changes).returning(sessions::generation)).count(c))
}

/// A rotation leaves `sweep_at` where it was: here it is set to the end that the session has by now, so
/// that no session is looked at more than once for each end that it had.
pub(super) fn sweep(c: &mut AnyConnection, before: Timestamp, limit: u32) -> QueryResult<Swept> {
    let due = sessions::table
        .filter(sessions::sweep_at.lt(before.as_micros()))
        .order(sessions::sweep_at)
        .limit(limit.into())
        .select(sessions::id);
    let due: Vec<Vec<u8>> = free!(c, due)?;
    let looked_at = sessions::table.filter(sessions::id.eq_any(&due));
    let expired = looked_at.clone().filter(sessions::expires_at.lt(before.as_micros()));
    let deleted = counted(diesel::delete(expired).execute(c))?;
    diesel::update(looked_at).set(sessions::sweep_at.eq(sessions::expires_at)).execute(c)?;
    Ok(Swept { deleted, has_more: counted(Ok(due.len()))? >= limit.into() })
}

fn reason_name(reason: EndReason) -> &'static str {
    match reason {
        EndReason::Logout => "logout",
        EndReason::Revoked => "revoked",
        EndReason::Reuse => "reuse",
        EndReason::PasswordChange => "password_change",
        EndReason::Deactivation => "deactivation",
    }
}

fn reason_from_name(name: &str) -> Option<EndReason> {
    use EndReason::{Deactivation, Logout, PasswordChange, Reuse, Revoked};
    [Logout, Revoked, Reuse, PasswordChange, Deactivation]
        .into_iter()
        .find(|reason| reason_name(*reason) == name)
}
