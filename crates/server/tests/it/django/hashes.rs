//! Doorward's hashes are in Django's encoding.

use super::peer::{Contents, Shelf};
use super::{PeerCase, peer_cases, stored};
use crate::harness::Registration;
use crate::processes::Site;
use doorward_testkit::{Database, SimpleJwt};

pub(super) fn cases() -> Vec<PeerCase> {
    peer_cases![hashes, once: django_verifies_what_doorward_hashed].collect()
}

fn django_verifies_what_doorward_hashed(shelf: &Shelf, database: Database) {
    let peer = shelf.peer(SimpleJwt::V5_5, database, Contents::Nothing);
    let site = Site::new(database);
    let server = site.program.serve();
    let long = "ü".repeat(100);
    let passwords = ["Corr3ct-horse!", "pässwörd №42", " spaces at both ends ", "🔑🔑🔑🔑🔒🔒🔒🔒", &long];
    for (number, password) in passwords.into_iter().enumerate() {
        let registration = Registration::of(&format!("somebody{number}")).password(password);
        server.register(&registration).must_have_status(201);
    }
    let accounts = stored::accounts(&site);
    let hashes: Vec<_> = accounts.iter().map(|account| account["password"].as_str().unwrap()).collect();
    assert!(hashes.iter().all(|hash| hash.starts_with("bcrypt_sha256$$2b$04$")), "{hashes:?}");
    let right: Vec<_> = hashes.iter().copied().zip(passwords).collect();
    assert_eq!(peer.verifies(&right), [true; 5]);
    let wrong: Vec<_> = hashes.iter().copied().zip(passwords.into_iter().cycle().skip(1)).collect();
    assert_eq!(peer.verifies(&wrong), [false; 5]);
}
