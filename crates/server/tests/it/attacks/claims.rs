//! Tokens that are signed right and say what is wrong.

use super::stolen::Stolen;
use crate::harness::bodies::{BLACKLISTED, bearer_refused};
use crate::harness::{Forge, Place, claims, decode, parts};
use doorward_domain::testing::block_on;
use doorward_testkit::{Case, cases};
use serde_json::json;

pub(super) fn cases() -> Vec<Case<Place>> {
    cases![
        claims: a_right_signature_does_not_excuse_wrong_claims,
        a_name_that_comes_twice_is_refused,
        somebody_elses_session_cannot_be_claimed,
    ]
}

fn a_right_signature_does_not_excuse_wrong_claims(place: &Place) {
    let stolen = Stolen::from(place);
    stolen.server.pass(120);
    let now = stolen.server.clock.now_value().as_seconds();
    for (name, value) in [
        ("exp", json!(now)),
        ("exp", json!(now - 1)),
        ("exp", json!(now - 60)),
        ("exp", json!("9999999999")),
        ("exp", json!(1e19)),
        ("exp", json!(-1)),
        ("exp", json!(null)),
        ("nbf", json!(now + 61)),
        ("nbf", json!("0")),
        ("iat", json!(now + 24 * 3600)),
        ("iat", json!([0])),
        ("iss", json!("https://evil.example")),
        ("iss", json!("http://127.0.0.1:80000")),
        ("iss", json!("http://127.0.0.1:8000/")),
        ("iss", json!(["http://127.0.0.1:8000"])),
        ("aud", json!("shopping")),
        ("aud", json!(["other"])),
        ("aud", json!([])),
        ("aud", json!({"shop": 1})),
        ("aud", json!(["shop", 1])),
        ("sid", json!("nonsense")),
        ("sid", json!(null)),
        ("jti", json!("")),
        ("jti", json!(7)),
    ] {
        stolen.must_be_refused(&stolen.with(name, Some(value)));
    }
    for name in ["exp", "nbf", "iat", "iss", "aud", "sid"] {
        stolen.must_be_refused(&stolen.with(name, None));
    }
    for (name, value) in
        [("token_type", Some(json!("refresh"))), ("token_type", None), ("jti", None), ("user_id", None)]
    {
        stolen.server.dashboard(&stolen.with(name, value)).must_have_status(401);
    }
    // An array of audiences with ours in it is fine (RFC 7519, section 4.1.3).
    stolen.server.dashboard(&stolen.with("aud", Some(json!(["other", "shop"])))).must_have_status(200);
}

fn a_name_that_comes_twice_is_refused(place: &Place) {
    let stolen = Stolen::from(place);
    let (header, payload) = (stolen.header.to_string(), stolen.claims.to_string());
    let twice = |text: &str, member: &str| format!("{},{member}}}", &text[..text.len() - 1]);
    for member in [r#""alg":"EdDSA""#, r#""alg":"none""#, r#""kid":"x""#, r#""\u0061lg":"EdDSA""#] {
        stolen.must_be_refused(&stolen.forge.sign(&twice(&header, member), &payload));
    }
    for member in [r#""sub":"x""#, r#""user_id":1"#, r#""exp":9999999999"#, r#""token_type":"access""#] {
        stolen.must_be_refused(&stolen.forge.sign(&header, &twice(&payload, member)));
    }
}

fn somebody_elses_session_cannot_be_claimed(place: &Place) {
    let server = place.server();
    let [alice, mallory] = ["alice", "mallory"].map(|name| server.join_and_log_in(name));
    let forge = Forge::new(&block_on(server.keys().open()).unwrap().keys[0].material);
    let header = String::from_utf8(decode(parts(&mallory.access)[0])).unwrap();
    // A session and an account that do not belong together: even a signing key in wrong hands, or a
    // mistake in the server itself, must not mix two people up.
    let mut mixed = claims(&mallory.access);
    mixed["user_id"] = claims(&alice.access)["user_id"].clone();
    server.dashboard(&forge.sign(&header, &mixed.to_string())).must_be(401, &bearer_refused(BLACKLISTED));
    // A session that is not there.
    let mut unknown = claims(&mallory.access);
    unknown["sid"] = "019b7777-7777-7777-8777-777777777777".into();
    server.dashboard(&forge.sign(&header, &unknown.to_string())).must_have_status(401);
}
