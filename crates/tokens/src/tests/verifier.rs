//! The verifier of other services agrees with the server that issued.

use super::support::*;
use crate::{KeySetError, TokenAuthority, TokenSettings, UserClaim, Verifier};
use doorward_domain::keys::Algorithm;
use doorward_domain::token::TokenRejection::{Expired, Invalid, WrongType};
use doorward_domain::token::TokenService as _;
use serde_json::json;

fn server() -> TokenAuthority {
    authority(TokenSettings {
        issuer: Some("doorward".to_owned()),
        audience: vec!["shop".to_owned()],
        claims: vec![UserClaim::Username],
        ..Default::default()
    })
}

fn verifier() -> Verifier {
    Verifier::from_jwks(&server().key_set(NOW)).unwrap().issuer("doorward").audience("shop")
}

#[test]
fn it_says_what_the_server_says() {
    let access = server().issue(&session(), &user()).unwrap().access;
    let verified = verifier().verify(&access, NOW).unwrap();
    assert_eq!(verified.access, server().access(&access, NOW).unwrap());
    assert_eq!(verified.subject(), Some("0190c3a1-0000-7000-8000-000000000042"));
    assert_eq!(verified.claim("username"), Some(&json!("alice")));
    assert_eq!(verified.claim("email"), None);
    assert_eq!(verifier().verify(&access, after(300)), Err(Expired));
}

#[test]
fn a_token_for_another_service_or_of_another_server_is_refused() {
    let access = server().issue(&session(), &user()).unwrap().access;
    let keys = server().key_set(NOW);
    let other_audience = Verifier::from_jwks(&keys).unwrap().audience("blog");
    let other_issuer = Verifier::from_jwks(&keys).unwrap().issuer("another");
    assert_eq!(other_audience.verify(&access, NOW), Err(Invalid));
    assert_eq!(other_issuer.verify(&access, NOW), Err(Invalid));
    assert!(
        Verifier::from_jwks(&keys).unwrap().audience("blog").audience("shop").verify(&access, NOW).is_ok()
    );
}

#[test]
fn tokens_of_other_types_and_without_a_key_name_are_refused() {
    let verifier = Verifier::from_jwks(&server().key_set(NOW)).unwrap();
    let pair = server().issue(&session(), &user()).unwrap();
    assert_eq!(verifier.verify(&pair.refresh, NOW), Err(Invalid));
    let typed = with(own_claims(), "token_type", json!("refresh"));
    let token = ed25519_token(&signing_key(), &own_header(), &typed.to_string());
    assert_eq!(verifier.verify(&token, NOW), Err(WrongType));
    for header in [r#"{"alg":"EdDSA","typ":"JWT"}"#.to_owned(), own_header().replace("JWT", "refresh+jwt")] {
        let token = ed25519_token(&signing_key(), &header, &own_claims().to_string());
        assert_eq!(verifier.verify(&token, NOW), Err(Invalid), "{header}");
    }
}

#[test]
fn it_tells_when_the_key_set_has_to_be_fetched_again() {
    let access = server().issue(&session(), &user()).unwrap().access;
    assert!(verifier().knows_key_of(&access));
    let other = TokenAuthority::new(TokenSettings::default(), &root(1), None);
    other.install(vec![key(9, Algorithm::EdDsa, -10, None)]).unwrap();
    let pair = other.issue(&session(), &user()).unwrap();
    for token in [&pair.access, &pair.refresh, "", "x.y.z"] {
        assert!(!verifier().knows_key_of(token), "{token}");
    }
}

#[test]
fn keys_that_are_not_for_this_are_passed_over() {
    let ours = server().key_set(NOW);
    let ours: serde_json::Value = serde_json::from_str(&ours).unwrap();
    let keys = json!({ "keys": [
        { "kty": "oct", "k": encode(&[7; 32]), "kid": "shared", "alg": "HS256" },
        { "kty": "AKP", "kid": "post-quantum", "alg": "ML-DSA-44", "pub": "AA" },
        { "kty": "OKP", "crv": "X25519", "x": encode(&[7; 32]), "kid": "agreement" },
        { "kty": "OKP", "crv": "Ed25519", "x": encode(&[7; 32]) },
        7,
        ours["keys"][0],
    ] });
    let verifier = Verifier::from_jwks(&keys.to_string()).unwrap();
    let access = server().issue(&session(), &user()).unwrap().access;
    assert!(verifier.verify(&access, NOW).is_ok());
    let confused =
        hs256_token(&[7; 32], r#"{"alg":"HS256","typ":"JWT","kid":"shared"}"#, &own_claims().to_string());
    assert_eq!(verifier.verify(&confused, NOW), Err(Invalid));
}

#[test]
fn a_set_that_cannot_verify_anything_is_refused() {
    let error = |json: &str| Verifier::from_jwks(json).err().unwrap();
    for json in ["", "[]", "{}", "null", r#"{"keys":{}}"#, r#"{"keys":7}"#] {
        assert_eq!(error(json), KeySetError::NotAKeySet, "{json}");
    }
    assert_eq!(error(r#"{"keys":[]}"#), KeySetError::NoKey);
    let twice = server().key_set(NOW).replace('[', "[[").replace(']', "]]");
    let key = twice.split("[[").nth(1).unwrap().split("]]").next().unwrap();
    let kid = signing_key().id.0;
    assert_eq!(error(&format!(r#"{{"keys":[{key},{key}]}}"#)), KeySetError::RepeatedName(kid));
}
