//! Servers that die: what they answered is there when they are back, and they are back at once.

use super::watch::{Watch, tell};
use super::{Process, SOON, Site, number, until};
use crate::harness::{Client, PASSWORD, Pair, Registration};
use diesel::{Connection, RunQueryDsl, SqliteConnection, dsl::sql, sql_types::Text};
use doorward_testkit::{Database, cases, trials_on_both};
use libtest_mimic::Trial;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

pub(crate) fn trials() -> Vec<Trial> {
    let running =
        cases![crash: what_was_acknowledged_is_there_after_a_kill_and_the_server_is_back_in_a_second];
    let starting = cases![crash: a_start_on_an_empty_database_that_is_killed_can_be_repeated];
    let mut trials = trials_on_both(&running, Site::new);
    trials.extend(trials_on_both(&starting, Site::empty));
    trials
}

/// How often; a release is worth more rounds than a change.
fn rounds() -> usize {
    number("DOORWARD_KILL_ROUNDS", 5)
}

fn what_was_acknowledged_is_there_after_a_kill_and_the_server_is_back_in_a_second(site: &Site) {
    let mut server = site.program.serve();
    let mut starts = Vec::new();
    for round in 0..rounds() {
        let acknowledged = Load::of(&server, round).until_killed(server, 40 + 17 * (round % 7));
        let watch = Watch::start();
        server = site.program.serve();
        server.until_ready();
        starts.push(watch.elapsed());
        acknowledged.must_be_there(&server);
    }
    tell(&format!("{}: from the start after a kill to ready", site.database()), &starts);
    starts.sort();
    let usual = starts[starts.len() / 2];
    assert!(usual < Duration::from_secs(1), "{starts:?}");
    if site.database() == Database::Sqlite {
        drop(server);
        assert_eq!(integrity(site), ["ok"]);
    }
}

fn a_start_on_an_empty_database_that_is_killed_can_be_repeated(site: &Site) {
    site.program.kill_starts();
    let server = site.program.serve();
    server.get("/readyz").send().must_have_status(200);
    server.join_and_log_in("alice");
    assert_eq!(server.key_set()["keys"].as_array().unwrap().len(), 1);
}

/// Four who register and four who rotate, until the server is gone.
struct Load {
    round: usize,
    logins: Vec<Pair>,
    acknowledged: AtomicUsize,
    registered: Mutex<Vec<String>>,
    /// Asked for, and never answered.
    in_doubt: Mutex<Vec<String>>,
    last_tokens: Mutex<Vec<String>>,
}

impl Load {
    const OF_EACH: usize = 4;

    fn of(server: &Process, round: usize) -> Self {
        let logins =
            (0..Self::OF_EACH).map(|index| server.join_and_log_in(&format!("rotator{round}-{index}")));
        Self {
            round,
            logins: logins.collect(),
            acknowledged: AtomicUsize::new(0),
            registered: Mutex::default(),
            in_doubt: Mutex::default(),
            last_tokens: Mutex::default(),
        }
    }

    /// Loads the server and kills it after so many answers.
    fn until_killed(self, server: Process, answers: usize) -> Self {
        let clients: Vec<_> = (0..Self::OF_EACH * 2).map(|_| server.another_client()).collect();
        thread::scope(|scope| {
            for (index, client) in clients.iter().enumerate() {
                let this = &self;
                scope.spawn(move || match index.checked_sub(Self::OF_EACH) {
                    None => this.register(client, index),
                    Some(index) => this.rotate(client, &this.logins[index]),
                });
            }
            until("many answers", SOON, || self.acknowledged.load(Ordering::SeqCst) >= answers);
            server.crash();
        });
        self
    }

    fn register(&self, client: &Client, index: usize) {
        for number in 0.. {
            let name = format!("member{}-{index}-{number}", self.round);
            match client.registering(&Registration::of(&name)).try_send() {
                Ok(answer) => {
                    answer.must_have_status(201);
                    self.registered.lock().unwrap().push(name);
                    self.acknowledged.fetch_add(1, Ordering::SeqCst);
                }
                Err(_) => return self.in_doubt.lock().unwrap().push(name),
            }
        }
    }

    fn rotate(&self, client: &Client, login: &Pair) {
        let mut pair = login.clone();
        while let Ok(answer) = client.refreshing(&pair.refresh).try_send() {
            pair = Pair::of(&answer);
            self.acknowledged.fetch_add(1, Ordering::SeqCst);
        }
        self.last_tokens.lock().unwrap().push(pair.refresh);
    }

    fn must_be_there(self, server: &Process) {
        let registered = self.registered.into_inner().unwrap();
        assert!(!registered.is_empty());
        for name in registered {
            server.login(&name, PASSWORD).must_have_status(200);
        }
        // Whole or not at all: who tries again either has the account or gets it.
        for name in self.in_doubt.into_inner().unwrap() {
            let is_there = server.login(&name, PASSWORD).status == 200;
            let again = server.register(&Registration::of(&name));
            again.must_have_status(if is_there { 400 } else { 201 });
        }
        // Whether it was rotated once more before the end or not, the last token that was answered
        // still opens.
        let last_tokens = self.last_tokens.into_inner().unwrap();
        assert_eq!(last_tokens.len(), Self::OF_EACH);
        for token in last_tokens {
            let pair = Pair::of(&server.refresh(&token));
            server.dashboard(&pair.access).must_have_status(200);
            server.refresh(&pair.refresh).must_have_status(200);
        }
    }
}

/// What SQLite says of the file.
fn integrity(site: &Site) -> Vec<String> {
    let path = site.scratch().url().strip_prefix("sqlite://").unwrap();
    let mut connection = SqliteConnection::establish(path).unwrap();
    sql::<Text>("PRAGMA integrity_check").load(&mut connection).unwrap()
}
