//! Pieces of SQL in either dialect. Names come from the database's own catalog, values from its
//! rows; both are quoted, so that neither can become something else.

use crate::rows::Dialect;
use std::fmt::Write as _;

/// The most pairs in one call of a function: SQLite may be compiled to take 100 arguments.
const PAIRS_PER_CALL: usize = 40;

/// A name of a table or a column, quoted.
pub(crate) fn name(identifier: &str) -> String {
    format!("\"{}\"", identifier.replace('"', "\"\""))
}

/// A column of a table that has an alias.
pub(crate) fn column(alias: &str, identifier: &str) -> String {
    format!("{alias}.{}", name(identifier))
}

impl Dialect {
    /// A text.
    pub(crate) fn text(self, value: &str) -> String {
        match self {
            // A statement ends at a NUL, and a value may hold one.
            Self::Sqlite if value.contains('\0') => {
                let hex = value.bytes().fold(String::new(), |mut hex, byte| {
                    let _ = write!(hex, "{byte:02x}");
                    hex
                });
                format!("CAST(X'{hex}' AS TEXT)")
            }
            Self::Sqlite => format!("'{}'", value.replace('\'', "''")),
            // An escape string means the same whatever `standard_conforming_strings` is.
            Self::Postgres => format!("E'{}'", value.replace('\\', "\\\\").replace('\'', "''")),
        }
    }

    /// The question as one text, each of whose rows is a JSON object. On SQLite a member whose value is
    /// NULL may be left out.
    pub(crate) fn select(self, question: &Question<'_>) -> String {
        let order: Vec<_> = question.order.iter().filter_map(|member| question.value(member)).collect();
        let mut rest = format!("FROM {}", question.from);
        if !order.is_empty() {
            let _ = write!(rest, " ORDER BY {}", order.join(", "));
        }
        if let Some(limit) = question.limit {
            let _ = write!(rest, " LIMIT {limit}");
        }
        match self {
            Self::Sqlite => format!("SELECT {} {rest}", self.object(&question.members)),
            Self::Postgres => {
                let values =
                    question.members.iter().map(|(member, value)| format!("{value} AS {}", name(member)));
                let values = values.collect::<Vec<_>>().join(", ");
                let order = question.order.iter().map(|member| column("r", member)).collect::<Vec<_>>();
                let order =
                    if order.is_empty() { String::new() } else { format!(" ORDER BY {}", order.join(", ")) };
                format!("SELECT row_to_json(r)::text FROM (SELECT {values} {rest}) AS r{order}")
            }
        }
    }

    fn object(self, members: &[(&str, String)]) -> String {
        let calls = members.chunks(PAIRS_PER_CALL).map(|chunk| {
            let pairs = chunk.iter().map(|(member, value)| format!("{}, {value}", self.text(member)));
            format!("json_object({})", pairs.collect::<Vec<_>>().join(", "))
        });
        let all = calls.reduce(|all, call| format!("json_patch({all}, {call})"));
        all.unwrap_or_else(|| "json_object()".to_owned())
    }
}

/// What is asked of a database.
#[derive(Default)]
pub(crate) struct Question<'a> {
    /// The members of each row's object, and the expressions of their values.
    pub(crate) members: Vec<(&'a str, String)>,
    /// What follows `FROM`, with its conditions.
    pub(crate) from: String,
    /// The members by whose values the rows are in order.
    pub(crate) order: Vec<&'a str>,
    /// The most rows.
    pub(crate) limit: Option<u32>,
}

impl Question<'_> {
    fn value(&self, member: &str) -> Option<&str> {
        self.members.iter().find(|(name, _)| *name == member).map(|(_, value)| value.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_values_cannot_end_their_quotes() {
        assert_eq!(name(r#"a"; DROP TABLE b; --"#), r#""a""; DROP TABLE b; --""#);
        assert_eq!(Dialect::Sqlite.text(r"a'\"), r"'a''\'");
        assert_eq!(Dialect::Postgres.text(r"a'\"), r"E'a''\\'");
        assert_eq!(Dialect::Sqlite.text("a\0'"), "CAST(X'610027' AS TEXT)");
    }

    #[test]
    fn a_page_is_cut_by_the_database_in_the_order_of_its_key() {
        let question = Question {
            members: vec![("id", r#"t."id""#.to_owned()), ("n", r#"t."n"::text"#.to_owned())],
            from: r#""a" AS t WHERE t."id" > 5"#.to_owned(),
            order: vec!["id"],
            limit: Some(3),
        };
        assert_eq!(
            Dialect::Sqlite.select(&question),
            r#"SELECT json_object('id', t."id", 'n', t."n"::text) FROM "a" AS t WHERE t."id" > 5 ORDER BY t."id" LIMIT 3"#
        );
        assert_eq!(
            Dialect::Postgres.select(&question),
            r#"SELECT row_to_json(r)::text FROM (SELECT t."id" AS "id", t."n"::text AS "n" FROM "a" AS t WHERE t."id" > 5 ORDER BY t."id" LIMIT 3) AS r ORDER BY r."id""#
        );
    }

    #[test]
    fn more_columns_than_a_function_takes_are_asked_for_in_several_calls() {
        let names: Vec<String> = (0..100).map(|n| format!("c{n}")).collect();
        let members = names.iter().map(|name| (name.as_str(), "1".to_owned())).collect();
        let select =
            Dialect::Sqlite.select(&Question { members, from: "t".to_owned(), ..Question::default() });
        assert_eq!(select.matches("json_object(").count(), 3);
        assert_eq!(select.matches("json_patch(").count(), 2);
    }
}
