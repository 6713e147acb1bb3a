//! The one row about the whole installation.

use super::hit;
use super::kept::Kept;
use crate::connection::AnyConnection;
use crate::schema::instance;
use diesel::prelude::*;
use doorward_domain::sealing::Fingerprint;

pub(super) fn key_ring_version(c: &mut AnyConnection) -> QueryResult<i64> {
    instance::table.select(instance::key_ring_version).get_result(c)
}

pub(super) fn advance_key_ring(c: &mut AnyConnection, from: i64) -> QueryResult<bool> {
    let guard = instance::table.filter(instance::key_ring_version.eq(from));
    hit(Kept(
        diesel::update(guard)
            .set(instance::key_ring_version.eq(from.saturating_add(1)))
            .returning(instance::id),
    )
    .count(c))
}

pub(super) fn root_fingerprint(c: &mut AnyConnection) -> QueryResult<Option<Fingerprint>> {
    let stored: Option<String> = instance::table.select(instance::root_fingerprint).get_result(c)?;
    Ok(stored.map(Fingerprint))
}

pub(super) fn set_root_fingerprint(
    c: &mut AnyConnection,
    from: Option<&Fingerprint>,
    to: &Fingerprint,
) -> QueryResult<bool> {
    let change = instance::root_fingerprint.eq(&to.0);
    hit(match from {
        None => Kept(
            diesel::update(instance::table.filter(instance::root_fingerprint.is_null()))
                .set(change)
                .returning(instance::id),
        )
        .count(c),
        Some(from) => Kept(
            diesel::update(instance::table.filter(instance::root_fingerprint.eq(&from.0)))
                .set(change)
                .returning(instance::id),
        )
        .count(c),
    })
}
