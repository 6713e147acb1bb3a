//! What a team reads.

use crate::stage::{Server, Stage, json};
use doorward_domain::time::{Clock as _, Timestamp};
use doorward_shadow::{Expected, Format, Kind, Signal, Tolerance};
use serde_json::{Value, json as value};
use std::time::Duration;

fn says(detail: &'static str) -> Server {
    Server::start(move |_| json(400, &value!({ "detail": detail })))
}

fn lines(report: &str) -> Vec<Value> {
    report.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn a_difference_that_comes_again_is_told_once_and_counted() {
    let stage = Stage::new(&says("one"), &says("other"), |_| ());
    for number in 0..5 {
        stage.get(&format!("/api/auth/users/{number}/"));
    }
    stage.get("/api/dashboard/");
    let (summary, report) = stage.end();
    assert_eq!(summary.differences, [(Kind::Value, 6)].into());
    let about = |needle: &str| report.lines().filter(|line| line.contains(needle)).collect::<Vec<_>>();
    let [first, again] = &about("/api/auth/users/{id}/ value")[..] else { panic!("{report}") };
    assert!(first.contains(r#"GET /api/auth/users/{id}/ value detail: upstream "one" | candidate "other""#));
    assert!(again.ends_with("value detail: again, 4 times"), "{again}");
    assert_eq!(about("/api/dashboard/ value").len(), 1, "{report}");
}

#[test]
fn a_report_is_json_where_that_is_asked_for() {
    let stage = Stage::new(&says("one"), &says("other"), |options| {
        options.mirror_writes = true;
        options.format = Format::Json;
    });
    let body = value!({"username": "alice", "password": "Corr3ct-horse!"});
    stage.post("/api/auth/login/", &body);
    stage.post("/api/auth/login/", &body);
    let (_, report) = stage.end();
    let lines = lines(&report);
    let events: Vec<_> = lines.iter().map(|line| line["event"].as_str().unwrap()).collect();
    assert_eq!(events, ["start", "difference", "repeated", "summary"]);
    assert!(lines[0]["warning"].as_str().unwrap().starts_with("WARNING"));
    let mut difference = lines[1].clone();
    difference["time"] = Value::Null;
    let expected = value!({
        "event": "difference", "time": null, "method": "POST", "path": "/api/auth/login/", "kind": "value",
        "at": "detail", "upstream": "\"one\"", "candidate": "\"other\"",
        "request": "accept: */*; content-type: application/json; {\"password\":\"***\",\"username\":\"alice\"}",
    });
    assert_eq!(difference, expected);
    assert_eq!(lines[2]["times"], 1);
    assert_eq!(lines[3]["differences"], value!({"value": 2}));
    assert_eq!((&lines[3]["requests"], &lines[3]["compared"]), (&value!(2), &value!(2)));
}

#[test]
fn a_summary_is_written_when_it_is_asked_for() {
    let stage = Stage::new(&says("one"), &says("one"), |options| options.format = Format::Json);
    stage.signals.send(Signal::Summarize).unwrap();
    stage.get("/api/dashboard/");
    let (_, report) = stage.end();
    let summaries = lines(&report).into_iter().filter(|line| line["event"] == "summary").count();
    assert_eq!(summaries, 2, "{report}");
}

#[test]
fn it_is_clean_since_the_last_difference() {
    let began = Timestamp::from_seconds(0);
    let stage = Stage::new(&says("one"), &says("one"), |_| ());
    let start = stage.clock.now();
    stage.get("/api/dashboard/");
    stage.clock.advance(Duration::from_secs(26 * 3600));
    let (summary, report) = stage.end();
    assert!(began < start);
    assert_eq!((summary.clean_since, summary.now.since(start).as_secs()), (start, 26 * 3600));
    assert!(
        report.trim_end().lines().last().unwrap().contains("(1 d 2 h); 1 request, 1 mirrored, 1 compared"),
        "{report}"
    );
}

#[test]
fn what_is_expected_is_counted_unless_one_is_strict_about_it() {
    let of = |words| says(words);
    let (one, other) = ("JSON parse error - one", "JSON parse error - other");
    let stage = Stage::new(&of(one), &of(other), |_| ());
    stage.get("/api/dashboard/");
    let (summary, report) = stage.end();
    assert_eq!(summary.expected, [(Expected::ParserMessage, 1)].into());
    assert!(summary.is_clean() && report.contains("expected: parser-message 1"), "{report}");

    let strict = Tolerance::strict_about([Expected::ParserMessage]);
    let stage = Stage::new(&of(one), &of(other), |options| options.tolerance = strict);
    stage.get("/api/dashboard/");
    assert!(!stage.end().0.is_clean());
}

#[test]
fn a_clean_report_of_nothing_says_so() {
    let (summary, report) = Stage::new(&says("one"), &says("one"), |_| ()).end();
    assert_eq!(summary.requests, 0);
    assert!(report.contains("nothing compared yet"), "{report}");
}

#[test]
fn a_client_cannot_forge_lines_of_the_report() {
    let stage = Stage::new(&says("one"), &says("other"), |_| ());
    let forged = "%0D%0A2026-01-01T00:00:00Z%20nothing%C2%85%E2%80%A8%1B%5B2J%E2%80%AEx";
    let request = http::Request::post(format!("/api/auth/token/verify/?a={forged}&b{forged}=c"))
        .header("content-type", "application/x-www-form-urlencoded");
    stage.send(request.body(format!("d={forged}&e{forged}=f").as_bytes()).unwrap());
    let (_, report) = stage.end();
    assert_eq!(report.lines().count(), 3, "{report}");
    let steers = |it: char| it != '\n' && (it.is_control() || "\u{2028}\u{202e}".contains(it));
    assert!(!report.contains(steers), "{report:?}");
    assert_eq!(report.matches("2026-01-01T00:00:00Z nothing").count(), 4, "{report}");
}
