//! Two servers on one database, and the command line beside them: what one does, the other knows
//! within a second.

use super::watch::{found, tell};
use super::{A_SECOND, Process, Program, SOON, Site, at_once, until};
use crate::harness::{Pair, decode, parts};
use doorward_testkit::{cases, trials_on_both};
use libtest_mimic::Trial;
use serde_json::Value;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

pub(crate) fn trials() -> Vec<Trial> {
    let known = cases![
        instances: a_logout_is_known_to_the_other,
        a_logout_of_all_sessions_is_known_to_the_other,
        a_session_that_another_one_ends_is_over_on_the_other,
        a_deactivation_by_command_is_known_to_both,
        a_deletion_by_command_is_known_to_both,
        a_password_change_by_command_is_known_to_both,
        a_session_that_was_read_ahead_is_known_before_it_comes_and_over_within_a_second,
        a_rotation_of_keys_under_load_refuses_no_token,
        a_retired_key_is_refused_by_both,
        rotations_at_once_make_one_successor,
    ];
    let together = cases![
        instances: that_start_together_on_an_empty_database_agree,
    ];
    let mut trials = trials_on_both(&known, Site::new);
    trials.extend(trials_on_both(&together, Site::empty));
    trials
}

/// Both know a session; `end` ends it, by the first or by a command; both refuse it.
fn known_to_both(site: &Site, what: &str, end: impl Fn(&Program, &Process, &Pair)) {
    let [one, other] = [(); 2].map(|()| site.program.serve());
    let pair = one.join_and_log_in("alice");
    other.dashboard(&pair.access).must_have_status(200);
    end(&site.program, &one, &pair);
    let took = until("refused by the other", A_SECOND, || other.dashboard(&pair.access).status == 401);
    tell(&format!("{}: {what}, until the other instance refuses", site.database()), &[took]);
    until("refused by the one", A_SECOND, || one.dashboard(&pair.access).status == 401);
    for instance in [&one, &other] {
        instance.refresh(&pair.refresh).must_have_status(401);
    }
}

fn a_logout_is_known_to_the_other(site: &Site) {
    known_to_both(site, "logout", |_, one, pair| one.logout(&pair.refresh).must_have_status(200));
}

fn a_logout_of_all_sessions_is_known_to_the_other(site: &Site) {
    known_to_both(site, "logout of all", |_, one, pair| {
        let second = one.log_in("alice");
        one.logout_all(&second.access).must_have_status(200);
        one.dashboard(&pair.access).must_have_status(401);
    });
}

fn a_session_that_another_one_ends_is_over_on_the_other(site: &Site) {
    known_to_both(site, "end of a session", |_, one, pair| {
        let id = one.sessions(&pair.access)[0]["id"].as_str().unwrap().to_owned();
        let second = one.log_in("alice");
        assert!((200..300).contains(&one.end_session(&second.access, &id).status));
    });
}

fn a_deactivation_by_command_is_known_to_both(site: &Site) {
    known_to_both(site, "deactivation", |program, _, _| {
        program.done(&["user", "deactivate", "alice"]);
    });
}

fn a_deletion_by_command_is_known_to_both(site: &Site) {
    known_to_both(site, "deletion", |program, _, _| {
        program.done(&["user", "delete", "--yes", "alice"]);
    });
}

fn a_password_change_by_command_is_known_to_both(site: &Site) {
    known_to_both(site, "password change", |program, _, _| {
        let program = program.clone().with_variable("DOORWARD_NEW_PASSWORD", "An0ther-horse!");
        program.done(&["changepassword", "--noinput", "alice"]);
    });
}

fn a_session_that_was_read_ahead_is_known_before_it_comes_and_over_within_a_second(site: &Site) {
    let one = site.program.serve();
    let pair = one.join_and_log_in("alice");
    let warm = site.program.clone().with("memory.warm_up", "true").serve();
    until("read ahead", SOON, || warm.figure("doorward_remembered_sessions") == 1);
    warm.dashboard(&pair.access).must_have_status(200);
    one.logout(&pair.refresh).must_have_status(200);
    until("refused by the warm one", A_SECOND, || warm.dashboard(&pair.access).status == 401);
    let [_, said] = warm.stop();
    assert!(said.contains("live sessions were read ahead"), "{said}");
}

fn a_rotation_of_keys_under_load_refuses_no_token(site: &Site) {
    const WORKERS: usize = 6;
    let instances = [(); 2].map(|()| site.program.serve());
    instances[0].join("alice");
    let old = signer(&instances[0]);
    let load = Load::default();
    thread::scope(|scope| {
        let workers = scope.spawn(|| at_once(&instances, WORKERS, |_, index| load.put_on(&instances, index)));
        // Whatever fails below, the load ends.
        let end = EndOfLoad(&load);
        load.until_more(100);
        let said = site.program.done(&["keys", "rotate", "--now"]);
        let new = said.split_whitespace().nth(1).expect("the key's id").to_owned();
        assert_ne!(new, old);
        for instance in &instances {
            let what = "both keys are published";
            let took = until(what, A_SECOND, || {
                let published = published(instance);
                published.contains(&old) && published.contains(&new)
            });
            tell(&format!("{}: rotation, until an instance publishes it", site.database()), &[took]);
        }
        for instance in &instances {
            until("signed by the new key", SOON, || signer(instance) == new);
        }
        load.until_more(100);
        drop(end);
        workers.join().unwrap();
    });
    let refused = load.refused.into_inner().unwrap();
    assert!(refused.is_empty(), "{refused:?}");
}

/// Logins, refreshes and dashboards, each at the other instance than the last.
#[derive(Default)]
struct Load {
    is_over: AtomicBool,
    answered: AtomicUsize,
    refused: Mutex<Vec<(&'static str, u16)>>,
}

struct EndOfLoad<'a>(&'a Load);

impl Drop for EndOfLoad<'_> {
    fn drop(&mut self) {
        self.0.is_over.store(true, Ordering::SeqCst);
    }
}

impl Load {
    fn put_on(&self, instances: &[Process; 2], index: usize) {
        let [one, other] = [index, index + 1].map(|index| instances[index % 2].another_client());
        while !self.is_over.load(Ordering::SeqCst) {
            let login = one.login("alice", crate::harness::PASSWORD);
            if !self.note("login", login.status) {
                continue;
            }
            let mut pair = Pair::of(&login);
            for client in [&other, &one, &other] {
                self.note("dashboard", client.dashboard(&pair.access).status);
                let refresh = client.refresh(&pair.refresh);
                if !self.note("refresh", refresh.status) {
                    break;
                }
                pair = Pair::of(&refresh);
                self.note("dashboard", other.dashboard(&pair.access).status);
                self.note("dashboard", one.dashboard(&pair.access).status);
            }
        }
    }

    fn note(&self, what: &'static str, status: u16) -> bool {
        self.answered.fetch_add(1, Ordering::SeqCst);
        if status != 200 {
            self.refused.lock().unwrap().push((what, status));
        }
        status == 200
    }

    fn until_more(&self, count: usize) {
        let so_far = self.answered.load(Ordering::SeqCst);
        until("more answers", SOON, || self.answered.load(Ordering::SeqCst) >= so_far + count);
    }
}

/// The key that signs a login of now.
fn signer(instance: &Process) -> String {
    let access = instance.log_in("alice").access;
    let head: Value = serde_json::from_slice(&decode(parts(&access)[0])).unwrap();
    head["kid"].as_str().unwrap().to_owned()
}

fn published(instance: &Process) -> Vec<String> {
    let set = instance.key_set();
    let keys = set["keys"].as_array().unwrap();
    keys.iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
}

fn a_retired_key_is_refused_by_both(site: &Site) {
    let instances = [(); 2].map(|()| site.program.serve());
    let pair = instances[0].join_and_log_in("alice");
    let old = signer(&instances[0]);
    site.program
        .run(&["keys", "retire", &old, "--at-once"])
        .must_refuse(1, &["signs at present; rotate first"]);
    site.program.done(&["keys", "rotate", "--now"]);
    found("another key signs", SOON, || (signer(&instances[0]) != old).then_some(()));
    instances[1].dashboard(&pair.access).must_have_status(200);
    site.program.done(&["keys", "retire", &old, "--at-once"]);
    for instance in &instances {
        until("refused", A_SECOND, || instance.dashboard(&pair.access).status == 401);
        // The session lives: only the access token was the key's.
        instance.refresh(&pair.refresh).must_have_status(200);
        assert!(!published(instance).contains(&old));
    }
}

fn rotations_at_once_make_one_successor(site: &Site) {
    site.program.serve().stop();
    let outcomes: Vec<_> = thread::scope(|scope| {
        let rotations: Vec<_> =
            (0..4).map(|_| scope.spawn(|| site.program.run(&["keys", "rotate"]))).collect();
        rotations.into_iter().map(|rotation| rotation.join().unwrap()).collect()
    });
    let codes: Vec<_> = outcomes.iter().map(|outcome| outcome.code).collect();
    assert_eq!(codes.iter().filter(|code| **code == 0).count(), 1, "{outcomes:?}");
    for outcome in outcomes.iter().filter(|outcome| outcome.code != 0) {
        outcome.must_refuse(1, &[]);
        let is_explained =
            ["already waiting", "at the same time"].iter().any(|part| outcome.stderr.contains(part));
        assert!(is_explained, "{outcome:?}");
    }
    assert_eq!(site.program.done(&["keys", "list"]).trim().lines().count(), 2);
}

fn that_start_together_on_an_empty_database_agree(site: &Site) {
    let instances: Vec<_> = thread::scope(|scope| {
        let starts: Vec<_> = (0..4).map(|_| scope.spawn(|| site.program.serve())).collect();
        starts.into_iter().map(|start| start.join().unwrap()).collect()
    });
    let keys = published(&instances[0]);
    assert_eq!(keys.len(), 1);
    let pair = instances[0].join_and_log_in("alice");
    for instance in &instances {
        assert_eq!(published(instance), keys);
        instance.dashboard(&pair.access).must_have_status(200);
    }
}
