use crate::harness::bodies::{BLACKLISTED, INVALID, bearer_refused, token_not_valid};
use crate::harness::{PASSWORD, Place};
use doorward_testkit::{Case, cases};
use serde_json::json;

pub(super) fn cases() -> Vec<Case<Place>> {
    cases![
        logout: a_refresh_token_ends_its_session,
        a_bearer_ends_its_session,
        with_a_refresh_token_the_bearer_may_have_expired,
        other_sessions_live_on,
        without_a_token_it_is_told_what_is_missing,
        a_token_that_is_refused_ends_nothing,
        every_encoding_is_read,
        what_was_logged_out_stays_so_after_a_restart,
    ]
}

fn a_refresh_token_ends_its_session(place: &Place) {
    let server = place.server();
    let pair = server.join_and_log_in("alice");
    server.logout(&pair.refresh).must_be(200, &json!({}));
    server.dashboard(&pair.access).must_be(401, &bearer_refused(BLACKLISTED));
    server.refresh(&pair.refresh).must_be(401, &token_not_valid(BLACKLISTED));
    server.logout(&pair.refresh).must_be(401, &token_not_valid(BLACKLISTED));
}

fn a_bearer_ends_its_session(place: &Place) {
    let server = place.server();
    let pair = server.join_and_log_in("alice");
    let logout = || server.post("/api/auth/logout/").bearer(&pair.access).send();
    logout().must_be(200, &json!({}));
    logout().must_be(401, &bearer_refused(BLACKLISTED));
    server.refresh(&pair.refresh).must_be(401, &token_not_valid(BLACKLISTED));
}

fn with_a_refresh_token_the_bearer_may_have_expired(place: &Place) {
    let server = place.server();
    let pair = server.join_and_log_in("alice");
    server.pass(300);
    let body = json!({"refresh": pair.refresh});
    server.post("/api/auth/logout/").bearer(&pair.access).json(&body).send().must_have_status(200);
    server.refresh(&pair.refresh).must_have_status(401);
}

fn other_sessions_live_on(place: &Place) {
    let server = place.server();
    let (gone, stays) = (server.join_and_log_in("alice"), server.log_in("alice"));
    server.logout(&gone.refresh).must_have_status(200);
    server.dashboard(&stays.access).must_have_status(200);
    server.refresh(&stays.refresh).must_have_status(200);
}

fn without_a_token_it_is_told_what_is_missing(place: &Place) {
    let server = place.server();
    server.post("/api/auth/logout/").send().must_be(400, &json!({"refresh": ["This field is required."]}));
    let blank = server.post("/api/auth/logout/").json(&json!({"refresh": " "})).send();
    blank.must_be(400, &json!({"refresh": ["This field may not be blank."]}));
}

fn a_token_that_is_refused_ends_nothing(place: &Place) {
    let server = place.server();
    let pair = server.join_and_log_in("alice");
    server.logout("garbage").must_be(401, &token_not_valid(INVALID));
    server.logout(&pair.access).must_be(401, &token_not_valid("Token has wrong type"));
    server
        .post("/api/auth/logout/")
        .bearer(&pair.refresh)
        .send()
        .must_be(401, &bearer_refused("Token has wrong type"));
    server.dashboard(&pair.access).must_have_status(200);
}

fn every_encoding_is_read(place: &Place) {
    let server = place.server();
    server.join("alice");
    let token = server.log_in("alice").refresh;
    server.post("/api/auth/logout").form(&[("refresh", &token)]).send().must_have_status(200);
    let token = server.log_in("alice").refresh;
    server.post("/api/auth/logout/").multipart(&[("refresh", &token)]).send().must_have_status(200);
}

fn what_was_logged_out_stays_so_after_a_restart(place: &Place) {
    let server = place.server();
    let pair = server.join_and_log_in("alice");
    server.logout(&pair.refresh).must_have_status(200);
    drop(server);
    let server = place.server();
    server.dashboard(&pair.access).must_be(401, &bearer_refused(BLACKLISTED));
    server.refresh(&pair.refresh).must_be(401, &token_not_valid(BLACKLISTED));
    server.login("alice", PASSWORD).must_have_status(200);
}
