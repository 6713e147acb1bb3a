//! A fault in either server is found.

use crate::stage::{Asked, Server, Stage, json};
use actix_web::HttpResponse;
use doorward_shadow::{Kind, Summary};
use serde_json::{Value, json as value};

/// A server of accounts, small and right.
fn right(asked: &Asked) -> HttpResponse {
    let body: Value = serde_json::from_slice(&asked.body).unwrap_or_default();
    match (&*asked.method, &*asked.target) {
        ("POST", "/api/auth/login/") if body["password"] == "Corr3ct-horse!" => {
            json(200, &value!({"id": 1, "username": body["username"]}))
        }
        ("POST", "/api/auth/login/") => HttpResponse::Unauthorized()
            .insert_header(("www-authenticate", "Bearer realm=\"api\""))
            .json(value!({"detail": "No active account found with the given credentials"})),
        ("GET", "/api/dashboard/") => json(200, &value!({"username": "alice", "is_staff": false})),
        _ => HttpResponse::MethodNotAllowed()
            .insert_header(("allow", "GET, POST"))
            .json(value!({"detail": "No."})),
    }
}

/// A small day of clients. Returns what was found.
fn day(upstream: &Server, candidate: &Server) -> (Summary, String) {
    let stage = Stage::new(upstream, candidate, |options| options.mirror_writes = true);
    for password in ["Corr3ct-horse!", "wr0ng-horse!"] {
        stage.post("/api/auth/login/", &value!({"username": "alice", "password": password}));
    }
    stage.get("/api/dashboard/");
    stage.send(http::Request::delete("/api/auth/login/").body(&[][..]).unwrap());
    stage.end()
}

/// The kinds that are found while one of the servers has a fault.
fn found(fault: fn(&Asked) -> Option<HttpResponse>) -> Vec<Kind> {
    let right = || Server::start(right);
    let wrong = || Server::start(move |asked| fault(asked).unwrap_or_else(|| self::right(asked)));
    let kinds = |summary: Summary| summary.differences.into_keys().collect::<Vec<_>>();
    let in_the_candidate = kinds(day(&right(), &wrong()).0);
    assert_eq!(kinds(day(&wrong(), &right()).0), in_the_candidate, "it is found on either side");
    in_the_candidate
}

#[test]
fn servers_that_are_alike_have_a_clean_day() {
    let (summary, report) = day(&Server::start(right), &Server::start(right));
    assert_eq!((summary.requests, summary.mirrored, summary.compared), (4, 4, 4));
    assert!(summary.is_clean(), "{report}");
    assert!(summary.skipped.is_empty());
}

#[test]
fn a_wrong_status_is_found() {
    let accepts_any_password =
        |asked: &Asked| (asked.method == "POST").then(|| json(200, &value!({"id": 1, "username": "alice"})));
    assert_eq!(found(accepts_any_password), [Kind::Status]);
}

#[test]
fn a_wrong_member_is_found() {
    let makes_staff = |asked: &Asked| {
        (asked.method == "GET").then(|| json(200, &value!({"username": "alice", "is_staff": true})))
    };
    assert_eq!(found(makes_staff), [Kind::Value]);
}

#[test]
fn a_header_that_is_not_there_is_found() {
    let has_no_allow =
        |asked: &Asked| (asked.method == "DELETE").then(|| json(405, &value!({"detail": "No."})));
    assert_eq!(found(has_no_allow), [Kind::Header]);
}

#[test]
fn a_body_of_another_type_is_found() {
    let has_pages = |asked: &Asked| {
        (asked.method == "GET").then(|| HttpResponse::Ok().content_type("text/html").body("<h1>alice</h1>"))
    };
    assert_eq!(found(has_pages), [Kind::ContentType, Kind::Bytes]);
}

#[test]
fn no_secret_of_the_day_is_reported() {
    let upstream = Server::start(|asked| json(400, &value!({"echo": String::from_utf8_lossy(&asked.body)})));
    let (summary, report) = day(&upstream, &Server::start(right));
    assert!(!summary.is_clean());
    assert!(!report.contains("horse"), "{report}");
}
