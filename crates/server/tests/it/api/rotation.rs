use crate::harness::bodies::{INVALID, bearer_refused};
use crate::harness::{Pair, Place, Server, decode, eventually, parts};
use doorward_domain::keys::{Algorithm, KeyId};
use doorward_domain::testing::block_on;
use doorward_testkit::{Case, cases};
use doorward_tokens::Verifier;
use serde_json::Value;
use std::collections::BTreeSet;

/// From a new key's publication to its first signature.
const LEAD: u64 = 600;

pub(super) fn cases() -> Vec<Case<Place>> {
    cases![
        rotation: a_new_key_is_published_before_it_signs_and_the_old_one_is_honoured_after,
        a_refresh_that_is_repeated_across_a_rotation_answers_the_identical_pair,
        a_key_that_is_retired_at_once_opens_nothing_more,
        an_instance_that_starts_later_honours_both_keys,
    ]
}

fn published(server: &Server) -> BTreeSet<String> {
    let set = server.key_set();
    set["keys"].as_array().unwrap().iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
}

fn signer_of(token: &str) -> String {
    let header: Value = serde_json::from_slice(&decode(parts(token)[0])).unwrap();
    header["kid"].as_str().unwrap().to_owned()
}

/// Rotates, and waits until the server has seen it.
fn rotate(server: &Server) -> String {
    let KeyId(id) = block_on(server.keys().rotate(Algorithm::EdDsa)).unwrap();
    eventually("the new key is published", || published(server).contains(&id));
    id
}

fn a_new_key_is_published_before_it_signs_and_the_old_one_is_honoured_after(place: &Place) {
    let (server, other) = (place.server(), place.server());
    let first = server.join_and_log_in("alice");
    let old = signer_of(&first.access);
    let new = rotate(&server);
    eventually("another instance has it too", || published(&other).contains(&new));
    assert_eq!(published(&server), [old.clone(), new.clone()].into());

    server.dashboard(&first.access).must_have_status(200);
    server.pass(LEAD - 1);
    let last = server.log_in("alice");
    assert_eq!(signer_of(&last.access), old);
    server.pass(1);
    let next = server.log_in("alice");
    assert_eq!(signer_of(&next.access), new);
    assert_eq!(signer_of(&Pair::of(&server.refresh(&first.refresh)).access), new);

    server.pass(298);
    for instance in [&server, &other] {
        instance.dashboard(&last.access).must_have_status(200);
        instance.dashboard(&next.access).must_have_status(200);
    }
    let verifier = Verifier::from_jwks(&server.key_set().to_string()).unwrap();
    assert!(verifier.verify(&last.access, server.clock.now_value()).is_ok());
    // The last token of the old key has expired, and clocks may differ by a minute.
    server.pass(62);
    assert_eq!(published(&server), [new].into());
}

fn a_refresh_that_is_repeated_across_a_rotation_answers_the_identical_pair(place: &Place) {
    let server = place.server();
    let first = server.join_and_log_in("alice").refresh;
    rotate(&server);
    server.pass(LEAD - 5);
    let second = Pair::of(&server.refresh(&first));
    server.pass(9);
    assert_eq!(Pair::of(&server.refresh(&first)), second);
    server.dashboard(&second.access).must_have_status(200);
}

fn a_key_that_is_retired_at_once_opens_nothing_more(place: &Place) {
    let server = place.server();
    server.join("alice");
    let new = rotate(&server);
    server.pass(LEAD - 1);
    let stolen = server.log_in("alice");
    server.pass(1);
    let old = KeyId(signer_of(&stolen.access));
    server.dashboard(&stolen.access).must_have_status(200);
    block_on(server.keys().retire(old, Algorithm::EdDsa, true)).unwrap();
    eventually("the old key is gone", || published(&server) == [new.clone()].into());
    server.dashboard(&stolen.access).must_be(401, &bearer_refused(INVALID));
    // The session is not: it gets tokens of the new key.
    let next = Pair::of(&server.refresh(&stolen.refresh));
    server.dashboard(&next.access).must_have_status(200);
}

fn an_instance_that_starts_later_honours_both_keys(place: &Place) {
    let server = place.server();
    server.join("alice");
    rotate(&server);
    server.pass(LEAD - 1);
    let last = server.log_in("alice");
    server.pass(1);
    let later = place.server();
    later.dashboard(&last.access).must_have_status(200);
    assert_eq!(published(&later), published(&server));
    server.dashboard(&later.log_in("alice").access).must_have_status(200);
}
