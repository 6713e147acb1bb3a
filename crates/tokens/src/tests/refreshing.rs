//! Refresh tokens are honoured for nothing else, and nothing else for them.

use super::support::*;
use crate::{RootSecret, SharedKey, TokenAuthority, TokenSettings};
use doorward_domain::keys::Algorithm;
use doorward_domain::session::Session;
use doorward_domain::token::TokenRejection::{Expired, Invalid, NoId, NoType, NoUser, WrongType};
use doorward_domain::token::{PresentedRefresh, RefreshClaims, TokenRejection, TokenService as _};
use doorward_domain::user::UserId;
use serde_json::{Value, json};

const HEADER: &str = r#"{"alg":"HS256","typ":"refresh+jwt"}"#;

fn refresh_token(root: &RootSecret, claims: &Value) -> String {
    hs256_token(root.derive("refresh tokens").as_slice(), HEADER, &claims.to_string())
}

fn refresh_claims() -> Value {
    let claims = authority(TokenSettings::default()).issue(&session(), &user()).unwrap().refresh;
    claims_of(&claims)
}

fn verdict_with(name: &str, value: Value) -> Result<PresentedRefresh, TokenRejection> {
    verdict_on_refresh(&with(refresh_claims(), name, value))
}

fn verdict_on_refresh(claims: &Value) -> Result<PresentedRefresh, TokenRejection> {
    authority(TokenSettings::default()).refresh(&refresh_token(&root(1), claims), NOW)
}

#[test]
fn the_types_are_not_exchangeable() {
    for algorithm in [Algorithm::EdDsa, Algorithm::Hs256] {
        let authority = authority(TokenSettings { algorithm, ..Default::default() });
        let pair = authority.issue(&session(), &user()).unwrap();
        assert_eq!(authority.access(&pair.refresh, NOW), Err(WrongType));
        assert_eq!(authority.refresh(&pair.access, NOW), Err(WrongType));
    }
}

#[test]
fn a_refresh_token_of_which_a_letter_is_changed_is_invalid_and_not_of_the_wrong_type() {
    let authority = authority(TokenSettings::default());
    let mut token = authority.issue(&session(), &user()).unwrap().refresh;
    token.truncate(token.len() - 3);
    token.push_str("AAA");
    assert_eq!(authority.access(&token, NOW), Err(Invalid));
    assert_eq!(authority.refresh(&token, NOW), Err(Invalid));
}

#[test]
fn an_access_token_under_the_refresh_key_is_refused_and_the_reverse() {
    let authority = authority(TokenSettings::default());
    let access = refresh_token(&root(1), &own_claims());
    assert_eq!(authority.access(&access, NOW), Err(Invalid));
    let refresh =
        ed25519_token(&signing_key(), &own_header(), &with(refresh_claims(), "nbf", json!(0)).to_string());
    assert_eq!(authority.refresh(&refresh, NOW), Err(Invalid));
}

#[test]
fn the_access_key_does_not_sign_refresh_tokens() {
    let secret = "a shared secret of more than 32 bytes";
    let shared_key = SharedKey::new(secret).unwrap();
    let settings =
        TokenSettings { algorithm: Algorithm::Hs256, shared_key: Some(shared_key), ..Default::default() };
    let authority = authority(settings);
    for header in [HEADER, r#"{"alg":"HS256","typ":"JWT"}"#, r#"{"alg":"HS256"}"#] {
        let forged = hs256_token(secret.as_bytes(), header, &refresh_claims().to_string());
        assert_eq!(authority.refresh(&forged, NOW), Err(Invalid), "{header}");
    }
    let key = hs256_token(
        root(1).derive("refresh tokens").as_slice(),
        r#"{"alg":"HS256","typ":"JWT"}"#,
        &own_claims().to_string(),
    );
    assert_eq!(authority.access(&key, NOW), Err(Invalid));
}

#[test]
fn a_refresh_token_ends_with_its_session_row() {
    let authority = authority(TokenSettings::default());
    let session = Session { expires_at: after(10), ..session() };
    let token = authority.issue(&session, &user()).unwrap().refresh;
    assert!(authority.refresh(&token, after(9)).is_ok());
    assert_eq!(authority.refresh(&token, after(10)), Err(Expired));
    assert_eq!(authority.access(&token, after(10)), Err(Expired));
}

#[test]
fn its_claims_must_be_there_and_be_what_they_are() {
    assert!(verdict_with("gen", json!(0)).is_ok());
    for (name, value, rejection) in [
        ("exp", Value::Null, Invalid),
        ("iat", Value::Null, Invalid),
        ("jti", Value::Null, NoId),
        ("token_type", Value::Null, NoType),
        ("token_type", json!("sliding"), WrongType),
        ("user_id", Value::Null, NoUser),
        ("user_id", json!("alice"), NoUser),
        ("sid", Value::Null, Invalid),
        ("sid", json!("x"), Invalid),
        ("gen", Value::Null, Invalid),
        ("gen", json!(-1), Invalid),
        ("gen", json!("3"), Invalid),
        ("gen", json!(3.0), Invalid),
        ("gen", json!(u64::MAX), Invalid),
    ] {
        assert_eq!(verdict_with(name, value.clone()), Err(rejection), "{name} {value}");
    }
}

#[test]
fn a_key_in_place_of_a_number_needs_the_number_beside_it() {
    let verdict = |user_id: Value, uid: Value| match verdict_on_refresh(&with(
        with(refresh_claims(), "user_id", user_id),
        "uid",
        uid,
    )) {
        Ok(PresentedRefresh::Own(RefreshClaims { user_id, .. })) => Ok(user_id),
        Ok(foreign) => panic!("{foreign:?}"),
        Err(rejection) => Err(rejection),
    };
    assert_eq!(verdict(json!("b7c1"), json!(7)), Ok(UserId(7)));
    assert_eq!(verdict(json!("b7c1"), Value::Null), Err(NoUser));
    assert_eq!(verdict(Value::Null, json!(7)), Err(NoUser));
    assert_eq!(verdict(json!(42), json!(7)), Err(NoUser));
}

#[test]
fn a_token_under_the_previous_root_secret_is_honoured_and_new_ones_are_under_the_current() {
    let before = TokenAuthority::new(TokenSettings::default(), &root(1), None);
    before.install(vec![signing_key()]).unwrap();
    let old = before.issue(&session(), &user()).unwrap().refresh;

    let both = TokenAuthority::new(TokenSettings::default(), &root(2), Some(&root(1)));
    both.install(vec![signing_key()]).unwrap();
    assert_eq!(both.refresh(&old, NOW), before.refresh(&old, NOW));
    assert_eq!(both.access(&old, NOW), Err(WrongType));
    let new = both.issue(&session(), &user()).unwrap().refresh;

    let current = TokenAuthority::new(TokenSettings::default(), &root(2), None);
    assert!(current.refresh(&new, NOW).is_ok());
    assert_eq!(current.refresh(&old, NOW), Err(Invalid));
    assert_eq!(before.refresh(&new, NOW), Err(Invalid));
}

#[test]
fn a_refresh_token_names_no_key() {
    let header = r#"{"alg":"HS256","typ":"refresh+jwt","kid":"x"}"#;
    let token =
        hs256_token(root(1).derive("refresh tokens").as_slice(), header, &refresh_claims().to_string());
    assert_eq!(authority(TokenSettings::default()).refresh(&token, NOW), Err(Invalid));
}
