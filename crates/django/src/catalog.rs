//! Which tables there are, with their columns and what these refer to.

use crate::error::DjangoError;
use crate::rows::{Dialect, Rows};
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

const SQLITE_COLUMNS: &str = r#"SELECT json_object('table', m.name, 'column', c.name, 'type', lower(c.type), 'key', c.pk > 0, 'json', instr(lower(m.sql), 'json_valid("' || lower(c.name) || '")') > 0) FROM sqlite_master AS m JOIN pragma_table_info(m.name) AS c WHERE m.type = 'table' AND m.sql NOT LIKE 'CREATE VIRTUAL%' ORDER BY m.name, c.cid"#;

const SQLITE_REFERENCES: &str = r#"SELECT json_object('table', m.name, 'column', k."from", 'target', k."table") FROM sqlite_master AS m JOIN pragma_foreign_key_list(m.name) AS k WHERE m.type = 'table' AND m.sql NOT LIKE 'CREATE VIRTUAL%' ORDER BY m.name, k.id"#;

const POSTGRES_COLUMNS: &str = "SELECT json_build_object('table', c.relname, 'column', a.attname, 'type', COALESCE(b.typname, t.typname), 'key', EXISTS (SELECT FROM pg_index AS i WHERE i.indrelid = c.oid AND i.indisprimary AND a.attnum = ANY (i.indkey)))::text FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace JOIN pg_attribute AS a ON a.attrelid = c.oid JOIN pg_type AS t ON t.oid = a.atttypid LEFT JOIN pg_type AS b ON b.oid = t.typbasetype WHERE c.relkind IN ('r', 'p') AND pg_table_is_visible(c.oid) AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND a.attnum > 0 AND NOT a.attisdropped ORDER BY c.relname, a.attnum";

const POSTGRES_REFERENCES: &str = "SELECT json_build_object('table', c.relname, 'column', a.attname, 'target', f.relname)::text FROM pg_constraint AS k JOIN pg_class AS c ON c.oid = k.conrelid JOIN pg_class AS f ON f.oid = k.confrelid JOIN pg_attribute AS a ON a.attrelid = k.conrelid AND a.attnum = k.conkey[1] WHERE k.contype = 'f' AND cardinality(k.conkey) = 1 AND pg_table_is_visible(c.oid) AND pg_table_is_visible(f.oid) ORDER BY c.relname, a.attnum";

/// What a column holds, as far as it matters here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Flag,
    Whole,
    Text,
    /// On SQLite, 32 hexadecimal digits.
    Uuid,
    /// On SQLite, a text.
    Instant,
    Binary,
    /// A decimal fraction that must not become a binary one on the way.
    Decimal,
    /// A binary fraction; a text on the way, since SQLite's JSON would cut it.
    Fraction,
    /// JSON; a text on the way, since it may be more than can be read here.
    JsonText,
    Other,
}

impl Kind {
    fn of(dialect: Dialect, declared: &str, is_json: bool) -> Self {
        match (dialect, declared) {
            (Dialect::Sqlite, _) if is_json => Self::JsonText,
            (_, "bool") => Self::Flag,
            (Dialect::Sqlite, "datetime") | (Dialect::Postgres, "timestamptz" | "timestamp") => Self::Instant,
            (Dialect::Sqlite, "char(32)") | (Dialect::Postgres, "uuid") => Self::Uuid,
            (Dialect::Sqlite, "blob") | (Dialect::Postgres, "bytea") => Self::Binary,
            (Dialect::Postgres, "int2" | "int4" | "int8") => Self::Whole,
            (Dialect::Postgres, "varchar" | "text" | "bpchar" | "citext") => Self::Text,
            (Dialect::Postgres, "numeric") => Self::Decimal,
            (Dialect::Postgres, "json" | "jsonb") => Self::JsonText,
            (Dialect::Sqlite, "real" | "decimal") => Self::Fraction,
            (Dialect::Sqlite, declared) if declared.contains("int") => Self::Whole,
            (Dialect::Sqlite, declared) if declared.contains("char") || declared == "text" => Self::Text,
            _ => Self::Other,
        }
    }
}

/// A column of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Column {
    pub(crate) name: String,
    pub(crate) kind: Kind,
    /// Whether it is the primary key, or a part of it.
    pub(crate) is_key: bool,
}

/// A table's columns, in order, and which of them refer to what table.
#[derive(Debug, Default)]
pub(crate) struct Table {
    pub(crate) columns: Vec<Column>,
    pub(crate) references: Vec<(String, String)>,
}

impl Table {
    pub(crate) fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.column(name).is_some()
    }

    /// The column that refers to `target`.
    pub(crate) fn reference_to(&self, target: &str) -> Option<&str> {
        self.references.iter().find(|(_, table)| table == target).map(|(column, _)| column.as_str())
    }
}

/// Every table by its name.
#[derive(Debug, Default)]
pub(crate) struct Catalog(BTreeMap<String, Table>);

impl Catalog {
    pub(crate) fn read(rows: &mut impl Rows, dialect: Dialect) -> Result<Self, DjangoError> {
        let (columns, references) = match dialect {
            Dialect::Sqlite => (SQLITE_COLUMNS, SQLITE_REFERENCES),
            Dialect::Postgres => (POSTGRES_COLUMNS, POSTGRES_REFERENCES),
        };
        let mut tables: BTreeMap<String, Table> = BTreeMap::new();
        for row in objects(rows, columns)? {
            let kind = Kind::of(dialect, text(&row, "type")?, flag(&row, "json"));
            let column = Column { name: text(&row, "column")?.to_owned(), kind, is_key: flag(&row, "key") };
            tables.entry(text(&row, "table")?.to_owned()).or_default().columns.push(column);
        }
        for row in objects(rows, references)? {
            if let Some(table) = tables.get_mut(text(&row, "table")?) {
                table.references.push((text(&row, "column")?.to_owned(), text(&row, "target")?.to_owned()));
            }
        }
        Ok(Self(tables))
    }

    pub(crate) fn table(&self, name: &str) -> Option<&Table> {
        self.0.get(name)
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// Every table, in the order of their names.
    pub(crate) fn tables(&self) -> impl Iterator<Item = (&str, &Table)> {
        self.0.iter().map(|(name, table)| (name.as_str(), table))
    }
}

/// A row of an answer.
#[derive(Debug, PartialEq)]
pub(crate) enum Row {
    /// Every value could be read.
    Read(Map<String, Value>),
    /// What could be read, and the first column with a value that could not.
    Unfit(Map<String, Value>, String),
}

impl Row {
    /// Reads a JSON object. A database may hold what `serde_json` does not read: a number beyond every
    /// other, 128 levels, half a surrogate pair.
    fn parse(text: &str) -> Result<Self, DjangoError> {
        if let Ok(row) = serde_json::from_str(text) {
            return Ok(Self::Read(row));
        }
        // What a parser says of a text may show the text.
        let raw: BTreeMap<String, Box<RawValue>> =
            serde_json::from_str(text).map_err(|_| DjangoError::answer("a row is no JSON object"))?;
        let (mut read, mut unfit) = (Map::new(), None);
        for (column, value) in raw {
            match serde_json::from_str(value.get()) {
                Ok(value) => _ = read.insert(column, value),
                Err(_) => unfit = unfit.or(Some(column)),
            }
        }
        let unfit = unfit.ok_or_else(|| DjangoError::answer("a row is no JSON object"))?;
        Ok(Self::Unfit(read, unfit))
    }
}

/// Asks, and reads each row.
pub(crate) fn rows(rows: &mut impl Rows, select: &str) -> Result<Vec<Row>, DjangoError> {
    let texts = rows.texts(select).map_err(DjangoError::Database)?;
    texts.iter().map(|text| Row::parse(text)).collect()
}

/// Asks, and reads each row as a JSON object, all of which must be fit.
pub(crate) fn objects(asked: &mut impl Rows, select: &str) -> Result<Vec<Map<String, Value>>, DjangoError> {
    let read = |row| match row {
        Row::Read(row) => Ok(row),
        Row::Unfit(_, column) => {
            Err(DjangoError::answer(format!("no value that can be read under {column:?}")))
        }
    };
    rows(asked, select)?.into_iter().map(read).collect()
}

/// A member that must be a text.
pub(crate) fn text<'a>(row: &'a Map<String, Value>, member: &str) -> Result<&'a str, DjangoError> {
    let value = row.get(member).and_then(Value::as_str);
    value.ok_or_else(|| DjangoError::answer(format!("no text under {member:?}")))
}

/// A member that must be a whole number.
pub(crate) fn whole(row: &Map<String, Value>, member: &str) -> Result<i64, DjangoError> {
    let value = row.get(member).and_then(Value::as_i64);
    value.ok_or_else(|| DjangoError::answer(format!("no number under {member:?}")))
}

fn flag(row: &Map<String, Value>, member: &str) -> bool {
    row.get(member)
        .is_some_and(|value| value == &Value::Bool(true) || value.as_i64().is_some_and(|it| it != 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_value_that_cannot_be_read_costs_itself_and_not_the_row() {
        let levels = format!("{}{}", "[".repeat(200), "]".repeat(200));
        for unfit in ["9".repeat(400), levels, r#""\ud800""#.to_owned()] {
            let text = format!(r#"{{"scores":[1,{unfit}],"id":7}}"#);
            let Ok(Row::Unfit(read, column)) = Row::parse(&text) else { panic!("an unfit row: {text}") };
            assert_eq!((column.as_str(), read.get("id")), ("scores", Some(&Value::from(7))));
        }
        assert!(matches!(Row::parse(r#"{"id":7}"#), Ok(Row::Read(_))));
        assert!(Row::parse(r#"{"id":7"#).is_err());
        assert!(Row::parse("[7]").is_err());
    }

    #[test]
    fn declared_types_are_told_apart() {
        for (declared, kind) in [
            ("integer", Kind::Whole),
            ("bigint unsigned", Kind::Whole),
            ("varchar(150)", Kind::Text),
            ("text", Kind::Text),
            ("char(32)", Kind::Uuid),
            ("char(39)", Kind::Text),
            ("datetime", Kind::Instant),
            ("date", Kind::Other),
            ("decimal", Kind::Fraction),
            ("real", Kind::Fraction),
            ("bool", Kind::Flag),
            ("blob", Kind::Binary),
        ] {
            assert_eq!(Kind::of(Dialect::Sqlite, declared, false), kind, "{declared}");
        }
        assert_eq!(Kind::of(Dialect::Sqlite, "text", true), Kind::JsonText);
        for (declared, kind) in [
            ("int8", Kind::Whole),
            ("timestamptz", Kind::Instant),
            ("uuid", Kind::Uuid),
            ("numeric", Kind::Decimal),
            ("json", Kind::JsonText),
            ("jsonb", Kind::JsonText),
            ("interval", Kind::Other),
        ] {
            assert_eq!(Kind::of(Dialect::Postgres, declared, false), kind, "{declared}");
        }
    }
}
