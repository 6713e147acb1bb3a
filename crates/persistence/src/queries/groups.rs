//! Groups of accounts, which are only carried.

use super::rows::Rows;
use super::{CHUNK, lists};
use crate::connection::{AnyConnection, on_either};
use crate::schema::groups;
use diesel::prelude::*;
use doorward_domain::takeover::Group;
use std::collections::BTreeMap;

pub(super) fn all(c: &mut AnyConnection) -> QueryResult<Vec<Group>> {
    let rows: Vec<(i64, String, String)> = groups::table
        .order((groups::id, groups::name))
        .select((groups::id, groups::name, groups::permissions))
        .load(c)?;
    let group = |(id, name, permissions): (i64, String, String)| {
        Ok(Group { id, name, permissions: lists::read_permissions(&permissions)? })
    };
    rows.into_iter().map(group).collect()
}

pub(super) fn put(c: &mut AnyConnection, all: &[Group]) -> QueryResult<()> {
    let last: BTreeMap<&str, &Group> = all.iter().map(|group| (group.name.as_str(), group)).collect();
    let last: Vec<&Group> = last.into_values().collect();
    for chunk in last.chunks(CHUNK) {
        // One that was renamed in the system that it comes from.
        let ids: Vec<i64> = chunk.iter().map(|group| group.id).collect();
        on_either!(c, |c| diesel::delete(groups::table.filter(groups::id.eq_any(&ids))).execute(c))?;
        let permissions: Vec<String> =
            chunk.iter().map(|group| lists::write_permissions(&group.permissions)).collect();
        Rows::into("groups")
            .texts("name", chunk.iter().map(|group| group.name.as_str()))
            .numbers("id", chunk.iter().map(|group| group.id))
            .texts("permissions", permissions.iter().map(String::as_str))
            .on_conflict(
                "ON CONFLICT (name) DO UPDATE SET id = excluded.id, permissions = excluded.permissions",
            )
            .insert(c)?;
    }
    Ok(())
}
