//! Refresh tokens that another system issued.

use super::rows::Rows;
use super::sessions::session_id;
use super::users::cannot_be_stored;
use super::{CHUNK, counted, hit};
use crate::connection::AnyConnection;
use crate::schema::foreign_tokens;
use diesel::prelude::*;
use doorward_domain::takeover::{ForeignToken, ForeignTokenId, Spent};
use doorward_domain::time::Timestamp;
use std::collections::BTreeMap;

pub(super) fn by_id(c: &mut AnyConnection, id: &ForeignTokenId) -> QueryResult<Option<ForeignToken>> {
    if cannot_be_stored(&id.0) {
        return Ok(None);
    }
    let row: Option<(i64, Option<i64>, Option<Vec<u8>>)> = foreign_tokens::table
        .find(&id.0)
        .select((foreign_tokens::expires_at, foreign_tokens::spent_at, foreign_tokens::session_id))
        .get_result(c)
        .optional()?;
    let token = |(expires_at, spent_at, session): (i64, Option<i64>, Option<Vec<u8>>)| {
        let session = session.map(session_id).transpose()?;
        let spent = |at| Spent { at: Timestamp::from_micros(at), session };
        Ok(ForeignToken {
            id: id.clone(),
            expires_at: Timestamp::from_micros(expires_at),
            spent: spent_at.map(spent),
        })
    };
    row.map(token).transpose()
}

/// What was said last of a token counts, unless it was spent before.
const UNLESS_SPENT: &str = "ON CONFLICT (id) DO UPDATE
    SET expires_at = excluded.expires_at, spent_at = excluded.spent_at, session_id = excluded.session_id
    WHERE foreign_tokens.spent_at IS NULL";

/// One statement: of those who spend the same token at once, the others find it spent.
pub(super) fn spend(c: &mut AnyConnection, token: &ForeignToken) -> QueryResult<bool> {
    hit(rows(&[token]).on_conflict(UNLESS_SPENT).insert(c))
}

pub(super) fn note(c: &mut AnyConnection, tokens: &[ForeignToken]) -> QueryResult<()> {
    // Of two of one id, PostgreSQL's statement would take neither.
    let mut last: BTreeMap<&str, &ForeignToken> = BTreeMap::new();
    for token in tokens {
        let known = last.entry(&token.id.0).or_insert(token);
        if known.spent.is_none() {
            *known = token;
        }
    }
    let last: Vec<&ForeignToken> = last.into_values().collect();
    for chunk in last.chunks(CHUNK) {
        rows(chunk).on_conflict(UNLESS_SPENT).insert(c)?;
    }
    Ok(())
}

pub(super) fn sweep(c: &mut AnyConnection, before: Timestamp, limit: u32) -> QueryResult<u64> {
    let swept = diesel::alias!(foreign_tokens as swept);
    let expired = swept
        .filter(swept.field(foreign_tokens::expires_at).lt(before.as_micros()))
        .order(swept.field(foreign_tokens::expires_at))
        .limit(limit.into())
        .select(swept.field(foreign_tokens::id));
    counted(diesel::delete(foreign_tokens::table.filter(foreign_tokens::id.eq_any(expired))).execute(c))
}

fn rows<'a>(tokens: &[&'a ForeignToken]) -> Rows<'a> {
    let spent = || tokens.iter().map(|token| token.spent.as_ref());
    let session = |spent: Option<&'a Spent>| spent?.session.as_ref().map(|id| id.as_bytes().as_slice());
    Rows::into("foreign_tokens")
        .texts("id", tokens.iter().map(|token| token.id.0.as_str()))
        .numbers("expires_at", tokens.iter().map(|token| token.expires_at.as_micros()))
        .numbers("spent_at", spent().map(|spent| spent.map(|spent| spent.at.as_micros())))
        .bytes("session_id", spent().map(session))
}
