//! What is asked of Django's tables.

use crate::catalog::{Column, Kind};
use crate::keys::literal;
use crate::layout::{Layout, Through};
use crate::rows::Dialect;
use crate::sql::{Question, column, name};
use crate::values::written;
use doorward_domain::takeover::{ForeignKey, ForeignTokenId};
use doorward_domain::time::Timestamp;

/// Questions about the users of one database.
#[derive(Clone, Copy)]
pub(crate) struct Questions<'a> {
    pub(crate) dialect: Dialect,
    pub(crate) layout: &'a Layout,
}

impl Questions<'_> {
    /// How many users there are; one row with the member `count`.
    pub(crate) fn count(self) -> String {
        self.dialect.select(&Question {
            members: vec![("count", "count(*)".to_owned())],
            from: name(&self.layout.table),
            ..Question::default()
        })
    }

    /// The next users in the order of their keys, each with all columns under their names. `None` if
    /// no user can have the key `after`.
    pub(crate) fn users(self, after: Option<&ForeignKey>, limit: u32) -> Option<String> {
        let Layout { table, key, columns, .. } = self.layout;
        let condition = match after {
            Some(after) => format!(" WHERE {} > {}", column("t", &key.name), self.literal(after)?),
            None => String::new(),
        };
        Some(self.dialect.select(&Question {
            members: columns.iter().map(|it| (it.name.as_str(), self.value(it))).collect(),
            from: format!("{} AS t{condition}", name(table)),
            order: vec![&key.name],
            limit: Some(limit),
        }))
    }

    /// Which of the keys are there, under the member `key`; `None` if none of them can be.
    pub(crate) fn present(self, keys: &[ForeignKey]) -> Option<String> {
        let Layout { table, key, .. } = self.layout;
        let literals: Vec<_> = keys.iter().filter_map(|key| self.literal(key)).collect();
        let key = column("t", &key.name);
        (!literals.is_empty()).then(|| {
            self.dialect.select(&Question {
                members: vec![("key", key.clone())],
                from: format!("{} AS t WHERE {key} IN ({})", name(table), literals.join(", ")),
                ..Question::default()
            })
        })
    }

    /// The groups of the users from `first` to `last`: `key` and `name`.
    pub(crate) fn groups_of(
        self,
        through: &Through,
        first: &ForeignKey,
        last: &ForeignKey,
    ) -> Option<String> {
        let range = self.range(through, first, last)?;
        let (table, other) = (name(&through.table), column("m", &through.other));
        Some(self.dialect.select(&Question {
            members: vec![("key", column("m", &through.user)), ("name", column("g", "name"))],
            from: format!(r#"{table} AS m JOIN "auth_group" AS g ON g."id" = {other} WHERE {range}"#),
            ..Question::default()
        }))
    }

    /// The permissions of the users from `first` to `last`: `key`, `app`, `model` and `codename`.
    pub(crate) fn permissions_of(
        self,
        through: &Through,
        first: &ForeignKey,
        last: &ForeignKey,
    ) -> Option<String> {
        let range = self.range(through, first, last)?;
        let mut members = permission();
        members.push(("key", column("m", &through.user)));
        let (table, join) = (name(&through.table), join_permissions(&through.other));
        let from = format!("{table} AS m {join} WHERE {range}");
        Some(self.dialect.select(&Question { members, from, ..Question::default() }))
    }

    /// Every group: `id` and `name`.
    pub(crate) fn groups(self) -> String {
        self.dialect.select(&Question {
            members: vec![("id", column("g", "id")), ("name", column("g", "name"))],
            from: r#""auth_group" AS g"#.to_owned(),
            order: vec!["id"],
            limit: None,
        })
    }

    /// Every group's permissions: the group's `id`, `app`, `model` and `codename`.
    pub(crate) fn group_permissions(self) -> String {
        let mut members = permission();
        members.push(("id", column("m", "group_id")));
        let from = format!(r#""auth_group_permissions" AS m {}"#, join_permissions("permission_id"));
        self.dialect.select(&Question { members, from, ..Question::default() })
    }

    /// The next refresh tokens in the order of their ids, of those that expire after `now` if that is
    /// given: `jti`, `expires`, and `blacklisted` where they are.
    pub(crate) fn tokens(self, after: Option<&ForeignTokenId>, limit: u32, now: Option<Timestamp>) -> String {
        let jti = column("o", "jti");
        let mut members = vec![("jti", jti.clone()), ("expires", self.instant(&column("o", "expires_at")))];
        let mut from = r#""token_blacklist_outstandingtoken" AS o"#.to_owned();
        if self.layout.has_blacklist {
            members.push(("blacklisted", self.instant(&column("b", "blacklisted_at"))));
            from += r#" LEFT JOIN "token_blacklist_blacklistedtoken" AS b ON b."token_id" = o."id""#;
        }
        let zone = match self.dialect {
            Dialect::Sqlite => "",
            Dialect::Postgres => "+00",
        };
        let after = after.map(|id| format!("{jti} > {}", self.dialect.text(&id.0)));
        let unexpired = now.and_then(written).map(|now| format!(r#"o."expires_at" > '{now}{zone}'"#));
        let conditions: Vec<_> = after.into_iter().chain(unexpired).collect();
        let conditions = if conditions.is_empty() {
            String::new()
        } else {
            format!(" WHERE {}", conditions.join(" AND "))
        };
        let from = from + &conditions;
        self.dialect.select(&Question { members, from, order: vec!["jti"], limit: Some(limit) })
    }

    fn literal(self, key: &ForeignKey) -> Option<String> {
        literal(self.dialect, self.layout.key.kind, key)
    }

    fn range(self, through: &Through, first: &ForeignKey, last: &ForeignKey) -> Option<String> {
        let user = column("m", &through.user);
        Some(format!("{user} >= {} AND {user} <= {}", self.literal(first)?, self.literal(last)?))
    }

    /// The expression of a column's value, which must be one that JSON can hold as it is.
    fn value(self, it: &Column) -> String {
        let value = column("t", &it.name);
        match (self.dialect, it.kind) {
            // As it stands, the pages are in the order of its index.
            _ if it.is_key => value,
            (Dialect::Sqlite, Kind::Binary) => format!("hex({value})"),
            // Any column may hold a blob, which SQLite refuses to write as JSON, and its JSON cuts
            // fractions.
            (Dialect::Sqlite, _) => format!(
                "CASE typeof({value}) WHEN 'blob' THEN NULL WHEN 'real' THEN printf('%!.17g', {value}) ELSE {value} END"
            ),
            (Dialect::Postgres, Kind::Binary) => format!("encode({value}, 'hex')"),
            (Dialect::Postgres, Kind::Decimal | Kind::JsonText) => format!("{value}::text"),
            (Dialect::Postgres, Kind::Instant) => self.instant(&value),
            (Dialect::Postgres, _) => value,
        }
    }

    /// An instant in microseconds, or as a text where it is infinite.
    fn instant(self, value: &str) -> String {
        match self.dialect {
            Dialect::Sqlite => value.to_owned(),
            Dialect::Postgres => format!(
                "CASE WHEN isfinite({value}) THEN to_json((extract(epoch FROM {value}) * 1000000)::bigint) ELSE to_json({value}::text) END"
            ),
        }
    }
}

fn permission() -> Vec<(&'static str, String)> {
    vec![
        ("app", column("c", "app_label")),
        ("model", column("c", "model")),
        ("codename", column("p", "codename")),
    ]
}

/// Permissions, with the models that they are about.
fn join_permissions(number: &str) -> String {
    let number = column("m", number);
    format!(
        r#"JOIN "auth_permission" AS p ON p."id" = {number} JOIN "django_content_type" AS c ON c."id" = p."content_type_id""#
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Catalog;
    use crate::doubles::{DJANGO, Recorded};
    use crate::layout::Choice;

    fn layout(kind: Kind) -> Layout {
        let catalog = Catalog::read(&mut Recorded::with_tables(DJANGO), Dialect::Sqlite).unwrap();
        let mut layout = Layout::find(&catalog, &Choice::default()).unwrap();
        layout.columns.retain(|column| column.is_key);
        layout.columns.push(Column { name: "x".to_owned(), kind, is_key: false });
        layout
    }

    fn users(dialect: Dialect, kind: Kind) -> String {
        Questions { dialect, layout: &layout(kind) }.users(None, 5).unwrap()
    }

    #[test]
    fn postgresql_is_asked_for_whole_microseconds_and_for_decimals_and_json_as_texts() {
        let asked = users(Dialect::Postgres, Kind::Instant);
        assert!(asked.contains(r#"to_json((extract(epoch FROM t."x") * 1000000)::bigint)"#), "{asked}");
        assert!(asked.contains(r#"WHEN isfinite(t."x")"#), "{asked}");
        for kind in [Kind::Decimal, Kind::JsonText] {
            assert!(users(Dialect::Postgres, kind).contains(r#"t."x"::text AS "x""#));
        }
        assert!(users(Dialect::Postgres, Kind::Binary).contains(r#"encode(t."x", 'hex') AS "x""#));
        assert!(users(Dialect::Postgres, Kind::Other).contains(r#"t."x" AS "x" FROM"#));
    }

    #[test]
    fn sqlite_is_asked_for_no_blob_as_json_and_for_fractions_with_all_digits() {
        assert!(users(Dialect::Sqlite, Kind::Binary).contains(r#"'x', hex(t."x"))"#));
        let asked = users(Dialect::Sqlite, Kind::Text);
        assert!(
            asked.contains(r#"WHEN 'blob' THEN NULL WHEN 'real' THEN printf('%!.17g', t."x")"#),
            "{asked}"
        );
    }

    #[test]
    fn the_expiry_of_tokens_is_compared_in_utc() {
        let layout = layout(Kind::Text);
        let questions = Questions { dialect: Dialect::Postgres, layout: &layout };
        let id = ForeignTokenId("a'b".to_owned());
        let asked = questions.tokens(Some(&id), 9, Some(Timestamp::from_seconds(1_714_564_800)));
        let condition = r#"WHERE o."jti" > E'a''b' AND o."expires_at" > '2024-05-01 12:00:00.000000+00'"#;
        assert!(asked.contains(condition), "{asked}");
    }
}
