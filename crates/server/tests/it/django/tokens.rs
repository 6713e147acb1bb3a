//! Access tokens cross both ways.

use super::moving::import;
use super::peer::{Contents, Django, Peer, Shelf};
use super::{PeerCase, in_its_place, peer_cases};
use crate::harness::{Client, Pair, SHARED_KEY, claims, decode, parts, tampered};
use crate::processes::{Process, SOON, Site, found, until};
use doorward_testkit::{Database, SimpleJwt};
use serde_json::{Value, json};

pub(super) fn cases() -> Vec<PeerCase> {
    peer_cases![
        tokens, once:
        by_the_shared_key_each_accepts_the_others,
        by_the_key_set_django_accepts_doorwards_over_a_rotation_of_the_keys,
        under_an_rsa_key_that_is_retiring_djangos_are_accepted,
    ]
    .collect()
}

/// A Django without accounts.
fn peer(shelf: &Shelf, simplejwt: SimpleJwt, database: Database) -> Peer {
    shelf.peer(simplejwt, database, Contents::Nothing)
}

/// Makes an account of that name in both, with the same number.
fn join_both(name: &str, django: &Django, doorward: &Process) -> (Pair, Pair) {
    let pairs = (django.join_and_log_in(name), doorward.join_and_log_in(name));
    let number = |pair: &Pair| claims(&pair.access)["user_id"].to_string().replace('"', "");
    assert_eq!(number(&pairs.0), number(&pairs.1));
    pairs
}

#[track_caller]
fn must_open(server: &Client, access: &str, name: &str) {
    server.dashboard(access).must_be(200, &json!({"message": format!("Hi {name}")}));
    server.verify(access).must_be(200, &json!({}));
    server.dashboard(&tampered(access)).must_have_status(401);
}

fn by_the_shared_key_each_accepts_the_others(shelf: &Shelf, database: Database) {
    for simplejwt in SimpleJwt::ALL {
        let django = peer(shelf, simplejwt, database).serve();
        let site = Site::new(database);
        let doorward = in_its_place(&site, simplejwt).serve();
        let (theirs, ours) = join_both("alice", &django, &doorward);
        let is_text = claims(&theirs.access)["user_id"].is_string();
        assert_eq!(is_text, simplejwt == SimpleJwt::V5_5);
        assert_eq!(claims(&ours.access)["user_id"], claims(&theirs.access)["user_id"]);
        must_open(&django, &ours.access, "alice");
        must_open(&doorward, &theirs.access, "alice");
        // Both releases' are understood, whichever ours look like.
        let other = if is_text { SimpleJwt::V5_4 } else { SimpleJwt::V5_5 };
        let doorward = in_its_place(&site, other).serve();
        must_open(&doorward, &theirs.access, "alice");
        must_open(&django, &doorward.log_in("alice").access, "alice");
        // A refresh token is for whoever made it.
        django.refresh(&ours.refresh).must_have_status(401);
        doorward.refresh(&theirs.refresh).must_have_status(401);
    }
}

fn by_the_key_set_django_accepts_doorwards_over_a_rotation_of_the_keys(shelf: &Shelf, database: Database) {
    for simplejwt in SimpleJwt::ALL {
        let site = Site::new(database);
        let doorward = site.program.serve();
        let django = peer(shelf, simplejwt, database)
            .with("ALGORITHM", "EdDSA")
            .with("JWK_URL", format!("http://{}/.well-known/jwks.json", doorward.address()))
            .with("ISSUER", "http://127.0.0.1:8000")
            .with("AUDIENCE", "doorward")
            .serve();
        doorward.join("alice");
        // It cannot sign; only the account is wanted.
        django.join("alice");
        let before = doorward.log_in("alice").access;
        // The new key is published before it signs, so that whoever keeps the key set has it by then:
        // PyJWT asks for another one twice a minute at most.
        site.program.done(&["keys", "rotate", "--lead", "3s"]);
        until("both keys", SOON, || doorward.key_set()["keys"].as_array().map(Vec::len) == Some(2));
        must_open(&django, &before, "alice");
        let new = || Some(doorward.log_in("alice").access).filter(|token| key_id(token) != key_id(&before));
        let (after, _) = found("a token under the new key", SOON, new);
        must_open(&django, &after, "alice");
        must_open(&django, &before, "alice");
    }
}

fn key_id(token: &str) -> String {
    let header: Value = serde_json::from_slice(&decode(parts(token)[0])).unwrap();
    header["kid"].as_str().expect("a key's id").to_owned()
}

fn under_an_rsa_key_that_is_retiring_djangos_are_accepted(shelf: &Shelf, database: Database) {
    let peer = peer(shelf, SimpleJwt::V5_5, database);
    let [private, public] = rsa(&peer);
    let peer = peer.with("ALGORITHM", "RS256").with("SIGNING_KEY", private).with("VERIFYING_KEY", &public);
    let django = peer.serve();
    let site = Site::new(database);
    let retiring = site.program.clone().with("tokens.retiring_keys", format!("RS256:{public}"));
    let theirs = django.join_and_log_in("alice");
    import(&site, &peer, &[]);
    let doorward = retiring.serve();
    let ours = doorward.log_in("alice");
    must_open(&doorward, &theirs.access, "alice");
    must_open(&doorward, &ours.access, "alice");
    // Both have given the next number to somebody since: it names two people.
    let (theirs_of_bob, ours_of_bob) = join_both("bob", &django, &doorward);
    doorward.dashboard(&theirs_of_bob.access).must_have_status(401);
    doorward.verify(&theirs_of_bob.access).must_have_status(401);
    doorward.refresh(&theirs_of_bob.refresh).must_have_status(401);
    must_open(&doorward, &ours_of_bob.access, "bob");
    doorward.stop();
    let doorward = site.program.clone().with("tokens.shared_key", SHARED_KEY).serve();
    doorward.dashboard(&theirs.access).must_have_status(401);
}

/// An RSA key and its public half, in PEM.
fn rsa(peer: &Peer) -> [String; 2] {
    let said = peer.manage(&["rsa"]);
    serde_json::from_str(&said).unwrap()
}
