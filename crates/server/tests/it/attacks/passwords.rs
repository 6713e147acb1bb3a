//! Passwords that are made to cost, or to equal others.

use crate::harness::{Place, Registration, Server};
use doorward_testkit::{Case, cases};
use serde_json::json;

pub(super) fn cases() -> Vec<Case<Place>> {
    cases![
        passwords: every_byte_of_a_password_counts,
        passwords_that_are_equal_to_unicode_only_are_different,
        the_longest_password_fits_and_one_more_byte_does_not,
    ]
}

/// Makes an account with a password, and fails unless it is the one that logs in.
fn must_only_open_to(server: &Server, name: &str, password: &str, others: &[&str]) {
    server.register(&Registration::of(name).password(password)).must_have_status(201);
    for other in others {
        server.login(name, other).must_have_status(401);
    }
    server.login(name, password).must_have_status(200);
}

fn every_byte_of_a_password_counts(place: &Place) {
    let server = place.server();
    // bcrypt alone reads 72 bytes, and stops at a NUL.
    let long = "Corr3ct-horse".repeat(40);
    for length in [71, 72, 73, 74, 512] {
        let (password, shorter) = (&long[..length], &long[..length - 1]);
        let changed = format!("{shorter}?");
        let longer = format!("{password}x");
        must_only_open_to(&server, &format!("long{length}"), password, &[shorter, &changed, &longer]);
    }
}

fn passwords_that_are_equal_to_unicode_only_are_different(place: &Place) {
    let server = place.server();
    let emoji = "🐎🔋📎✅".repeat(32);
    assert_eq!(emoji.len(), 32 * 15);
    must_only_open_to(&server, "emoji", &emoji, &[&emoji[..emoji.len() - 3]]);
    must_only_open_to(&server, "ligature", "ﬁne-h0rses!", &["fine-h0rses!", "ﬁne-h0rses"]);
    must_only_open_to(&server, "case", "Corr3ct-Horse!", &["corr3ct-horse!", "CORR3CT-HORSE!"]);
}

fn the_longest_password_fits_and_one_more_byte_does_not(place: &Place) {
    let server = place.server();
    let longest = "Corr3ct-".repeat(512);
    must_only_open_to(&server, "longest", &longest, &[&longest[..4095]]);
    let told = json!({"password": ["Ensure this field has no more than 4096 characters."]});
    server.login("longest", &format!("{longest}x")).must_be(400, &told);
    let answer = server.register(&Registration::of("longer").password(format!("{longest}x")));
    answer.must_have_status(400);
    assert_eq!(answer.json()["password"], told["password"]);
}
