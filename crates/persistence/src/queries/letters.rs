//! The outbox.

use super::kept::Kept;
use super::{ASIDE, counted, damaged, free, hit};
use crate::connection::AnyConnection;
use crate::schema::{letters, mail_requests};
use diesel::dsl::exists;
use diesel::prelude::*;
use doorward_domain::identity::EmailAddress;
use doorward_domain::mail::{LetterId, LetterKind, LetterState, OutboxEntry, Settled};
use doorward_domain::store::{LetterFilter, MailDue};
use doorward_domain::time::Timestamp;
use doorward_domain::user::UserId;

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = letters)]
struct LetterRow {
    id: Vec<u8>,
    user_id: Option<i64>,
    kind: String,
    recipient: String,
    sealed: Option<Vec<u8>>,
    written_at: i64,
    expires_at: i64,
    state: String,
    attempts: i64,
    next_attempt_at: i64,
    last_error: Option<String>,
    settled_at: Option<i64>,
}

impl From<&OutboxEntry> for LetterRow {
    fn from(letter: &OutboxEntry) -> Self {
        Self {
            id: letter.id.as_bytes().to_vec(),
            user_id: letter.user.map(|user| user.0),
            kind: letter.kind.as_str().to_owned(),
            recipient: letter.to.as_str().to_owned(),
            sealed: letter.sealed.clone(),
            written_at: letter.written_at.as_micros(),
            expires_at: letter.expires_at.as_micros(),
            state: letter.state.as_str().to_owned(),
            attempts: letter.attempts.into(),
            next_attempt_at: letter.next_attempt_at.as_micros(),
            last_error: letter.last_error.as_deref().map(storable),
            settled_at: letter.settled_at.map(Timestamp::as_micros),
        }
    }
}

impl TryFrom<LetterRow> for OutboxEntry {
    type Error = diesel::result::Error;

    fn try_from(row: LetterRow) -> QueryResult<Self> {
        let id = <[u8; 16]>::try_from(row.id).map_err(|_| damaged("a letter's id is not 16 bytes long"))?;
        Ok(Self {
            id: LetterId::from_bytes(id),
            user: row.user_id.map(UserId),
            kind: LetterKind::from_stored(&row.kind).ok_or_else(|| damaged("a letter of an unknown kind"))?,
            to: EmailAddress::from_stored(row.recipient),
            sealed: row.sealed,
            written_at: Timestamp::from_micros(row.written_at),
            expires_at: Timestamp::from_micros(row.expires_at),
            state: LetterState::from_stored(&row.state)
                .ok_or_else(|| damaged("a letter in an unknown state"))?,
            attempts: u32::try_from(row.attempts).map_err(|_| damaged("a letter's number of attempts"))?,
            next_attempt_at: Timestamp::from_micros(row.next_attempt_at),
            last_error: row.last_error,
            settled_at: row.settled_at.map(Timestamp::from_micros),
        })
    }
}

/// What a mail server said, which may be anything. PostgreSQL's text has no NUL.
fn storable(error: &str) -> String {
    error.replace('\0', "\u{fffd}")
}

/// The letters that are due. That they are queued is seen from what the partial index knows.
macro_rules! due {
    ($now:expr) => {
        letters::table
            .filter(letters::settled_at.is_null())
            .filter(letters::next_attempt_at.le($now.as_micros()))
            .filter((letters::expires_at + ASIDE).gt($now.as_micros()))
    };
}

pub(super) fn is_due(c: &mut AnyConnection, now: Timestamp) -> QueryResult<MailDue> {
    let request = exists(mail_requests::table.select(mail_requests::id));
    let letter = exists(due!(now).select(letters::id));
    let (request, letter) = diesel::select((request, letter)).get_result(c)?;
    Ok(MailDue { request, letter })
}

pub(super) fn by_id(c: &mut AnyConnection, id: LetterId) -> QueryResult<Option<OutboxEntry>> {
    let row: Option<LetterRow> = letters::table
        .find(id.as_bytes().as_slice())
        .select(LetterRow::as_select())
        .get_result(c)
        .optional()?;
    row.map(OutboxEntry::try_from).transpose()
}

pub(super) fn all(c: &mut AnyConnection, filter: LetterFilter, limit: u32) -> QueryResult<Vec<OutboxEntry>> {
    let mut query = letters::table
        .order((letters::written_at.desc(), letters::id.desc()))
        .limit(limit.into())
        .select(LetterRow::as_select())
        .into_boxed();
    if let Some(state) = filter.state {
        query = query.filter(letters::state.eq(state.as_str()));
    }
    if let Some(UserId(user)) = filter.user {
        query = query.filter(letters::user_id.eq(user));
    }
    let rows: Vec<LetterRow> = query.load(c)?;
    rows.into_iter().map(OutboxEntry::try_from).collect()
}

pub(super) fn post(c: &mut AnyConnection, letter: &OutboxEntry) -> QueryResult<()> {
    diesel::insert_into(letters::table).values(LetterRow::from(letter)).execute(c).map(drop)
}

pub(super) fn claim(
    c: &mut AnyConnection,
    now: Timestamp,
    until: Timestamp,
) -> QueryResult<Option<OutboxEntry>> {
    let first = due!(now).order((letters::next_attempt_at, letters::id)).limit(1).select(letters::id);
    let mut free: Vec<Vec<u8>> = free!(c, first)?;
    let Some(id) = free.pop() else { return Ok(None) };
    let changes =
        (letters::attempts.eq(letters::attempts + 1), letters::next_attempt_at.eq(until.as_micros()));
    let update = diesel::update(letters::table.find(id)).set(changes).returning(letters::all_columns);
    let row: LetterRow = Kept(update).get_result(c)?;
    row.try_into().map(Some)
}

pub(super) fn settle(
    c: &mut AnyConnection,
    id: LetterId,
    attempt: u32,
    settled: &Settled,
    now: Timestamp,
) -> QueryResult<bool> {
    let (state, error) = match settled {
        Settled::Sent => (LetterState::Sent, None),
        Settled::Kept => (LetterState::Kept, None),
        Settled::PutOff { error, .. } => (LetterState::Queued, Some(storable(error))),
        Settled::Failed { error } => (LetterState::Failed, Some(storable(error))),
    };
    let next_attempt_at = match settled {
        Settled::PutOff { until, .. } => Some(until.as_micros()),
        Settled::Sent | Settled::Kept | Settled::Failed { .. } => None,
    };
    let changes = (
        letters::state.eq(state.as_str()),
        letters::settled_at.eq((state != LetterState::Queued).then(|| now.as_micros())),
        letters::last_error.eq(error),
        next_attempt_at.map(|at| letters::next_attempt_at.eq(at)),
        (state == LetterState::Sent).then(|| letters::sealed.eq(None::<Vec<u8>>)),
    );
    let guard = letters::table
        .find(id.as_bytes().as_slice())
        .filter(letters::settled_at.is_null())
        .filter(letters::attempts.eq(i64::from(attempt)));
    hit(Kept(diesel::update(guard).set(changes).returning(letters::attempts)).count(c))
}

pub(super) fn requeue(c: &mut AnyConnection, id: LetterId, now: Timestamp) -> QueryResult<bool> {
    let waits =
        letters::state.eq(LetterState::Queued.as_str()).or(letters::state.eq(LetterState::Failed.as_str()));
    let guard = letters::table.find(id.as_bytes().as_slice()).filter(waits);
    let changes = (
        letters::state.eq(LetterState::Queued.as_str()),
        letters::settled_at.eq(None::<i64>),
        letters::next_attempt_at.eq(now.as_micros()),
    );
    hit(Kept(diesel::update(guard).set(changes).returning(letters::attempts)).count(c))
}

pub(super) fn sweep(c: &mut AnyConnection, before: Timestamp, limit: u32) -> QueryResult<u64> {
    let swept = diesel::alias!(letters as swept);
    let expired = swept
        .filter(swept.field(letters::expires_at).lt(before.as_micros()))
        .order(swept.field(letters::expires_at))
        .limit(limit.into())
        .select(swept.field(letters::id));
    counted(diesel::delete(letters::table.filter(letters::id.eq_any(expired))).execute(c))
}
