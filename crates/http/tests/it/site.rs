use crate::support::{Answer, Server};
use doorward_http::HttpSettings;

#[test]
fn the_home_page_leads_to_the_docs() {
    let page = Server::start().get("/");
    assert_eq!((page.status, page.header("content-type")), (200, Some("text/html; charset=utf-8")));
    assert!(page.text.contains("href=\"api/docs/\""));
}

#[test]
fn the_docs_page_loads_nothing_from_elsewhere() {
    let server = Server::start();
    let page = server.get("/api/docs/");
    assert_eq!(page.status, 200);
    assert!(page.header("content-security-policy").unwrap().contains("script-src 'self';"));
    let named = |attribute: &str| {
        page.text
            .split(attribute)
            .skip(1)
            .map(|rest| rest.split('"').next().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let files = [named("src=\""), named("href=\"")].concat();
    assert!(files.len() >= 5);
    for file in files {
        let path = format!("/api/docs/{}", file.trim_start_matches("./"));
        // Icons are no text; the support only reads text.
        if !path.contains(".png") {
            assert_eq!(server.get(&path).status, 200, "{path}");
        }
    }
    let initializer = server.get("/api/docs/swagger-initializer.js").text;
    assert!(
        initializer.contains("../schema/") && initializer.contains("\"validatorUrl\": \"none\""),
        "{initializer}"
    );
    let moved = server.get("/api/docs");
    assert_eq!((moved.status, moved.header("location")), (308, Some("docs/")));
}

#[test]
fn the_schema_is_openapi_3_1() {
    let schema = Server::start().get("/api/schema/").json();
    assert!(schema["openapi"].as_str().unwrap().starts_with("3.1"));
    let login = &schema["paths"]["/api/auth/login/"]["post"]["responses"];
    for status in ["200", "400", "401", "408", "413", "415", "500", "503"] {
        assert!(login.get(status).is_some(), "{status} is not in {login}");
    }
}

#[test]
fn the_keys_may_be_kept_for_a_while() {
    let answer = Server::start().get("/.well-known/jwks.json");
    answer.assert(200, r#"{"keys":[]}"#);
    assert_eq!(answer.header("cache-control"), Some("public, max-age=300"));
}

#[test]
fn figures_name_routes_by_their_pattern() {
    let server = Server::start();
    for path in ["/nope/1", "/nope/2", "/api/auth/sessions/1", "/api/auth/sessions/2"] {
        server.get(path);
    }
    let figures = server.get("/metrics").text;
    assert!(
        figures.contains(r#"doorward_http_requests_total{method="GET",route="unmatched",status="404"} 2"#),
        "{figures}"
    );
    let session =
        r#"doorward_http_requests_total{method="GET",route="/api/auth/sessions/{id}/",status="401"} 2"#;
    assert!(figures.contains(session), "{figures}");
}

#[test]
fn every_answer_has_a_request_id_and_careful_headers() {
    let server = Server::start();
    let check = |answer: Answer| {
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        let policy = answer.header("content-security-policy").unwrap();
        assert!(policy.starts_with("default-src 'none'") && policy.contains("frame-ancestors 'none'"));
        assert_eq!(answer.header("x-request-id").unwrap().len(), 32);
    };
    check(server.get("/"));
    check(server.get("/nope"));
    check(server.get("/api/dashboard/"));
    check(server.send("PUT", "/api/auth/login/", &[], b""));
    let named = server.send("GET", "/healthz", &["X-Request-Id: edge-1"], b"");
    assert_eq!(named.header("x-request-id"), Some("edge-1"));
}

#[test]
fn what_is_said_of_documents_is_said_of_all_but_json() {
    let server = Server::start();
    for (path, of_document) in
        [("/", true), ("/metrics", true), ("/api/docs/", true), ("/nope", false), ("/api/dashboard/", false)]
    {
        let answer = server.get(path);
        for (name, value) in [
            ("x-frame-options", "DENY"),
            ("referrer-policy", "no-referrer"),
            ("cross-origin-opener-policy", "same-origin"),
        ] {
            assert_eq!(answer.header(name), of_document.then_some(value), "{path}");
        }
    }
}

#[test]
fn cross_origin_answers_are_off_unless_configured() {
    let origin = "Origin: https://app.example.com";
    let preflight =
        [origin, "Access-Control-Request-Method: POST", "Access-Control-Request-Headers: content-type"];
    let off = Server::start();
    assert_eq!(off.send("GET", "/healthz", &[origin], b"").header("access-control-allow-origin"), None);

    let cors_origins = vec!["https://app.example.com".to_owned()];
    let on = Server::with(HttpSettings { cors_origins, ..HttpSettings::default() });
    let allowed = on.send("OPTIONS", "/api/auth/login/", &preflight, b"");
    assert_eq!(allowed.status, 200);
    assert_eq!(allowed.header("access-control-allow-origin"), Some("https://app.example.com"));
    assert_eq!(allowed.header("access-control-allow-credentials"), None);
    let answer = on.send("GET", "/nope", &[origin], b"");
    assert_eq!(answer.header("access-control-allow-origin"), Some("https://app.example.com"));
    let other = on.send("GET", "/healthz", &["Origin: https://evil.example.com"], b"");
    assert_eq!(other.header("access-control-allow-origin"), None);
}

#[test]
fn a_trusted_proxy_tells_who_the_client_is() {
    let trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
    let server = Server::with(HttpSettings { trusted_proxies, ..HttpSettings::default() });
    let body = format!(r#"{{"username":"alice","password":"{}"}}"#, crate::support::PASSWORD);
    let headers = ["Content-Type: application/json", "X-Forwarded-For: 1.1.1.1, 198.51.100.7"];
    let login = server.send("POST", "/api/auth/login/", &headers, body.as_bytes()).json();
    let listed = server.get_as(login["access"].as_str().unwrap(), "/api/auth/sessions/").json();
    assert_eq!(listed[0]["address"], "198.51.100.7");
}
