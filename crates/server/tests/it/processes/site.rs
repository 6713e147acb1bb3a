//! A database, and the programs that an operator runs on it.

use super::process::Process;
use super::program::Program;
use crate::harness::Client;
use doorward_persistence::{DatabaseUrl, Migrator};
use doorward_testkit::{Database, Scratch};
use std::sync::Barrier;
use std::thread;

/// A root secret for all instances of a case.
pub(crate) const ROOT_SECRET: &str = "Zm2u7mX9dS0t5cQ3kVb1nJwE8yLr4hGfTpAoKiUxCzM=";

/// A migrated database of a case's own, and the binary on it.
pub(crate) struct Site {
    scratch: Scratch,
    pub(crate) program: Program,
}

impl Site {
    pub(crate) fn new(database: Database) -> Self {
        Self::on(Scratch::filled(database, migrate))
    }

    /// On a database without tables.
    pub(crate) fn empty(database: Database) -> Self {
        Self::on(Scratch::empty(database))
    }

    fn on(scratch: Scratch) -> Self {
        let program = program(scratch.directory(), scratch.url());
        Self { scratch, program }
    }

    pub(crate) fn database(&self) -> Database {
        self.scratch.database()
    }

    pub(crate) fn scratch(&self) -> &Scratch {
        &self.scratch
    }

    /// As many instances as a deployment on this database has.
    #[track_caller]
    pub(crate) fn instances(&self, program: &Program) -> Vec<Process> {
        let count = match self.database() {
            Database::Sqlite => 1,
            Database::Postgres => 2,
        };
        (0..count).map(|_| program.serve()).collect()
    }
}

/// The binary on a database, as light as tests want it.
pub(crate) fn program(directory: &std::path::Path, url: &str) -> Program {
    Program::in_directory(directory)
        .with("server.bind", "127.0.0.1:0")
        .with("server.workers", "2")
        .with("database.url", url)
        .with("secret.key", ROOT_SECRET)
        .with("passwords.bcrypt_cost", "4")
        .with("passwords.hash_queue", "4096")
        .with("passwords.hash_deadline", "30s")
        .with_variable("DOORWARD_INSECURE_TEST_COST", "1")
}

fn migrate(url: &str) {
    Migrator::new(&DatabaseUrl::parse(url).unwrap()).run().unwrap();
}

/// Does something that many times at once, spread over the instances. Everybody has a connection
/// before it begins.
pub(crate) fn at_once<T: Send>(
    instances: &[Process],
    count: usize,
    act: impl Fn(&Client, usize) -> T + Sync,
) -> Vec<T> {
    let start = Barrier::new(count);
    let one = |index: usize| {
        let client = instances[index % instances.len()].another_client();
        client.get("/healthz").send().must_have_status(200);
        start.wait();
        act(&client, index)
    };
    thread::scope(|scope| {
        let one = &one;
        let threads: Vec<_> = (0..count).map(|index| scope.spawn(move || one(index))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}
