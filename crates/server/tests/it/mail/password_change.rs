//! Another password for whoever knows the present one.

use crate::harness::bodies::{BLACKLISTED, bearer_refused, login_refused, not_authenticated};
use crate::harness::{NEW_PASSWORD, PASSWORD, Pair, Place};
use doorward_testkit::{Case, cases};
use serde_json::json;

pub(super) fn cases() -> Vec<Case<Place>> {
    cases![
        password_change: it_keeps_this_session_ends_the_others_and_is_told,
        it_needs_the_present_password_and_a_good_new_one,
        a_password_that_is_set_by_an_operator_ends_links_and_is_told,
    ]
}

fn it_keeps_this_session_ends_the_others_and_is_told(place: &Place) {
    let server = place.mailing();
    let (own, other) = (server.join_and_log_in("alice"), server.log_in("alice"));
    let answer = server.replace_password(&own.access, PASSWORD, [NEW_PASSWORD; 2]);
    answer.must_be(200, &json!({"detail": "New password has been saved."}));
    server.dashboard(&own.access).must_have_status(200);
    let own = Pair::of(&server.refresh(&own.refresh));
    server.dashboard(&other.access).must_be(401, &bearer_refused(BLACKLISTED));
    server.refresh(&other.refresh).must_have_status(401);
    assert_eq!(server.sessions(&own.access).len(), 1);
    server.login("alice", PASSWORD).must_be(401, &login_refused());
    Pair::of(&server.login("alice", NEW_PASSWORD));
    let told = server.letter("alice", 1);
    assert!(told.subject.to_lowercase().contains("password"), "{}", told.subject);
    assert!(told.text.contains("127.0.0.1"), "{}", told.text);
    assert!(!told.raw.contains(PASSWORD) && !told.raw.contains(NEW_PASSWORD));
    assert_eq!(server.count("alice@example.com"), 1);
}

fn it_needs_the_present_password_and_a_good_new_one(place: &Place) {
    let server = place.mailing();
    let Pair { access, .. } = server.join_and_log_in("alice");
    let change = |old: &str, new: [&str; 2]| server.replace_password(&access, old, new);
    let wrong = json!({"old_password": [
        "Your old password was entered incorrectly. Please enter it again."
    ]});
    change("Wr0ng-horse!", [NEW_PASSWORD; 2]).must_be(400, &wrong);
    change("Wr0ng-horse!", ["1", "2"]).must_be(400, &wrong);
    let mismatch = json!({"new_password2": ["The two password fields didn’t match."]});
    change(PASSWORD, [NEW_PASSWORD, PASSWORD]).must_be(400, &mismatch);
    let told = change(PASSWORD, ["password"; 2]);
    told.must_be(400, &json!({"new_password2": ["This password is too common."]}));
    let body =
        json!({"old_password": PASSWORD, "new_password1": NEW_PASSWORD, "new_password2": NEW_PASSWORD});
    server.tell("password/change/", &body).must_be(401, &not_authenticated());
    server.log_in("alice");
    assert_eq!(server.count("alice@example.com"), 0);
}

fn a_password_that_is_set_by_an_operator_ends_links_and_is_told(place: &Place) {
    let server = place.mailing();
    server.join("alice");
    let letter = server.reset_letter("alice");
    server.change_password("alice", NEW_PASSWORD);
    server.reset(&letter, PASSWORD).must_be(400, &json!({"token": ["Invalid value"]}));
    Pair::of(&server.login("alice", NEW_PASSWORD));
    let told = server.letter("alice", 2);
    assert!(told.subject.to_lowercase().contains("password"), "{}", told.subject);
}
