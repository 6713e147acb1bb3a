//! Primary keys: as a database has them, as the domain has them, and as literals.

use crate::catalog::Kind;
use crate::rows::Dialect;
use crate::values::uuid;
use doorward_domain::takeover::ForeignKey;
use serde_json::Value;

/// A row's key, whether or not an account may have it.
pub(crate) fn key(kind: Kind, value: Option<&Value>) -> Option<ForeignKey> {
    match (kind, value?) {
        (Kind::Whole, Value::Number(number)) => number.as_i64().map(ForeignKey::Number),
        (Kind::Uuid, Value::String(text)) => {
            Some(ForeignKey::Text(uuid(text).unwrap_or_else(|| text.clone())))
        }
        (Kind::Text, Value::String(text)) => Some(ForeignKey::Text(text.clone())),
        _ => None,
    }
}

/// The key as SQL that a column of that kind can be compared with; `None` if no row can have it.
pub(crate) fn literal(dialect: Dialect, kind: Kind, key: &ForeignKey) -> Option<String> {
    match (kind, key) {
        (Kind::Whole, ForeignKey::Number(number)) => Some(number.to_string()),
        (Kind::Uuid, ForeignKey::Text(text)) => match dialect {
            Dialect::Sqlite => {
                Some(dialect.text(&uuid(text).map_or_else(|| text.clone(), |uuid| uuid.replace('-', ""))))
            }
            Dialect::Postgres => uuid(text).map(|uuid| format!("'{uuid}'::uuid")),
        },
        (Kind::Text, ForeignKey::Text(text)) => {
            (dialect == Dialect::Sqlite || !text.contains('\0')).then(|| dialect.text(text))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const DASHED: &str = "01234567-89ab-cdef-0123-456789abcdef";

    #[test]
    fn a_uuid_is_one_key_on_either_database() {
        let dashed = ForeignKey::Text(DASHED.to_owned());
        for value in [json!(DASHED), json!("0123456789abcdef0123456789abcdef")] {
            assert_eq!(key(Kind::Uuid, Some(&value)), Some(dashed.clone()));
        }
        let literal = |dialect| literal(dialect, Kind::Uuid, &dashed).unwrap();
        assert_eq!(literal(Dialect::Sqlite), "'0123456789abcdef0123456789abcdef'");
        assert_eq!(literal(Dialect::Postgres), format!("'{DASHED}'::uuid"));
    }

    #[test]
    fn a_key_of_another_kind_is_nobodys() {
        let text = ForeignKey::Text("5".to_owned());
        let number = ForeignKey::Number(5);
        for dialect in [Dialect::Sqlite, Dialect::Postgres] {
            assert_eq!(literal(dialect, Kind::Whole, &text), None);
            assert_eq!(literal(dialect, Kind::Text, &number), None);
            assert_eq!(literal(dialect, Kind::Uuid, &number), None);
            assert_eq!(literal(dialect, Kind::Whole, &number).as_deref(), Some("5"));
        }
        assert_eq!(literal(Dialect::Postgres, Kind::Uuid, &text), None);
        assert_eq!(literal(Dialect::Postgres, Kind::Text, &ForeignKey::Text("\0".to_owned())), None);
        assert_eq!(key(Kind::Whole, Some(&json!("5"))), None);
        assert_eq!(key(Kind::Whole, None), None);
    }
}
