//! The pages, the document, and what machines ask about the server.

use crate::harness::Place;
use doorward_testkit::{Case, cases};
use flate2::read::GzDecoder;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::io::Read as _;

pub(super) fn cases() -> Vec<Case<Place>> {
    cases![
        site: the_first_page_shows_the_way,
        the_server_is_alive_and_ready,
        the_schema_describes_every_call,
        the_docs_page_loads_nothing_from_elsewhere,
        the_docs_page_comes_packed_to_who_takes_it_so,
    ]
}

fn the_first_page_shows_the_way(place: &Place) {
    let server = place.server();
    let page = server.get("/").send();
    page.must_have_status(200);
    assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
    let text = page.text();
    let mut links = 0;
    for link in text.split("href=\"").skip(1) {
        let (target, _) = link.split_once('"').unwrap();
        server.get(format!("/{target}")).send().must_have_status(200);
        links += 1;
    }
    assert!(links >= 3 && text.contains("Doorward"));
    assert_offline(&text);
}

fn the_server_is_alive_and_ready(place: &Place) {
    let server = place.server();
    for path in ["/healthz", "/readyz"] {
        server.get(path).send().must_be(200, &json!({"status": "ok"}));
    }
}

fn the_schema_describes_every_call(place: &Place) {
    let answer = place.server().get("/api/schema/").send();
    assert_eq!(answer.header("content-type"), Some("application/json"));
    let document = answer.json();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1."));
    let paths = document["paths"].as_object().unwrap();
    let mut calls = BTreeSet::new();
    for (path, methods) in paths {
        calls.extend(methods.as_object().unwrap().keys().map(|method| format!("{method} {path}")));
    }
    for call in [
        "post /api/auth/register/",
        "post /api/auth/login/",
        "post /api/auth/token/refresh/",
        "post /api/auth/token/verify/",
        "post /api/auth/token/blacklist/",
        "post /api/auth/logout/",
        "post /api/auth/logout/all/",
        "get /api/auth/sessions/",
        "delete /api/auth/sessions/{id}/",
        "get /api/auth/user/",
        "patch /api/auth/user/",
        "delete /api/auth/user/",
        "get /api/auth/user/export/",
        "post /api/auth/registration/verify-email/",
        "post /api/auth/registration/resend-email/",
        "post /api/auth/password/reset/",
        "post /api/auth/password/reset/confirm/",
        "post /api/auth/password/change/",
        "post /api/auth/email/change/",
        "post /api/auth/email/change/confirm/",
        "post /api/auth/email/change/undo/",
        "get /api/dashboard/",
        "post /api/dashboard/",
        "get /.well-known/jwks.json",
        "get /healthz",
        "get /readyz",
        "get /metrics",
        "get /",
        "get /api/schema/",
        "get /api/docs/",
    ] {
        assert!(calls.contains(call), "{call} is not in {calls:?}");
    }
    // Every error that has a body says what is in it.
    for call in paths.values().flat_map(|methods| methods.as_object().unwrap().values()) {
        for (status, response) in call["responses"].as_object().unwrap() {
            let content = &response["content"];
            let is_page = content["text/html"].is_object();
            let described = is_page || content["application/json"]["schema"].is_object();
            assert!(status.as_str() < "400" || described, "{}: {status}", call["operationId"]);
        }
    }
    assert_no_loose_ends(&document, &document);
}

/// Every reference leads somewhere.
fn assert_no_loose_ends(document: &Value, part: &Value) {
    match part {
        Value::Object(members) => {
            if let Some(Value::String(reference)) = members.get("$ref") {
                let target = reference.strip_prefix('#').and_then(|pointer| document.pointer(pointer));
                assert!(target.is_some(), "{reference} leads nowhere");
            }
            members.values().for_each(|member| assert_no_loose_ends(document, member));
        }
        Value::Array(items) => items.iter().for_each(|item| assert_no_loose_ends(document, item)),
        _ => {}
    }
}

fn the_docs_page_comes_packed_to_who_takes_it_so(place: &Place) {
    let server = place.server();
    for file in ["", "swagger-ui.css", "swagger-ui-bundle.js"] {
        let asked = |encodings: &str| {
            let answer = server.get(format!("/api/docs/{file}")).header("Accept-Encoding", encodings).send();
            assert_eq!((answer.status, answer.header("vary")), (200, Some("Accept-Encoding")));
            answer
        };
        let plain = asked("identity");
        assert_eq!(plain.header("content-encoding"), None);
        for refusing in ["gzip;q=0", "br"] {
            assert_eq!(asked(refusing).body, plain.body);
        }
        let packed = asked("br, gzip;q=0.8");
        assert_eq!(packed.header("content-encoding"), Some("gzip"));
        assert!(packed.body.len() * 2 < plain.body.len());
        let mut unpacked = Vec::new();
        GzDecoder::new(&*packed.body).read_to_end(&mut unpacked).unwrap();
        assert!(unpacked == plain.body, "{file}");
    }
}

fn the_docs_page_loads_nothing_from_elsewhere(place: &Place) {
    let server = place.server();
    let bare = server.get("/api/docs").send();
    assert_eq!((bare.status, bare.header("location")), (308, Some("docs/")));
    let answer = server.get("/api/docs/").send();
    answer.must_have_status(200);
    assert!(answer.header("content-type").unwrap().starts_with("text/html"));
    let policy = answer.header("content-security-policy").unwrap();
    assert!(!policy.contains("http") && !policy.contains('*'), "{policy}");
    let text = answer.text();
    assert_offline(&text);
    let links = ["src=\"", "href=\""].iter().flat_map(|attribute| text.split(attribute).skip(1));
    let mut loaded = 0;
    for link in links {
        let (target, _) = link.split_once('"').unwrap();
        let file = target.trim_start_matches("./");
        assert!(!file.contains(['/', ':']), "{target}");
        server.get(format!("/api/docs/{file}")).send().must_have_status(200);
        loaded += 1;
    }
    assert!(loaded >= 3, "{text}");
    let start = server.get("/api/docs/swagger-initializer.js").send().text();
    assert!(
        start.contains("/schema/") && !start.contains("http://") && !start.contains("https://"),
        "{start}"
    );
}

/// Fails if a page makes the browser call somebody else.
fn assert_offline(page: &str) {
    for away in ["src=\"http", "href=\"http", "src=\"//", "href=\"//", "@import", "url(http"] {
        assert!(!page.contains(away), "{away} is in\n{page}");
    }
}
