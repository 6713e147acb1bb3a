use crate::support::{Answer, PASSWORD, Server, read_answer};
use doorward_domain::identity::EmailAddress;
use doorward_domain::mail::RequestedLetter;
use doorward_domain::testing::{World, block_on};
use doorward_domain::use_cases::{Post, Progress};
use doorward_http::HttpSettings;
use serde_json::Value;
use std::io::Write;
use std::time::Duration;

const MAILBOX: &str = "/dev/mailbox/";

/// A server with a mailbox, and a letter to alice in its outbox.
fn start() -> Server {
    let world = World::with_user("alice", "alice@example.com", PASSWORD);
    let server = Server::on(world, HttpSettings { dev_mailbox: true, ..HttpSettings::default() });
    write(&server, RequestedLetter::VerifyEmail);
    server
}

/// Has a letter to alice written, and not sent.
fn write(server: &Server, what: RequestedLetter) {
    let address = EmailAddress::parse("alice@example.com").unwrap();
    block_on(server.world.auth.request_letter(what, address)).unwrap();
    let writer = Post::new(server.world.auth.clone(), None, Duration::ZERO);
    assert_eq!(block_on(writer.answer()).unwrap(), Progress::Worked);
}

fn get(server: &Server, path: &str, headers: &[&str]) -> Answer {
    server.send_to("localhost:8000", "GET", path, headers, b"")
}

/// The status of an answer to that version of HTTP.
fn by(server: &Server, version: &str, path: &str) -> u16 {
    let mut stream = server.connect();
    let head = format!("GET {path} HTTP/{version}\r\nHost: localhost:8000\r\nConnection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).unwrap();
    read_answer(stream).status
}

fn letters(server: &Server) -> Vec<Value> {
    let answer = get(server, MAILBOX, &["Accept: application/json"]);
    assert_eq!((answer.status, answer.header("cache-control")), (200, Some("no-store")));
    assert_eq!(answer.header("content-type"), Some("application/json"));
    answer.json().as_array().unwrap().clone()
}

#[test]
fn unless_it_is_switched_on_there_is_no_mailbox() {
    let server = Server::start();
    let elsewhere = get(&server, "/dev/nothing/", &[]);
    for path in [MAILBOX, "/dev/mailbox", "/dev/mailbox/0192f0c1-0000-7000-8000-000000000000/"] {
        let answer = get(&server, path, &[]);
        assert_eq!((answer.status, &answer.text), (404, &elsewhere.text));
    }
    assert_eq!(server.send_to("localhost", "PUT", MAILBOX, &[], b"").status, 404);
}

#[test]
fn a_test_reads_letters_as_json() {
    let server = start();
    server.world.clock.advance(Duration::from_secs(1));
    write(&server, RequestedLetter::ResetPassword);
    let letters = letters(&server);
    let kinds: Vec<_> = letters.iter().map(|letter| letter["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["reset_password", "verify_email"]);
    let letter = &letters[1];
    assert_eq!(letter["to"], "alice@example.com");
    assert_eq!(letter["subject"], "verify_email");
    assert_eq!(letter["text"], "verify_email for alice");
    assert_eq!(letter["state"], "queued");
    assert!(letter["written_at"].as_str().unwrap().ends_with('Z'));
    assert!(letter["link"].as_str().unwrap().starts_with("https://example.com/"));
    let path = format!("{MAILBOX}{}/", letter["id"].as_str().unwrap());
    assert_eq!(get(&server, &path, &["Accept: application/json"]).json(), *letter);
}

#[test]
fn people_read_letters_as_pages() {
    let server = start();
    let id = letters(&server)[0]["id"].as_str().unwrap().to_owned();
    let list = get(&server, MAILBOX, &["Accept: text/html,*/*;q=0.8"]);
    assert_eq!((list.status, list.header("content-type")), (200, Some("text/html; charset=utf-8")));
    let row = format!(
        r#"<td>alice@example.com</td><td><a href="/dev/mailbox/{id}/">verify_email</a></td><td>queued</td>"#
    );
    assert!(list.text.contains(&row), "{}", list.text);
    let letter = get(&server, &format!("{MAILBOX}{id}/"), &[]);
    assert_eq!((letter.status, letter.header("x-robots-tag")), (200, Some("noindex")));
    assert_eq!(letter.header("referrer-policy"), Some("no-referrer"));
    for part in [
        "<h1>verify_email</h1>",
        "<dd>doorward@example.com</dd>",
        "<pre>verify_email for alice</pre>",
        r#"<a href="https://example.com/"#,
        r#"<iframe sandbox title="The letter as HTML" srcdoc="&lt;p&gt;verify_email&lt;/p&gt;"></iframe>"#,
    ] {
        assert!(letter.text.contains(part), "{part} is not in {}", letter.text);
    }
}

#[test]
fn a_letter_that_was_sent_or_is_over_says_so() {
    let server = start();
    server.world.mail();
    let sent = &letters(&server)[0];
    assert_eq!((&sent["state"], &sent["text"], &sent["link"]), (&"sent".into(), &Value::Null, &Value::Null));
    let page = get(&server, &format!("{MAILBOX}{}/", sent["id"].as_str().unwrap()), &[]);
    assert!(page.status == 200 && page.text.contains("Its contents are gone"), "{}", page.text);

    server.world.clock.advance(Duration::from_secs(1));
    write(&server, RequestedLetter::ResetPassword);
    server.world.clock.advance(Duration::from_secs(2 * 3600));
    assert_eq!(letters(&server)[0]["state"], "expired");
}

#[test]
fn an_unknown_letter_is_not_found() {
    let server = start();
    for id in ["x", "0192f0c1-0000-7000-8000-000000000000"] {
        assert_eq!(get(&server, &format!("{MAILBOX}{id}/"), &[]).status, 404, "{id}");
    }
}

#[test]
fn only_who_names_this_machine_and_comes_from_it_reads_letters() {
    let server = start();
    let id = letters(&server)[0]["id"].as_str().unwrap().to_owned();
    for path in [MAILBOX.to_owned(), format!("{MAILBOX}{id}/")] {
        for host in ["localhost", "127.0.0.1:8000", "[::1]:8000"] {
            assert_eq!(server.send_to(host, "GET", &path, &[], b"").status, 200, "{host}");
        }
        for host in ["test", "evil.example", "localhost.evil.example:8000", "192.0.2.1"] {
            let answer = server.send_to(host, "GET", &path, &[], b"");
            answer.assert_plain(404, r#"{"detail":"Not found."}"#);
        }
        for header in [
            "X-Forwarded-For: 127.0.0.1",
            "CF-Connecting-IP: 127.0.0.1",
            "Sec-Fetch-Site: cross-site",
            "Origin: https://evil.example",
            "Origin: null",
        ] {
            assert_eq!(get(&server, &path, &[header]).status, 404, "{header}");
        }
        assert_eq!(get(&server, &path, &["Origin: http://localhost:3000"]).status, 200);
        assert_eq!(by(&server, "1.1", &path), 200);
        assert_eq!(by(&server, "1.0", &path), 404, "a proxy that says nothing of itself");
    }
}

#[test]
fn letters_are_in_no_document() {
    let server = start();
    assert!(!server.get("/api/schema/").text.contains("mailbox"));
}
