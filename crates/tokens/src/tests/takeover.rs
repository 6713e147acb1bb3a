//! Refresh tokens of a service that was replaced, which are read so that they can be exchanged.

use super::support::*;
use crate::{RetiringKey, SharedKey, TokenAuthority, TokenSettings};
use doorward_domain::takeover::ForeignTokenId;
use doorward_domain::token::TokenRejection::{Expired, Invalid, NoId, NoType, NoUser, WrongType};
use doorward_domain::token::{
    Claims, ForeignRefreshClaims, Holder, Issuer, PresentedRefresh, TokenRejection, TokenService as _,
};
use doorward_domain::user::{Subject, UserId};
use serde_json::{Value, json};

const SHARED: &str = "a shared secret of more than 32 bytes";
const RETIRED: &str = "another secret, which used to sign here";
const HEADER: &str = r#"{"alg":"HS256","typ":"JWT"}"#;

fn django_refresh() -> Value {
    let now = NOW.as_seconds();
    json!({ "token_type": "refresh", "exp": now + 86400, "iat": now, "jti": "0".repeat(32), "user_id": 42 })
}

fn signed(secret: &str, claims: &Value) -> String {
    hs256_token(secret.as_bytes(), HEADER, &claims.to_string())
}

fn with_keys(shared: Option<&str>, retiring: &[&str]) -> TokenAuthority {
    let retiring_keys = retiring.iter().map(|secret| RetiringKey::new("HS256", secret).unwrap()).collect();
    let shared_key = shared.map(|secret| SharedKey::new(secret).unwrap());
    authority(TokenSettings { shared_key, retiring_keys, ..Default::default() })
}

fn verdict_on_refresh(claims: &Value) -> Result<ForeignRefreshClaims, TokenRejection> {
    match with_keys(Some(SHARED), &[RETIRED]).refresh(&signed(RETIRED, claims), NOW)? {
        PresentedRefresh::Foreign(foreign) => Ok(foreign),
        own @ PresentedRefresh::Own(_) => panic!("{own:?}"),
    }
}

fn verdict_with(name: &str, value: Value) -> Result<ForeignRefreshClaims, TokenRejection> {
    verdict_on_refresh(&with(django_refresh(), name, value))
}

fn subject(key: &str) -> Holder {
    Holder::Subject(Subject::from_stored(key.to_owned()))
}

#[test]
fn a_refresh_token_under_a_retiring_key_is_read() {
    let read = ForeignRefreshClaims {
        holder: Holder::Account(UserId(42)),
        id: ForeignTokenId("0".repeat(32)),
        issued_at: NOW,
        expires_at: after(86400),
    };
    assert_eq!(verdict_on_refresh(&django_refresh()), Ok(read.clone()));
    let (authority, token) = (with_keys(None, &[RETIRED]), signed(RETIRED, &django_refresh()));
    let read = PresentedRefresh::Foreign(read);
    assert_eq!(authority.refresh(&token, NOW), Ok(read.clone()));
    assert_eq!(authority.any(&token, NOW), Ok(Claims::Refresh(read)));
    assert_eq!(authority.access(&token, NOW), Err(WrongType));
}

#[test]
fn the_shared_key_vouches_for_a_refresh_token_only_if_it_retires_too() {
    let token = signed(SHARED, &django_refresh());
    for (authority, vouches) in [
        (with_keys(Some(SHARED), &[]), false),
        (with_keys(Some(SHARED), &[RETIRED]), false),
        (with_keys(Some(SHARED), &[SHARED]), true),
        (with_keys(Some(SHARED), &[RETIRED, SHARED]), true),
        (with_keys(None, &[SHARED]), true),
    ] {
        assert_eq!(authority.access(&token, NOW), Err(WrongType));
        if vouches {
            assert!(matches!(authority.refresh(&token, NOW), Ok(PresentedRefresh::Foreign(_))));
            assert!(matches!(authority.any(&token, NOW), Ok(Claims::Refresh(PresentedRefresh::Foreign(_)))));
        } else {
            assert_eq!(authority.refresh(&token, NOW), Err(Invalid));
            assert_eq!(authority.any(&token, NOW), Err(Invalid));
        }
    }
}

#[test]
fn whose_key_vouches_for_an_access_token_is_told() {
    let access = with(django_refresh(), "token_type", json!("access"));
    for (authority, secret, issuer) in [
        (with_keys(Some(SHARED), &[RETIRED]), SHARED, Issuer::Shared),
        (with_keys(Some(SHARED), &[RETIRED]), RETIRED, Issuer::Retiring),
        (with_keys(Some(SHARED), &[SHARED]), SHARED, Issuer::Retiring),
    ] {
        assert_eq!(authority.access(&signed(secret, &access), NOW).unwrap().issuer, issuer);
    }
    let authority = authority(TokenSettings::default());
    let own = authority.issue(&session(), &user()).unwrap().access;
    assert_eq!(authority.access(&own, NOW).unwrap().issuer, Issuer::Own);
}

#[test]
fn a_token_that_is_bound_to_the_password_at_django_is_invalid() {
    let bound = |token_type: &str, digest: Value| {
        with(with(django_refresh(), "token_type", json!(token_type)), "hash_password", digest)
    };
    let authority = with_keys(Some(SHARED), &[RETIRED]);
    for secret in [SHARED, RETIRED] {
        for digest in [json!("5F4DCC3B5AA765D61D8327DEB882CF99"), json!(""), json!(7)] {
            let access = signed(secret, &bound("access", digest.clone()));
            assert_eq!(authority.access(&access, NOW), Err(Invalid), "{digest}");
            assert_eq!(authority.any(&access, NOW), Err(Invalid), "{digest}");
            let refresh = signed(secret, &bound("refresh", digest.clone()));
            assert_eq!(authority.refresh(&refresh, NOW), Err(Invalid), "{digest}");
            assert_eq!(authority.any(&refresh, NOW), Err(Invalid), "{digest}");
        }
        assert!(authority.access(&signed(secret, &bound("access", Value::Null)), NOW).is_ok());
    }
    assert!(authority.refresh(&signed(RETIRED, &bound("refresh", Value::Null)), NOW).is_ok());
}

#[test]
fn a_key_that_is_not_configured_vouches_for_nothing() {
    let token = signed(RETIRED, &django_refresh());
    assert_eq!(with_keys(Some(SHARED), &[]).refresh(&token, NOW), Err(Invalid));
    for header in [r#"{"alg":"HS256","typ":"refresh+jwt"}"#, r#"{"alg":"HS256","typ":"JWT","kid":"x"}"#] {
        let token = hs256_token(RETIRED.as_bytes(), header, &django_refresh().to_string());
        assert_eq!(with_keys(None, &[RETIRED]).refresh(&token, NOW), Err(Invalid), "{header}");
    }
}

#[test]
fn the_servers_own_keys_vouch_for_no_refresh_token_of_others() {
    let claims = with(django_refresh(), "nbf", json!(NOW.as_seconds())).to_string();
    let authority = with_keys(None, &[RETIRED]);
    let by_ring = ed25519_token(&signing_key(), &own_header(), &claims);
    assert_eq!(authority.refresh(&by_ring, NOW), Err(Invalid));
    let root = root(1).derive("refresh tokens");
    let by_root = hs256_token(root.as_slice(), r#"{"alg":"HS256","typ":"refresh+jwt"}"#, &claims);
    assert_eq!(authority.refresh(&by_root, NOW), Err(Invalid));
}

#[test]
fn it_is_read_until_it_expires() {
    let (authority, token) = (with_keys(None, &[RETIRED]), signed(RETIRED, &django_refresh()));
    assert!(authority.refresh(&token, after(86399)).is_ok());
    assert_eq!(authority.refresh(&token, after(86400)), Err(Expired));
    assert_eq!(authority.refresh(&token, after(-61)), Err(Invalid));
}

#[test]
fn none_of_its_letters_can_be_changed() {
    let (authority, token) = (with_keys(Some(SHARED), &[RETIRED]), signed(RETIRED, &django_refresh()));
    for at in 0..token.len() {
        let mut changed = token.clone().into_bytes();
        changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(changed).unwrap();
        assert_eq!(authority.refresh(&changed, NOW), Err(Invalid), "{changed}");
    }
}

#[test]
fn its_claims_must_be_there_and_be_what_they_are() {
    for (name, value, rejection) in [
        ("exp", Value::Null, Invalid),
        ("iat", Value::Null, Invalid),
        ("jti", Value::Null, NoId),
        ("jti", json!(""), Invalid),
        ("jti", json!(7), Invalid),
        ("jti", json!("x".repeat(256)), Invalid),
        ("jti", json!("a\0b"), Invalid),
        ("token_type", Value::Null, NoType),
        ("token_type", json!("access"), WrongType),
        ("token_type", json!("sliding"), WrongType),
        ("user_id", Value::Null, NoUser),
        ("user_id", json!(""), NoUser),
        ("user_id", json!(-42), NoUser),
        ("user_id", json!(42.0), NoUser),
        ("user_id", json!([42]), NoUser),
        ("user_id", json!("x".repeat(256)), NoUser),
        ("user_id", json!("a\0b"), NoUser),
        ("sid", json!("07070707-0707-0707-0707-070707070707"), Invalid),
        ("sid", json!(7), Invalid),
    ] {
        assert_eq!(verdict_with(name, value.clone()), Err(rejection), "{name} {value}");
    }
    assert_eq!(verdict_with("jti", json!("ä".repeat(255))).unwrap().id, ForeignTokenId("ä".repeat(255)));
}

#[test]
fn the_first_thing_that_is_wrong_is_told_in_the_order_of_simplejwt() {
    let mut claims = with(django_refresh(), "exp", json!(NOW.as_seconds()));
    for name in ["jti", "token_type", "user_id"] {
        claims = with(claims, name, Value::Null);
    }
    for (name, value, before) in [
        ("exp", json!(after(1).as_seconds()), Expired),
        ("jti", json!("x"), NoId),
        ("token_type", json!("access"), NoType),
        ("token_type", json!("refresh"), WrongType),
        ("user_id", json!(42), NoUser),
    ] {
        assert_eq!(verdict_on_refresh(&claims), Err(before));
        claims = with(claims, name, value);
    }
    assert!(verdict_on_refresh(&claims).is_ok());
}

#[test]
fn its_holder_is_a_number_or_a_key_and_never_what_it_calls_uid() {
    for (user_id, holder) in [
        (json!(42), Holder::Account(UserId(42))),
        (json!("42"), Holder::Account(UserId(42))),
        (json!("042"), subject("042")),
        (json!("-42"), subject("-42")),
        (json!("99999999999999999999"), subject("99999999999999999999")),
        (json!("3f2504e0-4f89-41d3-9a0c-0305e82c3301"), subject("3f2504e0-4f89-41d3-9a0c-0305e82c3301")),
        (json!("ä".repeat(255)), subject(&"ä".repeat(255))),
    ] {
        for uid in [Value::Null, json!(7)] {
            let claims = with(with(django_refresh(), "user_id", user_id.clone()), "uid", uid);
            assert_eq!(verdict_on_refresh(&claims).unwrap().holder, holder, "{claims}");
            let access = signed(RETIRED, &with(claims, "token_type", json!("access")));
            let access = with_keys(None, &[RETIRED]).access(&access, NOW).unwrap();
            assert_eq!((access.holder, access.session_id), (holder.clone(), None));
        }
    }
}

#[test]
fn what_it_need_not_say_must_be_right_where_it_says_it() {
    let settings = TokenSettings {
        issuer: Some("django".to_owned()),
        audience: vec!["shop".to_owned()],
        retiring_keys: vec![RetiringKey::new("HS256", RETIRED).unwrap()],
        ..Default::default()
    };
    let authority = authority(settings);
    for (name, right, wrong) in
        [("iss", json!("django"), json!("another")), ("aud", json!("shop"), json!("blog"))]
    {
        let verdict = |value: Value| {
            authority.refresh(&signed(RETIRED, &with(django_refresh(), name, value)), NOW).map(|_| ())
        };
        assert_eq!(verdict(Value::Null), Ok(()), "{name}");
        assert_eq!(verdict(right), Ok(()), "{name}");
        assert_eq!(verdict(wrong), Err(Invalid), "{name}");
    }
}

/// `simplejwt.json`: tokens that simplejwt itself has made, see `simplejwt.py`.
#[test]
fn tokens_that_simplejwt_made_are_read_whatever_it_signs_with() {
    let cases: Vec<Value> = serde_json::from_str(include_str!("simplejwt.json")).unwrap();
    assert_eq!(cases.len(), 12);
    for case in &cases {
        let text = |name: &str| case[name].as_str().unwrap();
        let key = RetiringKey::new(text("algorithm"), text("key")).unwrap();
        let authority = authority(TokenSettings { retiring_keys: vec![key], ..Default::default() });
        let holder = match &claims_of(text("access"))["user_id"] {
            Value::String(key) if key != "42" => subject("3f2504e0-4f89-41d3-9a0c-0305e82c3301"),
            number => {
                assert_eq!(number.is_i64(), text("simplejwt") == "5.4.0", "{case}");
                Holder::Account(UserId(42))
            }
        };

        let access = authority.access(text("access"), NOW).unwrap();
        assert_eq!(access.holder, holder, "{case}");
        assert_eq!((access.session_id, access.issued_at, access.accepted.end), (None, NOW, after(300)));
        assert_eq!(authority.refresh(text("access"), NOW), Err(WrongType));

        let id = ForeignTokenId(text("jti").to_owned());
        let refresh = ForeignRefreshClaims { holder, id, issued_at: NOW, expires_at: after(86400) };
        assert_eq!(authority.refresh(text("refresh"), NOW), Ok(PresentedRefresh::Foreign(refresh)), "{case}");
        assert_eq!(authority.access(text("refresh"), NOW), Err(WrongType));

        let without = with_keys(Some(SHARED), &[RETIRED]);
        assert_eq!(without.access(text("access"), NOW), Err(Invalid), "{case}");
        assert_eq!(without.refresh(text("refresh"), NOW), Err(Invalid), "{case}");
    }
}
