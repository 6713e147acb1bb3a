//! Beside a Django service that shares its key.

use crate::harness::bodies::{BLACKLISTED, INVALID, bearer_refused, token_not_valid};
use crate::harness::{
    Place, SHARED_KEY, Server, beside_django, claims, decode, hs256, hs256_is_right, parts,
};
use doorward::settings::Secret;
use doorward_domain::takeover::ForeignAccount;
use doorward_domain::testing::{TestSource, block_on, foreign};
use doorward_domain::use_cases::{CollisionPolicy, ImportRules, Imports};
use doorward_testkit::{Case, cases};
use serde_json::{Value, json};

pub(super) fn cases() -> Vec<Case<Place>> {
    cases![
        django: a_token_that_simplejwt_made_opens_the_dashboard,
        it_is_honoured_whatever_our_own_tokens_are_signed_with,
        it_is_refused_after_a_password_change,
        a_logout_with_it_refuses_all_of_its_kind,
        it_is_refused_once_its_account_is_inactive_or_gone,
        simplejwt_accepts_our_access_tokens,
        a_refresh_token_that_simplejwt_made_is_of_no_use,
        a_claim_that_is_missing_or_wrong_is_told_as_simplejwt_tells_it,
        an_issuer_and_an_audience_may_be_missing_but_not_wrong,
        under_another_key_it_is_refused,
        a_retiring_key_still_verifies_for_the_accounts_that_came_in,
    ]
}

/// What `PyJWT` writes.
const HEADER: &str = r#"{"alg":"HS256","typ":"JWT"}"#;

/// The claims of a stock simplejwt's access token.
fn simplejwt(server: &Server, user_id: impl Into<Value>) -> Value {
    let now = server.clock.now_value().as_seconds();
    json!({
        "token_type": "access", "exp": now + 300, "iat": now, "jti": "0123456789abcdef0123456789abcdef",
        "user_id": user_id.into(),
    })
}

fn signed(claims: &Value) -> String {
    hs256(SHARED_KEY, HEADER, &claims.to_string())
}

fn a_token_that_simplejwt_made_opens_the_dashboard(place: &Place) {
    let server = place.server_with(beside_django);
    server.join("alice");
    let id = server.account("alice").id.0;
    for user_id in [json!(id), json!(id.to_string())] {
        let token = signed(&simplejwt(&server, user_id));
        server.dashboard(&token).must_be(200, &json!({"message": "Hi alice"}));
        server.verify(&token).must_be(200, &json!({}));
        assert_eq!(server.user(&token).json()["username"], "alice");
    }
}

fn it_is_honoured_whatever_our_own_tokens_are_signed_with(place: &Place) {
    let server = place.server_with(|settings| settings.tokens.shared_key = Secret::new(SHARED_KEY));
    let own = server.join_and_log_in("alice").access;
    assert!(!hs256_is_right(SHARED_KEY, &own));
    server.dashboard(&own).must_have_status(200);
    server.dashboard(&signed(&simplejwt(&server, server.account("alice").id.0))).must_have_status(200);
}

fn it_is_refused_after_a_password_change(place: &Place) {
    let server = place.server_with(beside_django);
    server.join("alice");
    let id = server.account("alice").id.0;
    let before = signed(&simplejwt(&server, id));
    server.pass(1);
    server.change_password("alice", "Another-pw-1");
    server.dashboard(&before).must_be(401, &bearer_refused(BLACKLISTED));
    server.pass(1);
    server.dashboard(&signed(&simplejwt(&server, id))).must_have_status(200);
}

fn a_logout_with_it_refuses_all_of_its_kind(place: &Place) {
    let server = place.server_with(beside_django);
    let own = server.join_and_log_in("alice");
    let tokens = ["1", "2"].map(|jti| {
        let mut claims = simplejwt(&server, server.account("alice").id.0);
        claims["jti"] = jti.into();
        signed(&claims)
    });
    server.pass(1);
    server.post("/api/auth/logout/").bearer(&tokens[0]).send().must_have_status(200);
    for token in &tokens {
        server.dashboard(token).must_be(401, &bearer_refused(BLACKLISTED));
    }
    // A session of ours is something else.
    server.dashboard(&own.access).must_have_status(200);
}

fn it_is_refused_once_its_account_is_inactive_or_gone(place: &Place) {
    let server = place.server_with(beside_django);
    server.join("alice");
    let id = server.account("alice").id.0;
    let token = signed(&simplejwt(&server, id));
    server.set_active("alice", false);
    server.dashboard(&token).must_be(401, &json!({"detail": "User is inactive", "code": "user_inactive"}));
    server.delete_account("alice");
    let gone = json!({"detail": "User not found", "code": "user_not_found"});
    server.dashboard(&token).must_be(401, &gone);
    // A number is not given to anybody else.
    server.join("alice");
    server.dashboard(&token).must_be(401, &gone);
    server.dashboard(&signed(&simplejwt(&server, 0))).must_be(401, &gone);
}

fn simplejwt_accepts_our_access_tokens(place: &Place) {
    let server = place.server_with(beside_django);
    let access = server.join_and_log_in("alice").access;
    assert!(hs256_is_right(SHARED_KEY, &access));
    let header: Value = serde_json::from_slice(&decode(parts(&access)[0])).unwrap();
    assert_eq!([&header["alg"], &header["typ"]], ["HS256", "JWT"]);
    let told = claims(&access);
    assert_eq!(told["token_type"], "access");
    assert_eq!(told["user_id"], server.account("alice").id.0);
    assert!(told["exp"].is_i64() && told["iat"].is_i64() && told["jti"].is_string());
    // With an audience in it, a simplejwt that is set to none would refuse it.
    assert!(told.get("aud").is_none() && told.get("iss").is_none());
}

fn a_refresh_token_that_simplejwt_made_is_of_no_use(place: &Place) {
    let server = place.server_with(beside_django);
    server.join("alice");
    let mut claims = simplejwt(&server, server.account("alice").id.0);
    claims["token_type"] = "refresh".into();
    let token = signed(&claims);
    server.refresh(&token).must_have_status(401);
    server.blacklist(&token).must_have_status(401);
    server.dashboard(&token).must_be(401, &bearer_refused("Token has wrong type"));
}

fn a_claim_that_is_missing_or_wrong_is_told_as_simplejwt_tells_it(place: &Place) {
    let server = place.server_with(beside_django);
    server.join("alice");
    let whole = simplejwt(&server, server.account("alice").id.0);
    let without = |name: &str| {
        let mut claims = whole.clone();
        claims.as_object_mut().unwrap().remove(name);
        server.dashboard(&signed(&claims))
    };
    without("exp").must_be(401, &bearer_refused(INVALID));
    without("jti").must_be(401, &bearer_refused("Token has no id"));
    without("token_type").must_be(401, &bearer_refused("Token has no type"));
    without("user_id").must_be(401, &token_not_valid("Token contained no recognizable user identification"));
    let now = server.clock.now_value().as_seconds();
    for (name, value) in [
        ("exp", json!(now)),
        ("exp", json!("never")),
        ("exp", json!(1e300)),
        ("iat", json!(now + 61)),
        ("nbf", json!(now + 61)),
        ("token_type", json!("sliding")),
        ("user_id", json!(-1)),
        ("user_id", json!(1.5)),
        ("user_id", json!([1])),
        ("user_id", json!("1 OR 1=1")),
        ("user_id", json!("01")),
        ("sid", json!("nonsense")),
    ] {
        let mut claims = whole.clone();
        claims[name] = value;
        server.dashboard(&signed(&claims)).must_have_status(401);
    }
}

fn an_issuer_and_an_audience_may_be_missing_but_not_wrong(place: &Place) {
    let server = place.server_with(|settings| settings.tokens.shared_key = Secret::new(SHARED_KEY));
    server.join("alice");
    let whole = simplejwt(&server, server.account("alice").id.0);
    for (name, value, status) in [
        ("iss", "http://127.0.0.1:8000", 200),
        ("iss", "https://evil.example", 401),
        ("aud", "doorward", 200),
        ("aud", "shop", 401),
    ] {
        let mut claims = whole.clone();
        claims[name] = value.into();
        server.dashboard(&signed(&claims)).must_have_status(status);
    }
}

fn under_another_key_it_is_refused(place: &Place) {
    let server = place.server_with(beside_django);
    server.join("alice");
    let claims = simplejwt(&server, server.account("alice").id.0).to_string();
    for key in ["", "another key of more than 32 bytes, at random", &SHARED_KEY[1..]] {
        server.dashboard(&hs256(key, HEADER, &claims)).must_be(401, &bearer_refused(INVALID));
    }
    // Where no key is shared, none counts.
    let alone = place.server();
    alone.dashboard(&hs256(SHARED_KEY, HEADER, &claims)).must_be(401, &bearer_refused(INVALID));
}

fn a_retiring_key_still_verifies_for_the_accounts_that_came_in(place: &Place) {
    let server = place.server_with(|settings| {
        settings.tokens.retiring_keys = vec![Secret::new(format!("HS256:{SHARED_KEY}"))];
    });
    let own = server.join_and_log_in("alice").access;
    assert!(!hs256_is_right(SHARED_KEY, &own));
    import(&server, foreign(70, "bob", None));
    server.dashboard(&signed(&simplejwt(&server, 70))).must_be(200, &json!({"message": "Hi bob"}));
    // Who has the number of an account that was made here is somebody else at Django.
    let other = signed(&simplejwt(&server, server.account("alice").id.0));
    server.dashboard(&other).must_have_status(401);
    server.verify(&other).must_have_status(401);
}

/// Takes an account in.
fn import(server: &Server, account: ForeignAccount) {
    let ports = server.auth().ports();
    let rules = ImportRules {
        collisions: CollisionPolicy::Skip,
        deactivate_missing: false,
        keep_address: |attributes, _| attributes.clone(),
    };
    let imports = Imports {
        store: ports.store.clone(),
        clock: ports.clock.clone(),
        random: ports.random.clone(),
        rules,
        batch: 1,
        shown: 0,
    };
    let report = block_on(imports.run(&mut TestSource::of([account]), |_| ())).unwrap();
    assert_eq!(report.added, 1);
}
