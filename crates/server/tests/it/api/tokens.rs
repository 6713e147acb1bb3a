use crate::harness::{Pair, Place, SHARED_KEY, beside_django, claims, hs256_is_right};
use doorward::settings::{Claim, Issuer, SimpleJwt};
use doorward_testkit::{Case, cases};
use serde_json::{Value, json};

pub(super) fn cases() -> Vec<Case<Place>> {
    cases![
        tokens: an_access_token_tells_ids_and_nothing_about_the_person,
        what_it_tells_beyond_is_configured,
        from_simplejwt_5_5_on_the_user_id_is_a_text,
        issuer_and_audience_are_configured,
        a_refresh_token_is_not_signed_with_what_others_have,
        no_two_tokens_have_one_id,
    ]
}

fn names(claims: &Value) -> Vec<&str> {
    claims.as_object().unwrap().keys().map(String::as_str).collect()
}

fn an_access_token_tells_ids_and_nothing_about_the_person(place: &Place) {
    let server = place.server();
    let told = claims(&server.join_and_log_in("alice").access);
    let alice = server.account("alice");
    assert_eq!(
        names(&told),
        ["aud", "exp", "iat", "iss", "jti", "nbf", "sid", "sub", "token_type", "user_id"]
    );
    assert_eq!(told["user_id"], alice.id.0);
    assert_eq!(told["sub"], alice.subject.as_str());
    let now = server.clock.now_value().as_seconds();
    assert_eq!([&told["iat"], &told["nbf"], &told["exp"]], [now, now, now + 300]);
    drop(server);
    let told = claims(&place.django().log_in("alice").access);
    assert_eq!(names(&told), ["exp", "iat", "jti", "nbf", "sid", "sub", "token_type", "user_id"]);
}

fn what_it_tells_beyond_is_configured(place: &Place) {
    let server = place.server_with(|settings| {
        settings.tokens.claims =
            vec![Claim::Username, Claim::Email, Claim::FullName, Claim::IsStaff, Claim::IsSuperuser];
    });
    let told = claims(&server.join_and_log_in("alice").access);
    let expected = json!({
        "username": "alice", "email": "alice@example.com", "full_name": "", "is_staff": false, "is_superuser": false,
    });
    for (name, value) in expected.as_object().unwrap() {
        assert_eq!(told[name], *value, "{name}");
    }
}

fn from_simplejwt_5_5_on_the_user_id_is_a_text(place: &Place) {
    let server = place.server_with(|settings| settings.tokens.simplejwt = SimpleJwt::V5_5);
    let pair = server.join_and_log_in("alice");
    let id = server.account("alice").id.0.to_string();
    assert_eq!([&claims(&pair.access)["user_id"], &claims(&pair.refresh)["user_id"]], [id.as_str(); 2]);
    server.dashboard(&pair.access).must_have_status(200);
    server.refresh(&pair.refresh).must_have_status(200);
}

fn issuer_and_audience_are_configured(place: &Place) {
    let first = place.server_with(|settings| {
        settings.tokens.issuer = Issuer::Named("door".to_owned());
        settings.tokens.audience = vec!["shop".to_owned(), "till".to_owned()];
    });
    let access = first.join_and_log_in("alice").access;
    assert_eq!(
        [&claims(&access)["iss"], &claims(&access)["aud"]],
        [&json!("door"), &json!(["shop", "till"])]
    );
    first.dashboard(&access).must_have_status(200);
    // What was made for others opens nothing here, although the key is the same.
    let other_issuer = place.server_with(|settings| settings.tokens.audience = vec!["shop".to_owned()]);
    other_issuer.dashboard(&access).must_have_status(401);
    let other_audience = place.server_with(|settings| {
        settings.tokens.issuer = Issuer::Named("door".to_owned());
        settings.tokens.audience = vec!["bank".to_owned()];
    });
    other_audience.dashboard(&access).must_have_status(401);
}

fn a_refresh_token_is_not_signed_with_what_others_have(place: &Place) {
    let server = place.server_with(beside_django);
    let pair = server.join_and_log_in("alice");
    assert!(hs256_is_right(SHARED_KEY, &pair.access));
    assert!(!hs256_is_right(SHARED_KEY, &pair.refresh));
}

fn no_two_tokens_have_one_id(place: &Place) {
    let server = place.server();
    let mut ids = Vec::new();
    let mut pair = server.join_and_log_in("alice");
    for _ in 0..5 {
        ids.extend([claims(&pair.access)["jti"].to_string(), claims(&pair.refresh)["jti"].to_string()]);
        pair = Pair::of(&server.refresh(&pair.refresh));
    }
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 10);
}
