//! Bodies that are made to cost, or to be read in two ways.

use crate::harness::{PASSWORD, Place, head_of};
use doorward_testkit::{Case, cases};
use serde_json::json;
use std::time::Duration;

pub(super) fn cases() -> Vec<Case<Place>> {
    cases![
        bodies: one_byte_over_64_kib_is_too_large,
        an_announced_length_is_refused_before_its_body_comes,
        a_body_without_end_is_too_large_before_it_ends,
        a_length_that_is_too_small_does_not_let_a_second_request_in,
        a_slow_body_runs_into_its_deadline,
        a_body_that_nobody_waits_for_does_not_keep_the_connection,
        a_client_that_leaves_in_the_middle_harms_nobody,
        compressed_bodies_are_not_read,
        nesting_costs_no_stack,
        many_fields_cost_little,
        a_multipart_body_that_breaks_off_is_malformed,
        bytes_that_are_no_utf_8_are_malformed,
        of_a_name_that_comes_twice_the_last_value_counts_in_every_encoding,
    ]
}

const LIMIT: usize = 64 * 1024;

fn one_byte_over_64_kib_is_too_large(place: &Place) {
    let server = place.server();
    let login = |length: usize| {
        let body = json!({"username": "nobody", "password": PASSWORD, "padding": ""}).to_string();
        let padding = "x".repeat(length - body.len());
        let body = body.replace(r#""padding":"""#, &format!(r#""padding":"{padding}""#));
        assert_eq!(body.len(), length);
        server.post("/api/auth/login/").header("Content-Type", "application/json").body(body).send()
    };
    login(LIMIT).must_have_status(401);
    login(LIMIT + 1).must_be(413, &json!({"detail": "The body is larger than 65536 bytes."}));
}

fn an_announced_length_is_refused_before_its_body_comes(place: &Place) {
    let server = place.server();
    for length in [LIMIT + 1, 10_000_000, 1 << 40] {
        let mut raw = server.connect();
        raw.send(format!("POST /api/auth/login/ HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n"));
        let answer = raw.until("}");
        assert!(answer.starts_with("HTTP/1.1 413 ") && answer.contains("connection: close"), "{answer}");
    }
}

fn a_body_without_end_is_too_large_before_it_ends(place: &Place) {
    let server = place.server();
    let mut raw = server.connect();
    raw.send("POST /api/auth/login/ HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n");
    let chunk = format!("1000\r\n{}\r\n", " ".repeat(0x1000));
    for _ in 0..17 {
        raw.send(&chunk);
    }
    // There is an answer although there is no end.
    let answer = raw.until("}");
    assert!(answer.starts_with("HTTP/1.1 413 ") && answer.contains("connection: close"), "{answer}");
    // Who goes on all the same is cut off.
    assert!((0..1_000_000).any(|_| !raw.send(&chunk)), "4 GB were taken");
}

fn a_length_that_is_too_small_does_not_let_a_second_request_in(place: &Place) {
    let server = place.server();
    let access = server.join_and_log_in("alice").access;
    let body = json!({"username": "nobody", "password": PASSWORD}).to_string();
    let mut raw = server.connect();
    raw.send(format!(
        "POST /api/auth/login/ HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len() - 5,
    ));
    // The rest is no request.
    let answer = raw.until_closed();
    assert_eq!(head_of(&answer).0, Some(400), "{answer}");
    assert!(!answer.contains("200 OK"), "{answer}");
    server.dashboard(&access).must_have_status(200);
}

fn a_slow_body_runs_into_its_deadline(place: &Place) {
    let server = place.server_with(|settings| settings.server.body_timeout = Duration::from_millis(300));
    let mut raw = server.connect();
    raw.send("POST /api/auth/login/ HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 50\r\n\r\n{");
    let answer = raw.until_closed();
    assert_eq!(head_of(&answer), (Some(408), 1), "{answer}");
    assert!(answer.ends_with(r#"{"detail":"The body did not arrive in time."}"#), "{answer}");
    // A client that waits for "100 Continue" is told to go on, and has no longer.
    let mut raw = server.connect();
    raw.send(
        "POST /api/auth/login/ HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 50\r\n\r\n",
    );
    assert!(raw.until("}").contains("HTTP/1.1 408 "));
}

fn a_body_that_nobody_waits_for_does_not_keep_the_connection(place: &Place) {
    let server = place.server_with(|settings| {
        settings.server.head_timeout = Duration::from_secs(1);
        settings.server.body_timeout = Duration::from_secs(1);
        settings.server.keep_alive = Duration::from_secs(1);
    });
    let mut open = Vec::new();
    for (path, status) in [("/api/dashboard/", 401), ("/nothing", 404), ("/healthz", 405)] {
        for framing in ["Transfer-Encoding: chunked", "Content-Length: 50"] {
            let mut raw = server.connect();
            raw.send(format!("POST {path} HTTP/1.1\r\nHost: x\r\n{framing}\r\n\r\n"));
            open.push((raw, status));
        }
    }
    for (raw, status) in open {
        let answer = raw.until_closed();
        assert_eq!(head_of(&answer), (Some(status), 1), "{answer}");
    }
}

fn a_client_that_leaves_in_the_middle_harms_nobody(place: &Place) {
    let server = place.server();
    for _ in 0..50 {
        let mut raw = server.connect();
        raw.send("POST /api/auth/login/ HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n\r\n{\"us");
    }
    server.login("nobody", PASSWORD).must_have_status(401);
}

fn compressed_bodies_are_not_read(place: &Place) {
    let server = place.server();
    for encoding in ["gzip", "deflate", "br", "zstd", "GZIP", "gzip, identity", "x-unknown"] {
        let request = server.post("/api/auth/login/").header("Content-Encoding", encoding);
        let answer = request
            .header("Content-Type", "application/json")
            .body(b"\x1f\x8b\x08\0\0\0\0\0".as_slice())
            .send();
        answer.must_be(
            415,
            &json!({"detail": format!("Unsupported content encoding \"{encoding}\" in request.")}),
        );
    }
    let identity = server.post("/api/auth/login/").header("Content-Encoding", "identity");
    identity.json(&json!({"username": "nobody", "password": PASSWORD})).send().must_have_status(401);
}

fn nesting_costs_no_stack(place: &Place) {
    let server = place.server();
    let send = |body: String| {
        server.post("/api/auth/login/").header("Content-Type", "application/json").body(body).send()
    };
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        let depth = 10_000;
        let nested = format!("{}1{}", open.repeat(depth), close.repeat(depth));
        assert!(matches!(send(nested.clone()).status, 400));
        send(format!(r#"{{"username":"nobody","password":"{PASSWORD}","x":{nested}}}"#));
        send(open.repeat(depth)).must_have_status(400);
    }
    server.login("nobody", PASSWORD).must_have_status(401);
}

fn many_fields_cost_little(place: &Place) {
    let server = place.server();
    let names: Vec<_> = (0..5000).map(|number| format!("f{number}")).collect();
    let form: Vec<_> = names.iter().map(|name| (name.as_str(), "")).collect();
    server.post("/api/auth/login/").form(&form).send().must_have_status(400);
    let parts = &form[..700];
    server.post("/api/auth/login/").multipart(parts).send().must_have_status(400);
    let json = json!(names.iter().map(|name| (name.clone(), json!(1))).collect::<serde_json::Map<_, _>>());
    server.post("/api/auth/login/").json(&json).send().must_have_status(400);
}

fn a_multipart_body_that_breaks_off_is_malformed(place: &Place) {
    let server = place.server();
    let send = |content_type: &str, body: &str| {
        server.post("/api/auth/login/").header("Content-Type", content_type).body(body).send()
    };
    let part = "--limit\r\nContent-Disposition: form-data; name=\"username\"\r\n\r\nalice";
    for (content_type, body) in [
        ("multipart/form-data; boundary=limit", part.to_owned()),
        ("multipart/form-data; boundary=limit", format!("{part}\r\n--limit")),
        ("multipart/form-data; boundary=limit", "--other\r\n\r\n".to_owned()),
        ("multipart/form-data; boundary=limit", "--limit\r\n".to_owned()),
        ("multipart/form-data", format!("{part}\r\n--limit--\r\n")),
        ("multipart/form-data; boundary=", format!("{part}\r\n--limit--\r\n")),
        (
            "multipart/form-data; boundary=limit",
            format!("--limit\r\n{}: x\r\n\r\n--limit--\r\n", "h".repeat(60_000)),
        ),
    ] {
        send(content_type, &body).must_have_status(400);
    }
    // A file is no text.
    let file = "--limit\r\nContent-Disposition: form-data; name=\"username\"; filename=\"a\"\r\n\r\nalice\r\n--limit--\r\n";
    let told = json!({"username": ["Not a valid string."], "password": ["This field is required."]});
    send("multipart/form-data; boundary=limit", file).must_be(400, &told);
}

fn bytes_that_are_no_utf_8_are_malformed(place: &Place) {
    let server = place.server();
    for bytes in [
        &b"{\"username\":\"\xff\"}"[..],
        b"\xff\xfe{\0}\0",
        b"{\"username\":\"\xed\xa0\x80\"}",
        b"{\"username\":\"\xc0\x80\"}",
    ] {
        let answer =
            server.post("/api/auth/login/").header("Content-Type", "application/json").body(bytes).send();
        answer.must_have_status(400);
        assert!(answer.json()["detail"].as_str().unwrap().starts_with("JSON parse error - "));
    }
    for body in [
        "NaN",
        "{\"username\":NaN}",
        "{\"username\":Infinity}",
        "{'username':1}",
        "{\"a\":1,}",
        "{\"a\":01}",
        "{}{}",
    ] {
        let answer =
            server.post("/api/auth/login/").header("Content-Type", "application/json").body(body).send();
        answer.must_have_status(400);
    }
}

fn of_a_name_that_comes_twice_the_last_value_counts_in_every_encoding(place: &Place) {
    let server = place.server();
    server.join("alice");
    let json = format!(r#"{{"username":"nobody","password":"{PASSWORD}","username":"alice"}}"#);
    let twice = [("username", "nobody"), ("password", PASSWORD), ("username", "alice")];
    let request = || server.post("/api/auth/login/");
    request().header("Content-Type", "application/json").body(json).send().must_have_status(200);
    request().form(&twice).send().must_have_status(200);
    request().multipart(&twice).send().must_have_status(200);
}
