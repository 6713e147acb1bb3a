use crate::harness::{Place, beside_django, claims, decode, parts};
use doorward::settings::Algorithm;
use doorward_domain::token::{Holder, TokenRejection};
use doorward_testkit::{Case, cases};
use doorward_tokens::{KeySetError, Verifier};
use serde_json::{Value, json};

pub(super) fn cases() -> Vec<Case<Place>> {
    cases![
        key_set: another_service_verifies_access_tokens_with_it,
        it_holds_public_keys_and_no_more,
        it_may_be_kept_for_a_while,
        secrets_are_never_in_it,
        instances_agree_on_it,
    ]
}

fn another_service_verifies_access_tokens_with_it(place: &Place) {
    let server = place.server_with(|settings| settings.tokens.audience = vec!["shop".to_owned()]);
    let pair = server.join_and_log_in("alice");
    let key_set = server.get("/.well-known/jwks.json").send().text();
    let verifier = || Verifier::from_jwks(&key_set).unwrap().issuer("http://127.0.0.1:8000");
    let now = server.clock.now_value();

    let told = verifier().audience("shop").verify(&pair.access, now).unwrap();
    assert_eq!(told.access.holder, Holder::Account(server.account("alice").id));
    assert_eq!(told.subject(), Some(server.account("alice").subject.as_str()));
    assert_eq!(verifier().audience("till").verify(&pair.access, now), Err(TokenRejection::Invalid));
    let elsewhere = Verifier::from_jwks(&key_set).unwrap().issuer("http://127.0.0.1");
    assert_eq!(elsewhere.verify(&pair.access, now), Err(TokenRejection::Invalid));
    assert_eq!(verifier().verify(&pair.refresh, now), Err(TokenRejection::Invalid));
    server.pass(300);
    assert_eq!(verifier().verify(&pair.access, server.clock.now_value()), Err(TokenRejection::Expired));
}

fn it_holds_public_keys_and_no_more(place: &Place) {
    let server = place.server();
    let access = server.join_and_log_in("alice").access;
    let header: Value = serde_json::from_slice(&decode(parts(&access)[0])).unwrap();
    let set = server.key_set();
    let key = set["keys"][0].as_object().unwrap();
    assert_eq!(set["keys"].as_array().unwrap().len(), 1);
    assert_eq!(key.keys().collect::<Vec<_>>(), ["alg", "crv", "kid", "kty", "use", "x"]);
    assert_eq!(header, json!({"typ": "JWT", "alg": "EdDSA", "kid": key["kid"]}));
    assert_eq!(decode(key["x"].as_str().unwrap()).len(), 32);
}

fn it_may_be_kept_for_a_while(place: &Place) {
    let answer = place.server().get("/.well-known/jwks.json").send();
    assert_eq!(answer.header("cache-control"), Some("public, max-age=300"));
    assert_eq!(answer.header("content-type"), Some("application/json"));
}

fn secrets_are_never_in_it(place: &Place) {
    let shared = place.server_with(beside_django);
    assert_eq!(shared.key_set(), json!({"keys": []}));
    drop(shared);
    let own = place.server_with(|settings| settings.tokens.algorithm = Algorithm::Hs256);
    own.dashboard(&own.join_and_log_in("alice").access).must_have_status(200);
    assert_eq!(own.key_set(), json!({"keys": []}));
    assert!(matches!(Verifier::from_jwks(&own.key_set().to_string()), Err(KeySetError::NoKey)));
}

fn instances_agree_on_it(place: &Place) {
    let (first, second) = (place.server(), place.server());
    assert_eq!(first.key_set(), second.key_set());
    let access = first.join_and_log_in("alice").access;
    second.dashboard(&access).must_have_status(200);
    assert_eq!(claims(&access)["iss"], "http://127.0.0.1:8000");
}
