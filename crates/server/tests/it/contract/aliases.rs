//! The paths of djoser and dj-rest-auth.

use super::differences_of;
use super::fixture::{Fixture, recorded_of_aliases};
use crate::harness::bodies::{bearer_refused, token_not_valid};
use crate::harness::{Pair, Place, Server};
use doorward::settings::{Aliases, Settings, SimpleJwt};
use doorward_testkit::{Case, cases};
use serde_json::json;

/// What another answer than a package's is decided for, under its aliases.
const DIFFERENT_BY_DECISION: [&str; 2] = [
    // dj-rest-auth has GET only to refuse it, and so `Allow` has no GET.
    "dj_rest_auth_logout_methods",
    // With allauth an account's own username is taken, so that no form can be sent back unchanged.
    "dj_rest_auth_user_own_username",
];

pub(super) fn cases() -> Vec<Case<Place>> {
    cases![
        contract: under_an_alias_only_the_decided_answers_differ,
        what_an_account_has_can_be_sent_back_unchanged,
        with_simplejwt_5_5_one_sentence_differs,
        with_simplejwt_5_5_a_token_that_is_expired_is_told_so_everywhere,
    ]
}

/// The cases whose answers are the recorded ones.
pub(super) fn alike() -> impl Iterator<Item = Fixture> {
    recorded_of_aliases().into_iter().filter(|fixture| !is_decided(fixture))
}

fn is_decided(fixture: &Fixture) -> bool {
    DIFFERENT_BY_DECISION.contains(&&*fixture.case)
}

/// A server whose aliases are where they were recorded. djoser and dj-rest-auth compare a password
/// with the account's other data.
pub(super) fn aliased(place: &Place) -> Server {
    place.django_with(switch_on)
}

fn switch_on(settings: &mut Settings) {
    settings.passwords.similarity = true;
    settings.aliases = Aliases { djoser: "/auth/".to_owned(), dj_rest_auth: "/dj-rest-auth/".to_owned() };
}

fn under_an_alias_only_the_decided_answers_differ(place: &Place) {
    let server = aliased(place);
    let decided = recorded_of_aliases().into_iter().filter(is_decided);
    let told: Vec<_> = decided.map(|fixture| (differences_of(&server, &fixture), fixture.case)).collect();
    for (differences, case) in &told {
        let is_expected = |difference: &String| match case.as_str() {
            "dj_rest_auth_user_own_username" => !difference.starts_with("exchange 0: "),
            _ => difference.contains(": Allow: "),
        };
        assert!(!differences.is_empty() && differences.iter().all(is_expected), "{case}: {differences:?}");
    }
    assert_eq!(told.len(), DIFFERENT_BY_DECISION.len());
}

fn what_an_account_has_can_be_sent_back_unchanged(place: &Place) {
    let server = aliased(place);
    let names = json!({"username": "walrus", "first_name": "Wal", "last_name": "Rus"});
    let Pair { access, .. } = server.join_and_log_in("walrus");
    let answer = server.request("PUT", "/dj-rest-auth/user/").bearer(&access).json(&names).send();
    answer.must_have_status(200);
    let shown = answer.json();
    let answer = server.request("PUT", "/dj-rest-auth/user/").bearer(&access).json(&shown).send();
    answer.must_be(200, &shown);
    let shown = server.get("/auth/users/me/").bearer(&access).send().json();
    let answer = server.request("PUT", "/auth/users/me/").bearer(&access).json(&shown).send();
    answer.must_be(200, &shown);
}

/// The packages that answer are the same ones with simplejwt 5.5.1, where nothing else in these
/// answers is another: this was recorded too.
fn with_simplejwt_5_5_one_sentence_differs(place: &Place) {
    let server = place.django_with(|settings| {
        switch_on(settings);
        settings.tokens.simplejwt = SimpleJwt::V5_5;
    });
    let of_5_5 = |fixture: &Fixture| {
        let mut fixture = fixture.clone();
        for exchange in &mut fixture.exchanges {
            let body = exchange.response.body.to_string();
            let body = body.replace("Token is invalid or expired", "Token is invalid");
            exchange.response.body = serde_json::from_str(&body).unwrap();
        }
        fixture
    };
    for fixture in alike() {
        let differences = differences_of(&server, &of_5_5(&fixture));
        assert!(differences.is_empty(), "{}: {}", fixture.case, differences.join("\n"));
    }
}

fn with_simplejwt_5_5_a_token_that_is_expired_is_told_so_everywhere(place: &Place) {
    const EXPIRED: &str = "Token is expired";
    let server = place.django_with(|settings| {
        switch_on(settings);
        settings.tokens.simplejwt = SimpleJwt::V5_5;
    });
    let Pair { access, refresh } = server.join_and_log_in("alice");
    server.pass(24 * 3600);
    for token in [&access, &refresh] {
        // simplejwt looks at the time before the type.
        server.dashboard(token).must_be(401, &bearer_refused(EXPIRED));
        server.verify(token).must_be(401, &token_not_valid(EXPIRED));
        server.refresh(token).must_be(401, &token_not_valid(EXPIRED));
        server.blacklist(token).must_be(401, &token_not_valid(EXPIRED));
        let answer = server.post("/dj-rest-auth/logout/").json(&json!({"refresh": token})).send();
        answer.must_be(401, &json!({"detail": EXPIRED}));
    }
}
