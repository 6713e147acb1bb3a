use crate::harness::bodies::{BLACKLISTED, bearer_refused, not_authenticated, not_found, token_not_valid};
use crate::harness::{Place, claims};
use doorward_testkit::{Case, cases};

pub(super) fn cases() -> Vec<Case<Place>> {
    cases![
        session: a_session_that_its_owner_ends_is_dead_on_its_next_request,
        a_caller_may_end_the_session_of_the_call,
        somebody_elses_session_is_as_good_as_none,
        what_is_no_session_is_not_found,
        a_stranger_ends_nothing,
    ]
}

fn id_of(access: &str) -> String {
    claims(access)["sid"].as_str().unwrap().to_owned()
}

fn a_session_that_its_owner_ends_is_dead_on_its_next_request(place: &Place) {
    let server = place.server();
    let (lost, own) = (server.join_and_log_in("alice"), server.log_in("alice"));
    let answer = server.end_session(&own.access, &id_of(&lost.access));
    assert_eq!((answer.status, answer.body.as_slice()), (204, &b""[..]));
    server.dashboard(&lost.access).must_be(401, &bearer_refused(BLACKLISTED));
    server.refresh(&lost.refresh).must_be(401, &token_not_valid(BLACKLISTED));
    server.dashboard(&own.access).must_have_status(200);
    server.end_session(&own.access, &id_of(&lost.access)).must_be(404, &not_found());
}

fn a_caller_may_end_the_session_of_the_call(place: &Place) {
    let server = place.server();
    let pair = server.join_and_log_in("alice");
    server.end_session(&pair.access, &id_of(&pair.access)).must_have_status(204);
    server.end_session(&pair.access, &id_of(&pair.access)).must_be(401, &bearer_refused(BLACKLISTED));
}

fn somebody_elses_session_is_as_good_as_none(place: &Place) {
    let server = place.server();
    let [alice, mallory] = ["alice", "mallory"].map(|name| server.join_and_log_in(name));
    let foreign = server.end_session(&mallory.access, &id_of(&alice.access));
    let missing = server.end_session(&mallory.access, "019b7777-7777-7777-8777-777777777777");
    foreign.must_be(404, &not_found());
    assert_eq!((foreign.status, &foreign.body), (missing.status, &missing.body));
    server.dashboard(&alice.access).must_have_status(200);
    server.refresh(&alice.refresh).must_have_status(200);
}

fn what_is_no_session_is_not_found(place: &Place) {
    let server = place.server();
    let access = server.join_and_log_in("alice").access;
    let bare = id_of(&access).replace('-', "");
    for id in ["1", "all", "null", "%00", "..%2f..", "'%20OR%201=1--", &bare, &"9".repeat(4000)] {
        server.end_session(&access, id).must_be(404, &not_found());
    }
    server.dashboard(&access).must_have_status(200);
}

fn a_stranger_ends_nothing(place: &Place) {
    let server = place.server();
    let pair = server.join_and_log_in("alice");
    let path = format!("/api/auth/sessions/{}/", id_of(&pair.access));
    server.request("DELETE", &path).send().must_be(401, &not_authenticated());
    server.request("GET", &path).bearer(&pair.access).send().must_have_status(405);
    server.dashboard(&pair.access).must_have_status(200);
}
