//! Letters to whom they are not meant for, and more of them than anybody wants.

use crate::harness::{Mailing, PASSWORD, Place, Registration, VERIFIED};
use doorward_testkit::{Case, Received, cases};
use serde_json::{Value, json};

pub(super) fn cases() -> Vec<Case<Place>> {
    cases![
        flood: whatever_is_asked_for_goes_to_the_stored_address_alone,
        no_form_or_header_brings_in_another_recipient,
        three_letters_an_hour_and_ten_a_day_in_all_spellings_together,
        what_strangers_ask_for_leaves_room_for_what_happened,
        registrations_of_many_with_one_mailbox_are_bounded_too,
        an_address_that_is_offered_again_and_again_is_bounded_too,
    ]
}

const VICTIM: &str = "mike@kink.example";

fn with_victim(place: &Place) -> Mailing {
    let server = place.mailing();
    let victim = Registration { email: VICTIM.into(), ..Registration::of("mike") };
    server.register(&victim).must_have_status(201);
    // Whom a confusion would reach.
    for (name, email) in [("evil", "evil@evil.example"), ("inner", "kink.example@evil.example")] {
        let other = Registration { email: email.into(), ..Registration::of(name) };
        server.register(&other).must_have_status(201);
    }
    server
}

fn whatever_is_asked_for_goes_to_the_stored_address_alone(place: &Place) {
    let server = with_victim(place);
    let hostile: Vec<Value> = vec![
        json!([VICTIM, "evil@evil.example"]),
        json!(["evil@evil.example"]),
        json!({"email": VICTIM, "cc": "evil@evil.example"}),
        json!(1),
        json!(true),
        json!(null),
        json!(format!("{VICTIM},evil@evil.example")),
        json!(format!("{VICTIM}, evil@evil.example")),
        json!(format!("{VICTIM} evil@evil.example")),
        json!(format!("{VICTIM};evil@evil.example")),
        json!(format!("{VICTIM}|evil@evil.example")),
        json!(format!("{VICTIM}\r\nBcc: evil@evil.example")),
        json!(format!("{VICTIM}\nBcc: evil@evil.example")),
        json!(format!("{VICTIM}\u{0}evil@evil.example")),
        json!(format!("{VICTIM}\u{2028}evil@evil.example")),
        json!(format!("{VICTIM}%0d%0aBcc:evil@evil.example")),
        json!(format!("<{VICTIM}>")),
        json!(format!("Mike <{VICTIM}>")),
        json!(format!("<evil@evil.example>{VICTIM}")),
        json!(format!("\"{VICTIM}\"@evil.example")),
        json!(format!("\"{VICTIM},\"@evil.example")),
        json!(format!("{VICTIM}@evil.example")),
        json!("mike%kink.example@evil.example"),
        json!("evil.example!mike@kink.example"),
        json!("@evil.example:mike@kink.example"),
        json!("mike(evil@evil.example)@kink.example"),
        json!("mike@kink.example."),
        json!("mike@ kink.example"),
        json!("mike@[kink.example]"),
        json!("mıke@kink.example"),
        json!("mike@kınk.example"),
        json!("mike@ﬁnk.example"),
        json!("mike@kinß.example"),
        json!("xn--mike-@kink.example"),
    ];
    // Other spellings of the victim's own address: they may reach the victim, and nobody else.
    let folding = [
        "mike＠kink.example",
        "mike﹫kink.example",
        "mi\u{212a}e@kink.example",
        "mike@\u{212a}in\u{212a}.example",
        "ｍｉｋｅ@ｋｉｎｋ.example",
        "MIKE@KINK.EXAMPLE",
        "mike@kink。example",
        " mike@kink.example ",
    ];
    for path in ["password/reset/", "registration/resend-email/"] {
        for email in hostile.iter().cloned().chain(folding.map(Value::from)) {
            let answer = server.tell(path, &json!({"email": email}));
            assert!(matches!(answer.status, 200 | 400), "{email}: {answer:?}");
            if !email.is_string() && !email.is_number() {
                answer.must_have_status(400);
            }
        }
    }
    let reached = server.reached();
    assert!(reached.iter().all(|to| to == VICTIM), "{reached:?}");
    for letter in server.smtp.letters() {
        assert_eq!(letter.header("To").as_deref(), Some(VICTIM));
        assert!(!letter.raw.contains("evil"), "{}", letter.raw);
    }
    // None of them was the address of a stranger.
    server.ask_reset("evil@evil.example").must_have_status(200);
    server.smtp.wait_for("evil@evil.example", 1);
}

fn no_form_or_header_brings_in_another_recipient(place: &Place) {
    let server = with_victim(place);
    let reset = || server.post("/api/auth/password/reset/");
    let twice = [("email", VICTIM), ("email", "nobody@evil.example")];
    reset().form(&twice).send().must_have_status(200);
    reset().multipart(&twice).send().must_have_status(200);
    reset().form(&[("email[]", VICTIM), ("email[]", "evil@evil.example")]).send().must_have_status(400);
    let body = r#"{"email": "mike@kink.example", "email": "nobody@evil.example"}"#;
    reset().header("Content-Type", "application/json").body(body).send().must_have_status(200);
    server
        .post("/api/auth/password/reset/?email=evil@evil.example")
        .json(&json!({"email": VICTIM}))
        .send()
        .must_have_status(200);
    let access = server.log_in("mike").access;
    for email in [
        json!(["a@evil.example", "b@evil.example"]),
        json!("a@evil.example,b@evil.example"),
        json!("a@evil.example\r\nBcc: b@evil.example"),
        json!("a@b@evil.example"),
    ] {
        server.change_email(&access, email, PASSWORD).must_have_status(400);
    }
    let reached = server.reached();
    assert_eq!(reached.into_iter().collect::<Vec<_>>(), [VICTIM]);
}

fn three_letters_an_hour_and_ten_a_day_in_all_spellings_together(place: &Place) {
    let server = place.mailing();
    server.join("victim");
    let spellings =
        ["victim@example.com", "VICTIM@example.com", "Victim@EXAMPLE.COM", " viCtim@example.com "];
    let flood = |times: usize| {
        for number in 0..times {
            let typed = spellings[number % spellings.len()];
            let asked = if number % 5 == 4 { server.resend(typed) } else { server.ask_reset(typed) };
            asked.must_have_status(200);
        }
        server.count("victim@example.com")
    };
    assert_eq!(flood(50), 3);
    for (passed, total) in [(3599, 3), (1, 6), (3600, 9), (3600, 10), (3600, 10), (19 * 3600, 10)] {
        server.pass(passed);
        assert_eq!(flood(10), total, "after {passed} more seconds");
    }
    // A day after the first of them there is room again.
    server.pass(3600);
    assert_eq!(flood(10), 13);
    // Of what was sent last, one link works, although more were asked for.
    let letters = server.smtp.to("victim@example.com");
    let is_reset = |letter: &&Received| letter.link().contains("/account/reset-password/");
    let last = letters.iter().rev().take(3).filter(is_reset);
    let works = last.filter(|letter| server.reset(letter, "An0ther-staple!").status == 200).count();
    assert_eq!(works, 1);
}

fn what_strangers_ask_for_leaves_room_for_what_happened(place: &Place) {
    let server = place.mailing();
    let pair = server.join_and_log_in("victim");
    server.vouch("victim");
    for _ in 0..10 {
        server.ask_reset("victim@example.com").must_have_status(200);
    }
    assert_eq!(server.count("victim@example.com"), 3);
    server.replace_password(&pair.access, PASSWORD, ["An0ther-staple!"; 2]).must_have_status(200);
    server.letter("victim", 4);
    // What gives the account back is sent however much was sent.
    let changed = server.change_email(&pair.access, "thief@example.com", "An0ther-staple!");
    changed.must_have_status(200);
    let key = server.smtp.last_of("thief@example.com", 1).in_link("key");
    server.confirm_email(&key).must_have_status(200);
    assert!(server.letter("victim", 5).link().contains("/account/undo-email-change/"));
}

fn registrations_of_many_with_one_mailbox_are_bounded_too(place: &Place) {
    let server = place.mailing_with(VERIFIED);
    for number in 0..8 {
        let email = match number {
            0 => "victim@example.com".to_owned(),
            1 => "v.i.c.t.i.m@example.com".to_owned(),
            2 => "\"victim\"@example.com".to_owned(),
            _ => format!("victim+{number}@example.com"),
        };
        let member = Registration { email: email.into(), ..Registration::of(&format!("member{number}")) };
        server.register(&member).must_have_status(201);
    }
    server.settle();
    // The third of an hour is kept for whoever has lost a password.
    assert_eq!(server.smtp.letters().len(), 2);
    server.ask_reset("victim+7@example.com").must_have_status(200);
    server.settle();
    assert_eq!(server.smtp.letters().len(), 3);
}

fn an_address_that_is_offered_again_and_again_is_bounded_too(place: &Place) {
    let server = place.mailing_with(&[
        ("accounts.email_verification", "required"),
        ("accounts.private_registration", "true"),
    ]);
    server.join_and_read("victim");
    for number in 0..8 {
        let email = "victim@example.com".into();
        let member = Registration { email, ..Registration::of(&format!("member{number}")) };
        server.register(&member).must_have_status(201);
    }
    assert_eq!(server.count("victim@example.com"), 2);
    server.reset_letter("victim");
}
