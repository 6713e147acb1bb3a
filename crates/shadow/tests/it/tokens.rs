//! Each server is sent its own tokens.

use crate::stage::{Asked, Server, Stage, json};
use actix_web::HttpResponse;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use doorward_shadow::Options;
use serde_json::{Value, json as value};

/// An access token that only the server of that name knows.
fn token(server: &str) -> String {
    let part = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let claims = value!({"token_type": "access", "iat": 1, "exp": 301, "jti": server, "user_id": 1});
    format!("{}.{}.{}", part(value!({"alg": "HS256"})), part(claims), URL_SAFE_NO_PAD.encode(server))
}

/// A server that lets in who shows its own token.
fn server(name: &'static str) -> Server {
    Server::start(move |asked: &Asked| -> HttpResponse {
        if asked.target == "/api/auth/login/" {
            return json(200, &value!({ "access": token(name) }));
        }
        let shown = asked.header("authorization").unwrap_or_default();
        json(if shown == format!("Bearer {}", token(name)) { 200 } else { 401 }, &value!({}))
    })
}

/// Whether a client that logs in and comes back meets no difference.
fn is_clean(change: impl FnOnce(&mut Options)) -> bool {
    let stage = Stage::new(&server("django"), &server("doorward"), |options| {
        options.mirror_writes = true;
        change(options);
    });
    stage.post("/api/auth/login/", &value!({"username": "alice"}));
    let request =
        http::Request::get("/api/dashboard/").header("authorization", format!("Bearer {}", token("django")));
    assert_eq!(stage.send(request.body(&[][..]).unwrap()).status(), 200);
    stage.end().0.is_clean()
}

#[test]
fn who_logged_in_is_known_to_each_server_by_its_own_token() {
    assert!(is_clean(|_| ()));
}

#[test]
fn the_candidate_is_sent_the_same_tokens_where_that_is_asked_for() {
    assert!(!is_clean(|options| options.same_tokens = true));
}
