//! More logins than a machine can hash.

use crate::harness::{PASSWORD, Place, Registration, eventually};
use doorward::settings::Settings;
use doorward_domain::password::PasswordHash;
use doorward_testkit::{Case, cases};
use serde_json::json;
use std::sync::Barrier;
use std::thread;
use std::time::Duration;

pub(super) fn cases() -> Vec<Case<Place>> {
    cases![
        storm: logins_beyond_the_queue_are_told_to_come_back_and_nothing_else_waits,
        a_login_that_waited_too_long_is_told_to_come_back,
        every_login_costs_a_hash_and_what_is_refused_without_one_costs_none,
    ]
}

/// One thread, and room for so many that wait.
fn narrow(settings: &mut Settings, cost: u32, queue: usize) {
    settings.passwords.bcrypt_cost = cost;
    settings.passwords.hash_threads = 1;
    settings.passwords.hash_queue = queue;
    settings.passwords.hash_deadline = Duration::from_secs(60);
}

fn logins_beyond_the_queue_are_told_to_come_back_and_nothing_else_waits(place: &Place) {
    const LOGINS: usize = 24;
    let server = place.server_with(|settings| narrow(settings, 10, 2));
    let access = server.join_and_log_in("alice").access;
    let start = Barrier::new(LOGINS + 1);
    let answers: Vec<_> = thread::scope(|scope| {
        let login = || {
            start.wait();
            server.login("alice", PASSWORD)
        };
        let logins: Vec<_> = (0..LOGINS).map(|_| scope.spawn(login)).collect();
        start.wait();
        for _ in 0..20 {
            server.dashboard(&access).must_have_status(200);
            server.get("/healthz").send().must_have_status(200);
        }
        logins.into_iter().map(|login| login.join().unwrap()).collect()
    });
    let busy: Vec<_> = answers.iter().filter(|answer| answer.status == 503).collect();
    for answer in &busy {
        answer.must_be(503, &json!({"detail": "The service is busy. Please try again later."}));
        let wait: u64 = answer.header("retry-after").expect("a time to come back").parse().unwrap();
        assert!((1..=120).contains(&wait), "{wait}");
    }
    let done = answers.iter().filter(|answer| answer.status == 200).count();
    assert!(done >= 1 && !busy.is_empty() && done + busy.len() == LOGINS, "{done} and {}", busy.len());
    assert_eq!(server.figure(r#"doorward_logins_total{outcome="busy"}"#), u64::try_from(busy.len()).unwrap());
    assert_eq!(server.figure("doorward_hash_refused_full"), u64::try_from(busy.len()).unwrap());
    server.log_in("alice");
}

fn a_login_that_waited_too_long_is_told_to_come_back(place: &Place) {
    // A hash that lasts until the second login has come, however busy the machine is.
    let server = place.server_with(|settings| narrow(settings, 14, 8));
    thread::scope(|scope| {
        let first = scope.spawn(|| server.login("nobody", PASSWORD));
        eventually("a hash is under way", || server.figure("doorward_hash_threads_busy") == 1);
        let second = scope.spawn(|| server.login("nobody", PASSWORD));
        eventually("another one waits", || server.figure("doorward_hash_queue_length") == 1);
        server.pass(61);
        // What was begun is ended.
        first.join().unwrap().must_have_status(401);
        let late = second.join().unwrap();
        late.must_have_status(503);
        assert!(late.header("retry-after").is_some());
    });
    assert_eq!(server.figure("doorward_hash_refused_late"), 1);
}

/// While the lane is full, whoever needs a hash is told that the server is busy. So it shows who
/// needs one: durations, which vary, need not be measured.
fn every_login_costs_a_hash_and_what_is_refused_without_one_costs_none(place: &Place) {
    let cheap = place.server();
    cheap.join("known");
    cheap.join("inactive");
    cheap.set_active("inactive", false);
    cheap.import("unusable", PasswordHash::unusable());
    cheap.import("damaged", PasswordHash::from_encoded("bcrypt_sha256$$2b$31$"));
    let server = place.server_with(|settings| narrow(settings, 14, 1));
    let waiting = || server.figure("doorward_hash_queue_length");
    thread::scope(|scope| {
        let occupy = || server.login("nobody", "keeps the lane busy").must_have_status(401);
        scope.spawn(occupy);
        eventually("a hash is under way", || server.figure("doorward_hash_threads_busy") == 1);
        scope.spawn(occupy);
        eventually("the lane is full", || waiting() == 1);

        for name in ["known", "inactive", "unusable", "damaged", "nobody"] {
            server.login(name, PASSWORD).must_have_status(503);
        }
        server.register(&Registration::of("newcomer")).must_have_status(503);

        let long = "x".repeat(5000);
        server.login("known", &long).must_have_status(400);
        server.register(&Registration::of("newcomer").password(long)).must_have_status(400);
        server.register(&Registration::of("newcomer").password("password")).must_have_status(400);
        server.register(&Registration::of("known")).must_have_status(400);
        let mut raw = server.connect();
        raw.send("POST /api/auth/login/ HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n");
        assert!(raw.until("}").starts_with("HTTP/1.1 413 "));
        assert_eq!(waiting(), 1, "the lane was full all the time");
    });
}
