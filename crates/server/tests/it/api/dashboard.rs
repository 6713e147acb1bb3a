use crate::harness::bodies::{BLACKLISTED, INVALID, bearer_refused, not_authenticated};
use crate::harness::{Pair, Place};
use doorward_testkit::{Case, cases};
use serde_json::json;
use std::time::Duration;

pub(super) fn cases() -> Vec<Case<Place>> {
    cases![
        dashboard: it_greets_the_caller_and_repeats_a_text,
        every_encoding_is_read,
        a_text_must_be_there,
        an_access_token_opens_for_five_minutes_to_the_second,
        a_token_from_the_future_opens_nothing,
        strangers_do_not_even_learn_its_methods,
        deactivation_deletion_and_password_change_bite_at_once,
        what_another_instance_ends_is_over_here_too,
        the_lifetime_is_configured,
    ]
}

fn it_greets_the_caller_and_repeats_a_text(place: &Place) {
    let server = place.server();
    let access = server.join_and_log_in("alice").access;
    server.dashboard(&access).must_be(200, &json!({"message": "Hi alice"}));
    for text in ["hello", "<script>", "'; --", "日本 \\ \"x\""] {
        let answer = server.post("/api/dashboard/").bearer(&access).json(&json!({"text": text})).send();
        answer.must_be(200, &json!({"message": format!("Hi alice, your text is {text}")}));
    }
}

fn every_encoding_is_read(place: &Place) {
    let server = place.server();
    let access = server.join_and_log_in("alice").access;
    let post = |path| server.post(path).bearer(&access);
    let expected = json!({"message": "Hi alice, your text is a+b ü"});
    post("/api/dashboard").form(&[("text", "a+b ü")]).send().must_be(200, &expected);
    post("/api/dashboard/").multipart(&[("text", "a+b ü")]).send().must_be(200, &expected);
}

fn a_text_must_be_there(place: &Place) {
    let server = place.server();
    let access = server.join_and_log_in("alice").access;
    let post = |body| server.post("/api/dashboard/").bearer(&access).json(&body).send();
    post(json!({})).must_be(400, &json!({"text": ["This field is required."]}));
    post(json!({"text": ""})).must_be(400, &json!({"text": ["This field may not be blank."]}));
    post(json!({"text": [1]})).must_be(400, &json!({"text": ["Not a valid string."]}));
    post(json!({"text": 1.5})).must_be(200, &json!({"message": "Hi alice, your text is 1.5"}));
}

fn an_access_token_opens_for_five_minutes_to_the_second(place: &Place) {
    let server = place.server();
    let pair = server.join_and_log_in("alice");
    server.pass(299);
    server.dashboard(&pair.access).must_have_status(200);
    server.pass(1);
    server.dashboard(&pair.access).must_be(401, &bearer_refused(INVALID));
    let next = Pair::of(&server.refresh(&pair.refresh));
    server.dashboard(&next.access).must_have_status(200);
}

fn a_token_from_the_future_opens_nothing(place: &Place) {
    let server = place.server();
    server.join("alice");
    let early = place.server_ahead(61).log_in("alice").access;
    server.dashboard(&early).must_be(401, &bearer_refused(INVALID));
    // Clocks of several machines may differ by a minute.
    server.pass(1);
    server.dashboard(&early).must_have_status(200);
}

fn strangers_do_not_even_learn_its_methods(place: &Place) {
    let server = place.server();
    for method in ["GET", "POST", "PUT", "DELETE", "OPTIONS", "BREW"] {
        let answer = server.request(method, "/api/dashboard/").send();
        answer.must_be(401, &not_authenticated());
        assert_eq!(answer.header("allow"), None);
    }
}

fn deactivation_deletion_and_password_change_bite_at_once(place: &Place) {
    let server = place.server();
    let [idle, gone, changed] = ["idle", "gone", "changed"].map(|name| server.join_and_log_in(name).access);
    server.set_active("idle", false);
    server.delete_account("gone");
    server.change_password("changed", "Another-pw-1");
    server.dashboard(&idle).must_be(401, &json!({"detail": "User is inactive", "code": "user_inactive"}));
    server.dashboard(&gone).must_be(401, &json!({"detail": "User not found", "code": "user_not_found"}));
    server.dashboard(&changed).must_be(401, &bearer_refused(BLACKLISTED));
}

fn what_another_instance_ends_is_over_here_too(place: &Place) {
    let (here, there) = (place.server(), place.server());
    let pair = here.join_and_log_in("alice");
    there.dashboard(&pair.access).must_have_status(200);
    there.logout(&pair.refresh).must_have_status(200);
    here.dashboard(&pair.access).must_be(401, &bearer_refused(BLACKLISTED));
}

fn the_lifetime_is_configured(place: &Place) {
    let server = place.server_with(|settings| settings.tokens.access_lifetime = Duration::from_secs(7));
    let access = server.join_and_log_in("alice").access;
    server.pass(6);
    server.dashboard(&access).must_have_status(200);
    server.pass(1);
    server.dashboard(&access).must_have_status(401);
}
