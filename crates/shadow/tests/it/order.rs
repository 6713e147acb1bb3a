//! What may follow from an answer comes after it at the candidate too.

use crate::stage::{Server, Stage, at_once, gate, json, send};
use doorward_shadow::Skipped;
use serde_json::json as value;
use std::sync::mpsc::channel;
use std::sync::{Barrier, Mutex};
use std::time::Duration;

fn ok() -> Server {
    Server::start(|_| json(200, &value!({})))
}

#[test]
fn a_refresh_waits_for_its_login() {
    let (begun, refreshed) = channel();
    let refreshed = Mutex::new(refreshed);
    let candidate = Server::start(move |asked| {
        if asked.target == "/api/auth/login/" {
            // A refresh that came now would have overtaken its login.
            let overtook = refreshed.lock().unwrap().recv_timeout(Duration::from_millis(300)).is_ok();
            return json(if overtook { 500 } else { 200 }, &value!({}));
        }
        begun.send(()).unwrap();
        json(200, &value!({}))
    });
    let stage = Stage::new(&ok(), &candidate, |options| options.mirror_writes = true);
    stage.post("/api/auth/login/", &value!({}));
    stage.post("/api/auth/token/refresh/", &value!({}));
    let (summary, report) = stage.end();
    assert_eq!((summary.compared, summary.is_clean()), (2, true), "{report}");
    assert_eq!(candidate.targets(), ["/api/auth/login/", "/api/auth/token/refresh/"]);
}

#[test]
fn a_chain_of_requests_keeps_its_order() {
    let candidate = ok();
    let stage = Stage::new(&ok(), &candidate, |_| ());
    let targets: Vec<_> = (0..50).map(|number| format!("/api/dashboard/?{number}")).collect();
    for target in &targets {
        stage.get(target);
    }
    stage.end();
    assert_eq!(candidate.targets(), targets);
}

#[test]
fn requests_that_met_at_the_upstream_server_meet_at_the_candidate() {
    // Both servers answer only once they have two requests at a time.
    let meeting = || {
        let barrier = Barrier::new(2);
        Server::start(move |_| {
            barrier.wait();
            json(200, &value!({}))
        })
    };
    let stage = Stage::new(&meeting(), &meeting(), |_| ());
    let address = stage.address;
    let clients = [0, 1].map(|_| {
        at_once(move || send(address, http::Request::get("/api/dashboard/").body(&[][..]).unwrap()))
    });
    for client in clients {
        assert_eq!(client.join().unwrap().status(), 200);
    }
    let (summary, report) = stage.end();
    assert_eq!((summary.compared, summary.is_clean()), (2, true), "{report}");
}

#[test]
fn what_finds_the_queue_full_is_dropped_and_counted() {
    let (open, wait) = gate();
    let candidate = Server::start(move |_| {
        wait();
        json(200, &value!({}))
    });
    let stage = Stage::new(&ok(), &candidate, |options| options.queue = 2);
    for _ in 0..10 {
        assert_eq!(stage.get("/api/dashboard/").status(), 200);
    }
    open();
    let (summary, _) = stage.end();
    let dropped = summary.skipped[&Skipped::QueueFull];
    // One is asked, one is next, two wait.
    assert!((6..10).contains(&dropped), "{summary:?}");
    assert_eq!(summary.compared + dropped, 10);
}

#[test]
fn what_waits_at_the_end_for_too_long_is_counted() {
    let (open, wait) = gate();
    let candidate = Server::start(move |_| {
        wait();
        json(200, &value!({}))
    });
    let stage = Stage::new(&ok(), &candidate, |options| {
        options.concurrency = 1;
        options.candidate_time_limit = Duration::from_millis(200);
    });
    for _ in 0..10 {
        stage.get("/api/dashboard/");
    }
    let (summary, _) = stage.end();
    open();
    assert_eq!(summary.compared + summary.skipped[&Skipped::Stopped], 10, "{summary:?}");
}
