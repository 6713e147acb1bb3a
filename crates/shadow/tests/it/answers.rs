//! Clients get the upstream server's answers, whatever becomes of the candidate.

use crate::stage::{Server, Stage, gate, json};
use actix_web::HttpResponse;
use actix_web::body::SizedStream;
use doorward_shadow::{Kind, Skipped};
use futures_util::stream;
use serde_json::json as value;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

const MIB: usize = 1 << 20;

fn ok() -> Server {
    Server::start(|_| json(200, &value!({"ok": true})))
}

#[test]
fn a_client_gets_the_answer_of_the_upstream_server_alone() {
    let upstream = Server::start(|asked| {
        HttpResponse::ImATeapot()
            .insert_header(("x-a", "1"))
            .append_header(("x-a", "2"))
            .body(asked.target.clone())
    });
    let stage = Stage::new(&upstream, &ok(), |_| ());
    let answer = stage.get("/api/auth/x/?a=b%20c&d");
    assert_eq!(answer.status(), 418);
    assert_eq!(answer.headers().get_all("x-a").iter().collect::<Vec<_>>(), ["1", "2"]);
    assert_eq!(answer.body(), b"/api/auth/x/?a=b%20c&d");
    assert_eq!(stage.end().0.compared, 1);
}

#[test]
fn a_slow_candidate_makes_nobody_wait() {
    let (open, wait) = gate();
    let candidate = Server::start(move |_| {
        wait();
        json(200, &value!({"ok": true}))
    });
    let stage = Stage::new(&ok(), &candidate, |_| ());
    for _ in 0..20 {
        assert_eq!(stage.get("/api/dashboard/").status(), 200);
    }
    // All twenty were answered while the candidate had answered none.
    open();
    let (summary, _) = stage.end();
    assert_eq!((summary.compared, summary.is_clean()), (20, true));
}

#[test]
fn a_candidate_that_takes_too_long_is_reported() {
    let (open, wait) = gate();
    let candidate = Server::start(move |_| {
        wait();
        json(200, &value!({}))
    });
    let stage =
        Stage::new(&ok(), &candidate, |options| options.candidate_time_limit = Duration::from_millis(50));
    assert_eq!(stage.get("/api/dashboard/").status(), 200);
    // The time limit of the first runs while the rest is answered: what is late waits for nobody.
    while !stage.get("/api/dashboard/").status().is_success() {}
    let (summary, report) = stage.end();
    open();
    assert!(summary.differences[&Kind::NoAnswer] >= 1, "{summary:?}");
    assert!(report.contains("no answer in time"), "{report}");
}

#[test]
fn a_dead_candidate_is_reported_and_harms_nobody() {
    let stage = Stage::new(&ok(), &Server::dead(), |_| ());
    for _ in 0..3 {
        assert_eq!(stage.get("/api/dashboard/").status(), 200);
    }
    let (summary, report) = stage.end();
    assert_eq!(summary.differences, [(Kind::NoAnswer, 3)].into());
    assert!(report.contains("GET /api/dashboard/ no-answer: upstream 200 | candidate no answer"), "{report}");
}

#[test]
fn a_dead_upstream_server_is_a_bad_gateway() {
    let candidate = ok();
    let stage = Stage::new(&Server::dead(), &candidate, |_| ());
    let answer = stage.get("/api/dashboard/");
    assert_eq!(answer.status(), 502);
    assert_eq!(answer.body(), br#"{"detail":"The upstream server did not answer."}"#);
    let (summary, _) = stage.end();
    assert_eq!(summary.skipped, [(Skipped::UpstreamFailed, 1)].into());
    assert_eq!(candidate.asked(), []);
}

#[test]
fn an_upstream_server_that_takes_too_long_is_a_gateway_timeout() {
    let (open, wait) = gate();
    let upstream = Server::start(move |_| {
        wait();
        json(200, &value!({}))
    });
    let stage =
        Stage::new(&upstream, &ok(), |options| options.upstream_time_limit = Duration::from_millis(50));
    assert_eq!(stage.get("/api/dashboard/").status(), 504);
    open();
    assert_eq!(stage.end().0.skipped, [(Skipped::UpstreamFailed, 1)].into());
}

#[test]
fn a_large_request_is_passed_on_as_it_comes_and_not_compared() {
    let upstream = Server::start(|asked| {
        let sum: u64 = asked.body.iter().map(|byte| u64::from(*byte)).sum();
        json(200, &value!({"length": asked.body.len(), "sum": sum, "said": asked.header("content-length")}))
    });
    let candidate = ok();
    let stage = Stage::new(&upstream, &candidate, |options| options.mirror_writes = true);
    let body: Vec<u8> = (0..=255).cycle().take(5 * MIB).collect();
    let sum: u64 = body.iter().map(|byte| u64::from(*byte)).sum();
    let answer = stage.send(http::Request::post("/api/auth/x/").body(&body[..]).unwrap());
    let expected = value!({"length": body.len(), "sum": sum, "said": body.len().to_string()});
    assert_eq!(serde_json::from_slice::<serde_json::Value>(answer.body()).unwrap(), expected);
    let (summary, _) = stage.end();
    assert_eq!(summary.skipped, [(Skipped::TooLarge, 1)].into());
    assert_eq!(candidate.asked(), []);
}

#[test]
fn a_large_answer_is_passed_on_as_it_comes_and_not_compared() {
    let upstream = Server::start(|_| HttpResponse::Ok().body(vec![b'x'; 5 * MIB]));
    let candidate = ok();
    let stage = Stage::new(&upstream, &candidate, |_| ());
    let answer = stage.get("/api/dashboard/");
    assert_eq!(answer.headers()["content-length"], (5 * MIB).to_string().as_str());
    assert!(answer.body().len() == 5 * MIB && answer.body().iter().all(|byte| *byte == b'x'));
    let (summary, _) = stage.end();
    assert_eq!(summary.skipped, [(Skipped::TooLarge, 1)].into());
}

#[test]
fn a_large_answer_of_the_candidate_is_not_compared() {
    let candidate = Server::start(|_| HttpResponse::Ok().body(vec![b'x'; 5 * MIB]));
    let stage = Stage::new(&ok(), &candidate, |_| ());
    stage.get("/api/dashboard/");
    let (summary, _) = stage.end();
    assert_eq!(summary.skipped, [(Skipped::TooLarge, 1)].into());
    assert!(summary.is_clean());
}

#[test]
fn an_answer_of_unknown_length_comes_whole_and_is_compared() {
    let streams = || {
        Server::start(|_| {
            let chunks = ["[1,", "2]"].map(|chunk| Ok::<_, std::io::Error>(chunk.into()));
            HttpResponse::Ok().content_type("application/json").streaming(stream::iter(chunks))
        })
    };
    let stage = Stage::new(&streams(), &streams(), |_| ());
    let answer = stage.get("/api/dashboard/");
    assert_eq!(answer.body(), b"[1,2]");
    assert_eq!(answer.headers()["transfer-encoding"], "chunked");
    let (summary, _) = stage.end();
    assert_eq!((summary.compared, summary.is_clean()), (1, true));
}

#[test]
fn an_answer_that_breaks_off_breaks_off_for_the_client_and_is_not_compared() {
    let upstream = Server::start(|_| {
        let chunks = [Ok("[1,".into()), Err(std::io::Error::other("broken"))];
        HttpResponse::Ok().body(SizedStream::new(9, stream::iter(chunks)))
    });
    let candidate = ok();
    let stage = Stage::new(&upstream, &candidate, |_| ());
    let url = format!("http://{}/api/dashboard/", stage.address);
    let read = ureq::get(url).call().and_then(|mut answer| answer.body_mut().read_to_vec());
    assert!(read.is_err(), "{read:?}");
    let (summary, _) = stage.end();
    assert_eq!(summary.skipped, [(Skipped::UpstreamFailed, 1)].into());
    assert_eq!(candidate.asked(), []);
}

#[test]
fn a_head_keeps_its_length_and_is_compared() {
    let upstream = ok();
    let stage = Stage::new(&upstream, &ok(), |_| ());
    let answer = stage.send(http::Request::head("/api/dashboard/").body(&[][..]).unwrap());
    assert_eq!(answer.headers()["content-length"], r#"{"ok":true}"#.len().to_string().as_str());
    assert_eq!(answer.body(), b"");
    // The connection goes on.
    assert_eq!(stage.get("/api/dashboard/").status(), 200);
    assert_eq!(stage.end().0.compared, 2);
}

#[test]
fn an_answer_without_a_body_is_compared() {
    let empty = || Server::start(|_| HttpResponse::NoContent().finish());
    let stage = Stage::new(&empty(), &empty(), |_| ());
    assert_eq!(stage.get("/api/dashboard/").status(), 204);
    assert_eq!(stage.end().0.compared, 1);
}

#[test]
fn what_finds_no_memory_is_passed_on_as_it_comes_and_counted() {
    let upstream = Server::start(|asked| HttpResponse::Ok().body(asked.body.clone()));
    let candidate = ok();
    let stage = Stage::new(&upstream, &candidate, |options| {
        options.mirror_writes = true;
        options.memory = MIB / 2;
    });
    let body = vec![b'x'; 3 * MIB / 4];
    // A request that finds none, and an answer.
    let answer = stage.send(http::Request::post("/api/auth/x/").body(&body[..]).unwrap());
    assert_eq!(answer.body(), &body);
    let answer = stage.send(http::Request::post("/api/auth/x/").body(&body[..300_000]).unwrap());
    assert_eq!(answer.body(), &body[..300_000]);
    let (summary, _) = stage.end();
    assert_eq!(summary.skipped, [(Skipped::MemoryFull, 2)].into());
    assert_eq!(candidate.asked(), []);
}

#[test]
fn what_waits_for_the_candidate_counts_until_it_was_compared() {
    let (open, wait) = gate();
    let candidate = Server::start(move |_| {
        wait();
        json(200, &value!({"ok": true}))
    });
    let stage = Stage::new(&ok(), &candidate, |options| {
        options.mirror_writes = true;
        options.concurrency = 1;
        options.memory = MIB / 2;
    });
    let body = vec![b'x'; 200_000];
    for _ in 0..5 {
        let answer = stage.send(http::Request::post("/api/auth/x/").body(&body[..]).unwrap());
        assert_eq!(answer.status(), 200);
    }
    open();
    let (summary, report) = stage.end();
    let skipped = summary.skipped[&Skipped::MemoryFull];
    assert!((3..5).contains(&skipped), "{summary:?}");
    assert_eq!((summary.compared, summary.is_clean()), (5 - skipped, true), "{report}");
}

#[test]
fn a_body_that_is_not_compared_is_passed_on_before_its_end() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut upstream = Server::dead();
    upstream.address = listener.local_addr().unwrap();
    let stage = Stage::new(&upstream, &ok(), |_| ());
    let mut client = TcpStream::connect(stage.address).unwrap();
    let head = "POST /shop/ HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: 6\r\n\r\n";
    client.write_all(head.as_bytes()).unwrap();
    client.write_all(b"abc").unwrap();
    let (mut server, _) = listener.accept().unwrap();
    read_until(&mut server, b"\r\n\r\nabc");
    client.write_all(b"def").unwrap();
    read_until(&mut server, b"def");
    server.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").unwrap();
    read_until(&mut client, b"\r\n\r\nok");
    assert_eq!(stage.end().0.skipped, [(Skipped::Path, 1)].into());
}

fn read_until(stream: &mut TcpStream, end: &[u8]) {
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let mut read = Vec::new();
    while !read.ends_with(end) {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        read.extend(byte);
    }
}
