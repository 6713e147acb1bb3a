//! What an owner is told without asking.

use crate::harness::{Pair, Place};
use doorward_testkit::{Case, cases};

pub(super) fn cases() -> Vec<Case<Place>> {
    cases![
        notices: a_refresh_token_that_is_used_twice_is_told_once,
        a_replay_that_is_only_refused_is_not_told,
        notices_are_bounded_too,
    ]
}

fn a_refresh_token_that_is_used_twice_is_told_once(place: &Place) {
    let server = place.mailing();
    let stolen = server.join_and_log_in("alice");
    server.vouch("alice");
    let pair = Pair::of(&server.refresh(&stolen.refresh));
    server.pass(60);
    let replay = server.refreshing(&stolen.refresh).header("User-Agent", "thief/7 <b>&").send();
    replay.must_have_status(401);
    for _ in 0..3 {
        server.refresh(&stolen.refresh).must_have_status(401);
    }
    server.refresh(&pair.refresh).must_have_status(401);
    let told = server.letter("alice", 1);
    assert!(told.text.contains("127.0.0.1") && told.text.contains("thief/7"), "{}", told.text);
    // What a thief's device says of itself is no markup.
    assert!(told.html.contains("thief&#x2f;7") && !told.html.contains("<b>"), "{}", told.html);
    assert!(!told.raw.contains(&stolen.refresh));
    assert_eq!(server.count("alice@example.com"), 1);
}

fn a_replay_that_is_only_refused_is_not_told(place: &Place) {
    let server = place.mailing_with(&[("tokens.refresh_reuse", "refuse")]);
    let first = server.join_and_log_in("alice");
    server.refresh(&first.refresh).must_have_status(200);
    server.pass(60);
    server.refresh(&first.refresh).must_have_status(401);
    assert_eq!(server.count("alice@example.com"), 0);
}

fn notices_are_bounded_too(place: &Place) {
    let server = place.mailing();
    server.join("alice");
    server.vouch("alice");
    for _ in 0..5 {
        let first = server.log_in("alice");
        server.refresh(&first.refresh).must_have_status(200);
        server.pass(60);
        server.refresh(&first.refresh).must_have_status(401);
    }
    assert_eq!(server.count("alice@example.com"), 3);
    // They leave room for what the owner asks for.
    server.reset_letter("alice");
}
