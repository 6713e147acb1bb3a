use crate::harness::bodies::{INVALID, bearer_refused};
use crate::harness::{PASSWORD, Place, Registration};
use doorward_testkit::{Case, cases};
use serde_json::json;

pub(super) fn cases() -> Vec<Case<Place>> {
    cases![
        register: every_encoding_makes_the_account_that_json_makes,
        the_misspelt_second_password_is_taken,
        names_are_stored_as_django_stores_them,
        a_username_that_is_an_address_is_the_accounts_own,
        a_password_like_the_username_is_refused_by_default_and_taken_by_django,
        white_space_around_a_password_counts_except_to_django,
        a_body_cannot_make_its_sender_staff,
        a_wrong_bearer_is_refused_although_none_is_needed,
        every_rule_that_a_field_breaks_is_told,
        the_shortest_password_is_configured,
    ]
}

fn every_encoding_makes_the_account_that_json_makes(place: &Place) {
    let server = place.server();
    let send = |name: &'static str| {
        let (address, request) = (format!("{name}@example.com"), server.post("/api/auth/register/"));
        (request, [("username", name), ("password", PASSWORD), ("password2", PASSWORD)], address)
    };
    let (request, [username, password, again], address) = send("form");
    let form = request.form(&[username, ("email", &address), password, again]).send();
    form.must_be(201, &json!({"username": "form", "email": "form@example.com"}));
    let (request, [username, password, again], address) = send("parts");
    let parts = request.multipart(&[username, ("email", &address), password, again]).send();
    parts.must_be(201, &json!({"username": "parts", "email": "parts@example.com"}));
    server
        .register(&Registration::of("json"))
        .must_be(201, &json!({"username": "json", "email": "json@example.com"}));
    for name in ["form", "parts", "json"] {
        server.log_in(name);
    }
}

fn the_misspelt_second_password_is_taken(place: &Place) {
    let server = place.server();
    let body = json!({"username": "alice", "email": "alice@example.com", "password": PASSWORD, "passwrod2": PASSWORD});
    server.post("/api/auth/register/").json(&body).send().must_have_status(201);
}

fn names_are_stored_as_django_stores_them(place: &Place) {
    let server = place.server();
    let typed = Registration { email: "Alice.L@EXAMPLE.Com".into(), ..Registration::of("  ﬁne\u{ff21} ") };
    server.register(&typed).must_be(201, &json!({"username": "fineA", "email": "Alice.L@example.com"}));
}

fn a_username_that_is_an_address_is_the_accounts_own(place: &Place) {
    let server = place.server();
    server.join("alice");
    let told = json!({"username": ["A username that is an e-mail address must be your own."]});
    // Be it anybody's by now or not: its owner could not register any more.
    for (username, email) in [("Alice@Example.com", "thief"), ("bob@example.com", "carol")] {
        let thief = Registration { username: username.into(), ..Registration::of(email) };
        server.register(&thief).must_be(400, &told);
    }
    let own = Registration { username: "Bob@example.com".into(), ..Registration::of("bob") };
    server.register(&own).must_have_status(201);
    server.log_in("bob@example.com");
}

fn a_password_like_the_username_is_refused_by_default_and_taken_by_django(place: &Place) {
    let alike = Registration::of("wonderland").password("Wonderland-1");
    let told = json!({"password": ["The password is too similar to the username."]});
    place.server().register(&alike).must_be(400, &told);
    place.django().register(&alike).must_have_status(201);
}

fn white_space_around_a_password_counts_except_to_django(place: &Place) {
    let spaced = " Corr3ct-horse!\t";
    let server = place.server();
    server.register(&Registration::of("alice").password(spaced)).must_have_status(201);
    server.login("alice", PASSWORD).must_have_status(401);
    server.login("alice", spaced).must_have_status(200);
    let server = place.django();
    server.register(&Registration::of("bob").password(spaced)).must_have_status(201);
    server.login("bob", PASSWORD).must_have_status(200);
    server.login("bob", spaced).must_have_status(200);
}

fn a_body_cannot_make_its_sender_staff(place: &Place) {
    let server = place.server();
    let body = json!({
        "username": "alice", "email": "alice@example.com", "password": PASSWORD, "password2": PASSWORD,
        "id": 1, "is_staff": true, "is_superuser": true, "is_active": false, "user": {"is_staff": true},
    });
    server.post("/api/auth/register/").json(&body).send().must_have_status(201);
    let alice = server.account("alice");
    assert!(!alice.is_staff && !alice.is_superuser && alice.is_active);
}

fn a_wrong_bearer_is_refused_although_none_is_needed(place: &Place) {
    let server = place.server();
    let request = || server.post("/api/auth/register/");
    request().bearer("garbage").send().must_be(401, &bearer_refused(INVALID));
    let access = server.join_and_log_in("alice").access;
    let body =
        json!({"username": "bob", "email": "bob@example.com", "password": PASSWORD, "password2": PASSWORD});
    request().bearer(&access).json(&body).send().must_have_status(201);
}

fn every_rule_that_a_field_breaks_is_told(place: &Place) {
    let server = place.server();
    let bad = Registration {
        username: "a b".repeat(60).into(),
        email: format!("{}@x", "e".repeat(254)).into(),
        ..Registration::of("").password("12345")
    };
    let told = json!({
        "username": [
            "Enter a valid username. This value may contain only letters, numbers, and @/./+/-/_ characters.",
            "Ensure this field has no more than 150 characters.",
        ],
        "email": ["Ensure this field has no more than 254 characters.", "Enter a valid email address."],
        "password": [
            "This password is too short. It must contain at least 8 characters.",
            "This password is too common.",
            "This password is entirely numeric.",
        ],
    });
    server.register(&bad).must_be(400, &told);
}

fn the_shortest_password_is_configured(place: &Place) {
    let server = place.server_with(|settings| settings.passwords.minimum_length = 15);
    let told = json!({"password": ["This password is too short. It must contain at least 15 characters."]});
    server.register(&Registration::of("alice")).must_be(400, &told);
    server.register(&Registration::of("alice").password("Corr3ct-horse!!")).must_have_status(201);
}
