//! The end of an account.

use crate::harness::bodies::{login_refused, not_authenticated};
use crate::harness::{PASSWORD, Place, VERIFIED};
use doorward_testkit::{Case, cases};
use serde_json::json;

pub(super) fn cases() -> Vec<Case<Place>> {
    cases![
        deletion: it_takes_everything_with_it_and_is_told,
        it_needs_the_password,
    ]
}

fn it_takes_everything_with_it_and_is_told(place: &Place) {
    let server = place.mailing_with(VERIFIED);
    let key = server.join_and_read("alice").in_link("key");
    let reset = server.reset_letter("alice");
    server.vouch("alice");
    let (pair, other) = (server.log_in("alice"), server.log_in("alice"));
    let answer = server.delete_user(&pair.access, PASSWORD);
    assert_eq!((answer.status, answer.body.as_slice()), (204, &b""[..]));
    for pair in [&pair, &other] {
        server.dashboard(&pair.access).must_have_status(401);
        server.refresh(&pair.refresh).must_have_status(401);
    }
    server.login("alice", PASSWORD).must_be(401, &login_refused());
    server.verify_email(&key).must_have_status(404);
    server.reset(&reset, PASSWORD).must_have_status(400);
    let farewell = server.letter("alice", 3);
    assert!(!farewell.text.contains("/account/"), "{}", farewell.text);
    // Nothing is left but what says goodbye, and that is about nobody.
    assert!(server.outbox().iter().all(|entry| entry.user.is_none()), "{:?}", server.outbox());
    server.join("alice");
}

fn it_needs_the_password(place: &Place) {
    let server = place.mailing();
    let pair = server.join_and_log_in("alice");
    let wrong = json!({"password": ["Your password was entered incorrectly. Please enter it again."]});
    server.delete_user(&pair.access, "Wr0ng-horse!").must_be(400, &wrong);
    let missing = server.request("DELETE", "/api/auth/user/").bearer(&pair.access).send();
    missing.must_be(400, &json!({"password": ["This field is required."]}));
    let stranger = server.request("DELETE", "/api/auth/user/").json(&json!({"password": PASSWORD})).send();
    stranger.must_be(401, &not_authenticated());
    server.dashboard(&pair.access).must_have_status(200);
    assert_eq!(server.count("alice@example.com"), 0);
}
