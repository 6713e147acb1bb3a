//! A database for tests: recorded rows.

use crate::rows::{Dialect, Rows};
use crate::source::Source;
use crate::{Choice, DjangoError};
use serde_json::json;
use std::error::Error;

/// Answers a question with the rows of the first text that is a part of it.
#[derive(Debug, Default)]
pub(crate) struct Recorded {
    answers: Vec<(String, Vec<String>)>,
    pub(crate) asked: Vec<String>,
}

impl Recorded {
    /// A SQLite database with these tables. A column is written as in `id integer key`, and with
    /// `-> table` where it refers to one.
    pub(crate) fn with_tables(tables: &[(&str, &[&str])]) -> Self {
        let (mut columns, mut references) = (Vec::new(), Vec::new());
        for (table, written) in tables {
            for column in *written {
                let (column, target) = column.split_once(" -> ").unwrap_or((column, ""));
                let mut words = column.split(' ');
                let (column, declared) = (words.next().unwrap(), words.next().unwrap());
                let key = i32::from(words.next() == Some("key"));
                columns.push(
                    json!({"table": table, "column": column, "type": declared, "key": key, "json": 0})
                        .to_string(),
                );
                if !target.is_empty() {
                    references.push(json!({"table": table, "column": column, "target": target}).to_string());
                }
            }
        }
        let answers = vec![
            ("pragma_table_info".to_owned(), columns),
            ("pragma_foreign_key_list".to_owned(), references),
        ];
        Self { answers, asked: Vec::new() }
    }

    pub(crate) fn answering(mut self, part: &str, rows: &[&str]) -> Self {
        self.answers.push((part.to_owned(), rows.iter().map(|&row| row.to_owned()).collect()));
        self
    }

    #[expect(clippy::type_complexity, reason = "a function is what a test can name")]
    /// A source that takes no password for one that can be verified.
    pub(crate) fn open(self) -> Result<Source<Self, fn(&str) -> bool>, DjangoError> {
        Source::open(self, Dialect::Sqlite, &Choice::default(), |_| false)
    }
}

impl Rows for Recorded {
    fn texts(&mut self, select: &str) -> Result<Vec<String>, Box<dyn Error + Send + Sync>> {
        self.asked.push(select.to_owned());
        let answer = self.answers.iter().find(|(part, _)| select.contains(part.as_str()));
        answer.map(|(_, rows)| rows.clone()).ok_or_else(|| format!("nobody recorded {select}").into())
    }
}

/// Django's own user table, and what belongs to it.
pub(crate) const DJANGO: &[(&str, &[&str])] = &[
    (
        "auth_user",
        &[
            "id integer key",
            "password varchar(128)",
            "last_login datetime",
            "is_superuser bool",
            "username varchar(150)",
            "last_name varchar(150)",
            "email varchar(254)",
            "is_staff bool",
            "is_active bool",
            "date_joined datetime",
            "first_name varchar(150)",
        ],
    ),
    ("auth_group", &["id integer key", "name varchar(150)"]),
    (
        "auth_permission",
        &["id integer key", "content_type_id integer", "codename varchar(100)", "name varchar(255)"],
    ),
    ("django_content_type", &["id integer key", "app_label varchar(100)", "model varchar(100)"]),
    (
        "auth_group_permissions",
        &["id integer key", "group_id integer -> auth_group", "permission_id integer -> auth_permission"],
    ),
    (
        "auth_user_groups",
        &["id integer key", "user_id integer -> auth_user", "group_id integer -> auth_group"],
    ),
    (
        "auth_user_user_permissions",
        &["id integer key", "user_id integer -> auth_user", "permission_id integer -> auth_permission"],
    ),
    ("django_admin_log", &["id integer key", "user_id integer -> auth_user", "content_type_id integer"]),
];
