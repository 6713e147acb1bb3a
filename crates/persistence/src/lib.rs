//! Doorward's store on SQLite and on PostgreSQL: one schema, one set of queries.
//!
//! ```
//! use doorward_domain::identity::{CanonicalName, Username};
//! use doorward_domain::password::PasswordHash;
//! use doorward_domain::store::Verdict;
//! use doorward_domain::testing::block_on;
//! use doorward_domain::time::Timestamp;
//! use doorward_domain::user::{NewUser, Subject};
//! use doorward_persistence::{DatabaseUrl, Migrator, Settings, open};
//!
//! let directory = tempfile::tempdir()?;
//! let url = DatabaseUrl::parse(&format!("sqlite://{}/doorward.db", directory.path().display()))?;
//! Migrator::new(&url).run()?;
//! let database = open(&url, &Settings::default())?;
//! let store = database.store(); // what the domain's services take
//!
//! let alice = NewUser {
//!     subject: Subject::from_stored("0190163d-8694-739b-aea5-966c26f8ad91".into()),
//!     username: Username::from_stored("Alice".into()),
//!     email: None,
//!     email_verified_at: None,
//!     password: PasswordHash::unusable(),
//!     is_active: true,
//!     is_staff: false,
//!     is_superuser: false,
//!     date_joined: Timestamp::EPOCH,
//! };
//! let alice = block_on(store.transact(move |tx| Ok(Verdict::Commit(tx.insert_user(&alice)?))))?;
//! let found = block_on(store.query(|db| db.user_by_login_name(&CanonicalName::of("ALICE"))))?;
//! assert_eq!(found, alice.ok());
//! database.close();
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # The picture
//!
//! Callers hand in *jobs* and await their answers; no caller ever touches a connection. A job
//! waits in a bounded queue for one of a few plain threads, each of which has one connection:
//!
//! | | SQLite | PostgreSQL |
//! |---|---|---|
//! | writes | one thread: all jobs that wait share one transaction, each in a savepoint of its own, and one sync | [`Settings::postgres_connections`] threads, one transaction a job (`READ COMMITTED`) |
//! | rotations | the same thread, without the savepoint: a rotation is one statement | [`Settings::postgres_rotators`] threads more: all that wait share one statement, and so one commit |
//! | reads | [`Settings::sqlite_readers`] threads, one statement a look-up, no transaction | the threads of the writes, the same |
//! | reads at a glance ([`Store::run_glance`](doorward_domain::store::Store::run_glance)) | on the caller's thread, with a reader's connection, where one is free; after some that took more than a millisecond, the next few hundred go to the threads | as all reads |
//! | what a token stands on ([`Store::find_standing`](doorward_domain::store::Store::find_standing)) | at a glance | on a connection of the caller's thread, if that runs a runtime of tokio: up to [`Settings::postgres_connections`] threads have one |
//! | checkpoints | a thread of its own, after every 250 commits; the writer does what is left when the log has grown | the server's |
//! | answers | when the commit is on the disk; a commit that fails fails its whole batch | when the server has committed |
//! | runs a job again | never: nothing can come between | after a deadlock, a serialisation failure, a [`Conflict`](doorward_domain::store::StoreError::Conflict) of an import, or a connection that broke before the commit was sent; at most five times |
//! | [`Unavailable`](doorward_domain::store::StoreError::Unavailable) | locked by another process for 5 s, disk full, file read-only | no connection within 3 s, connection broken *during* a commit, a statement took 10 s, server read-only |
//!
//! What follows from that: a job that panics or fails is rolled back alone; a job that hides a
//! failure is not committed all the same; a full queue answers `Unavailable` at once; a server that
//! comes back is used by the next job.
//!
//! Two guards never both win because each is one `UPDATE … WHERE still so`, in the transaction of
//! its effect, under SQLite's one writer or PostgreSQL's row lock. That a login name belongs to one
//! account is the primary key of `login_names`, where usernames and addresses stand side by side.
//!
//! # Rotations
//!
//! A busy installation rotates sessions more than anything else that must reach the disk, so what
//! costs is the commit, and those who wait together share one. On PostgreSQL that is one `UPDATE` of
//! all of them (`queries/rotations.rs`). It takes no row that somebody else holds (`SKIP LOCKED`), so
//! it neither waits nor deadlocks; what it left, because of a lock or a guard, is asked again alone,
//! among the other jobs. So the two statements for a rotation, that one and the one in
//! `queries/sessions.rs`, need to agree on one thing only: whom they let pass.
//!
//! On a busy PostgreSQL more share a commit. It counts as busy while statements take twice as long as the
//! quickest of late, on average. Once eight came together then, the next are given as long as two statements
//! take, two milliseconds at most, to be as many again, or sixteen. Otherwise nobody waits.
//!
//! A rotation changes no column that is indexed. On PostgreSQL its update is heap-only then, with no new
//! entry in any index, and on SQLite it writes to the table alone. So no index has the instant at which a
//! session expires, which every rotation moves on. A sweep finds what expired by `sweep_at`, which
//! rotations leave behind: it looks at a session once that instant is past, and deletes it, or sets
//! `sweep_at` to when it expires by now.
//!
//! # Changes
//!
//! The numbers of changes come from a counter in a row of its own. A unit of work remembers whose
//! standing it changed, and the statements that count go to the database with its `COMMIT` (on SQLite
//! with its `RELEASE`), as the last ones. So the counter's lock is held for the commit alone, is always
//! taken last, and the numbers have no gap and come in the order of the commits. Units that change
//! standing commit one after another for that; nothing else does.
//!
//! # Secrets and letters
//!
//! A one-time secret is taken with one `DELETE … RETURNING`. What has to be counted one after another
//! (tries of a code, letters to an address) is counted in a row that is made where it is missing, with an
//! `INSERT … ON CONFLICT DO UPDATE`: that locks a new row as it locks an old one, so that the first two
//! see each other. Letters and requests for letters are queues for any number of workers in any number of
//! processes. On PostgreSQL a worker locks the first row that nobody else has (`SKIP LOCKED`): nobody
//! waits, and no worker is told that there is nothing while there is something for it. SQLite has one
//! writer.
//!
//! # Accounts in bulk
//!
//! What an import stores goes through `queries/rows.rs`: PostgreSQL is sent arrays, a thousand rows to
//! a statement, and SQLite runs one prepared statement for each row. Numbers that are given and
//! numbers that are drawn must not meet. SQLite sees to that itself. On PostgreSQL an import sets the
//! sequence beyond what it stores *before* it stores it, and imports do so one after another; whoever
//! drew a number before that loses to the import, or the import to them, and is run again.
//!
//! # Another system's database
//!
//! [`ForeignDatabase`] runs `SELECT`s on a database that is not ours, which it cannot change.
//!
//! # One set of queries
//!
//! The two databases are two variants of one connection type (diesel's `MultiConnection`), so a
//! query is written once. PostgreSQL is spoken to by tokio-postgres behind a blocking face: no
//! libpq, TLS by rustls.
//!
//! # Adding a query
//!
//! Write a function over a connection in `queries/`, next to its table; call it from `queries/unit.rs`,
//! which is the domain's port. A racing write is one guarded statement, and an update goes through
//! `Kept`, or it is prepared anew each time. A condition that only checks the row that another one
//! finds is kept out of the planner's choice of an index. What diesel cannot say to
//! both databases at once (`ON CONFLICT`) goes through `on_either!`, which compiles the same
//! expression for each; many rows go through `Rows`. Never let a statement fail on a constraint where
//! that is an answer: PostgreSQL aborts the transaction. Then add a case to the domain's store contract, which
//! `tests/it` runs on both databases.
//!
//! # Adding a migration
//!
//! Two directories of the same name, `migrations/sqlite/<time>_<name>/` and
//! `migrations/postgres/<time>_<name>/`, each with `up.sql` and `down.sql`; then `schema.rs`. Tests
//! hold the trees and the schema to each other. Instances of the older program may still be running
//! while the new one migrates: add first, remove a release later. Instants are `BIGINT`
//! microseconds; types are those that both databases have.

mod connection;
mod database;
mod error;
mod foreign;
mod migrations;
mod queries;
mod runner;
mod schema;
mod url;

pub use database::{Database, OpenError, Settings, open};
pub use foreign::{ForeignDatabase, ForeignKind};
pub use migrations::{MigrateError, MigrationStatus, Migrator};
pub use runner::StoreGauges;
pub use url::{DatabaseUrl, DatabaseUrlError, PostgresUrl};
