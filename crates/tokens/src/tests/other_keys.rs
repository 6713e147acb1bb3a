//! Tokens of a Django service, under the shared key or one that is retiring.

use super::support::*;
use crate::{RetiringKey, SharedKey, TokenAuthority, TokenSettings};
use doorward_domain::keys::Algorithm;
use doorward_domain::token::TokenRejection::{Invalid, NoUser, WrongType};
use doorward_domain::token::{Holder, TokenRejection, TokenService as _};
use doorward_domain::user::{Subject, UserId};
use jsonwebtoken::{EncodingKey, Header, encode};
use serde_json::{Value, json};

const SHARED: &str = "a shared secret of more than 32 bytes";
const RETIRED: &str = "another secret, which used to sign here";

fn simplejwt(token_type: &str) -> Value {
    let now = NOW.as_seconds();
    json!({ "token_type": token_type, "exp": now + 300, "iat": now, "jti": "0".repeat(32), "user_id": 42 })
}

fn settings() -> TokenSettings {
    TokenSettings {
        algorithm: Algorithm::Hs256,
        issuer: Some("doorward".to_owned()),
        audience: vec!["shop".to_owned()],
        shared_key: Some(SharedKey::new(SHARED).unwrap()),
        retiring_keys: vec![RetiringKey::new("HS256", RETIRED).unwrap()],
        ..Default::default()
    }
}

fn verdict(secret: &str, claims: &Value) -> Result<Holder, TokenRejection> {
    let token = hs256_token(secret.as_bytes(), r#"{"alg":"HS256","typ":"JWT"}"#, &claims.to_string());
    TokenAuthority::new(settings(), &root(1), None).access(&token, NOW).map(|claims| claims.holder)
}

#[test]
fn an_access_token_of_simplejwt_is_accepted_without_a_session() {
    for secret in [SHARED, RETIRED] {
        let verdict = |user_id: Value| verdict(secret, &with(simplejwt("access"), "user_id", user_id));
        assert_eq!(verdict(json!(42)), Ok(Holder::Account(UserId(42))));
        assert_eq!(verdict(json!("42")), Ok(Holder::Account(UserId(42))));
        assert_eq!(verdict(json!("b7c1")), Ok(Holder::Subject(Subject::from_stored("b7c1".to_owned()))));
    }
    let token =
        hs256_token(SHARED.as_bytes(), r#"{"typ":"JWT","alg":"HS256"}"#, &simplejwt("access").to_string());
    let claims = TokenAuthority::new(settings(), &root(1), None).access(&token, NOW).unwrap();
    assert_eq!(claims.session_id, None);
}

#[test]
fn what_it_need_not_say_must_be_right_where_it_says_it() {
    for (name, right, wrong) in [
        ("iss", json!("doorward"), json!("django")),
        ("aud", json!(["shop"]), json!(["blog"])),
        ("nbf", json!(NOW.as_seconds()), json!(after(61).as_seconds())),
        ("sid", json!("07070707-0707-0707-0707-070707070707"), json!("x")),
    ] {
        assert!(verdict(SHARED, &with(simplejwt("access"), name, right)).is_ok(), "{name}");
        assert_eq!(verdict(SHARED, &with(simplejwt("access"), name, wrong)), Err(Invalid), "{name}");
    }
    assert_eq!(verdict(SHARED, &with(simplejwt("access"), "iat", Value::Null)), Err(Invalid));
    assert_eq!(verdict(SHARED, &with(simplejwt("access"), "exp", Value::Null)), Err(Invalid));
    assert_eq!(verdict(SHARED, &with(simplejwt("access"), "user_id", json!(["b7c1"]))), Err(NoUser));
}

#[test]
fn a_uid_counts_beside_a_session_alone() {
    let named = with(with(simplejwt("access"), "user_id", json!("b7c1")), "uid", json!(7));
    assert_eq!(verdict(SHARED, &named), Ok(Holder::Subject(Subject::from_stored("b7c1".to_owned()))));
    let ours = with(named, "sid", json!("07070707-0707-0707-0707-070707070707"));
    assert_eq!(verdict(SHARED, &ours), Ok(Holder::Account(UserId(7))));
    assert_eq!(verdict(SHARED, &with(ours, "uid", Value::Null)), Err(NoUser));
}

#[test]
fn refresh_tokens_under_the_shared_key_open_nothing() {
    let authority = TokenAuthority::new(settings(), &root(1), None);
    let token =
        hs256_token(SHARED.as_bytes(), r#"{"alg":"HS256","typ":"JWT"}"#, &simplejwt("refresh").to_string());
    assert_eq!(authority.access(&token, NOW), Err(WrongType));
    assert_eq!(authority.refresh(&token, NOW), Err(Invalid));
    assert_eq!(authority.any(&token, NOW), Err(Invalid));
}

#[test]
fn a_retiring_key_never_signs() {
    let settings = TokenSettings { shared_key: None, ..settings() };
    let authority = TokenAuthority::new(settings, &root(1), None);
    assert!(authority.issue(&session(), &user()).is_err());
}

#[test]
fn with_ed25519_the_shared_key_verifies_and_does_not_sign() {
    let authority = authority(TokenSettings { algorithm: Algorithm::EdDsa, ..settings() });
    assert_eq!(decoded(&authority.issue(&session(), &user()).unwrap().access, 0)["alg"], "EdDSA");
    let token = hs256_token(SHARED.as_bytes(), r#"{"alg":"HS256"}"#, &simplejwt("access").to_string());
    assert!(authority.access(&token, NOW).is_ok());
}

#[test]
fn retiring_keys_of_every_kind_verify_what_they_signed() {
    let claims = simplejwt("access");
    for (name, private, public) in [
        ("RS256", EncodingKey::from_rsa_pem(RSA_PRIVATE.as_bytes()).unwrap(), RSA_PUBLIC),
        ("PS384", EncodingKey::from_rsa_pem(RSA_PRIVATE.as_bytes()).unwrap(), RSA_PUBLIC),
        ("ES256", EncodingKey::from_ec_pem(EC_PRIVATE.as_bytes()).unwrap(), EC_PUBLIC),
        ("EdDSA", EncodingKey::from_ed_pem(ED_PRIVATE.as_bytes()).unwrap(), ED_PUBLIC),
    ] {
        let token = encode(&Header::new(name.parse().unwrap()), &claims, &private).unwrap();
        let retiring_keys = vec![RetiringKey::new(name, public).unwrap()];
        let authority = TokenAuthority::new(TokenSettings { retiring_keys, ..settings() }, &root(1), None);
        assert!(authority.access(&token, NOW).is_ok(), "{name}");
        let without = TokenAuthority::new(settings(), &root(1), None);
        assert_eq!(without.access(&token, NOW), Err(Invalid), "{name}");
        for secret in [public, public.trim_end()] {
            let confused =
                hs256_token(secret.as_bytes(), r#"{"alg":"HS256","typ":"JWT"}"#, &claims.to_string());
            assert_eq!(authority.access(&confused, NOW), Err(Invalid), "{name}");
        }
    }
}

/// CVE-2022-21449: r = s = 0 was a signature of anything.
#[test]
fn an_es256_signature_of_zeros_is_refused() {
    let retiring_keys = vec![RetiringKey::new("ES256", EC_PUBLIC).unwrap()];
    let authority = TokenAuthority::new(TokenSettings { retiring_keys, ..settings() }, &root(1), None);
    let signed =
        format!("{}.{}", part(r#"{"alg":"ES256","typ":"JWT"}"#), part(&simplejwt("access").to_string()));
    for signature in [&[0; 64][..], &[], &[0x30, 6, 2, 1, 0, 2, 1, 0]] {
        let token = format!("{signed}.{}", super::support::encode(signature));
        assert_eq!(authority.access(&token, NOW), Err(Invalid), "{signature:?}");
    }
}

const RSA_PRIVATE: &str = "-----BEGIN PRIVATE KEY-----\n\
    MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQCu9gmknlJVbADF\n\
    T8/act2Z4BFM77BG0Bj12AtXOE9BRnqjkfme1owDNA4EKLflrYznDAg+Pm2iUNoc\n\
    R7IWUuj+/peD0xMZZ3tTT+HJpCzqrn/udixTMJ7U1K6lMIzwZ5YCJZZnBxVM17iV\n\
    xG1EHH+DGHyo5srxaK23ojKMsPII/mdbJbvcmXN0Gzrlllg29D5Tgj/fI/qyu9O2\n\
    chP/1EHuZxtvgLlEFLT1eJINhaDycUD2+FmXQ5mJJZOjaoljUbq2ae8fjfjl3POB\n\
    72zyfY90PwjHU70NTtsJJKE7XH/c/ei98Sia1VIeicFbYS6UyhPo0fBwId/m1olw\n\
    pKFrfty7AgMBAAECggEAUbz1RViH24uREp1WXFaEi+JgAsMJ5hNLTfOIXM+cS0Eb\n\
    g3ZrmZbfI5H6qFvDikRZywlWgonU21uNgl/GZeKHIrYbYAVI63nqZkIwGG2gZGVw\n\
    tB22WIki8wiHrPnxJlEmhks8KFbpTxSLEkEJ0SPFOKBEgP4NutmuKtfWaN8zvBok\n\
    szALEn3U5Pyw4H4qiGCLVLoohEMXvkgpXWOTpGtkOHdQ9S4DPpTaCGEQa80FN9qs\n\
    UtNjo2Bd8HoC+KwoXXw3QsH8jCl+OM9mISb+JuisVmb6J/atvr0PeJyR/cQaVX7g\n\
    Agjf9PItgCXVvkWAQGHDrV/gH/LmchOwUhB/7bBzSQKBgQDX0ocf8coF0myH6TJS\n\
    WNuvsYotI68C3H3wee0unJ/QLD0bZYknM23bq1oMYLuMZN43InvE8QC5e/779mhn\n\
    zqkMZLZ42tu08lEG0JyOI7suPgFqwizn+h3wOx6QKgGGZlxN5qxZtwlG1U7vWonY\n\
    k4lk3du3EDgKh2Q0EH7XqJbnWQKBgQDPiC22qh21ASq+TA9y5/DNTD/xvD3wSak2\n\
    D/VbyFePdF3eo9jwmKnA3DoMjAOK7Z7o7KYZQaEsuaSzgS+f02NsPIL37cw4PBd/\n\
    xlBFiesmtj6MjuVf6wePkMo1L30Lr5YTHjK12XUO92mNWj3YLo/ikVfUNq4Gx5BQ\n\
    RNhzc3I2MwKBgQDJBDSJI1poO8qMeD4/hrXvmaw6SN8sChRfFCE+5fDQIzQzPUoW\n\
    sgcjsCCqILruk9CJh9vB3jsvh/dB1Qr/jPPVMETooeg7S+r+LvVySoOAGY6WUg8j\n\
    bcnOxDG+UvGirdpRUIW89gd06x6fPzPe/ePdh+qqQjgAToSdHbQWx9bt2QKBgHZ9\n\
    P+xtEG0J74ebEa7/cmMkx9WTLqIEzJHLZsEyj5ueSwIU9oXYBAPTOWl0f4lQxkwi\n\
    4WrGJ+nLTJgYiEJuhPOFURmRMephlOElLyuk5RfDMc86vweWv0he2LSpGnITnFHq\n\
    CfX95HHZHPDRt0G4w/oOFeFaHt5MDr9lr1ercGg1AoGAP7KNYS1SZD74Jg7b6pxa\n\
    1aI9WY5t30edS5xv2FSqG3eoccUUYllibuCIG0aih+TJ8TwmqmnKloUg0x7FcQN3\n\
    ud2CIgMsSGIAhaXaZuhFhxVrruw8KYbPfCf5zVqdNvdbaPrmdDXMp5JzJDOjyqMY\n\
    31F6fgI277XQ5EUH00IEa74=\n\
    -----END PRIVATE KEY-----\n";
const RSA_PUBLIC: &str = "-----BEGIN PUBLIC KEY-----\n\
    MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEArvYJpJ5SVWwAxU/P2nLd\n\
    meARTO+wRtAY9dgLVzhPQUZ6o5H5ntaMAzQOBCi35a2M5wwIPj5tolDaHEeyFlLo\n\
    /v6Xg9MTGWd7U0/hyaQs6q5/7nYsUzCe1NSupTCM8GeWAiWWZwcVTNe4lcRtRBx/\n\
    gxh8qObK8Witt6IyjLDyCP5nWyW73JlzdBs65ZZYNvQ+U4I/3yP6srvTtnIT/9RB\n\
    7mcbb4C5RBS09XiSDYWg8nFA9vhZl0OZiSWTo2qJY1G6tmnvH4345dzzge9s8n2P\n\
    dD8Ix1O9DU7bCSShO1x/3P3ovfEomtVSHonBW2EulMoT6NHwcCHf5taJcKSha37c\n\
    uwIDAQAB\n\
    -----END PUBLIC KEY-----\n";
const EC_PRIVATE: &str = "-----BEGIN PRIVATE KEY-----\n\
    MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg0yBCvRqPVdhVvyJP\n\
    ZdPd1R6Vs6wMldVgi0UztcGdaqWhRANCAATK3DqOgEDncDXs7NU6uwLteW7MHQnk\n\
    x5KgDXhnowRZu8OCmjHKubVzudvu1PU6mfZpvxN/+ue3oS1fz4oC45PI\n\
    -----END PRIVATE KEY-----\n";
const EC_PUBLIC: &str = "-----BEGIN PUBLIC KEY-----\n\
    MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEytw6joBA53A17OzVOrsC7XluzB0J\n\
    5MeSoA14Z6MEWbvDgpoxyrm1c7nb7tT1Opn2ab8Tf/rnt6EtX8+KAuOTyA==\n\
    -----END PUBLIC KEY-----\n";
const ED_PRIVATE: &str = "-----BEGIN PRIVATE KEY-----\n\
    MC4CAQAwBQYDK2VwBCIEIKkNRXsQ4tyCIZXdOVNqnMKNA2GhJCkjYB47F9H/uqLW\n\
    -----END PRIVATE KEY-----\n";
const ED_PUBLIC: &str = "-----BEGIN PUBLIC KEY-----\n\
    MCowBQYDK2VwAyEAc4atiyPb6ZlB44xCgusYHidQ+tYT1nDlq2LSK9Zjn8Q=\n\
    -----END PUBLIC KEY-----\n";
