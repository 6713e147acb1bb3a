//! Rightly signed tokens whose claims are wrong.

use super::support::*;
use crate::TokenSettings;
use doorward_domain::token::Holder;
use doorward_domain::token::TokenRejection::{Expired, Invalid, NoId, NoType, NoUser, WrongType};
use doorward_domain::token::{TokenRejection, TokenService as _};
use doorward_domain::user::UserId;
use serde_json::{Value, json};

fn verdict_with(name: &str, value: Value) -> Result<(), TokenRejection> {
    verdict_on(&with(own_claims(), name, value))
}

fn seconds(offset: i64) -> i64 {
    NOW.as_seconds() + offset
}

#[test]
fn a_token_ends_with_the_second_of_its_exp() {
    assert_eq!(verdict_with("exp", json!(seconds(1))), Ok(()));
    for offset in [0, -1, -59, -60, -61, -1_000_000] {
        assert_eq!(verdict_with("exp", json!(seconds(offset))), Err(Expired), "{offset}");
    }
}

#[test]
fn clocks_may_differ_by_a_minute_for_iat_and_nbf() {
    for name in ["iat", "nbf"] {
        assert_eq!(verdict_with(name, json!(seconds(60))), Ok(()), "{name}");
        assert_eq!(verdict_with(name, json!(seconds(61))), Err(Invalid), "{name}");
        assert_eq!(verdict_with(name, json!(seconds(86400))), Err(Invalid), "{name}");
        assert_eq!(verdict_with(name, json!(seconds(-86400))), Ok(()), "{name}");
    }
}

#[test]
fn dates_are_numbers_with_or_without_a_fraction() {
    assert_eq!(verdict_with("exp", json!(1_800_000_300.5)), Ok(()));
    assert_eq!(verdict_with("exp", json!(1_800_000_000.9)), Err(Expired));
    let dates = [
        json!("1800000300"),
        json!(true),
        json!([1_800_000_300]),
        json!({}),
        json!(-1),
        json!(-1.5),
        json!(1e300),
        json!(253_402_300_800_i64),
        json!(i64::MAX),
        json!(u64::MAX),
    ];
    for name in ["exp", "iat", "nbf"] {
        for date in &dates {
            assert_eq!(verdict_with(name, date.clone()), Err(Invalid), "{name} {date}");
        }
        let explicit_null = own_claims().to_string().replace('{', &format!(r#"{{"{name}":null,"#));
        let without =
            with(own_claims(), name, Value::Null).to_string().replace('{', &format!(r#"{{"{name}":null,"#));
        for payload in [explicit_null, without] {
            let token = ed25519_token(&signing_key(), &own_header(), &payload);
            assert_eq!(authority(TokenSettings::default()).access(&token, NOW), Err(Invalid), "{payload}");
        }
    }
}

#[test]
fn what_the_server_writes_must_be_there() {
    for (name, rejection) in [
        ("exp", Invalid),
        ("iat", Invalid),
        ("nbf", Invalid),
        ("sid", Invalid),
        ("jti", NoId),
        ("token_type", NoType),
        ("user_id", NoUser),
    ] {
        assert_eq!(verdict_with(name, Value::Null), Err(rejection), "{name}");
    }
}

#[test]
fn each_claim_must_be_what_it_is() {
    for (name, value, rejection) in [
        ("jti", json!(7), Invalid),
        ("jti", json!(""), Invalid),
        ("token_type", json!("refresh"), WrongType),
        ("token_type", json!("Access"), WrongType),
        ("token_type", json!(["access"]), WrongType),
        ("token_type", json!(7), WrongType),
        ("sid", json!(7), Invalid),
        ("sid", json!("x"), Invalid),
        ("user_id", json!("alice"), NoUser),
        ("user_id", json!(""), NoUser),
        ("user_id", json!("+42"), NoUser),
        ("user_id", json!("042"), NoUser),
        ("user_id", json!(" 42"), NoUser),
        ("user_id", json!("42.0"), NoUser),
        ("user_id", json!("99999999999999999999"), NoUser),
        ("user_id", json!(42.0), NoUser),
        ("user_id", json!(-42), NoUser),
        ("user_id", json!("-42"), NoUser),
        ("user_id", json!(true), NoUser),
        ("user_id", json!([42]), NoUser),
        ("user_id", json!(u64::MAX), NoUser),
    ] {
        assert_eq!(verdict_with(name, value.clone()), Err(rejection), "{name} {value}");
    }
    assert_eq!(verdict_with("user_id", json!("42")), Ok(()));
}

#[test]
fn an_account_is_named_by_its_number_or_by_its_key_with_the_number_beside() {
    let holder = |user_id: Value, uid: Value| {
        let claims = with(with(own_claims(), "user_id", user_id), "uid", uid);
        let token = ed25519_token(&signing_key(), &own_header(), &claims.to_string());
        authority(TokenSettings::default()).access(&token, NOW).map(|claims| claims.holder)
    };
    assert_eq!(holder(json!("b7c1"), json!(7)), Ok(Holder::Account(UserId(7))));
    assert_eq!(holder(json!("b7c1"), Value::Null), Err(NoUser));
    for user_id in [Value::Null, json!(42), json!(""), json!(["b7c1"]), json!({})] {
        assert_eq!(holder(user_id.clone(), json!(7)), Err(NoUser), "{user_id}");
    }
    for uid in [json!(-7), json!("7"), json!(7.0), json!(true), json!([7]), json!(u64::MAX)] {
        assert_eq!(holder(json!("b7c1"), uid.clone()), Err(NoUser), "{uid}");
    }
}

#[test]
fn the_first_thing_that_is_wrong_is_told_in_the_order_of_simplejwt() {
    let mut claims = with(own_claims(), "exp", json!(seconds(-1)));
    for name in ["jti", "token_type", "user_id"] {
        claims = with(claims, name, Value::Null);
    }
    assert_eq!(verdict_on(&claims), Err(Expired));
    claims = with(claims, "exp", json!(seconds(300)));
    assert_eq!(verdict_on(&claims), Err(NoId));
    claims = with(claims, "jti", json!("x"));
    assert_eq!(verdict_on(&claims), Err(NoType));
    claims = with(claims, "token_type", json!("refresh"));
    assert_eq!(verdict_on(&claims), Err(WrongType));
    claims = with(claims, "token_type", json!("access"));
    assert_eq!(verdict_on(&claims), Err(NoUser));
}

#[test]
fn the_issuer_and_the_audience_must_be_ours_to_the_letter() {
    let settings = TokenSettings {
        issuer: Some("https://id.example.org".to_owned()),
        audience: vec!["shop".to_owned(), "blog".to_owned()],
        ..Default::default()
    };
    let authority = authority(settings);
    let verdict = |iss: Value, aud: Value| {
        let claims = with(with(own_claims(), "iss", iss), "aud", aud);
        authority.access(&ed25519_token(&signing_key(), &own_header(), &claims.to_string()), NOW).map(|_| ())
    };
    let iss = || json!("https://id.example.org");
    for aud in [json!("shop"), json!("blog"), json!(["shop"]), json!(["other", "blog"])] {
        assert_eq!(verdict(iss(), aud.clone()), Ok(()), "{aud}");
    }
    let wrong_audiences = [
        Value::Null,
        json!(""),
        json!("other"),
        json!("sho"),
        json!("shopping"),
        json!("Shop"),
        json!("shop,blog"),
        json!([]),
        json!(["other"]),
        json!(["shop", 7]),
        json!([["shop"]]),
        json!({ "shop": true }),
        json!(7),
    ];
    for aud in wrong_audiences {
        assert_eq!(verdict(iss(), aud.clone()), Err(Invalid), "{aud}");
    }
    let wrong_issuers = [
        Value::Null,
        json!(""),
        json!("https://id.example.or"),
        json!("https://id.example.org/"),
        json!("https://id.example.org.attacker.example"),
        json!("HTTPS://id.example.org"),
        json!(["https://id.example.org"]),
        json!(["https://attacker.example", "https://id.example.org"]),
        json!(7),
    ];
    for iss in wrong_issuers {
        assert_eq!(verdict(iss.clone(), json!("shop")), Err(Invalid), "{iss}");
    }
}

#[test]
fn where_none_is_configured_issuer_and_audience_do_not_count() {
    assert_eq!(verdict_with("iss", json!("anybody")), Ok(()));
    assert_eq!(verdict_with("aud", json!(["anybody"])), Ok(()));
}
