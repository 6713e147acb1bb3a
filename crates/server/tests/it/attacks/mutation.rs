//! Tokens that were tampered with at random.

use crate::harness::{Place, parts};
use doorward_domain::random::Random;
use doorward_domain::testing::SeededRandom;
use doorward_testkit::{Case, cases};

pub(super) fn cases() -> Vec<Case<Place>> {
    cases![
        mutation: no_flipped_bit_of_an_access_token_is_let_through,
        no_changed_character_of_a_refresh_token_is_let_through,
    ]
}

/// Numbers below a limit that look random and repeat from run to run.
struct Dice(SeededRandom);

impl Dice {
    fn below(&self, limit: usize) -> usize {
        let mut bytes = [0; 8];
        self.0.fill(&mut bytes);
        usize::try_from(u64::from_be_bytes(bytes) % u64::try_from(limit).unwrap()).unwrap()
    }
}

fn no_flipped_bit_of_an_access_token_is_let_through(place: &Place) {
    let server = place.server();
    let token = server.join_and_log_in("alice").access;
    let dice = Dice(SeededRandom::new(1));
    for _ in 0..500 {
        let mut bytes = token.clone().into_bytes();
        let at = dice.below(bytes.len());
        bytes[at] ^= 1 << dice.below(7);
        // Neither a header's end nor what splits it.
        if bytes[at].is_ascii_control() || bytes[at] == b' ' {
            continue;
        }
        let changed = String::from_utf8(bytes).unwrap();
        assert_eq!(server.dashboard(&changed).status, 401, "{changed}");
    }
    server.dashboard(&token).must_have_status(200);
}

fn no_changed_character_of_a_refresh_token_is_let_through(place: &Place) {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let server = place.server();
    let token = server.join_and_log_in("alice").refresh;
    let dice = Dice(SeededRandom::new(2));
    for _ in 0..200 {
        let mut bytes = token.clone().into_bytes();
        let (at, character) = (dice.below(bytes.len()), ALPHABET[dice.below(ALPHABET.len())]);
        if bytes[at] != character {
            bytes[at] = character;
            server.refresh(&String::from_utf8(bytes).unwrap()).must_have_status(401);
        }
    }
    // Parts of two tokens do not make a third.
    let other = server.log_in("alice").refresh;
    let ([header, payload, _], [_, _, signature]) = (parts(&token), parts(&other));
    server.refresh(&format!("{header}.{payload}.{signature}")).must_have_status(401);
    // None of this has ended the session.
    server.refresh(&token).must_have_status(200);
}
