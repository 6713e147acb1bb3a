//! Lists that are read and written as a whole: JSON in one column.

use super::damaged;
use diesel::QueryResult;
use doorward_domain::takeover::Permission;
use doorward_domain::time::Timestamp;
use serde_json::Value;

/// How an empty list is stored.
pub(super) const EMPTY: &str = "[]";

/// Names, as `["one", "two"]`.
pub(super) fn write_names(names: &[String]) -> String {
    Value::from(names).to_string()
}

/// Nearly every account that is read has no groups: that costs nothing.
pub(super) fn read_names(stored: &str) -> QueryResult<Vec<String>> {
    if stored == EMPTY {
        return Ok(Vec::new());
    }
    serde_json::from_str(stored).map_err(|_| damaged("a list of names is not one"))
}

/// Permissions, as `[["app", "model", "codename"]]`.
pub(super) fn write_permissions(permissions: &[Permission]) -> String {
    let written = |one: &Permission| Value::from([&*one.app, &*one.model, &*one.codename].as_slice());
    permissions.iter().map(written).collect::<Value>().to_string()
}

pub(super) fn read_permissions(stored: &str) -> QueryResult<Vec<Permission>> {
    if stored == EMPTY {
        return Ok(Vec::new());
    }
    let read: Vec<(String, String, String)> =
        serde_json::from_str(stored).map_err(|_| damaged("a list of permissions is not one"))?;
    Ok(read.into_iter().map(|(app, model, codename)| Permission { app, model, codename }).collect())
}

/// Instants, as `[1800000000000000]`: microseconds.
pub(super) fn write_instants(instants: &[Timestamp]) -> String {
    instants.iter().map(|at| Value::from(at.as_micros())).collect::<Value>().to_string()
}

pub(super) fn read_instants(stored: &str) -> QueryResult<Vec<Timestamp>> {
    let read: Vec<i64> =
        serde_json::from_str(stored).map_err(|_| damaged("a list of instants is not one"))?;
    Ok(read.into_iter().map(Timestamp::from_micros).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_read_as_they_were_written() {
        let names = ["editors".to_owned(), "\"a\", [b]".to_owned(), "Gäste".to_owned()];
        for names in [&names[..0], &names[..1], &names] {
            assert_eq!(read_names(&write_names(names)).unwrap(), names);
        }
        let permission = |codename: &str| Permission {
            app: "blog".to_owned(),
            model: "post".to_owned(),
            codename: codename.to_owned(),
        };
        let permissions = [permission("add_post"), permission("read \"all\"")];
        for permissions in [&permissions[..0], &permissions] {
            assert_eq!(read_permissions(&write_permissions(permissions)).unwrap(), permissions);
        }
    }

    #[test]
    fn instants_are_read_as_they_were_written() {
        let instants = [i64::MIN, 0, 1_800_000_000_000_001, i64::MAX].map(Timestamp::from_micros);
        for instants in [&instants[..0], &instants[..1], &instants] {
            assert_eq!(read_instants(&write_instants(instants)).unwrap(), instants);
        }
    }

    #[test]
    fn nothing_is_stored_as_the_default_of_its_column() {
        assert_eq!([write_names(&[]), write_permissions(&[]), write_instants(&[])], [EMPTY; 3]);
    }

    #[test]
    fn what_is_no_list_is_damage() {
        for stored in ["", "{}", "[1]", "[[\"a\"]]"] {
            assert!(read_names(stored).is_err() && read_permissions(stored).is_err(), "{stored}");
        }
        for stored in ["", "{}", "[\"1\"]", "[1.5]", "[9223372036854775808]"] {
            assert!(read_instants(stored).is_err(), "{stored}");
        }
    }
}
