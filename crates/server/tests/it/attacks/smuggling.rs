//! Requests that two programs in a row would read differently (RFC 9112, section 11.2).

use crate::harness::{Place, head_of};
use doorward_testkit::{Case, cases};

pub(super) fn cases() -> Vec<Case<Place>> {
    cases![
        smuggling: a_request_that_can_be_read_in_two_ways_is_refused,
        a_body_that_can_be_read_in_two_ways_is_refused,
        what_follows_a_refused_request_is_not_read,
    ]
}

/// What would be answered with 200 if it came through as a request of its own.
const SMUGGLED: &str = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";

fn a_request_that_can_be_read_in_two_ways_is_refused(place: &Place) {
    let server = place.server();
    for head in [
        "POST /api/auth/login/ HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked",
        "POST /api/auth/login/ HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 5",
        "POST /api/auth/login/ HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 0",
        "POST /api/auth/login/ HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 5",
        "POST /api/auth/login/ HTTP/1.1\r\nHost: x\r\nContent-Length: 5, 0",
        "POST /api/auth/login/ HTTP/1.1\r\nHost: x\r\nContent-Length: +5",
        "POST /api/auth/login/ HTTP/1.1\r\nHost: x\r\nContent-Length: -5",
        "POST /api/auth/login/ HTTP/1.1\r\nHost: x\r\nContent-Length: 0x5",
        "POST /api/auth/login/ HTTP/1.1\r\nHost: x\r\nContent-Length: 5 5",
        "POST /api/auth/login/ HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999999",
        "POST /api/auth/login/ HTTP/1.1\r\nHost: x\r\nContent-Length: ",
        "POST /api/auth/login/ HTTP/1.1\r\nHost: x\r\nContent-Length : 5",
        "POST /api/auth/login/ HTTP/1.1\r\nHost: x\r\nTransfer-Encoding : chunked",
        "POST /api/auth/login/ HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked",
        "POST /api/auth/login/ HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked, identity",
        "POST /api/auth/login/ HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip",
        "POST /api/auth/login/ HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: identity",
        "POST /api/auth/login/ HTTP/1.1\r\nHost: x\r\nTransfer-Encoding:\u{b}chunked",
        "POST /api/auth/login/ HTTP/1.1\r\nHost: x\r\n Content-Length: 5",
        "POST /api/auth/login/ HTTP/1.1\r\n Host: x\r\nContent-Length: 5",
        "POST /api/auth/login/ HTTP/1.1\r\nHost: x\r\nX: a\r\n Content-Length: 5",
        "POST /api/auth/login/ HTTP/1.1\r\nHost: x\r\nX: a\rContent-Length: 5",
        "POST /api/auth/login/ HTTP/1.1\r\nHost: x\r\nX: a\0b",
        "POST /api/auth/login/ HTTP/1.1\r\nHost: x\r\nX\0: a",
        "POST /api/auth/login/ HTTP/1.1\r\nHost: x\r\n: a",
        "POST /api/auth/login/ HTTP/1.1\r\nHost: x\r\nno-colon",
        "POST /api/auth/login/ HTTP/1.0\r\nHost: x\r\nTransfer-Encoding: chunked",
        "POST /api/auth/login/ HTTP/2.0\r\nHost: x\r\nContent-Length: 5",
        "POST /api/auth/login/ HTTP/1.9\r\nHost: x\r\nContent-Length: 5",
        "POST /api/auth/login/\r\nHost: x",
        "POST  /api/auth/login/  HTTP/1.1\r\nHost: x",
        "PO ST /api/auth/login/ HTTP/1.1\r\nHost: x",
        "PRI * HTTP/2.0",
    ] {
        let mut raw = server.connect();
        raw.send(format!("{head}\r\n\r\n0\r\n\r\n{SMUGGLED}"));
        let answer = raw.until_closed();
        assert_eq!(head_of(&answer), (Some(400), 1), "{head:?}: {answer}");
    }
}

fn a_body_that_can_be_read_in_two_ways_is_refused(place: &Place) {
    let server = place.server();
    for body in [
        "5x\r\nhello\r\n0\r\n\r\n",
        "-1\r\nhello\r\n0\r\n\r\n",
        "+5\r\nhello\r\n0\r\n\r\n",
        "0x5\r\nhello\r\n0\r\n\r\n",
        "5\nhello\r\n0\r\n\r\n",
        "5\r\nhelloworld\r\n0\r\n\r\n",
        "5\r\nhello0\r\n\r\n",
        "ffffffffffffffffff\r\nhello\r\n0\r\n\r\n",
        "\r\nhello\r\n0\r\n\r\n",
        "5 5\r\nhello\r\n0\r\n\r\n",
        "5;a\nb\r\nhello\r\n0\r\n\r\n",
    ] {
        let mut raw = server.connect();
        raw.send("POST /api/auth/login/ HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
        raw.send(format!("{body}{SMUGGLED}"));
        let answer = raw.until_closed();
        assert_eq!(head_of(&answer), (Some(400), 1), "{body:?}: {answer}");
    }
}

fn what_follows_a_refused_request_is_not_read(place: &Place) {
    let server = place.server();
    let mut raw = server.connect();
    raw.send(format!("{SMUGGLED}GARBAGE\r\n\r\n{SMUGGLED}"));
    let answer = raw.until_closed();
    assert_eq!(answer.matches("HTTP/1.1 200 ").count(), 1, "{answer}");
    assert_eq!(answer.matches("HTTP/1.1 400 ").count(), 1, "{answer}");
}
