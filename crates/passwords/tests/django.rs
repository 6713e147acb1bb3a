//! Hashes that Django 5.1.4 made, with argon2-cffi 25.1.0 and bcrypt 4.2.1 (the last line of
//! versions that cuts plain `bcrypt` after 72 bytes, as every earlier one did).

#![expect(clippy::unwrap_used, clippy::panic, reason = "the helpers of tests may fail as tests do")]

use doorward_domain::hashing::Verification;
use doorward_domain::password::{Password, PasswordHash};
use doorward_domain::random::Random;
use doorward_passwords::{Cost, DjangoHasher, recognises};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::sync::Arc;

/// One line per hash: which password, a tab, what Django stored. The last four lines are at Django's
/// default costs, all others at low ones.
const DJANGO: &str = include_str!("fixtures/django-5.1.4.tsv");

struct Salts;

impl Random for Salts {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(0x5a);
    }
}

fn hasher() -> DjangoHasher {
    DjangoHasher::new(Cost::MIN, Arc::new(Salts))
}

fn password(plaintext: &str) -> Password {
    Password::new(plaintext).unwrap()
}

fn plaintext(name: &str) -> String {
    match name {
        "ascii" => "correct horse battery staple".to_owned(),
        "unicode" => "pässwörd-Ünïcode-密码-🔑".to_owned(),
        "long" => "0123456789".repeat(8) + "tail",
        "empty" => String::new(),
        "nul" => "before\0after".to_owned(),
        other => panic!("no password is called {other:?}"),
    }
}

fn recorded() -> impl Iterator<Item = (&'static str, &'static str)> {
    DJANGO.lines().map(|line| line.split_once('\t').unwrap())
}

fn recorded_at_low_cost() -> impl Iterator<Item = (&'static str, &'static str)> {
    recorded().take(35)
}

fn verify(plaintext: &str, encoded: &str) -> Verification {
    hasher().verify(&password(plaintext), Some(&PasswordHash::from_encoded(encoded))).unwrap()
}

#[test]
fn every_hash_of_django_is_recognised() {
    for (_, encoded) in recorded() {
        assert!(recognises(encoded), "{encoded}");
    }
}

#[test]
fn every_hash_of_django_matches_its_password_and_says_whether_it_is_outdated() {
    for (name, encoded) in recorded() {
        let outdated = !encoded.starts_with("bcrypt_sha256$$2b$04$");
        assert_eq!(verify(&plaintext(name), encoded), Verification::Match { outdated }, "{name} {encoded}");
    }
}

#[test]
fn no_hash_of_django_matches_another_password() {
    for (name, encoded) in recorded_at_low_cost() {
        let wrong = format!("x{}", plaintext(name));
        assert_eq!(verify(&wrong, encoded), Verification::Mismatch, "{name} {encoded}");
    }
}

#[test]
fn the_recording_holds_every_scheme_with_every_password() {
    let mut hashes = BTreeMap::<&str, usize>::new();
    for (_, encoded) in recorded() {
        let scheme = encoded.split("$v=").next().unwrap();
        *hashes
            .entry(if scheme == encoded { encoded.split('$').next().unwrap() } else { scheme })
            .or_default() += 1;
    }
    let expected = [
        ("argon2$argon2i", 5),
        ("argon2$argon2id", 6),
        ("bcrypt", 5),
        ("bcrypt_sha256", 6),
        ("pbkdf2_sha1", 5),
        ("pbkdf2_sha256", 6),
        ("scrypt", 6),
    ];
    assert_eq!(hashes, BTreeMap::from(expected));
}

#[test]
fn a_hash_with_one_character_changed_matches_nothing() {
    for (name, encoded) in
        recorded().filter(|(name, encoded)| *name == "ascii" && encoded.len() < 200).take(7)
    {
        for (place, _) in encoded.char_indices() {
            let (before, rest) = encoded.split_at(place);
            let (character, after) = rest.split_at(1);
            let other = if character == "9" { "8" } else { "9" };
            let changed = format!("{before}{other}{after}");
            assert_eq!(verify(&plaintext(name), &changed), Verification::Mismatch, "{changed}");
        }
    }
}

#[test]
fn plain_bcrypt_matches_on_72_bytes_as_in_django() {
    let (_, encoded) =
        recorded().find(|(name, hash)| *name == "long" && hash.starts_with("bcrypt$")).unwrap();
    let long = plaintext("long");
    let (seen, _) = long.split_at(72);
    assert_eq!(verify(seen, encoded), Verification::Match { outdated: true });
    let (short, _) = long.split_at(71);
    assert_eq!(verify(short, encoded), Verification::Mismatch);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_was_hashed_verifies_and_nothing_else_does(plaintext in any::<String>(), other in any::<String>()) {
        let hash = hasher().hash(&password(&plaintext)).unwrap();
        let verify = |plaintext| hasher().verify(&password(plaintext), Some(&hash)).unwrap();
        prop_assert_eq!(verify(&plaintext), Verification::Match { outdated: false });
        prop_assert_eq!(verify(&other) == Verification::Mismatch, plaintext != other);
    }

    #[test]
    fn any_text_in_the_place_of_a_hash_is_a_mismatch(scheme in "(bcrypt(_sha256)?|pbkdf2_sha(1|256)|argon2|scrypt|!)?", rest in any::<String>()) {
        prop_assert_eq!(verify("p", &format!("{scheme}${rest}")), Verification::Mismatch);
    }
}
