//! How a server ends when it is told to.

use super::{Process, Program, SOON, Site, until};
use crate::harness::PASSWORD;
use doorward_testkit::{cases, trials_on_both};
use libtest_mimic::Trial;
use serde_json::json;
use std::thread;
use std::time::Duration;

/// What a stop may take at most.
const LIMIT: Duration = Duration::from_secs(30);

pub(crate) fn trials() -> Vec<Trial> {
    let cases = cases![
        stop: a_login_that_hashes_is_answered_and_nobody_else_is_let_in,
        a_body_that_still_comes_is_read_and_answered,
        idle_connections_do_not_hold_it,
        a_signal_that_comes_at_once_is_heard,
        a_body_that_never_comes_is_not_waited_for_longer_than_configured,
        a_second_signal_does_not_wait,
    ];
    trials_on_both(&cases, Site::new)
}

/// Hashes take so long that a signal finds them at it.
fn slow(site: &Site) -> Program {
    site.program.clone().with("passwords.bcrypt_cost", "12")
}

fn until_it_hashes(server: &Process) {
    until("a hash is computed", SOON, || server.figure("doorward_hash_threads_busy") > 0);
}

fn until_it_takes_nobody(server: &Process) {
    until("new connections are refused", SOON, || !server.takes_connections());
}

fn a_login_that_hashes_is_answered_and_nobody_else_is_let_in(site: &Site) {
    let server = slow(site).serve();
    server.join("alice");
    let client = server.another_client();
    let login = thread::spawn(move || client.login("alice", PASSWORD));
    until_it_hashes(&server);
    server.terminate();
    until_it_takes_nobody(&server);
    let (code, said, _) = server.ended(LIMIT);
    login.join().unwrap().must_have_status(200);
    assert_eq!(code, 0, "{said:?}");
}

fn a_body_that_still_comes_is_read_and_answered(site: &Site) {
    let server = site.program.serve();
    server.join("alice");
    let body = json!({"username": "alice", "password": PASSWORD}).to_string();
    let (first, rest) = body.split_at(10);
    let mut slow = server.connect();
    let length = body.len();
    slow.send(format!(
        "POST /api/auth/login/ HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nExpect: 100-continue\r\n\
         Content-Length: {length}\r\n\r\n"
    ));
    // Now it waits for the body.
    slow.until("HTTP/1.1 100 Continue\r\n\r\n");
    slow.send(first);
    server.terminate();
    until_it_takes_nobody(&server);
    slow.send(rest);
    let answer = slow.until_closed();
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.contains("\"access\""), "{answer}");
    let (code, said, _) = server.ended(LIMIT);
    assert_eq!(code, 0, "{said:?}");
}

fn a_body_that_never_comes_is_not_waited_for_longer_than_configured(site: &Site) {
    let server = site.program.clone().with("server.shutdown_timeout", "1s").serve();
    let mut stuck = server.connect();
    stuck.send(
        "POST /api/auth/login/ HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n\
         Expect: 100-continue\r\nContent-Length: 100\r\n\r\n",
    );
    stuck.until("HTTP/1.1 100 Continue\r\n\r\n");
    server.terminate();
    let (code, said, _) = server.ended(Duration::from_secs(5));
    assert_eq!(code, 0, "{said:?}");
}

fn idle_connections_do_not_hold_it(site: &Site) {
    let server = site.program.serve();
    let mut idle = server.connect();
    idle.send("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
    idle.until("{\"status\":\"ok\"}");
    let silent = server.connect();
    server.terminate();
    let (code, said, _) = server.ended(Duration::from_secs(5));
    assert_eq!(code, 0, "{said:?}");
    drop((idle, silent));
}

fn a_signal_that_comes_at_once_is_heard(site: &Site) {
    for _ in 0..5 {
        site.program.serve().stop();
    }
}

fn a_second_signal_does_not_wait(site: &Site) {
    let server = slow(site).with("passwords.hash_threads", "1").serve();
    let clients: Vec<_> = (0..8).map(|_| server.another_client()).collect();
    thread::scope(|scope| {
        for client in &clients {
            // Their answers are cut off.
            scope.spawn(|| drop(client.logging_in("nobody", PASSWORD).try_send()));
        }
        until_it_hashes(&server);
        server.terminate();
        until("the first signal is taken", SOON, || {
            server.said()[1].iter().any(|line| line.contains("requests in flight may end"))
        });
        server.terminate();
        let (code, [_, stderr], _) = server.ended(SOON);
        assert_eq!(code, 1, "{stderr}");
        assert!(stderr.contains("requests in flight were cut off"), "{stderr}");
    });
}
