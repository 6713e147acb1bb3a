use crate::support::{Server, bearer};

#[test]
fn a_method_that_is_not_there_is_told_with_those_that_are() {
    let server = Server::start();
    for method in ["GET", "PUT", "PATCH", "DELETE", "TRACE", "BREW"] {
        let answer = server.send(method, "/api/auth/register/", &[], b"");
        answer.assert(405, &format!(r#"{{"detail":"Method \"{method}\" not allowed."}}"#));
        assert_eq!(answer.header("allow"), Some("POST, OPTIONS"));
    }
    let answer = server.send("PUT", "/api/dashboard/", &[&bearer(&server.login().access)], b"{}");
    answer.assert(405, r#"{"detail":"Method \"PUT\" not allowed."}"#);
    assert_eq!(answer.header("allow"), Some("GET, POST, HEAD, OPTIONS"));
}

#[test]
fn a_stranger_learns_no_methods_of_a_closed_path() {
    let server = Server::start();
    for method in ["PUT", "OPTIONS", "BREW"] {
        let answer = server.send(method, "/api/dashboard/", &[], b"");
        answer.assert(401, r#"{"detail":"Authentication credentials were not provided."}"#);
    }
}

#[test]
fn head_is_get_without_a_body() {
    let server = Server::start();
    let answer = server.send("HEAD", "/api/dashboard", &[&bearer(&server.login().access)], b"");
    assert_eq!((answer.status, answer.text.as_str()), (200, ""));
    assert_eq!(answer.header("content-length"), Some("22"));
    assert_eq!(server.send("HEAD", "/api/auth/login/", &[], b"").status, 405);
}

#[test]
fn options_tells_what_can_be_done() {
    let server = Server::start();
    let answer = server.send("OPTIONS", "/api/auth/token/refresh/", &[], b"");
    assert_eq!((answer.status, answer.header("allow")), (200, Some("POST, OPTIONS")));
    assert_eq!(
        answer.text,
        concat!(
            r#"{"name":"Token Refresh","description":"Takes a refresh type JSON web token and returns an access "#,
            r#"type JSON web\ntoken if the refresh token is valid.","renders":["application/json"],"#,
            r#""parses":["application/json","application/x-www-form-urlencoded","multipart/form-data"],"#,
            r#""actions":{"POST":{"refresh":{"type":"string","required":true,"read_only":false,"label":"Refresh"},"#,
            r#""access":{"type":"string","required":false,"read_only":true,"label":"Access"}}}}"#
        )
    );
    let answer = server.send("OPTIONS", "/api/dashboard/", &[&bearer(&server.login().access)], b"");
    assert_eq!((answer.status, answer.header("allow")), (200, Some("GET, POST, HEAD, OPTIONS")));
    assert!(answer.text.starts_with(r#"{"name":"Dashboard","description":"","renders":"#), "{}", answer.text);
}

#[test]
fn every_path_answers_with_and_without_its_final_slash() {
    let server = Server::start();
    for path in ["/api/auth/register", "/api/auth/login", "/api/auth/token/refresh", "/api/auth/logout"] {
        assert_eq!(server.post(path, "{}").text, server.post(&format!("{path}/"), "{}").text);
    }
    for path in ["/healthz", "/readyz", "/api/schema", "/.well-known/jwks.json"] {
        for path in [path, &format!("{path}/")] {
            assert_eq!(server.get(path).status, 200, "{path}");
        }
    }
}

#[test]
fn an_unknown_path_is_not_found() {
    let server = Server::start();
    for path in ["/nope", "/api/", "/api/auth/sessions/x/y/", "/api/docs/secret", "/api/dashboard//", "/%ff"]
    {
        server.get(path).assert(404, r#"{"detail":"Not found."}"#);
    }
}
