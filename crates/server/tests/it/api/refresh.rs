use crate::harness::bodies::{BEARER, BLACKLISTED, INVALID, bearer_refused, token_not_valid};
use crate::harness::{PASSWORD, Pair, Place, claims};
use doorward_testkit::{Case, cases};
use serde_json::json;
use std::time::Duration;

const DAY: u64 = 24 * 3600;

pub(super) fn cases() -> Vec<Case<Place>> {
    cases![
        refresh: a_refresh_answers_the_next_pair_of_the_session,
        every_encoding_refreshes,
        within_the_grace_a_repetition_answers_the_identical_pair,
        after_the_grace_a_repetition_ends_the_session,
        a_token_two_generations_old_ends_the_session_even_within_the_grace,
        without_a_grace_a_repetition_ends_the_session_at_once,
        to_django_a_repetition_is_refused_and_the_successor_lives,
        an_unused_refresh_token_expires_after_a_day,
        constant_use_does_not_outlive_the_absolute_lifetime,
        to_django_constant_use_lives_for_ever,
        the_last_token_before_the_absolute_end_ends_with_it,
        an_inactive_account_gets_no_tokens,
        a_deleted_account_gets_no_tokens,
        a_password_change_ends_the_session,
        a_restart_forgets_no_rotation,
        the_session_shows_who_refreshed_last,
        a_refused_token_names_its_scheme,
    ]
}

fn a_refresh_answers_the_next_pair_of_the_session(place: &Place) {
    let server = place.server();
    let first = server.join_and_log_in("alice");
    let second = Pair::of(&server.refresh(&first.refresh));
    assert_eq!(claims(&first.access)["sid"], claims(&second.access)["sid"]);
    assert!(first.access != second.access && first.refresh != second.refresh);
    // A token lives until its own end.
    server.dashboard(&first.access).must_have_status(200);
    server.dashboard(&second.access).must_have_status(200);
}

fn every_encoding_refreshes(place: &Place) {
    let server = place.server();
    let first = server.join_and_log_in("alice").refresh;
    let form = server.post("/api/auth/token/refresh").form(&[("refresh", &first)]).send();
    let second = Pair::of(&form).refresh;
    let parts = server.post("/api/auth/token/refresh/").multipart(&[("refresh", &second)]).send();
    Pair::of(&parts);
}

fn within_the_grace_a_repetition_answers_the_identical_pair(place: &Place) {
    let server = place.server();
    let first = server.join_and_log_in("alice").refresh;
    server.pass(100);
    let second = server.refresh(&first);
    server.pass(9);
    let repeated = server.refresh(&first);
    assert_eq!(Pair::of(&second), Pair::of(&repeated));
    assert_eq!(second.body, repeated.body);
    server.refresh(&Pair::of(&repeated).refresh).must_have_status(200);
}

fn after_the_grace_a_repetition_ends_the_session(place: &Place) {
    let server = place.server();
    let first = server.join_and_log_in("alice").refresh;
    let second = Pair::of(&server.refresh(&first));
    server.pass(10);
    server.refresh(&first).must_be(401, &token_not_valid(BLACKLISTED));
    server.refresh(&second.refresh).must_be(401, &token_not_valid(BLACKLISTED));
    server.dashboard(&second.access).must_be(401, &bearer_refused(BLACKLISTED));
    // Its owner logs in again, and has another session.
    server.log_in("alice");
}

fn a_token_two_generations_old_ends_the_session_even_within_the_grace(place: &Place) {
    let server = place.server();
    let first = server.join_and_log_in("alice").refresh;
    let second = Pair::of(&server.refresh(&first)).refresh;
    let third = Pair::of(&server.refresh(&second));
    server.refresh(&first).must_be(401, &token_not_valid(BLACKLISTED));
    server.refresh(&third.refresh).must_be(401, &token_not_valid(BLACKLISTED));
    server.dashboard(&third.access).must_be(401, &bearer_refused(BLACKLISTED));
}

fn without_a_grace_a_repetition_ends_the_session_at_once(place: &Place) {
    let server = place.server_with(|settings| settings.tokens.refresh_grace = Duration::ZERO);
    let first = server.join_and_log_in("alice").refresh;
    let second = Pair::of(&server.refresh(&first));
    server.refresh(&first).must_be(401, &token_not_valid(BLACKLISTED));
    server.refresh(&second.refresh).must_be(401, &token_not_valid(BLACKLISTED));
}

fn to_django_a_repetition_is_refused_and_the_successor_lives(place: &Place) {
    let server = place.django();
    let first = server.join_and_log_in("alice").refresh;
    let second = Pair::of(&server.refresh(&first));
    for _ in 0..3 {
        server.refresh(&first).must_be(401, &token_not_valid(BLACKLISTED));
        server.pass(60);
    }
    server.dashboard(&second.access).must_have_status(200);
    let third = Pair::of(&server.refresh(&second.refresh));
    server.blacklist(&second.refresh).must_be(401, &token_not_valid(BLACKLISTED));
    server.refresh(&third.refresh).must_have_status(200);
}

fn an_unused_refresh_token_expires_after_a_day(place: &Place) {
    let server = place.server();
    let [used, unused] = ["used", "unused"].map(|name| server.join_and_log_in(name).refresh);
    server.pass(DAY - 1);
    server.refresh(&used).must_have_status(200);
    server.pass(1);
    server.refresh(&unused).must_be(401, &token_not_valid(INVALID));
    server.verify(&unused).must_be(401, &token_not_valid(INVALID));
}

fn constant_use_does_not_outlive_the_absolute_lifetime(place: &Place) {
    let server = place.server();
    let mut token = server.join_and_log_in("alice").refresh;
    for _ in 0..59 {
        server.pass(DAY / 2);
        token = Pair::of(&server.refresh(&token)).refresh;
    }
    server.pass(DAY / 2 - 1);
    let last = Pair::of(&server.refresh(&token));
    server.pass(1);
    server.refresh(&last.refresh).must_be(401, &token_not_valid(INVALID));
    server.dashboard(&last.access).must_have_status(401);
}

fn to_django_constant_use_lives_for_ever(place: &Place) {
    let server = place.django();
    let mut token = server.join_and_log_in("alice").refresh;
    for _ in 0..70 {
        server.pass(DAY - 1);
        token = Pair::of(&server.refresh(&token)).refresh;
    }
}

fn the_last_token_before_the_absolute_end_ends_with_it(place: &Place) {
    let server = place.server_with(|settings| {
        settings.tokens.refresh_absolute_lifetime = Some(Duration::from_secs(DAY));
    });
    let first = server.join_and_log_in("alice").refresh;
    server.pass(DAY - 60);
    let last = claims(&Pair::of(&server.refresh(&first)).refresh);
    assert_eq!(last["exp"].as_i64().unwrap() - last["iat"].as_i64().unwrap(), 60);
}

fn an_inactive_account_gets_no_tokens(place: &Place) {
    let server = place.server();
    let pair = server.join_and_log_in("alice");
    server.set_active("alice", false);
    let told = json!({"detail": "No active account found for the given token."});
    server.refresh(&pair.refresh).must_be(401, &told);
    server.set_active("alice", true);
    // What was issued before stays dead.
    server.refresh(&pair.refresh).must_be(401, &token_not_valid(BLACKLISTED));
}

fn a_deleted_account_gets_no_tokens(place: &Place) {
    let server = place.server();
    let pair = server.join_and_log_in("alice");
    server.delete_account("alice");
    let told = json!({"detail": "No active account found for the given token."});
    server.refresh(&pair.refresh).must_be(401, &told);
    // Somebody else of that name is somebody else.
    server.join("alice");
    server.refresh(&pair.refresh).must_be(401, &told);
    server.dashboard(&pair.access).must_have_status(401);
}

fn a_password_change_ends_the_session(place: &Place) {
    let server = place.server();
    let pair = server.join_and_log_in("alice");
    server.change_password("alice", "Another-pw-1");
    server.refresh(&pair.refresh).must_be(401, &token_not_valid(BLACKLISTED));
    server.login("alice", PASSWORD).must_have_status(401);
    server.login("alice", "Another-pw-1").must_have_status(200);
}

fn a_restart_forgets_no_rotation(place: &Place) {
    let server = place.server();
    let first = server.join_and_log_in("alice").refresh;
    let second = Pair::of(&server.refresh(&first));
    drop(server);
    let server = place.server();
    server.dashboard(&second.access).must_have_status(200);
    assert_eq!(Pair::of(&server.refresh(&first)), second);
    server.pass(10);
    server.refresh(&first).must_be(401, &token_not_valid(BLACKLISTED));
    server.refresh(&second.refresh).must_be(401, &token_not_valid(BLACKLISTED));
}

fn the_session_shows_who_refreshed_last(place: &Place) {
    let server = place.server();
    let first = server.join_and_log_in("alice");
    server.pass(60);
    let body = json!({"refresh": first.refresh});
    let answer = server.post("/api/auth/token/refresh/").header("User-Agent", "a phone").json(&body).send();
    let listed = server.sessions(&Pair::of(&answer).access);
    assert_eq!(listed.len(), 1);
    assert_eq!([&listed[0]["user_agent"], &listed[0]["last_used"]], ["a phone", "2026-01-01T00:01:00Z"]);
}

fn a_refused_token_names_its_scheme(place: &Place) {
    let server = place.server();
    assert_eq!(server.refresh("garbage").header("www-authenticate"), Some(BEARER));
}
