use crate::harness::Place;
use crate::harness::bodies::{BLACKLISTED, bearer_refused, not_authenticated, token_not_valid};
use doorward_testkit::{Case, cases};
use serde_json::json;

pub(super) fn cases() -> Vec<Case<Place>> {
    cases![
        logout_all: every_session_of_the_caller_is_over_and_nobody_elses,
        strangers_end_nothing,
    ]
}

fn every_session_of_the_caller_is_over_and_nobody_elses(place: &Place) {
    let server = place.server();
    let bob = server.join_and_log_in("bob");
    let (first, second) = (server.join_and_log_in("alice"), server.log_in("alice"));
    server.logout_all(&first.access).must_be(200, &json!({"sessions": 2}));
    for pair in [first, second] {
        server.dashboard(&pair.access).must_be(401, &bearer_refused(BLACKLISTED));
        server.refresh(&pair.refresh).must_be(401, &token_not_valid(BLACKLISTED));
    }
    server.dashboard(&bob.access).must_have_status(200);
    server.log_in("alice");
}

fn strangers_end_nothing(place: &Place) {
    let server = place.server();
    let pair = server.join_and_log_in("alice");
    server.post("/api/auth/logout/all/").send().must_be(401, &not_authenticated());
    server.logout_all(&pair.refresh).must_be(401, &bearer_refused("Token has wrong type"));
    server.dashboard(&pair.access).must_have_status(200);
}
