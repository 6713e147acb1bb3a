//! Leaving: what moved in can move back.

use super::moving::import;
use super::peer::{Contents, Peer, Shelf};
use super::{PeerCase, peer_cases};
use crate::harness::{PASSWORD, Registration};
use crate::processes::Site;
use doorward_testkit::{Database, SimpleJwt};
use serde_json::Value;

pub(super) fn cases() -> Vec<PeerCase> {
    peer_cases![
        back, on_both:
        accounts_of_every_kind_go_back_as_they_came,
        accounts_with_uuids_and_profiles_go_back_as_they_came,
        what_changed_here_is_so_at_django,
    ]
    .collect()
}

/// Exports, and loads that into a project without accounts.
fn moved_back(shelf: &Shelf, site: &Site, from: &Peer, to: Contents) -> Peer {
    let file = from.directory().join("accounts.json");
    let file = file.to_str().expect("a path in UTF-8");
    let mut arguments = vec!["export", "django", "--to", file];
    if from.user_model() != "auth.User" {
        arguments.extend(["--user-model", from.user_model(), "--text-keys"]);
    }
    site.program.done(&arguments);
    let peer = shelf.peer(from.simplejwt(), site.database(), to);
    peer.manage(&["loaddata", "--verbosity=0", "--skip-checks", file]);
    peer
}

/// Rows as they are to be after a round trip: values that were no hashes are gone.
fn with_passwords_known(rows: Vec<Value>) -> Vec<Value> {
    let known = |row: Value| {
        let mut row = row;
        if let Some(encoded) = row["password"].as_str() {
            row["password"] = super::moving::password(encoded).into();
        }
        // A group's number is the one that Django draws for it.
        if row.get("group").is_some() {
            row.as_object_mut().unwrap().remove("pk");
        }
        row
    };
    rows.into_iter().map(known).collect()
}

#[track_caller]
fn must_be_equal(found: &Peer, expected: &Peer) {
    let [found, expected] = [found, expected].map(|peer| with_passwords_known(peer.dump()));
    for (found, expected) in found.iter().zip(&expected) {
        assert_eq!(found, expected);
    }
    assert_eq!(found.len(), expected.len());
}

fn accounts_of_every_kind_go_back_as_they_came(shelf: &Shelf, database: Database) {
    let peer = shelf.peer(SimpleJwt::V5_4, database, Contents::SomeUsers);
    let site = Site::new(database);
    import(&site, &peer, &[]);
    must_be_equal(&moved_back(shelf, &site, &peer, Contents::Nothing), &peer);
}

fn accounts_with_uuids_and_profiles_go_back_as_they_came(shelf: &Shelf, database: Database) {
    let peer = shelf.peer(SimpleJwt::V5_5, database, Contents::Profiles);
    let site = Site::new(database);
    import(&site, &peer, &[]);
    must_be_equal(&moved_back(shelf, &site, &peer, Contents::NoProfiles), &peer);
}

fn what_changed_here_is_so_at_django(shelf: &Shelf, database: Database) {
    let peer = shelf.peer(SimpleJwt::V5_5, database, Contents::Nothing);
    let django = peer.serve();
    for name in ["alice", "bob", "carol"] {
        django.join(name);
    }
    let site = Site::new(database);
    import(&site, &peer, &[]);
    let server = site.program.serve();
    server.log_in("bob");
    server.register(&Registration::of("dave").password("Daves-own-pw-1")).must_have_status(201);
    let program = site.program.clone().with_variable("DOORWARD_NEW_PASSWORD", "Alices-new-pw-1");
    program.done(&["changepassword", "--noinput", "alice"]);
    site.program.done(&["user", "deactivate", "carol"]);

    let returned = moved_back(shelf, &site, &peer, Contents::Nothing);
    let pairs = [
        ("alice", "Alices-new-pw-1"),
        ("alice", PASSWORD),
        // Hashed anew by Doorward when she logged in.
        ("bob", PASSWORD),
        ("carol", PASSWORD),
        ("dave", "Daves-own-pw-1"),
    ];
    assert_eq!(returned.checks(&pairs), [true, false, true, true, true]);
    let django = returned.serve();
    django.login("alice", "Alices-new-pw-1").must_have_status(200);
    django.login("alice", PASSWORD).must_have_status(401);
    django.log_in("bob");
    django.login("carol", PASSWORD).must_have_status(401);
    django.login("dave", "Daves-own-pw-1").must_have_status(200);
    // New accounts get numbers that nobody has.
    django.join_and_log_in("erin");
}
