//! Passwords that are made to cost, or to equal others.

use crate::harness::{NEW_PASSWORD, PASSWORD, Place, Registration, Server};
use doorward_testkit::{Case, cases};
use serde_json::json;

pub(super) fn cases() -> Vec<Case<Place>> {
    cases![
        passwords: every_byte_of_a_password_counts,
        passwords_that_are_equal_to_unicode_only_are_different,
        the_longest_password_fits_and_one_more_byte_does_not,
        a_bad_one_is_as_bad_wherever_it_is_set,
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

fn a_bad_one_is_as_bad_wherever_it_is_set(place: &Place) {
    let server = place.mailing();
    let pair = server.join_and_log_in("wonderland");
    let letter = server.reset_letter("wonderland");
    for bad in ["short1!", "password", "1234567890", "qwertyuiop", "Wonderland-1"] {
        // Like the name of an account that is not there yet, where it is like that.
        let name = if bad.starts_with('W') { "wonderland1" } else { "nobody" };
        let told = server.register(&Registration::of(name).password(bad)).json()["password"].clone();
        assert!(told.is_array(), "{bad}: {told}");
        let told = json!({"new_password2": told});
        server.replace_password(&pair.access, PASSWORD, [bad; 2]).must_be(400, &told);
        server.reset(&letter, bad).must_be(400, &told);
    }
    let long = "Corr3ct-".repeat(512) + "x";
    for answer in [server.replace_password(&pair.access, PASSWORD, [&long; 2]), server.reset(&letter, &long)]
    {
        answer.must_have_status(400);
        assert!(answer.text().contains("no more than 4096 characters"), "{}", answer.text());
    }
    server.reset(&letter, NEW_PASSWORD).must_have_status(200);
}
