use crate::harness::bodies::{BLACKLISTED, INVALID, bearer_refused, token_not_valid};
use crate::harness::{Pair, Place};
use doorward_testkit::{Case, cases};
use serde_json::json;

pub(super) fn cases() -> Vec<Case<Place>> {
    cases![
        blacklist: the_session_of_the_token_is_over,
        a_token_is_blacklisted_once,
        an_access_token_blacklists_nothing,
        every_encoding_is_read,
        within_the_grace_the_previous_token_ends_the_session_too,
    ]
}

fn the_session_of_the_token_is_over(place: &Place) {
    let server = place.server();
    let pair = server.join_and_log_in("alice");
    server.blacklist(&pair.refresh).must_be(200, &json!({}));
    server.dashboard(&pair.access).must_be(401, &bearer_refused(BLACKLISTED));
    server.refresh(&pair.refresh).must_be(401, &token_not_valid(BLACKLISTED));
}

fn a_token_is_blacklisted_once(place: &Place) {
    let server = place.server();
    let token = server.join_and_log_in("alice").refresh;
    server.blacklist(&token).must_have_status(200);
    server.blacklist(&token).must_be(401, &token_not_valid(BLACKLISTED));
}

fn an_access_token_blacklists_nothing(place: &Place) {
    let server = place.server();
    let pair = server.join_and_log_in("alice");
    server.blacklist(&pair.access).must_be(401, &token_not_valid("Token has wrong type"));
    server.blacklist("garbage").must_be(401, &token_not_valid(INVALID));
    server.dashboard(&pair.access).must_have_status(200);
}

fn every_encoding_is_read(place: &Place) {
    let server = place.server();
    server.join("alice");
    let token = server.log_in("alice").refresh;
    server.post("/api/auth/token/blacklist").form(&[("refresh", &token)]).send().must_have_status(200);
    let token = server.log_in("alice").refresh;
    server.post("/api/auth/token/blacklist/").multipart(&[("refresh", &token)]).send().must_have_status(200);
}

fn within_the_grace_the_previous_token_ends_the_session_too(place: &Place) {
    let server = place.server();
    let first = server.join_and_log_in("alice").refresh;
    let second = Pair::of(&server.refresh(&first));
    server.blacklist(&first).must_have_status(200);
    server.dashboard(&second.access).must_be(401, &bearer_refused(BLACKLISTED));
}
