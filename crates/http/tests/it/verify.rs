use crate::support::Server;
use doorward_domain::session::Client;
use doorward_domain::testing::block_on;
use serde_json::json;

const PATH: &str = "/api/auth/token/verify/";

#[test]
fn tokens_of_both_types_are_verified() {
    let server = Server::start();
    let tokens = server.login();
    for token in [tokens.access, tokens.refresh] {
        server.post(PATH, &json!({"token": token})).assert(200, "{}");
    }
}

#[test]
fn what_is_no_token_is_refused() {
    let server = Server::start();
    server
        .post(PATH, &json!({"token": "garbage"}))
        .assert(401, r#"{"detail":"Token is invalid or expired","code":"token_not_valid"}"#);
    server.post(PATH, "{}").assert(400, r#"{"token":["This field is required."]}"#);
}

#[test]
fn a_revoked_token_is_an_error_of_the_body() {
    let server = Server::start();
    let tokens = server.login();
    block_on(server.world.auth.logout_with(&tokens.refresh, Client::default())).unwrap();
    for token in [tokens.access, tokens.refresh] {
        server
            .post(PATH, &json!({"token": token}))
            .assert(400, r#"{"non_field_errors":["Token is blacklisted"]}"#);
    }
}
