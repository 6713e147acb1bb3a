//! What the workspace's test binaries share: databases that vanish with their test, and test cases
//! that run once on each kind of database.
//!
//! ```no_run
//! use doorward_testkit::{Case, Database, Scratch, cases, run, trials_on_both};
//!
//! fn a_fresh_database_is_there(scratch: &Scratch) {
//!     assert!(scratch.url().contains("://"));
//! }
//!
//! // tests/it/main.rs, with `harness = false`
//! fn main() {
//!     let cases: Vec<Case<Scratch>> = cases![scratch: a_fresh_database_is_there];
//!     run(trials_on_both(&cases, Scratch::empty));
//! }
//! ```
//!
//! Each case shows up twice, as `sqlite::scratch::a_fresh_database_is_there` and as
//! `postgres::scratch::…`. SQLite is compiled in. For PostgreSQL one server is started per test
//! process, on a port and in a directory of its own, from the programs that are installed; where
//! there are none, the PostgreSQL cases report themselves as ignored, and as failed where
//! `DOORWARD_REQUIRE_POSTGRES=1` is set. The server ends with the test process, however that ends.
//!
//! [`Peers`] are the Python environments with the systems that Doorward takes the place of. What runs
//! in them ends with the test process too, and cases that need them are ignored where they are not
//! there, or fail where `DOORWARD_REQUIRE_PEERS=1` is set.
//!
//! [`SmtpServer`] is a mail server that keeps what arrives, and can be slow, unwilling or away.
//!
//! To add a case, write a function over the fixture and name it in a `cases!`.

#![allow(clippy::panic, clippy::expect_used, reason = "a tool of tests fails as a test does")]

mod cases;
mod peers;
mod place;
mod postgres;
mod process;
mod programs;
mod scratch;
mod smtp;
mod sql;

pub use cases::{Case, Database, run, trials_on, trials_on_both};
pub use peers::{Listening, Peers, SimpleJwt};
pub use postgres::{Durability, Postgres};
pub use scratch::Scratch;
pub use smtp::{Authority, Encryption, Manner, Received, SmtpServer};
