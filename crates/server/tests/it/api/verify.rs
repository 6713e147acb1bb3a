use crate::harness::bodies::{BLACKLISTED, INVALID, token_not_valid};
use crate::harness::{Pair, Place};
use doorward::settings::SimpleJwt;
use doorward_testkit::{Case, cases};
use serde_json::json;

pub(super) fn cases() -> Vec<Case<Place>> {
    cases![
        verify: both_tokens_of_a_live_session_are_honoured,
        tokens_of_an_ended_session_are_an_error_of_the_body,
        a_rotated_refresh_token_is_an_error_of_the_body,
        an_expired_token_is_refused,
        tokens_of_an_inactive_account_are_not_honoured,
        every_encoding_is_read,
        from_simplejwt_5_5_on_an_expired_token_is_told_from_an_invalid_one,
    ]
}

fn both_tokens_of_a_live_session_are_honoured(place: &Place) {
    let server = place.server();
    let pair = server.join_and_log_in("alice");
    server.verify(&pair.access).must_be(200, &json!({}));
    server.verify(&pair.refresh).must_be(200, &json!({}));
    // Asking changes nothing.
    server.refresh(&pair.refresh).must_have_status(200);
}

fn tokens_of_an_ended_session_are_an_error_of_the_body(place: &Place) {
    let server = place.server();
    let pair = server.join_and_log_in("alice");
    server.logout(&pair.refresh).must_have_status(200);
    let told = json!({"non_field_errors": [BLACKLISTED]});
    server.verify(&pair.access).must_be(400, &told);
    server.verify(&pair.refresh).must_be(400, &told);
}

fn a_rotated_refresh_token_is_an_error_of_the_body(place: &Place) {
    let server = place.server();
    let first = server.join_and_log_in("alice").refresh;
    let second = Pair::of(&server.refresh(&first)).refresh;
    server.verify(&first).must_be(400, &json!({"non_field_errors": [BLACKLISTED]}));
    server.verify(&second).must_have_status(200);
}

fn an_expired_token_is_refused(place: &Place) {
    let server = place.server();
    let pair = server.join_and_log_in("alice");
    server.pass(300);
    server.verify(&pair.access).must_be(401, &token_not_valid(INVALID));
    server.verify(&pair.refresh).must_have_status(200);
}

fn tokens_of_an_inactive_account_are_not_honoured(place: &Place) {
    let server = place.server();
    let pair = server.join_and_log_in("alice");
    server.set_active("alice", false);
    server.verify(&pair.access).must_be(401, &json!({"detail": "User is inactive", "code": "user_inactive"}));
    server.verify(&pair.refresh).must_be(400, &json!({"non_field_errors": [BLACKLISTED]}));
}

fn every_encoding_is_read(place: &Place) {
    let server = place.server();
    let token = server.join_and_log_in("alice").access;
    server.post("/api/auth/token/verify").form(&[("token", &token)]).send().must_have_status(200);
    server.post("/api/auth/token/verify/").multipart(&[("token", &token)]).send().must_have_status(200);
}

fn from_simplejwt_5_5_on_an_expired_token_is_told_from_an_invalid_one(place: &Place) {
    let server = place.server_with(|settings| settings.tokens.simplejwt = SimpleJwt::V5_5);
    let pair = server.join_and_log_in("alice");
    server.pass(300);
    server.verify(&pair.access).must_be(401, &token_not_valid("Token is expired"));
    server.verify("garbage").must_be(401, &token_not_valid("Token is invalid"));
}
