//! Learning which accounts there are.

use crate::harness::bodies::login_refused;
use crate::harness::{PASSWORD, Place};
use doorward_domain::password::PasswordHash;
use doorward_testkit::{Case, cases};

pub(super) fn cases() -> Vec<Case<Place>> {
    cases![
        enumeration: a_login_that_fails_says_nothing_about_why,
        a_hash_that_cannot_be_verified_is_a_wrong_password,
        no_failed_login_leaves_a_session,
    ]
}

fn a_login_that_fails_says_nothing_about_why(place: &Place) {
    let server = place.server();
    for name in ["known", "inactive"] {
        server.join(name);
    }
    server.set_active("inactive", false);
    server.import("unusable", PasswordHash::unusable());
    let told = |name: &str, password: &str| {
        let answer = server.login(name, password);
        let mut headers = answer.headers.clone();
        for changing in ["date", "x-request-id"] {
            assert!(headers.remove(changing).is_some());
        }
        (answer.status, headers, answer.body)
    };
    let unknown = told("nobody", PASSWORD);
    server.login("nobody", PASSWORD).must_be(401, &login_refused());
    for (name, password) in [
        ("known", "a wrong one"),
        ("known@example.com", "a wrong one"),
        ("inactive", PASSWORD),
        ("inactive", "a wrong one"),
        ("unusable", PASSWORD),
        ("unusable", "!"),
        ("nobody@example.com", PASSWORD),
        ("no such name can be", PASSWORD),
        (&"n".repeat(10_000), PASSWORD),
    ] {
        assert_eq!(told(name, password), unknown, "{name}");
    }
}

fn a_hash_that_cannot_be_verified_is_a_wrong_password(place: &Place) {
    let server = place.server();
    for (number, encoded) in [
        "",
        "plain",
        "md5$salt$5f4dcc3b5aa765d61d8327deb882cf99",
        "bcrypt_sha256$$2b$31$aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "pbkdf2_sha256$999999999999$salt$AAAA",
        "argon2$argon2id$v=19$m=4294967295,t=4294967295,p=1$c2FsdHNhbHQ$AAAA",
        "scrypt$1$salt$8$1$AAAA",
        "pbkdf2_sha256$$$",
        "!",
    ]
    .into_iter()
    .enumerate()
    {
        let name = format!("import{number}");
        server.import(&name, PasswordHash::from_encoded(encoded));
        for password in [PASSWORD, "plain", "x"] {
            server.login(&name, password).must_be(401, &login_refused());
        }
    }
}

fn no_failed_login_leaves_a_session(place: &Place) {
    let server = place.server();
    let access = server.join_and_log_in("alice").access;
    for password in ["", "a wrong one", "Corr3ct-horse", "CORR3CT-HORSE!", "Corr3ct-horse!\0"] {
        assert!(matches!(server.login("alice", password).status, 400 | 401));
    }
    assert_eq!(server.sessions(&access).len(), 1);
}
