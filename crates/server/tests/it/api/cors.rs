//! Pages of other origins.

use crate::harness::{Answer, Place, Server};
use doorward_testkit::{Case, cases};

pub(super) fn cases() -> Vec<Case<Place>> {
    cases![
        cors: by_default_no_page_of_another_origin_reads_anything,
        a_configured_origin_may_call_the_api,
        an_origin_that_only_looks_like_a_configured_one_may_not,
    ]
}

const APP: &str = "https://app.example.org";

fn preflight(server: &Server, origin: &str) -> Answer {
    let request = server.request("OPTIONS", "/api/auth/login/").header("Origin", origin);
    let request = request.header("Access-Control-Request-Method", "POST");
    request.header("Access-Control-Request-Headers", "authorization,content-type").send()
}

fn get(server: &Server, origin: &str) -> Answer {
    server.get("/api/dashboard/").header("Origin", origin).send()
}

fn names(answer: &Answer) -> Vec<&str> {
    let all = answer.headers.keys().map(ureq::http::HeaderName::as_str);
    all.filter(|name| name.starts_with("access-control-")).collect()
}

fn by_default_no_page_of_another_origin_reads_anything(place: &Place) {
    let server = place.server();
    for origin in [APP, "null", "http://127.0.0.1:8000"] {
        assert!(names(&preflight(&server, origin)).is_empty() && names(&get(&server, origin)).is_empty());
    }
}

fn a_configured_origin_may_call_the_api(place: &Place) {
    let server = place.server_with(|settings| settings.cors.allowed_origins = vec![APP.parse().unwrap()]);
    let answer = preflight(&server, APP);
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("access-control-allow-origin"), Some(APP));
    for method in ["GET", "POST", "PATCH", "DELETE"] {
        assert!(answer.header("access-control-allow-methods").unwrap().contains(method));
    }
    let answer = get(&server, APP);
    answer.must_have_status(401);
    assert_eq!(answer.header("access-control-allow-origin"), Some(APP));
    // No credentials of the browser: tokens travel in headers and bodies.
    assert_eq!(answer.header("access-control-allow-credentials"), None);
    assert!(answer.header("vary").unwrap().to_ascii_lowercase().contains("origin"));
}

fn an_origin_that_only_looks_like_a_configured_one_may_not(place: &Place) {
    let server = place.server_with(|settings| settings.cors.allowed_origins = vec![APP.parse().unwrap()]);
    for origin in [
        "https://app.example.org.evil.example",
        "https://evil-app.example.org",
        "http://app.example.org",
        "https://app.example.org:8443",
        "https://example.org",
        "null",
    ] {
        for answer in [preflight(&server, origin), get(&server, origin)] {
            assert_eq!(answer.header("access-control-allow-origin"), None, "{origin}");
        }
    }
}
