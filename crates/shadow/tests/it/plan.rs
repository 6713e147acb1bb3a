//! What is sent to the candidate.

use crate::stage::{Server, Stage, json};
use actix_web::HttpResponse;
use doorward_shadow::Skipped;
use serde_json::json as value;

fn ok() -> Server {
    Server::start(|_| json(200, &value!({})))
}

#[test]
fn nothing_that_writes_reaches_the_candidate_unasked() {
    let (upstream, candidate) = (ok(), ok());
    let stage = Stage::new(&upstream, &candidate, |_| ());
    stage.post("/api/auth/login/", &value!({"username": "alice"}));
    stage.post("/api/auth/token/verify/", &value!({"token": "x"}));
    stage.get("/api/dashboard/");
    stage.get("/shop/");
    let (summary, report) = stage.end();
    assert_eq!(upstream.asked().len(), 4);
    assert_eq!(candidate.targets(), ["/api/auth/token/verify/", "/api/dashboard/"]);
    assert_eq!(summary.skipped, [(Skipped::Path, 1), (Skipped::Write, 1)].into());
    assert!(!report.contains("WARNING"), "{report}");
}

#[test]
fn writes_are_mirrored_with_a_warning() {
    let candidate = ok();
    let stage = Stage::new(&ok(), &candidate, |options| options.mirror_writes = true);
    stage.post("/api/auth/login/", &value!({"username": "alice"}));
    let (_, report) = stage.end();
    assert_eq!(candidate.targets(), ["/api/auth/login/"]);
    assert!(report.starts_with("WARNING: requests that write are sent to BOTH servers."), "{report}");
    assert!(report.contains("it must be a copy"), "{report}");
}

#[test]
fn a_write_that_was_only_redirected_is_not_mirrored() {
    let upstream = Server::start(|asked| {
        HttpResponse::MovedPermanently().insert_header(("location", format!("{}/", asked.target))).finish()
    });
    let candidate = ok();
    let stage = Stage::new(&upstream, &candidate, |options| options.mirror_writes = true);
    assert_eq!(stage.post("/api/auth/register", &value!({})).status(), 301);
    assert_eq!(stage.get("/api/dashboard").status(), 301);
    let (summary, _) = stage.end();
    assert_eq!(summary.skipped, [(Skipped::SlashRedirect, 1)].into());
    assert_eq!(candidate.targets(), ["/api/dashboard"]);
    assert!(summary.is_clean());
}

#[test]
fn a_compressed_answer_is_not_compared() {
    let upstream = Server::start(|_| HttpResponse::Ok().insert_header(("content-encoding", "br")).body("x"));
    let candidate = ok();
    let stage = Stage::new(&upstream, &candidate, |_| ());
    let answer = stage.get("/api/dashboard/");
    assert_eq!(
        (&answer.headers()["content-encoding"], &answer.body()[..]),
        (&"br".parse().unwrap(), &b"x"[..])
    );
    assert_eq!(stage.end().0.skipped, [(Skipped::Encoded, 1)].into());
    assert_eq!(candidate.asked(), []);
}
