use crate::harness::bodies::{BEARER, login_refused};
use crate::harness::{PASSWORD, Pair, Place, claims};
use doorward_domain::identity::CanonicalName;
use doorward_domain::password::PasswordHash;
use doorward_domain::testing::block_on;
use doorward_testkit::{Case, cases};
use serde_json::json;

pub(super) fn cases() -> Vec<Case<Place>> {
    cases![
        login: an_account_logs_in_by_its_name_or_its_address_in_any_case,
        every_encoding_logs_in,
        a_login_is_recorded,
        a_wrong_password_is_refused,
        the_authorization_header_is_not_looked_at,
        every_login_is_a_session_of_its_own,
        a_hash_of_another_scheme_is_replaced_at_login,
        what_is_missing_or_blank_is_told,
        a_username_comes_before_an_address,
    ]
}

fn an_account_logs_in_by_its_name_or_its_address_in_any_case(place: &Place) {
    let server = place.server();
    server.join("alice");
    for name in ["alice", "ALICE", "  alice ", "ａｌｉｃｅ", "alice@example.com", "Alice@Example.COM"] {
        server.login(name, PASSWORD).must_have_status(200);
    }
    let address = json!({"email": "alice@example.com", "password": PASSWORD});
    server.post("/api/auth/login/").json(&address).send().must_have_status(200);
}

fn every_encoding_logs_in(place: &Place) {
    let server = place.server();
    server.join("alice");
    let fields = [("username", "alice"), ("password", PASSWORD)];
    server.post("/api/auth/login/").form(&fields).send().must_have_status(200);
    server.post("/api/auth/login").multipart(&fields).send().must_have_status(200);
}

fn a_login_is_recorded(place: &Place) {
    let server = place.server();
    server.join("alice");
    assert_eq!(server.last_login("alice"), None);
    server.pass(60);
    let pair = server.log_in("alice");
    let user = server.user(&pair.access).json();
    assert_eq!([&user["date_joined"], &user["last_login"]], ["2026-01-01T00:00:00Z", "2026-01-01T00:01:00Z"]);
}

fn a_wrong_password_is_refused(place: &Place) {
    let server = place.server();
    server.join("alice");
    let answer = server.login("alice", "Corr3ct-horse?");
    answer.must_be(401, &login_refused());
    assert_eq!(answer.header("www-authenticate"), Some(BEARER));
    assert_eq!(server.last_login("alice"), None);
}

fn the_authorization_header_is_not_looked_at(place: &Place) {
    let server = place.server();
    server.join("alice");
    let body = json!({"username": "alice", "password": PASSWORD});
    server.post("/api/auth/login/").bearer("garbage").json(&body).send().must_have_status(200);
}

fn every_login_is_a_session_of_its_own(place: &Place) {
    let server = place.server();
    let (first, second) = (server.join_and_log_in("alice"), server.log_in("alice"));
    assert_ne!(claims(&first.access)["sid"], claims(&second.access)["sid"]);
    server.logout(&first.refresh).must_have_status(200);
    server.dashboard(&second.access).must_have_status(200);
}

fn a_hash_of_another_scheme_is_replaced_at_login(place: &Place) {
    const OF_DJANGO: &str = "pbkdf2_sha1$1000$zHZS2zEtkJv6WR8fPkPazu$auFtnbSz23tAKK+DzRdj6ztmvgM=";
    let server = place.server();
    server.import("alice", PasswordHash::from_encoded(OF_DJANGO));
    let stored = || {
        let credential = server.auth().ports().store.query(|db| db.credential(&CanonicalName::of("alice")));
        block_on(credential).unwrap().unwrap().password.as_encoded().to_owned()
    };
    assert_eq!(stored(), OF_DJANGO);
    server.login("alice", "a wrong one").must_have_status(401);
    assert_eq!(stored(), OF_DJANGO);
    for _ in 0..2 {
        Pair::of(&server.login("alice", "correct horse battery staple"));
        assert!(stored().starts_with("bcrypt_sha256$$2b$04$"), "{}", stored());
    }
}

fn what_is_missing_or_blank_is_told(place: &Place) {
    let server = place.server();
    let login = |body| server.post("/api/auth/login/").json(&body).send();
    let [required, blank] = ["This field is required.", "This field may not be blank."];
    let no_null = "This field may not be null.";
    login(json!({"username": "alice"})).must_be(400, &json!({"password": [required]}));
    login(json!({"username": " ", "password": ""}))
        .must_be(400, &json!({"username": [blank], "password": [blank]}));
    login(json!({"username": null, "password": null}))
        .must_be(400, &json!({"username": [no_null], "password": [no_null]}));
    login(json!({"email": ""})).must_be(400, &json!({"email": [blank], "password": [required]}));
}

fn a_username_comes_before_an_address(place: &Place) {
    let server = place.server();
    server.join("alice");
    // Both keys are there: the one that Django knows counts.
    let body = json!({"username": "alice", "email": "nobody@example.com", "password": PASSWORD});
    server.post("/api/auth/login/").json(&body).send().must_have_status(200);
    let body = json!({"username": "nobody", "email": "alice@example.com", "password": PASSWORD});
    server.post("/api/auth/login/").json(&body).send().must_be(401, &login_refused());
}
