//! A database that goes away, and one whose disk is full: nobody is let in who should not be, and
//! nothing has to be started again.

use super::watch::tell;
use super::{Process, SOON, Site, until};
use crate::harness::{PASSWORD, Pair, Registration, tampered};
use doorward_testkit::{Database, Durability, Postgres};
use libtest_mimic::{Failed, Trial};
use std::collections::BTreeSet;
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

/// How soon a server is itself again once its database is.
const HEALED: Duration = Duration::from_secs(3);

pub(crate) fn trials() -> Vec<Trial> {
    let trial = |database: Database, name: &str, check: fn()| {
        Trial::test(format!("{database}::faults::{name}"), move || {
            check();
            Ok::<_, Failed>(())
        })
        .with_ignored_flag(!database.is_available())
    };
    vec![
        trial(Database::Postgres, "cut_connections_are_opened_again", cut_connections_are_opened_again),
        trial(Database::Postgres, "a_server_that_was_away_is_used_when_it_is_back", a_server_that_was_away),
        trial(
            Database::Postgres,
            "a_database_that_cannot_be_written_is_left_alone",
            a_database_that_cannot_be_written_is_left_alone,
        ),
        trial(Database::Sqlite, "a_full_disk_stops_writes_alone_until_there_is_room", a_full_disk),
    ]
}

/// Cuts everybody off, and tells how many that were.
const CUT: &str = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
                   WHERE datname = current_database() AND pid <> pg_backend_pid()";

/// Every kind of request all the time, and every kind of answer that they got.
struct Load<'a> {
    server: &'a Process,
    member: Pair,
    is_over: AtomicBool,
    rounds: AtomicUsize,
    answers: Mutex<BTreeSet<(&'static str, u16)>>,
}

impl<'a> Load<'a> {
    fn on(server: &'a Process) -> Self {
        let member = server.join_and_log_in("member");
        let (is_over, rounds) = (AtomicBool::new(false), AtomicUsize::new(0));
        Self { server, member, is_over, rounds, answers: Mutex::default() }
    }

    /// Puts it on while `act` acts.
    fn during(&self, act: impl FnOnce()) {
        struct End<'a>(&'a AtomicBool);
        impl Drop for End<'_> {
            fn drop(&mut self) {
                self.0.store(true, Ordering::SeqCst);
            }
        }
        thread::scope(|scope| {
            for worker in 0..4 {
                scope.spawn(move || self.work(worker));
            }
            let _end = End(&self.is_over);
            act();
        });
    }

    fn work(&self, worker: usize) {
        let client = self.server.another_client();
        let mut pair = client.log_in("member");
        for number in 0.. {
            if self.is_over.load(Ordering::SeqCst) {
                return;
            }
            self.note("forged", client.dashboard(&tampered(&pair.access)).status);
            self.note("wrong", client.login("member", "Wr0ng-horse!").status);
            self.note("dashboard", client.dashboard(&pair.access).status);
            let name = format!("load{worker}-{number}");
            self.note("register", client.register(&Registration::of(&name)).status);
            self.note("login", client.login("member", PASSWORD).status);
            // One whose answer was an outage is tried again with the same token, and must do.
            let refresh = client.refresh(&pair.refresh);
            self.note("refresh", refresh.status);
            if refresh.status == 200 {
                pair = Pair::of(&refresh);
            }
            self.rounds.fetch_add(1, Ordering::SeqCst);
        }
    }

    fn note(&self, what: &'static str, status: u16) {
        self.answers.lock().unwrap().insert((what, status));
    }

    fn until_more(&self, rounds: usize) {
        let so_far = self.rounds.load(Ordering::SeqCst);
        until("more rounds", SOON, || self.rounds.load(Ordering::SeqCst) >= so_far + rounds);
    }

    /// Each was answered as it should be, or told to come again.
    #[track_caller]
    fn must_have_been_right(&self) {
        let right = [
            ("forged", 401),
            ("wrong", 401),
            ("dashboard", 200),
            ("register", 201),
            ("login", 200),
            ("refresh", 200),
        ];
        let answers = self.answers.lock().unwrap();
        let others: Vec<_> = answers
            .iter()
            .filter(|(what, status)| *status != 503 && !right.contains(&(what, *status)))
            .collect();
        assert!(others.is_empty(), "{others:?}");
    }
}

fn until_healed(what: &str, server: &Process, access: &str) {
    let took = until("served again", HEALED, || {
        server.dashboard(access).status == 200 && server.get("/readyz").send().status == 200
    });
    tell(what, &[took]);
}

fn cut_connections_are_opened_again() {
    let site = Site::new(Database::Postgres);
    let server = site.program.serve();
    let load = Load::on(&server);
    let cut = || {
        let name = site.scratch().name().unwrap();
        let rows = Postgres::shared().query(name, CUT).unwrap();
        assert_ne!(rows[0][0].as_deref(), Some("0"), "nobody was connected");
    };
    load.during(|| {
        for _ in 0..5 {
            load.until_more(4);
            cut();
            until_healed("postgres: from cut connections to service", &server, &load.member.access);
        }
        load.until_more(4);
    });
    load.must_have_been_right();
}

fn a_database_that_cannot_be_written_is_left_alone() {
    let site = Site::new(Database::Postgres);
    let server = site.program.serve();
    let pair = server.join_and_log_in("alice");
    let name = site.scratch().name().unwrap();
    let only_read = |only: &str| {
        let change = format!("ALTER DATABASE {name} SET default_transaction_read_only = {only}");
        Postgres::shared().query("postgres", &change).unwrap();
        Postgres::shared().query(name, CUT).unwrap();
    };
    // As a standby is that was never promoted, and may be behind.
    only_read("on");
    until("not ready", SOON, || server.get("/readyz").send().status == 503);
    server.dashboard(&pair.access).must_have_status(503);
    server.refresh(&pair.refresh).must_have_status(503);
    server.login("alice", PASSWORD).must_have_status(503);
    only_read("off");
    until_healed("postgres: from read-only to service", &server, &pair.access);
    server.refresh(&pair.refresh).must_have_status(200);
}

fn a_server_that_was_away() {
    let postgres = Postgres::start(Durability::None).unwrap();
    let database = postgres.create_database().unwrap();
    let program = super::site::program(&std::env::temp_dir(), &postgres.url(&database));
    let server = program.serve();
    let load = Load::on(&server);
    load.during(|| {
        load.until_more(4);
        postgres.stop();
        until("not ready", SOON, || server.get("/readyz").send().status == 503);
        let away = server.dashboard(&load.member.access);
        away.must_have_status(503);
        assert!(away.header("Retry-After").is_some(), "{away:?}");
        server.login("member", PASSWORD).must_have_status(503);
        server.dashboard("no.such.token").must_have_status(401);
        for path in ["/healthz", "/.well-known/jwks.json", "/metrics"] {
            server.get(path).send().must_have_status(200);
        }
        load.until_more(4);
        postgres.launch().unwrap();
        until_healed("postgres: from its return to service", &server, &load.member.access);
        load.until_more(4);
    });
    load.must_have_been_right();
}

fn a_full_disk() {
    let site = Site::new(Database::Sqlite);
    // A file may not grow beyond 256 KiB; who tries is told so, and not killed.
    let limited = ["sh", "-c", "trap '' XFSZ; ulimit -S -f 512; exec \"$@\"", "sh"];
    let server = site.program.clone().under(&limited).serve();
    let pair = server.join_and_log_in("alice");
    let mut registered = Vec::new();
    for number in 0.. {
        let name = format!("member{number}");
        let answer = server.register(&Registration::of(&name));
        if answer.status != 201 {
            answer.must_have_status(503);
            break;
        }
        registered.push(name);
        assert!(number < 10_000, "the disk does not get full");
    }
    assert!(!registered.is_empty());
    // What only reads goes on.
    server.dashboard(&pair.access).must_have_status(200);
    server.get("/readyz").send().must_have_status(200);
    // A rotation needs less room than an account.
    let mut pair = pair;
    for number in 0.. {
        let answer = server.refresh(&pair.refresh);
        if answer.status != 200 {
            answer.must_have_status(503);
            break;
        }
        pair = Pair::of(&answer);
        assert!(number < 10_000, "the disk does not get full");
    }
    server.login("alice", "Wr0ng-horse!").must_have_status(401);

    let id = server.id().to_string();
    let freed = Command::new("prlimit").args(["--pid", &id, "--fsize=unlimited"]).status().unwrap();
    assert!(freed.success());
    server.refresh(&pair.refresh).must_have_status(200);
    for name in registered {
        server.log_in(&name);
    }
}
