//! Nothing about a token can be changed, and nothing that is sent makes the server panic.

use super::support::*;
use crate::{TokenAuthority, TokenSettings, Verifier};
use doorward_domain::keys::Algorithm;
use doorward_domain::token::TokenService as _;
use proptest::prelude::*;
use std::sync::LazyLock;

/// Every reader of tokens, none of which may accept `token`.
fn refused_by_all(authority: &TokenAuthority, verifier: &Verifier, token: &str) -> Result<(), TestCaseError> {
    prop_assert!(authority.access(token, NOW).is_err(), "access: {token:?}");
    prop_assert!(authority.refresh(token, NOW).is_err(), "refresh: {token:?}");
    prop_assert!(authority.any(token, NOW).is_err(), "any: {token:?}");
    prop_assert!(verifier.verify(token, NOW).is_err(), "verifier: {token:?}");
    Ok(())
}

static SUBJECTS: LazyLock<(TokenAuthority, Verifier, Vec<String>)> = LazyLock::new(subjects);

fn subjects() -> (TokenAuthority, Verifier, Vec<String>) {
    let authority = authority(TokenSettings::default());
    let hs256 = key(2, Algorithm::Hs256, -86400, None);
    authority.install(vec![signing_key(), hs256.clone()]).unwrap();
    let verifier = Verifier::from_jwks(&authority.key_set(NOW)).unwrap();
    let pair = authority.issue(&session(), &user()).unwrap();
    let header = serde_json::json!({ "alg": "HS256", "typ": "JWT", "kid": hs256.id.0 }).to_string();
    let hs256 = hs256_token(&hs256.material, &header, &own_claims().to_string());
    for token in [&pair.access, &pair.refresh, &hs256] {
        assert!(authority.any(token, NOW).is_ok());
    }
    (authority, verifier, vec![pair.access, pair.refresh, hs256])
}

#[test]
fn a_thousand_flipped_bytes_are_refused() {
    let (authority, verifier, tokens) = &*SUBJECTS;
    let random = SeededRandom::new(20_261_122);
    for round in 0..1000 {
        let mut bytes = tokens[round % tokens.len()].clone().into_bytes();
        let at = random.below(bytes.len());
        let before = bytes[at];
        while bytes[at] == before {
            bytes[at] = u8::try_from(random.below(128)).unwrap();
        }
        refused_by_all(authority, verifier, &String::from_utf8(bytes).unwrap()).unwrap();
    }
}

#[test]
fn no_last_letter_can_be_exchanged() {
    let (authority, verifier, tokens) = &*SUBJECTS;
    for token in tokens {
        let (start, last) = token.split_at(token.len() - 1);
        for letter in ('!'..='~').filter(|letter| !last.starts_with(*letter)) {
            refused_by_all(authority, verifier, &format!("{start}{letter}")).unwrap();
        }
    }
}

#[test]
fn parts_of_two_tokens_do_not_make_a_third() {
    let (authority, verifier, tokens) = &*SUBJECTS;
    let mut tokens = tokens.clone();
    tokens.push(ed25519_token(&signing_key(), &own_header(), &own_claims().to_string()));
    let parts: Vec<Vec<&str>> = tokens.iter().map(|token| token.split('.').collect()).collect();
    for (header, payload, signature) in
        (0..64).map(|n| (parts[n / 16][0], parts[n / 4 % 4][1], parts[n % 4][2]))
    {
        let token = format!("{header}.{payload}.{signature}");
        if !tokens.contains(&token) {
            refused_by_all(authority, verifier, &token).unwrap();
        }
    }
}

/// Something that is done to a token.
#[derive(Debug, Clone)]
enum Change {
    Insert(usize, String),
    Remove(usize, usize),
    Replace(usize, String),
    Truncate(usize),
    Repeat(usize, usize),
    SwapParts(usize, usize),
    ReplacePart(usize, Vec<u8>),
}

fn change() -> impl Strategy<Value = Change> {
    let text = || prop_oneof!["[A-Za-z0-9_-]{1,8}", "\\PC{1,4}", Just(".".to_owned()), Just("\0".to_owned())];
    let at = || 0_usize..2000;
    prop_oneof![
        (at(), text()).prop_map(|(at, text)| Change::Insert(at, text)),
        (at(), 1_usize..40).prop_map(|(at, count)| Change::Remove(at, count)),
        (at(), text()).prop_map(|(at, text)| Change::Replace(at, text)),
        at().prop_map(Change::Truncate),
        (at(), 1_usize..200).prop_map(|(at, count)| Change::Repeat(at, count)),
        (0_usize..3, 0_usize..3).prop_map(|(one, other)| Change::SwapParts(one, other)),
        (0_usize..3, proptest::collection::vec(any::<u8>(), 0..80))
            .prop_map(|(part, bytes)| Change::ReplacePart(part, bytes)),
    ]
}

fn changed(token: &str, change: &Change) -> String {
    let letters: Vec<char> = token.chars().collect();
    let place = |at: &usize| at % (letters.len() + 1);
    let slice = |from: usize, to: usize| {
        letters[from.min(letters.len())..to.min(letters.len())].iter().collect::<String>()
    };
    let all = letters.len();
    match change {
        Change::Insert(at, text) => slice(0, place(at)) + text + &slice(place(at), all),
        Change::Remove(at, count) => slice(0, place(at)) + &slice(place(at) + count, all),
        Change::Replace(at, text) => {
            slice(0, place(at)) + text + &slice(place(at) + text.chars().count(), all)
        }
        Change::Truncate(at) => slice(0, place(at)),
        Change::Repeat(at, count) => slice(0, place(at) + count) + &slice(place(at), all),
        Change::SwapParts(one, other) => {
            let mut parts: Vec<&str> = token.split('.').collect();
            if parts.len() > *one.max(other) {
                parts.swap(*one, *other);
            }
            parts.join(".")
        }
        Change::ReplacePart(part, bytes) => {
            let encoded = encode(bytes);
            let parts = token.split('.').enumerate();
            parts.map(|(n, old)| if n == *part { &*encoded } else { old }).collect::<Vec<_>>().join(".")
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_changed_token_is_refused(which in 0_usize..3, changes in proptest::collection::vec(change(), 1..4)) {
        let (authority, verifier, tokens) = &*SUBJECTS;
        let token = changes.iter().fold(tokens[which].clone(), |token, change| changed(&token, change));
        if token != tokens[which] {
            refused_by_all(authority, verifier, &token)?;
        }
    }

    #[test]
    fn any_text_is_refused(text in "\\PC{0,400}") {
        let (authority, verifier, _) = &*SUBJECTS;
        refused_by_all(authority, verifier, &text)?;
    }

    #[test]
    fn signed_rubbish_is_refused(header in "\\{\"[a-z]{1,4}\":[\"0-9a-z\\[\\{\\}\\],:]{0,20}\\}", payload in "\\PC{0,60}") {
        let (authority, verifier, _) = &*SUBJECTS;
        refused_by_all(authority, verifier, &ed25519_token(&signing_key(), &header, &payload))?;
        refused_by_all(authority, verifier, &ed25519_token(&signing_key(), &own_header(), &payload))?;
    }
}
