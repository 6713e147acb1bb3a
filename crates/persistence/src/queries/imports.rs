//! Under which keys accounts came in.

use super::rows::Rows;
use super::users::cannot_be_stored;
use super::{CHUNK, damaged, of_many};
use crate::connection::{AnyConnection, on_either};
use crate::schema::imports;
use diesel::prelude::*;
use doorward_domain::takeover::{ForeignKey, ImportRecord, ImportedAccount, Seen};
use doorward_domain::user::UserId;
use std::collections::BTreeMap;

#[derive(Queryable, Selectable)]
#[diesel(table_name = imports)]
struct ImportRow {
    key_number: Option<i64>,
    key_text: Option<String>,
    user_id: Option<i64>,
    seen: String,
}

impl TryFrom<ImportRow> for ImportRecord {
    type Error = diesel::result::Error;

    fn try_from(row: ImportRow) -> QueryResult<Self> {
        let key = match (row.key_number, row.key_text) {
            (Some(number), None) => ForeignKey::Number(number),
            (None, Some(text)) => ForeignKey::Text(text),
            _ => return Err(damaged("an import under no key, or under two")),
        };
        let seen = Seen::from_text(&row.seen).ok_or_else(|| damaged("what an import saw"))?;
        Ok(Self { key, user: row.user_id.map(UserId), seen })
    }
}

pub(super) fn under(c: &mut AnyConnection, keys: &[ForeignKey]) -> QueryResult<Vec<ImportRecord>> {
    let numbers: Vec<i64> = keys.iter().filter_map(number).collect();
    let texts: Vec<&str> = keys.iter().filter_map(text).filter(|text| !cannot_be_stored(text)).collect();
    let mut rows: Vec<ImportRow> = of_many(&numbers, |chunk| {
        on_either!(c, |c| imports::table
            .filter(imports::key_number.eq_any(chunk))
            .select(ImportRow::as_select())
            .load(c))
    })?;
    rows.append(&mut of_many(&texts, |chunk| {
        on_either!(c, |c| imports::table
            .filter(imports::key_text.eq_any(chunk))
            .select(ImportRow::as_select())
            .load(c))
    })?);
    rows.into_iter().map(ImportRecord::try_from).collect()
}

pub(super) fn after(
    c: &mut AnyConnection,
    after: Option<&ForeignKey>,
    limit: u32,
) -> QueryResult<Vec<ImportRecord>> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let mut rows = match after {
        None => numbers_from(c, i64::MIN, limit)?,
        Some(ForeignKey::Number(i64::MAX) | ForeignKey::Text(_)) => Vec::new(),
        Some(ForeignKey::Number(number)) => numbers_from(c, number.saturating_add(1), limit)?,
    };
    if rows.len() < limit {
        rows.append(&mut texts_after(c, after.and_then(text), limit.saturating_sub(rows.len()))?);
    }
    rows.into_iter().map(ImportRecord::try_from).collect()
}

fn numbers_from(c: &mut AnyConnection, first: i64, limit: usize) -> QueryResult<Vec<ImportRow>> {
    imports::table
        .filter(imports::key_number.ge(first))
        .order(imports::key_number)
        .limit(rows(limit))
        .select(ImportRow::as_select())
        .load(c)
}

fn texts_after(c: &mut AnyConnection, after: Option<&str>, limit: usize) -> QueryResult<Vec<ImportRow>> {
    let all = imports::table
        .filter(imports::key_text.is_not_null())
        .order(imports::key_text)
        .limit(rows(limit))
        .select(ImportRow::as_select());
    match after {
        None => all.load(c),
        Some(after) => all.filter(imports::key_text.gt(after)).load(c),
    }
}

/// Notes that accounts came in, under these numbers.
pub(super) fn insert(
    c: &mut AnyConnection,
    numbers: &[Option<i64>],
    accounts: &[ImportedAccount],
) -> QueryResult<()> {
    let noted = numbers.iter().zip(accounts).map(|(user, one)| Noted {
        key: &one.account.key,
        user: *user,
        seen: one.seen.to_text(),
    });
    store(c, noted)
}

pub(super) fn put(c: &mut AnyConnection, records: &[ImportRecord]) -> QueryResult<()> {
    // Of two under one key, PostgreSQL's statement would take neither.
    let last: BTreeMap<&ForeignKey, &ImportRecord> =
        records.iter().map(|record| (&record.key, record)).collect();
    let noted = last.into_values().map(|record| Noted {
        key: &record.key,
        user: record.user.map(|id| id.0),
        seen: record.seen.to_text(),
    });
    store(c, noted)
}

/// A record as it is stored.
struct Noted<'r> {
    key: &'r ForeignKey,
    user: Option<i64>,
    seen: String,
}

fn store<'r>(c: &mut AnyConnection, noted: impl Iterator<Item = Noted<'r>>) -> QueryResult<()> {
    const BY_NUMBER: &str =
        "ON CONFLICT (key_number) DO UPDATE SET user_id = excluded.user_id, seen = excluded.seen";
    const BY_TEXT: &str =
        "ON CONFLICT (key_text) DO UPDATE SET user_id = excluded.user_id, seen = excluded.seen";
    let (numbers, texts): (Vec<_>, Vec<_>) = noted.partition(|one| number(one.key).is_some());
    for (all, on_conflict) in [(numbers, BY_NUMBER), (texts, BY_TEXT)] {
        for chunk in all.chunks(CHUNK) {
            Rows::into("imports")
                .numbers("key_number", chunk.iter().map(|one| number(one.key)))
                .texts("key_text", chunk.iter().map(|one| text(one.key)))
                .numbers("user_id", chunk.iter().map(|one| one.user))
                .texts("seen", chunk.iter().map(|one| one.seen.as_str()))
                .on_conflict(on_conflict)
                .insert(c)?;
        }
    }
    Ok(())
}

fn number(key: &ForeignKey) -> Option<i64> {
    match key {
        ForeignKey::Number(number) => Some(*number),
        ForeignKey::Text(_) => None,
    }
}

fn text(key: &ForeignKey) -> Option<&str> {
    match key {
        ForeignKey::Number(_) => None,
        ForeignKey::Text(text) => Some(text),
    }
}

/// A limit as a statement takes it.
fn rows(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}
