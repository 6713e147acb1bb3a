//! Signing keys, sealed.

use super::{damaged, hit};
use crate::connection::{AnyConnection, on_either};
use crate::schema::signing_keys;
use diesel::prelude::*;
use doorward_domain::keys::{Algorithm, KeyId, KeyRecord, KeyTimes};
use doorward_domain::time::Timestamp;

#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = signing_keys, treat_none_as_null = true)]
struct KeyRow {
    kid: String,
    algorithm: String,
    sealed: Vec<u8>,
    created_at: i64,
    activates_at: i64,
    retires_at: Option<i64>,
}

impl From<&KeyRecord> for KeyRow {
    fn from(key: &KeyRecord) -> Self {
        Self {
            kid: key.id.0.clone(),
            algorithm: key.algorithm.name().to_owned(),
            sealed: key.sealed.clone(),
            created_at: key.times.created_at.as_micros(),
            activates_at: key.times.activates_at.as_micros(),
            retires_at: key.times.retires_at.map(Timestamp::as_micros),
        }
    }
}

impl TryFrom<KeyRow> for KeyRecord {
    type Error = diesel::result::Error;

    fn try_from(row: KeyRow) -> QueryResult<Self> {
        Ok(Self {
            id: KeyId(row.kid),
            algorithm: Algorithm::from_name(&row.algorithm)
                .ok_or_else(|| damaged("a signing key of an unknown algorithm"))?,
            times: KeyTimes {
                created_at: Timestamp::from_micros(row.created_at),
                activates_at: Timestamp::from_micros(row.activates_at),
                retires_at: row.retires_at.map(Timestamp::from_micros),
            },
            sealed: row.sealed,
        })
    }
}

pub(super) fn all(c: &mut AnyConnection) -> QueryResult<Vec<KeyRecord>> {
    let rows: Vec<KeyRow> = signing_keys::table
        .order((signing_keys::created_at, signing_keys::kid))
        .select(KeyRow::as_select())
        .load(c)?;
    rows.into_iter().map(KeyRecord::try_from).collect()
}

pub(super) fn put(c: &mut AnyConnection, key: &KeyRecord) -> QueryResult<()> {
    let row = KeyRow::from(key);
    on_either!(c, |c| diesel::insert_into(signing_keys::table)
        .values(&row)
        .on_conflict(signing_keys::kid)
        .do_update()
        .set(&row)
        .execute(c))
    .map(drop)
}

pub(super) fn delete(c: &mut AnyConnection, id: &KeyId) -> QueryResult<bool> {
    hit(diesel::delete(signing_keys::table.find(&id.0)).execute(c))
}
