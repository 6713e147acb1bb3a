//! Django's tables and fixtures: the accounts of a Django project, read for an import, and written so
//! that `manage.py loaddata` takes them back.
//!
//! ```
//! use doorward_django::{Choice, Dialect, Rows, Source};
//! use doorward_domain::use_cases::{AccountSource, SourceRow};
//! use std::error::Error;
//!
//! /// In earnest: a connection that may only read.
//! struct Recorded;
//!
//! impl Rows for Recorded {
//!     fn texts(&mut self, select: &str) -> Result<Vec<String>, Box<dyn Error + Send + Sync>> {
//!         let rows: &[&str] = if select.contains("pragma_table_info") {
//!             &[
//!                 r#"{"table": "api_user", "column": "id", "type": "integer", "key": 1}"#,
//!                 r#"{"table": "api_user", "column": "username", "type": "varchar(150)"}"#,
//!                 r#"{"table": "api_user", "column": "password", "type": "varchar(128)"}"#,
//!                 r#"{"table": "api_user", "column": "last_login", "type": "datetime"}"#,
//!                 r#"{"table": "api_user", "column": "phone", "type": "varchar(20)"}"#,
//!             ]
//!         } else if select.contains(r#"FROM "api_user""#) {
//!             &[r#"{"id": 7, "username": "ada", "password": "!", "phone": "1"}"#]
//!         } else {
//!             &[]
//!         };
//!         Ok(rows.iter().map(|row| row.to_string()).collect())
//!     }
//! }
//!
//! // In earnest: `doorward_passwords::recognises`.
//! let verifies = |encoded: &str| encoded.starts_with("pbkdf2_sha256$");
//! let mut source = Source::open(Recorded, Dialect::Sqlite, &Choice::default(), verifies)?;
//! assert_eq!(source.user_table(), "api_user");
//!
//! let page = source.accounts_after(None, 100)?;
//! let SourceRow::Account(ada) = &page[0] else { panic!("ada can be read") };
//! assert_eq!(ada.username.as_str(), "ada");
//! assert_eq!(ada.attributes.as_json(), r#"{"phone":"1"}"#);
//! # Ok::<(), Box<dyn Error>>(())
//! ```
//!
//! # How to think of it
//!
//! * A [`Source`] asks. Each question is a `SELECT` whose only column is a text, and each row of the
//!   answer one JSON object; so the port to the database, [`Rows`], is one method, and no driver is
//!   known here. Names in questions come from the database's own catalog.
//! * It finds out what there is: the table that other tables refer to as their user (`AUTH_USER_MODEL`),
//!   its key, its columns, the tables with its groups and permissions. [`Choice`] is for what cannot be
//!   found out.
//! * A [`Fixture`] writes the way back: groups and users, for the model that a [`UserModel`] describes.
//!
//! # What becomes of a column
//!
//! | column | account |
//! |---|---|
//! | the primary key | its key: a whole number from 1 to 2^53 − 1, or a text; a UUID as Python's `str` writes it |
//! | `username`, or [`Choice::username_column`], or `email` where there is no `username` | its username. Where it is empty, the address |
//! | `email` | its address, unless it is empty |
//! | `password` | a hash that can be verified; nothing (`!…`, or empty); or the mark that it must be reset |
//! | `full_name` or `name`; else `first_name` and `last_name` | its full name; the latter two stay among the attributes |
//! | `is_active`, `is_staff`, `is_superuser` | its flags; true, false and false where they are missing; false where they are NULL |
//! | `date_joined`; else `created_at`, `date_created`, `created_on` or `created` | when it was made; 1970 where nothing tells |
//! | `last_login` | the same |
//! | everything else | a member of its attributes, as `dumpdata` would write it |
//!
//! JSON that cannot be read here (a number beyond every double, more levels than 126, half a surrogate
//! pair) stays an attribute, as the text that the database has.
//!
//! A row that cannot be read so is reported with its key and a reason that names a column and nothing
//! that it holds.
//!
//! # Times
//!
//! They are exact to the microsecond. With `USE_TZ = False`, SQLite holds times without a zone: these
//! are taken for UTC, as all that SQLite holds are. On PostgreSQL, Django stores instants whatever
//! `USE_TZ` says.
//!
//! # What does not come back
//!
//! A fixture names fields as columns, so fields with a `db_column` of their own do not fit; nor do
//! durations that were read from SQLite, where they are whole numbers like others. Name them in
//! [`UserModel::without`]. Further relations of users (many to many) are not read.
//!
//! # How to extend it
//!
//! Another table that refers to users goes into `layout.rs`, a question into `questions.rs`, and how
//! its rows are read into `source.rs`. Another kind of column is a variant of `Kind` in `catalog.rs`, with
//! its expression in `questions.rs` and its value in `values.rs`.

mod account;
mod attributes;
mod catalog;
#[cfg(test)]
mod doubles;
mod error;
mod fixture;
mod keys;
mod layout;
mod model;
mod names;
mod questions;
mod rows;
mod source;
mod sql;
mod values;

pub use attributes::keep_address;
pub use error::DjangoError;
pub use fixture::Fixture;
pub use layout::Choice;
pub use model::UserModel;
pub use rows::{Dialect, Rows};
pub use source::Source;

/// How a project moves, step by step, with what each step prints.
#[doc = include_str!("../MOVING.md")]
pub mod moving {}
