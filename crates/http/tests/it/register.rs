use crate::support::{PASSWORD, Server};
use doorward_http::HttpSettings;
use serde_json::{Value, json};

const PATH: &str = "/api/auth/register/";

fn draft(username: &str, email: &str) -> Value {
    json!({"username": username, "email": email, "password": PASSWORD, "password2": PASSWORD})
}

fn all(value: &str) -> String {
    format!(r#"{{"username":{value},"email":{value},"password":{value},"password2":{value}}}"#)
}

#[test]
fn an_account_is_made_and_can_log_in() {
    let server = Server::start();
    let made = server.post(PATH, &draft(" bob ", "bob@EXAMPLE.com"));
    made.assert(201, r#"{"username":"bob","email":"bob@example.com"}"#);
    assert!(server.world.login("bob", PASSWORD).is_ok());
}

#[test]
fn what_is_not_asked_for_is_ignored() {
    let server = Server::start();
    let mut draft = draft("bob", "bob@example.com");
    draft["is_staff"] = json!(true);
    draft["id"] = json!(1);
    assert_eq!(server.post(PATH, &draft).status, 201);
    assert!(!server.world.find("bob").is_staff);
}

#[test]
fn the_misspelt_repetition_is_taken_too() {
    let server = Server::start();
    let body =
        json!({"username": "bob", "email": "bob@example.com", "password": PASSWORD, "passwrod2": PASSWORD});
    assert_eq!(server.post(PATH, &body).status, 201);
}

#[test]
fn every_field_is_required_not_null_and_not_blank() {
    let server = Server::start();
    let told = |sentence: &str| all(&format!("[\"{sentence}\"]"));
    server.post(PATH, "{}").assert(400, &told("This field is required."));
    server.post(PATH, "").assert(400, &told("This field is required."));
    server.post(PATH, &all("null")).assert(400, &told("This field may not be null."));
    server.post(PATH, &all("\"\"")).assert(400, &told("This field may not be blank."));
}

#[test]
fn booleans_lists_and_objects_are_no_strings() {
    let server = Server::start();
    for value in ["true", "false", "[]", "{}", r#"["x"]"#] {
        server.post(PATH, &all(value)).assert(
            400,
            concat!(
                r#"{"username":["Not a valid string."],"email":["Enter a valid email address."],"#,
                r#""password":["Not a valid string."],"password2":["Not a valid string."]}"#
            ),
        );
    }
}

#[test]
fn numbers_are_strings() {
    let server = Server::start();
    let body = r#"{"username":123456789012345678901234567890,"email":"n@example.com","password":12345678.50,"password2":"12345678.5"}"#;
    server
        .post(PATH, &body)
        .assert(201, r#"{"username":"123456789012345678901234567890","email":"n@example.com"}"#);
}

#[test]
fn rules_are_told_field_by_field_and_all_of_them() {
    let server = Server::start();
    let body = json!({"username": "a b", "email": "x", "password": "1", "password2": "2"});
    server.post(PATH, &body).assert(
        400,
        concat!(
            r#"{"username":["Enter a valid username. This value may contain only letters, numbers, and @/./+/-/_ characters."],"#,
            r#""email":["Enter a valid email address."],"#,
            r#""password":["This password is too short. It must contain at least 8 characters.","This password is too common.","This password is entirely numeric."]}"#
        ),
    );
}

#[test]
fn errors_of_the_wire_and_of_the_rules_come_together() {
    let server = Server::start();
    let body = json!({"username": null, "email": "alice@example.com", "password": "Xk9!q"});
    server.post(PATH, &body).assert(
        400,
        concat!(
            r#"{"username":["This field may not be null."],"email":["A user with that email already exists."],"#,
            r#""password":["This password is too short. It must contain at least 8 characters."],"#,
            r#""password2":["This field is required."]}"#
        ),
    );
}

#[test]
fn null_characters_are_refused_in_every_field_and_nothing_is_made() {
    let server = Server::start();
    let body = r#"{"username":"a\u0000b","email":"a\u0000b","password":"x\u0000y","password2":"a\u0000b"}"#;
    server.post(PATH, &body).assert(
        400,
        concat!(
            r#"{"username":["Enter a valid username. This value may contain only letters, numbers, and @/./+/-/_ characters.","Null characters are not allowed."],"#,
            r#""email":["Null characters are not allowed.","Enter a valid email address."],"#,
            r#""password":["This password is too short. It must contain at least 8 characters.","Null characters are not allowed."],"#,
            r#""password2":["Null characters are not allowed."]}"#
        ),
    );
    let body = r#"{"username":"bob","email":"bob@example.com","password":"Corr3ct-\u0000horse!","password2":"Corr3ct-\u0000horse!"}"#;
    let sentence = r#"["Null characters are not allowed."]"#;
    server.post(PATH, &body).assert(400, &format!(r#"{{"password":{sentence},"password2":{sentence}}}"#));
}

#[test]
fn half_a_surrogate_pair_is_refused_in_every_field_and_nothing_is_made() {
    let server = Server::start();
    let body = r#"{"username":"\ud800","email":"a\ud800@b.co","password":"Corr3ct-\udc01horse!","password2":"Corr3ct-\udc01horse!"}"#;
    server.post(PATH, &body).assert(
        400,
        concat!(
            r#"{"username":["Enter a valid username. This value may contain only letters, numbers, and @/./+/-/_ characters.","Surrogate characters are not allowed: U+D800."],"#,
            r#""email":["Surrogate characters are not allowed: U+D800.","Enter a valid email address."],"#,
            r#""password":["Surrogate characters are not allowed: U+DC01."],"#,
            r#""password2":["Surrogate characters are not allowed: U+DC01."]}"#
        ),
    );
}

#[test]
fn names_that_are_taken_are_told() {
    let server = Server::start();
    server.post(PATH, &draft("ALICE", "Alice@Example.com")).assert(
        400,
        concat!(
            r#"{"username":["A user with that username already exists."],"#,
            r#""email":["A user with that email already exists."]}"#
        ),
    );
}

#[test]
fn a_username_that_is_an_address_is_the_accounts_own() {
    let server = Server::start();
    server
        .post(PATH, &draft("victim@example.com", "mallory@example.com"))
        .assert(400, r#"{"username":["A username that is an e-mail address must be your own."]}"#);
    let own = draft("victim@example.com", "victim@example.com");
    server.post(PATH, &own).assert(201, r#"{"username":"victim@example.com","email":"victim@example.com"}"#);
}

#[test]
fn passwords_that_differ_are_told_when_nothing_else_is_wrong() {
    let server = Server::start();
    let mut other = draft("bob", "bob@example.com");
    other["password2"] = json!("Other-pass-9!");
    server.post(PATH, &other.clone()).assert(400, r#"{"non_field_errors":["Passwords must match."]}"#);
    other["email"] = json!("x");
    server.post(PATH, &other).assert(400, r#"{"email":["Enter a valid email address."]}"#);
}

#[test]
fn a_password_beyond_4096_bytes_is_refused_before_any_hash() {
    let server = Server::start();
    let hashes = server.world.hasher.count();
    let long = "x!9".repeat(1366);
    let body = json!({"username": "bob", "email": "bob@example.com", "password": long, "password2": long});
    let sentence = r#"["Ensure this field has no more than 4096 characters."]"#;
    server.post(PATH, &body).assert(400, &format!(r#"{{"password":{sentence},"password2":{sentence}}}"#));
    assert_eq!(server.world.hasher.count(), hashes);
}

#[test]
fn white_space_around_a_password_belongs_to_it_unless_set_otherwise() {
    let padded = json!({"username": "bob", "email": "bob@example.com", "password": " Corr3ct-horse! ", "password2": " Corr3ct-horse! "});
    let server = Server::start();
    assert_eq!(server.post(PATH, &padded.clone()).status, 201);
    assert!(
        server.world.login("bob", PASSWORD).is_err() && server.world.login("bob", " Corr3ct-horse! ").is_ok()
    );

    let server = Server::with(HttpSettings { trim_passwords: true, ..HttpSettings::default() });
    assert_eq!(server.post(PATH, &padded).status, 201);
    assert!(server.world.login("bob", PASSWORD).is_ok());
    let blank = r#"{"username":"eve","email":"eve@example.com","password":" \u001f","password2":"\u00a0"}"#;
    let sentence = r#"["This field may not be blank."]"#;
    server.post(PATH, &blank).assert(400, &format!(r#"{{"password":{sentence},"password2":{sentence}}}"#));
}

#[test]
fn a_wrong_bearer_is_refused_although_none_is_needed() {
    let server = Server::start();
    let bad = server.send("POST", PATH, &["Authorization: Bearer a b"], b"");
    bad.assert(
        401,
        r#"{"detail":"Authorization header must contain two space-delimited values","code":"bad_authorization_header"}"#,
    );
    assert_eq!(server.send("GET", PATH, &["Authorization: Bearer x"], b"").status, 401);
    assert_eq!(server.send("POST", PATH, &["Authorization: Token x"], b"").status, 400);
    let access = server.login().access;
    assert_eq!(server.post_as(&access, PATH, &draft("bob", "bob@example.com")).status, 201);
}
