use crate::support::{PASSWORD, Server, read_answer};
use doorward_http::HttpSettings;
use std::io::{ErrorKind, Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

const LOGIN: &str = "/api/auth/login/";
const REQUIRED: &str = r#"{"username":["This field is required."],"password":["This field is required."]}"#;

fn send(server: &Server, content_type: &str, body: &[u8]) -> crate::support::Answer {
    server.send("POST", LOGIN, &[&format!("Content-Type: {content_type}")], body)
}

#[test]
fn json_forms_and_multipart_are_taken_alike() {
    let server = Server::start();
    let json = format!(r#"{{"username":"alice","password":"{PASSWORD}"}}"#);
    let form = "username=+alice&password=Corr3ct-horse%21";
    let multipart = format!(
        "--X\r\nContent-Disposition: form-data; name=\"username\"\r\n\r\nalice\r\n\
         --X\r\nContent-Disposition: form-data; name=\"password\"\r\n\r\n{PASSWORD}\r\n--X--\r\n"
    );
    for (content_type, body) in [
        ("application/json", json.as_str()),
        ("Application/JSON; Charset=UTF-8", &json),
        ("application/*", &json),
        ("application/x-www-form-urlencoded; charset=utf-8", form),
        ("multipart/form-data; boundary=X", &multipart),
    ] {
        assert_eq!(send(&server, content_type, body.as_bytes()).status, 200, "{content_type}");
    }
}

#[test]
fn an_empty_body_is_an_empty_object_whatever_its_type() {
    let server = Server::start();
    for content_type in ["application/json", "text/plain", "multipart/form-data", "garbage"] {
        send(&server, content_type, b"").assert(400, REQUIRED);
    }
    server.send("POST", LOGIN, &[], b"").assert(400, REQUIRED);
}

#[test]
fn a_body_of_another_type_is_refused_with_the_type_as_sent() {
    let server = Server::start();
    for content_type in ["text/plain; charset=utf-8", "text/json", "garbage", "application/json, text/plain"]
    {
        let detail = format!(r#"{{"detail":"Unsupported media type \"{content_type}\" in request."}}"#);
        send(&server, content_type, b"{}").assert(415, &detail);
    }
    server
        .send("POST", LOGIN, &[], b"{}")
        .assert(415, r#"{"detail":"Unsupported media type \"\" in request."}"#);
}

#[test]
fn what_is_no_object_is_named_in_pythons_words() {
    let server = Server::start();
    for (body, found) in [
        ("[]", "list"),
        ("\"x\"", "str"),
        ("1", "int"),
        ("-1.5", "float"),
        ("1e5", "float"),
        ("true", "bool"),
    ] {
        let answer =
            format!(r#"{{"non_field_errors":["Invalid data. Expected a dictionary, but got {found}."]}}"#);
        send(&server, "application/json", body.as_bytes()).assert(400, &answer);
    }
    send(&server, "application/json", b"null").assert(400, r#"{"non_field_errors":["No data provided"]}"#);
}

#[test]
fn what_is_no_json_is_a_parse_error() {
    let server = Server::start();
    let deep = "[".repeat(60_000);
    for body in [
        &b"{"[..],
        b"{}x",
        b" ",
        b"NaN",
        b"{\"username\": Infinity}",
        b"\xff\xfe",
        b"{\"a\":1,}",
        b"\xef\xbb\xbf{}",
        b"{'a':1}",
        deep.as_bytes(),
    ] {
        let answer = send(&server, "application/json", body);
        assert_eq!(answer.status, 400);
        assert!(
            answer.json()["detail"].as_str().unwrap().starts_with("JSON parse error - "),
            "{}",
            answer.text
        );
    }
}

#[test]
fn a_form_takes_what_comes() {
    let server = Server::start();
    let form = "application/x-www-form-urlencoded";
    send(&server, form, b"username&password=&=x&&").assert(
        400,
        r#"{"username":["This field may not be blank."],"password":["This field may not be blank."]}"#,
    );
    send(&server, form, b"username=first&username=%00&password=%ff")
        .assert(400, r#"{"username":["Null characters are not allowed."]}"#);
    send(&server, form, b"{}").assert(400, REQUIRED);
}

#[test]
fn a_file_is_no_string_and_a_broken_multipart_body_is_malformed() {
    let server = Server::start();
    let file = b"--X\r\nContent-Disposition: form-data; name=\"username\"; filename=\"a.txt\"\r\nContent-Type: text/plain\r\n\r\nalice\r\n--X--\r\n";
    send(&server, "multipart/form-data; boundary=X", file)
        .assert(400, r#"{"username":["Not a valid string."],"password":["This field is required."]}"#);
    for (content_type, body) in [
        ("multipart/form-data", &file[..]),
        ("multipart/*", file),
        ("multipart/form-data; boundary=X", &file[..80]),
        ("multipart/form-data; boundary=Y", file),
        ("multipart/form-data; boundary=X", b"junk"),
    ] {
        let answer = send(&server, content_type, body);
        assert_eq!(answer.status, 400);
        assert!(answer.text.starts_with(r#"{"detail":"Multipart form parse error - "#), "{}", answer.text);
    }
}

#[test]
fn a_body_that_is_too_large_is_refused_by_its_announcement() {
    let server = Server::start();
    let mut stream = server.connect();
    // Nothing of the body is sent: the answer cannot have waited for it.
    write!(
        stream,
        "POST {LOGIN} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 65537\r\n\r\n"
    )
    .unwrap();
    let answer = read_answer(stream);
    answer.assert(413, r#"{"detail":"The body is larger than 65536 bytes."}"#);
    assert_eq!(answer.header("connection"), Some("close"));
}

#[test]
fn a_body_that_grows_too_large_is_refused_while_it_comes() {
    let server = Server::start();
    let mut stream = server.connect();
    write!(stream, "POST {LOGIN} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n").unwrap();
    let chunk = format!("1000\r\n{}\r\n", " ".repeat(0x1000));
    for _ in 0..17 {
        stream.write_all(chunk.as_bytes()).unwrap();
    }
    read_answer(stream).assert(413, r#"{"detail":"The body is larger than 65536 bytes."}"#);
}

#[test]
fn a_body_of_the_largest_size_is_read() {
    let server = Server::start();
    let body = format!(r#"{{"username":"{}"}}"#, "x".repeat(65536 - 15));
    assert_eq!(body.len(), 65536);
    send(&server, "application/json", body.as_bytes())
        .assert(400, r#"{"password":["This field is required."]}"#);
}

#[test]
fn a_compressed_body_is_refused() {
    let server = Server::start();
    let headers = ["Content-Type: application/json", "Content-Encoding: gzip"];
    server
        .send("POST", LOGIN, &headers, b"\x1f\x8b")
        .assert(415, r#"{"detail":"Unsupported content encoding \"gzip\" in request."}"#);
    let headers = ["Content-Type: application/json", "Content-Encoding: Identity"];
    server.send("POST", LOGIN, &headers, b"{}").assert(400, REQUIRED);
}

#[test]
fn a_body_that_does_not_come_in_time_is_not_waited_for() {
    let server =
        Server::with(HttpSettings { body_timeout: Duration::from_millis(50), ..HttpSettings::default() });
    let mut stream = server.connect();
    write!(
        stream,
        "POST {LOGIN} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n{{"
    )
    .unwrap();
    let answer = read_answer(stream);
    answer.assert(408, r#"{"detail":"The body did not arrive in time."}"#);
    assert_eq!(answer.header("connection"), Some("close"));
}

#[test]
fn a_head_that_does_not_come_in_time_is_not_waited_for() {
    let head_timeout = Duration::from_millis(50);
    let server = Server::with(HttpSettings { head_timeout, ..HttpSettings::default() });
    let mut stream = server.connect();
    write!(stream, "GET /healthz HTTP/1.1\r\nHost:").unwrap();
    assert_eq!(read_answer(stream).status, 408);
}

#[test]
fn an_endless_body_that_nobody_asked_for_ends_the_connection() {
    let server = Server::start();
    for (path, status) in [("/healthz", "200"), ("/nope", "404"), ("/api/dashboard/", "401")] {
        let mut stream = server.connect();
        stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n").unwrap();
        let (mut sender, over) = (stream.try_clone().unwrap(), Arc::new(AtomicBool::new(false)));
        let enough = Arc::clone(&over);
        let sending =
            thread::spawn(
                move || {
                    while !enough.load(Ordering::SeqCst) && sender.write_all(b"1\r\nx\r\n").is_ok() {}
                },
            );
        let mut answer = Vec::new();
        let end = stream.read_to_end(&mut answer);
        over.store(true, Ordering::SeqCst);
        sending.join().unwrap();
        assert!(answer.starts_with(format!("HTTP/1.1 {status}").as_bytes()), "{path}");
        // Still open, a connection would have let the reading run out of time.
        assert!(!end.is_err_and(|error| error.kind() == ErrorKind::WouldBlock), "{path}");
    }
}

#[test]
fn a_connection_is_used_again_after_a_body_that_was_read() {
    let server = Server::start();
    let mut stream = server.connect();
    let request = format!(
        "POST {LOGIN} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{{}}"
    );
    stream.write_all(request.as_bytes()).unwrap();
    stream.write_all(request.replace("Host: x", "Host: x\r\nConnection: close").as_bytes()).unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    assert_eq!(text.matches("HTTP/1.1 400").count(), 2, "{text}");
}
