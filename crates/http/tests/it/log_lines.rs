use crate::support::{Server, bearer};
use log::kv::{Key, Value, VisitSource};
use serde_json::json;
use std::fmt::Write;
use std::sync::{Mutex, Once};

/// Keeps every line that anything in this process logs.
struct Lines(Mutex<Vec<String>>);

static LINES: Lines = Lines(Mutex::new(Vec::new()));

struct Written<'a>(&'a mut String);

impl<'kvs> VisitSource<'kvs> for Written<'_> {
    fn visit_pair(&mut self, key: Key<'kvs>, value: Value<'kvs>) -> Result<(), log::kv::Error> {
        Ok(write!(self.0, " {key}={value}")?)
    }
}

impl log::Log for Lines {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        let mut line = format!("{} {} {}", record.level(), record.target(), record.args());
        record.key_values().visit(&mut Written(&mut line)).unwrap();
        self.0.lock().unwrap().push(line);
    }

    fn flush(&self) {}
}

/// The lines so far that hold `text`.
fn lines_with(text: &str) -> Vec<String> {
    LINES.0.lock().unwrap().iter().filter(|line| line.contains(text)).cloned().collect()
}

fn listen() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        log::set_logger(&LINES).unwrap();
        log::set_max_level(log::LevelFilter::Trace);
    });
}

#[test]
fn a_request_is_one_line_with_its_pattern_and_without_secrets() {
    listen();
    let server = Server::start();
    let access = server.login().access;
    let headers = ["X-Request-Id: line-1", "Content-Type: application/json", &bearer(&access)];
    let body = json!({"text": "se-cret-body"}).to_string();
    server.send("POST", "/api/dashboard?token=se-cret-query", &headers, body.as_bytes());
    let lines = lines_with("line-1");
    assert_eq!(lines.len(), 1, "{lines:?}");
    for part in
        ["INFO doorward::access", "method=POST", "path=/api/dashboard/", "status=200", "address=127.0.0.1"]
    {
        assert!(lines[0].contains(part), "{part} is not in {}", lines[0]);
    }
    for secret in ["se-cret", access.as_str(), crate::support::PASSWORD] {
        assert_eq!(lines_with(secret), Vec::<String>::new());
    }
}

#[test]
fn a_failure_is_logged_once_with_its_cause_and_the_request() {
    listen();
    let server = Server::start();
    let access = server.login().access;
    server.world.store.go_down();
    server.send("GET", "/api/dashboard/", &["X-Request-Id: line-2", &bearer(&access)], b"");
    let errors: Vec<_> = lines_with("line-2").into_iter().filter(|line| line.starts_with("ERROR")).collect();
    assert_eq!(errors.len(), 1, "{errors:?}");
    assert!(errors[0].contains("the database is unavailable"), "{errors:?}");
}
