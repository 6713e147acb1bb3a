//! Which headers reach whom.

use crate::stage::{Server, Stage, json};
use actix_web::HttpResponse;
use serde_json::json as value;

fn echo() -> Server {
    Server::start(|_| json(200, &value!({})))
}

#[test]
fn both_servers_are_asked_the_same() {
    let (upstream, candidate) = (echo(), echo());
    let stage = Stage::new(&upstream, &candidate, |options| options.mirror_writes = true);
    let request = http::Request::put("/api/auth/x/?y=%2F")
        .header("host", "api.example.com")
        .header("authorization", "Bearer abc")
        .header("content-type", "application/json")
        .header("x-own", "1")
        .body(&b"{\"a\": 1}"[..])
        .unwrap();
    stage.send(request);
    stage.end();
    let [asked] = &upstream.asked()[..] else { panic!("asked once") };
    assert_eq!(
        (&*asked.method, &*asked.target, &*asked.body),
        ("PUT", "/api/auth/x/?y=%2F", &b"{\"a\": 1}"[..])
    );
    assert_eq!(asked.header("authorization"), Some("Bearer abc"));
    assert_eq!(asked.header("host"), Some("api.example.com"));
    let sorted = |server: &Server| {
        let mut asked = server.asked().remove(0);
        asked.headers.sort();
        asked
    };
    assert_eq!(sorted(&upstream), sorted(&candidate));
}

#[test]
fn headers_of_the_connection_stay_behind() {
    let upstream = Server::start(|_| {
        HttpResponse::Ok()
            .insert_header(("keep-alive", "timeout=5"))
            .insert_header(("upgrade", "h2c"))
            .insert_header(("x-stays", "1"))
            .finish()
    });
    let stage = Stage::new(&upstream, &echo(), |_| ());
    let request = http::Request::get("/api/dashboard/")
        .header("connection", "close, X-Nominated")
        .header("x-nominated", "1")
        .header("te", "trailers")
        .header("keep-alive", "1")
        .header("upgrade", "websocket")
        .header("proxy-connection", "x")
        .header("accept-encoding", "gzip")
        .body(&[][..])
        .unwrap();
    let answer = stage.send(request);
    let asked = upstream.asked().remove(0);
    for name in [
        "x-nominated",
        "te",
        "keep-alive",
        "upgrade",
        "proxy-connection",
        "accept-encoding",
        "transfer-encoding",
    ] {
        assert_eq!(asked.header(name), None, "{name}");
    }
    for name in ["keep-alive", "upgrade"] {
        assert_eq!(answer.headers().get(name), None, "{name}");
    }
    assert_eq!(answer.headers()["x-stays"], "1");
    stage.end();
}

#[test]
fn the_way_of_the_client_is_told() {
    let upstream = echo();
    let stage = Stage::new(&upstream, &echo(), |_| ());
    stage.send(http::Request::get("/api/dashboard/").header("host", "a.example").body(&[][..]).unwrap());
    let request = http::Request::get("/api/dashboard/")
        .header("x-forwarded-for", "192.0.2.7")
        .header("x-forwarded-proto", "https")
        .header("x-forwarded-host", "b.example");
    stage.send(request.body(&[][..]).unwrap());
    stage.end();
    let [first, second] = &upstream.asked()[..] else { panic!("asked twice") };
    assert_eq!(first.header("x-forwarded-for"), Some("127.0.0.1"));
    assert_eq!(first.header("x-forwarded-proto"), Some("http"));
    assert_eq!(first.header("x-forwarded-host"), Some("a.example"));
    assert_eq!(first.header("via"), Some("1.1 doorward-shadow"));
    assert_eq!(second.header("x-forwarded-for"), Some("192.0.2.7, 127.0.0.1"));
    assert_eq!(second.header("x-forwarded-proto"), Some("https"));
    assert_eq!(second.header("x-forwarded-host"), Some("b.example"));
}

#[test]
fn the_upstream_server_gets_its_own_host_where_that_is_asked_for() {
    let upstream = echo();
    let stage = Stage::new(&upstream, &echo(), |options| options.rewrite_host = true);
    stage.send(http::Request::get("/api/dashboard/").header("host", "a.example").body(&[][..]).unwrap());
    stage.end();
    let asked = upstream.asked().remove(0);
    assert_eq!(asked.header("host"), Some(upstream.address.to_string().as_str()));
    assert_eq!(asked.header("x-forwarded-host"), Some("a.example"));
}

#[test]
fn a_client_cannot_take_away_what_is_said_of_it() {
    let said = [
        ("authorization", "Bearer abc"),
        ("cookie", "a=b"),
        ("forwarded", "for=192.0.2.7"),
        ("x-forwarded-host", "b.example"),
        ("x-forwarded-proto", "https"),
        ("x-forwarded-port", "443"),
        ("content-length", "2"),
        ("host", "a.example"),
    ];
    let upstream = echo();
    let stage = Stage::new(&upstream, &echo(), |_| ());
    let mut request = http::Request::post("/api/dashboard/").header("x-forwarded-for", "192.0.2.7").header(
        "connection",
        "Authorization, cookie, FORWARDED, x-forwarded-for, x-forwarded-host, x-forwarded-proto, \
         x-forwarded-port, content-length, host, x-own",
    );
    for (name, value) in said {
        request = request.header(name, value);
    }
    stage.send(request.header("x-own", "1").body(&b"{}"[..]).unwrap());
    stage.end();
    let asked = upstream.asked().remove(0);
    for (name, value) in said {
        assert_eq!(asked.header(name), Some(value), "{name}");
    }
    assert_eq!(asked.header("x-forwarded-for"), Some("192.0.2.7, 127.0.0.1"));
    assert_eq!(asked.header("x-own"), None);
}
