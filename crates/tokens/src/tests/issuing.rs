use super::support::*;
use crate::{SharedKey, SimpleJwt, TokenAuthority, TokenSettings, UserClaim};
use doorward_domain::keys::Algorithm;
use doorward_domain::session::{Generation, Session, SessionId};
use doorward_domain::time::Timestamp;
use doorward_domain::token::{
    AccessClaims, CannotSign, Claims, Holder, Issuer, PresentedRefresh, RefreshClaims, TokenService as _,
};
use doorward_domain::user::{User, UserId};
use serde_json::json;
use std::time::Duration;

#[test]
fn the_pair_reads_back() {
    for algorithm in [Algorithm::EdDsa, Algorithm::Hs256] {
        for simplejwt in [SimpleJwt::V5_4, SimpleJwt::V5_5] {
            let authority = authority(TokenSettings { algorithm, simplejwt, ..Default::default() });
            for user in [user(), known_by_key()] {
                let pair = authority.issue(&session(), &user).unwrap();
                let access = AccessClaims {
                    holder: Holder::Account(UserId(42)),
                    session_id: Some(SessionId::from_bytes([7; 16])),
                    issuer: Issuer::Own,
                    issued_at: NOW,
                    accepted: after(-60)..after(300),
                };
                let refresh = PresentedRefresh::Own(RefreshClaims {
                    user_id: UserId(42),
                    session_id: SessionId::from_bytes([7; 16]),
                    generation: Generation(3),
                });
                assert_eq!(authority.access(&pair.access, NOW), Ok(access.clone()));
                assert_eq!(authority.refresh(&pair.refresh, NOW), Ok(refresh.clone()));
                assert_eq!(authority.any(&pair.access, NOW), Ok(Claims::Access(access)));
                assert_eq!(authority.any(&pair.refresh, NOW), Ok(Claims::Refresh(refresh)));
            }
        }
    }
}

#[test]
fn the_tokens_say_what_simplejwt_says_and_what_a_session_needs() {
    let pair = authority(TokenSettings::default()).issue(&session(), &user()).unwrap();
    let (access, refresh) = (claims_of(&pair.access), claims_of(&pair.refresh));
    let sid = "07070707-0707-0707-0707-070707070707";
    let now = NOW.as_seconds();
    assert_eq!(
        access,
        json!({
            "token_type": "access", "exp": now + 300, "iat": now, "nbf": now, "jti": access["jti"], "user_id": 42,
            "sub": "0190c3a1-0000-7000-8000-000000000042", "sid": sid,
        })
    );
    assert_eq!(
        refresh,
        json!({
            "token_type": "refresh", "exp": now + 86400, "iat": now, "jti": refresh["jti"], "user_id": 42, "sid": sid,
            "gen": 3,
        })
    );
    for jti in [&access["jti"], &refresh["jti"]] {
        let jti = jti.as_str().unwrap();
        assert!(
            jti.len() == 32 && jti.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')),
            "{jti}"
        );
    }
    assert_eq!(decoded(&pair.access, 0), json!({ "alg": "EdDSA", "typ": "JWT", "kid": signing_key().id.0 }));
    assert_eq!(decoded(&pair.refresh, 0), json!({ "alg": "HS256", "typ": "refresh+jwt" }));
}

#[test]
fn with_simplejwt_5_5_the_user_id_is_a_string() {
    let settings = TokenSettings { simplejwt: SimpleJwt::V5_5, ..Default::default() };
    let pair = authority(settings).issue(&session(), &user()).unwrap();
    assert_eq!(claims_of(&pair.access)["user_id"], "42");
    assert_eq!(claims_of(&pair.refresh)["user_id"], "42");
}

#[test]
fn an_account_that_is_known_by_its_key_is_named_by_it_with_its_number_beside() {
    let key = "3f2504e0-4f89-41d3-9a0c-0305e82c3301";
    for simplejwt in [SimpleJwt::V5_4, SimpleJwt::V5_5] {
        let pair = authority(TokenSettings { simplejwt, ..Default::default() })
            .issue(&session(), &known_by_key())
            .unwrap();
        for token in [&pair.access, &pair.refresh] {
            assert_eq!((&claims_of(token)["user_id"], &claims_of(token)["uid"]), (&json!(key), &json!(42)));
        }
        assert_eq!(claims_of(&pair.access)["sub"], key);
    }
}

#[test]
fn claims_are_written_in_the_same_order_always() {
    let settings = TokenSettings {
        issuer: Some("doorward".to_owned()),
        audience: vec!["shop".to_owned()],
        claims: vec![UserClaim::Groups, UserClaim::Username],
        ..Default::default()
    };
    let pair = authority(settings).issue(&session(), &known_by_key()).unwrap();
    let in_order = |token: &str, names: &[&str]| {
        let payload = payload_of(token);
        let places: Vec<_> =
            names.iter().map(|name| payload.find(&format!("\"{name}\":")).unwrap()).collect();
        assert!(places.is_sorted(), "{payload}");
        assert_eq!(claims_of(token).as_object().unwrap().len(), names.len());
    };
    in_order(&pair.refresh, &["token_type", "exp", "iat", "jti", "user_id", "uid", "sid", "gen"]);
    in_order(
        &pair.access,
        &[
            "token_type",
            "exp",
            "iat",
            "nbf",
            "jti",
            "user_id",
            "uid",
            "sub",
            "sid",
            "iss",
            "aud",
            "username",
            "groups",
        ],
    );
}

#[test]
fn the_same_session_gives_the_identical_pair_on_every_instance() {
    for algorithm in [Algorithm::EdDsa, Algorithm::Hs256] {
        let issue = |session: &Session| {
            authority(TokenSettings { algorithm, ..Default::default() }).issue(session, &user()).unwrap()
        };
        assert_eq!(issue(&session()), issue(&session()));
        let other_client = Session { created_at: after(-7200), ..session() };
        assert_eq!(
            issue(&session()),
            issue(&other_client),
            "only the generation, its times and the ids count"
        );
    }
}

#[test]
fn each_generation_session_and_type_has_its_own_id() {
    let authority = authority(TokenSettings::default());
    let sessions = [
        session(),
        Session { generation: Generation(4), ..session() },
        Session { id: SessionId::from_bytes([8; 16]), ..session() },
    ];
    let mut ids: Vec<_> = sessions
        .iter()
        .map(|session| authority.issue(session, &user()).unwrap())
        .flat_map(|pair| [pair.access, pair.refresh])
        .map(|token| claims_of(&token)["jti"].to_string())
        .collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 6);
}

#[test]
fn an_access_token_does_not_outlive_its_session() {
    let session = Session { ends_at: Some(after(100)), ..session() };
    let authority = authority(TokenSettings::default());
    let access = authority.issue(&session, &user()).unwrap().access;
    assert_eq!(authority.access(&access, NOW).unwrap().accepted.end, after(100));
    let later = Session { ends_at: Some(after(100_000)), ..session };
    let access = authority.issue(&later, &user()).unwrap().access;
    assert_eq!(authority.access(&access, NOW).unwrap().accepted.end, after(300));
}

#[test]
fn a_pair_tells_when_its_tokens_expire_as_they_say_themselves() {
    let authority = authority(TokenSettings::default());
    let end = after(100).plus(Duration::from_micros(5));
    for session in [session(), Session { ends_at: Some(end), expires_at: end, ..session() }] {
        let pair = authority.issue(&session, &user()).unwrap();
        for (token, told) in
            [(&pair.access, pair.access_expires_at), (&pair.refresh, pair.refresh_expires_at)]
        {
            assert_eq!(told, Timestamp::from_seconds(claims_of(token)["exp"].as_i64().unwrap()));
            assert_eq!(told, told.floor_to_second());
        }
    }
}

#[test]
fn the_issuer_and_one_or_several_audiences_are_written_as_configured() {
    let issue = |audience: &[&str]| {
        let audience = audience.iter().map(ToString::to_string).collect();
        let settings = TokenSettings {
            issuer: Some("https://id.example.org".to_owned()),
            audience,
            ..Default::default()
        };
        let authority = authority(settings);
        let access = authority.issue(&session(), &user()).unwrap().access;
        authority.access(&access, NOW).unwrap();
        claims_of(&access)
    };
    assert_eq!(issue(&[])["iss"], "https://id.example.org");
    assert_eq!(issue(&[]).get("aud"), None);
    assert_eq!(issue(&["shop"])["aud"], "shop");
    assert_eq!(issue(&["shop", "blog"])["aud"], json!(["shop", "blog"]));
}

#[test]
fn claims_about_the_account_are_written_where_configured_and_nowhere_else() {
    let settings = TokenSettings { claims: [UserClaim::ALL, UserClaim::ALL].concat(), ..Default::default() };
    let authority = authority(settings);
    let pair = authority.issue(&session(), &user()).unwrap();
    let access = claims_of(&pair.access);
    assert_eq!(access["username"], "alice");
    assert_eq!(access["email"], "alice@example.org");
    assert_eq!(access["full_name"], "Alice \"A\" Liddell");
    assert_eq!(access["is_staff"], true);
    assert_eq!(access["is_superuser"], false);
    assert_eq!(access["groups"], json!(["editors", "Gäste \"ohne\" Rechte"]));
    assert!(authority.access(&pair.access, NOW).is_ok(), "a claim that is configured twice is written once");
    for claim in UserClaim::ALL {
        assert_eq!(claims_of(&pair.refresh).get(claim.name()), None);
    }

    let nameless = User { email: None, ..user() };
    assert_eq!(claims_of(&authority.issue(&session(), &nameless).unwrap().access).get("email"), None);
}

#[test]
fn groups_are_written_as_far_as_a_token_can_carry_them() {
    let settings = TokenSettings { claims: UserClaim::ALL.to_vec(), ..Default::default() };
    let authority = authority(settings);
    let issue = |groups: Vec<String>| {
        let access = authority.issue(&session(), &User { groups, ..user() }).unwrap().access;
        assert!(authority.access(&access, NOW).is_ok(), "whatever is issued is accepted");
        claims_of(&access).get("groups").cloned()
    };
    assert_eq!(issue(Vec::new()), Some(json!([])));
    // ["xxx…"]
    let longest = UserClaim::MAX_GROUPS_BYTES - 4;
    assert_eq!(issue(vec!["x".repeat(longest)]), Some(json!(["x".repeat(longest)])));
    assert_eq!(issue(vec!["x".repeat(longest + 1)]), None);
    assert_eq!(issue(vec!["\u{1}".repeat(longest / 2)]), None, "as it is escaped");
}

#[test]
fn without_an_active_key_nothing_is_signed() {
    let bare = TokenAuthority::new(TokenSettings::default(), &root(1), None);
    assert_eq!(bare.issue(&session(), &user()), Err(CannotSign("no key is active")));
    bare.install(vec![key(1, Algorithm::EdDsa, -86400, Some(0))]).unwrap();
    assert!(bare.issue(&session(), &user()).is_err(), "it is retired");
    bare.install(vec![key(1, Algorithm::Hs256, -10, None)]).unwrap();
    assert!(bare.issue(&session(), &user()).is_err(), "it is for another algorithm");
    bare.install(vec![key(1, Algorithm::EdDsa, 0, None)]).unwrap();
    assert!(bare.issue(&session(), &user()).is_ok());
}

#[test]
fn what_a_first_key_signs_before_its_time_is_honoured() {
    let authority = TokenAuthority::new(TokenSettings::default(), &root(1), None);
    authority.install(vec![key(1, Algorithm::EdDsa, 1, None), key(2, Algorithm::EdDsa, 50, None)]).unwrap();
    let access = authority.issue(&session(), &user()).unwrap().access;
    assert!(authority.access(&access, NOW).is_ok());
}

#[test]
fn a_damaged_key_is_named_and_leaves_the_others_in_place() {
    let authority = authority(TokenSettings::default());
    let access = authority.issue(&session(), &user()).unwrap().access;
    for algorithm in [Algorithm::EdDsa, Algorithm::Hs256] {
        let mut damaged = key(5, algorithm, -10, None);
        damaged.material.truncate(31);
        let error = authority.install(vec![damaged.clone()]).unwrap_err();
        assert_eq!(error.to_string(), format!("signing key {} cannot be used", damaged.id));
        assert!(authority.access(&access, NOW).is_ok());
    }
}

#[test]
fn with_a_shared_key_hs256_tokens_name_no_key() {
    let shared_key = SharedKey::new("a shared secret of more than 32 bytes").unwrap();
    let settings =
        TokenSettings { algorithm: Algorithm::Hs256, shared_key: Some(shared_key), ..Default::default() };
    let authority = TokenAuthority::new(settings, &root(1), None);
    let pair = authority.issue(&session(), &user()).unwrap();
    assert_eq!(decoded(&pair.access, 0), json!({ "alg": "HS256", "typ": "JWT" }));
    assert!(authority.access(&pair.access, NOW).unwrap().session_id.is_some());
    assert_eq!(authority.key_set(NOW), r#"{"keys":[]}"#);
}
