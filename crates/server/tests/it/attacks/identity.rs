//! Names that look like the names of others, and texts that are none.

use crate::harness::bodies::login_refused;
use crate::harness::{NEW_PASSWORD, PASSWORD, Place, Registration};
use doorward_testkit::{Case, cases};
use serde_json::{Value, json};

pub(super) fn cases() -> Vec<Case<Place>> {
    cases![
        identity: a_name_that_folds_to_a_known_one_is_taken,
        an_address_that_folds_to_a_known_one_is_taken,
        names_that_look_empty_or_hide_something_are_refused,
        null_and_surrogate_characters_are_refused_everywhere,
        the_longest_name_and_address_fit_and_one_more_does_not,
        addresses_that_mean_several_or_none_are_refused,
        values_of_the_wrong_type_are_refused_everywhere,
    ]
}

fn a_name_that_folds_to_a_known_one_is_taken(place: &Place) {
    let server = place.server();
    server.join("admin");
    let sharp = Registration { username: "straße".into(), ..Registration::of("street") };
    server.register(&sharp).must_have_status(201);
    let taken = json!({"username": ["A user with that username already exists."]});
    for (number, name) in
        ["Admin", "ADMIN", "ａｄｍｉｎ", "ａdmin", "\u{2001}admin\u{a0}", "STRASSE", "Straſſe", "strasse"]
            .iter()
            .enumerate()
    {
        let other = Registration { username: (*name).into(), ..Registration::of(&format!("other{number}")) };
        server.register(&other).must_be(400, &taken);
    }
    // A letter of another script is another letter, and its owner another account.
    let cyrillic = Registration { username: "аdmin".into(), ..Registration::of("cyrillic") };
    server.register(&cyrillic.password("An0ther-horse!")).must_have_status(201);
    server.login("аdmin", PASSWORD).must_be(401, &login_refused());
    server.login("admin", "An0ther-horse!").must_be(401, &login_refused());
}

fn an_address_that_folds_to_a_known_one_is_taken(place: &Place) {
    let server = place.server();
    let victim = Registration { email: "mike@kink.example".into(), ..Registration::of("mike") };
    server.register(&victim).must_have_status(201);
    for (number, email) in [
        "MIKE@KINK.EXAMPLE",
        "mi\u{212a}e@kink.example",
        "mike@\u{212a}in\u{212a}.example",
        "ｍｉｋｅ@kink.example",
        "mike＠kink.example",
        "mike﹫kink.example",
    ]
    .iter()
    .enumerate()
    {
        let thief = Registration { email: (*email).into(), ..Registration::of(&format!("thief{number}")) };
        server.register(&thief).must_have_status(400);
    }
    server.login("mike@kink.example", PASSWORD).must_have_status(200);
}

fn names_that_look_empty_or_hide_something_are_refused(place: &Place) {
    let server = place.server();
    for name in [
        "\u{200b}",
        "ad\u{200b}min",
        "\u{202e}nimda",
        "a\u{ad}b",
        "\u{feff}admin",
        "a\u{fffe}b",
        "a b",
        "a/b",
        "a:b",
        "<b>",
        "a\nb",
        "a\u{2028}b",
        "\u{1f600}",
        "a,b",
        "a;b",
    ] {
        let answer = server.register(&Registration { username: name.into(), ..Registration::of("plain") });
        answer.must_have_status(400);
        assert!(answer.json().get("username").is_some(), "{name:?}: {}", answer.text());
    }
}

/// Whether a path asks who calls.
fn is_guarded(path: &str) -> bool {
    ["/api/dashboard/", "/api/auth/password/change/", "/api/auth/email/change/"].contains(&path)
}

/// These fields, and a new password twice.
fn new_password(mut fields: Value) -> Value {
    for name in ["new_password1", "new_password2"] {
        fields[name] = NEW_PASSWORD.into();
    }
    fields
}

fn null_and_surrogate_characters_are_refused_everywhere(place: &Place) {
    let server = place.server();
    let pair = server.join_and_log_in("alice");
    for (path, field, others) in [
        (
            "/api/auth/register/",
            "username",
            json!({"email": "a@example.com", "password": PASSWORD, "password2": PASSWORD}),
        ),
        (
            "/api/auth/register/",
            "email",
            json!({"username": "a", "password": PASSWORD, "password2": PASSWORD}),
        ),
        (
            "/api/auth/register/",
            "password",
            json!({"username": "a", "email": "a@example.com", "password2": PASSWORD}),
        ),
        (
            "/api/auth/register/",
            "password2",
            json!({"username": "a", "email": "a@example.com", "password": PASSWORD}),
        ),
        ("/api/auth/login/", "username", json!({"password": PASSWORD})),
        ("/api/auth/login/", "email", json!({"password": PASSWORD})),
        ("/api/auth/login/", "password", json!({"username": "alice"})),
        ("/api/auth/token/refresh/", "refresh", json!({})),
        ("/api/auth/token/verify/", "token", json!({})),
        ("/api/auth/token/blacklist/", "refresh", json!({})),
        ("/api/auth/logout/", "refresh", json!({})),
        ("/api/dashboard/", "text", json!({})),
        ("/api/auth/registration/verify-email/", "key", json!({})),
        ("/api/auth/registration/verify-email/", "code", json!({"email": "alice@example.com"})),
        ("/api/auth/password/reset/confirm/", "token", new_password(json!({"uid": "1"}))),
        ("/api/auth/password/reset/confirm/", "uid", new_password(json!({"token": "1"}))),
        ("/api/auth/password/reset/confirm/", "code", new_password(json!({"email": "alice@example.com"}))),
        ("/api/auth/password/reset/confirm/", "new_password1", json!({"uid": "1", "token": "1"})),
        ("/api/auth/password/reset/confirm/", "new_password2", json!({"uid": "1", "token": "1"})),
        ("/api/auth/password/change/", "old_password", new_password(json!({}))),
        ("/api/auth/password/change/", "new_password1", json!({"old_password": PASSWORD})),
        ("/api/auth/email/change/", "password", json!({"email": "alice@new.example"})),
        ("/api/auth/email/change/confirm/", "key", json!({})),
        ("/api/auth/email/change/undo/", "key", json!({})),
    ] {
        for (value, told) in [
            (r"Corr3ct-horse!\u0000", "Null characters are not allowed."),
            (r"\ud800Corr3ct-horse!", "Surrogate characters are not allowed: U+D800."),
            (r"Corr3ct\udfff-horse!", "Surrogate characters are not allowed: U+DFFF."),
        ] {
            let others = others.to_string();
            let separator = if others == "{}" { "" } else { "," };
            let body = format!(r#"{{"{field}":"{value}"{separator}{}"#, &others[1..]);
            let mut request = server.post(path).header("Content-Type", "application/json");
            if is_guarded(path) {
                request = request.bearer(&pair.access);
            }
            let answer = request.body(body).send();
            answer.must_have_status(400);
            let errors = answer.json()[field].as_array().cloned().unwrap_or_default();
            assert!(errors.contains(&told.into()), "{path} {field}: {}", answer.text());
        }
    }
}

fn the_longest_name_and_address_fit_and_one_more_does_not(place: &Place) {
    let server = place.server();
    // A letter beyond the first plane counts as one.
    let longest = "\u{10400}".repeat(150);
    let of = |username: String, email: String| {
        server.register(&Registration {
            username: username.into(),
            email: email.into(),
            ..Registration::of("")
        })
    };
    of(longest.clone(), "long@example.com".to_owned()).must_have_status(201);
    server.login(&longest, PASSWORD).must_have_status(200);
    let told = json!({"username": ["Ensure this field has no more than 150 characters."]});
    of(format!("{longest}\u{10400}"), "longer@example.com".to_owned()).must_be(400, &told);

    let label = "d".repeat(61);
    let domain = format!("{label}.{label}.{label}.ex");
    let fits = format!("{}@{domain}", "l".repeat(254 - 1 - domain.len()));
    assert_eq!(fits.chars().count(), 254);
    of("addressed".to_owned(), fits.clone()).must_have_status(201);
    server.login(&fits, PASSWORD).must_have_status(200);
    let answer = of("addressed2".to_owned(), format!("l{fits}"));
    answer.must_be(400, &json!({"email": ["Ensure this field has no more than 254 characters."]}));
}

fn addresses_that_mean_several_or_none_are_refused(place: &Place) {
    let server = place.server();
    for email in [
        "a@example.com,b@example.com",
        "a@example.com b@example.com",
        "a@example.com;b@example.com",
        "a@example.com\r\nBcc: b@example.com",
        "a@example.com\u{0}",
        "A <a@example.com>",
        "a@b@example.com",
        "@example.com",
        "a@",
        "a@example",
        "a@-example.com",
        "a@example..com",
        "a..b@example.com",
        ".a@example.com",
        "a@.com",
        "a@exa mple.com",
        "a\u{202e}@example.com",
        "\"a\nb\"@example.com",
        "a@[999.1.1.1]",
    ] {
        let answer = server.register(&Registration { email: email.into(), ..Registration::of("mallory") });
        answer.must_have_status(400);
        assert!(answer.json().get("email").is_some(), "{email:?}: {}", answer.text());
    }
}

fn values_of_the_wrong_type_are_refused_everywhere(place: &Place) {
    let server = place.server();
    let access = server.join_and_log_in("alice").access;
    let calls: [(&str, &[&str]); 14] = [
        ("/api/auth/register/", &["username", "email", "password", "password2"]),
        ("/api/auth/login/", &["username", "password"]),
        ("/api/auth/token/refresh/", &["refresh"]),
        ("/api/auth/token/verify/", &["token"]),
        ("/api/auth/token/blacklist/", &["refresh"]),
        ("/api/dashboard/", &["text"]),
        ("/api/auth/registration/verify-email/", &["key"]),
        ("/api/auth/registration/resend-email/", &["email"]),
        ("/api/auth/password/reset/", &["email"]),
        ("/api/auth/password/reset/confirm/", &["new_password1", "new_password2", "uid", "token"]),
        ("/api/auth/password/change/", &["old_password", "new_password1", "new_password2"]),
        ("/api/auth/email/change/", &["email", "password"]),
        ("/api/auth/email/change/confirm/", &["email", "code"]),
        ("/api/auth/email/change/undo/", &["key"]),
    ];
    for (path, fields) in calls {
        let send = |body: &Value| {
            let request = server.post(path).json(body);
            if is_guarded(path) { request.bearer(&access).send() } else { request.send() }
        };
        for value in [json!(true), json!([]), json!(["a"]), json!({}), json!({"$ne": null}), json!(null)] {
            let body: Value = fields
                .iter()
                .map(|field| ((*field).to_owned(), value.clone()))
                .collect::<serde_json::Map<_, _>>()
                .into();
            let answer = send(&body);
            answer.must_have_status(400);
            let told = answer.json();
            assert_eq!(told.as_object().unwrap().len(), fields.len(), "{path}: {told}");
        }
        for body in [json!([]), json!([{}]), json!("a"), json!(1), json!(true), json!(null)] {
            let answer = send(&body);
            answer.must_have_status(400);
            assert!(answer.json().get("non_field_errors").is_some(), "{path}: {}", answer.text());
        }
    }
}
