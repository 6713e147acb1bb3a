//! The proxy before both finds what differs, and nothing else.

use super::peer::{Contents, Shelf};
use super::recorded::but_for_the_second;
use super::{PeerCase, in_its_place, peer_cases, stored};
use crate::contract::{Fixture, differences_of, recorded};
use crate::harness::{Client, PASSWORD, Pair, SHARED_KEY};
use crate::processes::{A_SECOND, Program, SOON, Site, Watch, until};
use doorward_testkit::{Database, SimpleJwt};
use serde_json::{Value, json};

pub(super) fn cases() -> Vec<PeerCase> {
    peer_cases![shadow, on_both: over_all_recorded_cases_nothing_differs_but_what_is_listed]
        .chain(peer_cases![
            shadow, once:
            a_fault_in_django_is_found,
            a_fault_in_doorward_is_found,
            without_being_asked_to_it_writes_nothing,
            a_refresh_that_comes_later_than_its_login_is_no_difference,
        ])
        .collect()
}

/// What a comparison came to.
struct Outcome {
    code: i32,
    /// Lines of its report, in order.
    events: Vec<Value>,
    /// Cases that were answered otherwise than they were recorded.
    otherwise: usize,
}

impl Outcome {
    fn of_kind(&self, event: &str) -> Vec<&Value> {
        self.events.iter().filter(|line| line["event"] == event).collect()
    }

    fn summary(&self) -> &Value {
        self.of_kind("summary").pop().expect("a summary")
    }

    /// Fails unless a difference of that kind was found there, and told.
    #[track_caller]
    fn must_tell(&self, kind: &str, path: &str) {
        assert_eq!(self.code, 1);
        let found = self.of_kind("difference");
        let told = found.iter().any(|line| line["kind"] == kind && line["path"] == path);
        assert!(told, "{kind} at {path} is not in {found:?}");
        assert!(self.summary()["differences"][kind].as_u64() > Some(0), "{}", self.summary());
    }
}

/// What is set up otherwise than it should be.
#[derive(Default)]
struct Setup {
    simplejwt: Option<SimpleJwt>,
    /// As the project's README has it.
    fault: Option<&'static str>,
    /// A setting of Doorward's.
    setting: Option<(&'static str, &'static str)>,
    reads_only: bool,
}

/// Replays every case through the proxy.
fn compared(shelf: &Shelf, site: &Site, setup: &Setup) -> Outcome {
    let mut otherwise = 0;
    let outcome = observed(shelf, site, setup, |proxy| {
        let is_otherwise = |case: &Fixture| !but_for_the_second(differences_of(proxy, case)).is_empty();
        otherwise = recorded().iter().filter(|case| is_otherwise(case)).count();
    });
    Outcome { otherwise, ..outcome }
}

/// Does something at the proxy.
fn observed(shelf: &Shelf, site: &Site, setup: &Setup, act: impl FnOnce(&Client)) -> Outcome {
    let simplejwt = setup.simplejwt.unwrap_or(SimpleJwt::V5_4);
    let mut peer = shelf.peer(simplejwt, site.database(), Contents::Nothing);
    if let Some(fault) = setup.fault {
        peer = peer.with("FAULT", fault);
    }
    let django = peer.serve();
    let mut program: Program =
        in_its_place(site, simplejwt).with("tokens.retiring_keys", format!("HS256:{SHARED_KEY}"));
    if let Some((key, value)) = setup.setting {
        program = program.with(key, value);
    }
    let url = django.url();
    let mut arguments = vec!["shadow", "--upstream", &url, "--format", "json"];
    if !setup.reads_only {
        arguments.push("--mirror-writes");
    }
    let proxy = program.serve_with(&arguments);
    act(&proxy);
    proxy.terminate();
    let (code, [said, complained], _) = proxy.ended(SOON);
    for secret in [PASSWORD, "eyJ", SHARED_KEY] {
        assert!(!said.contains(secret) && !complained.contains(secret), "{secret} is in {said}{complained}");
    }
    let events = said.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    Outcome { code, events, otherwise: 0 }
}

fn over_all_recorded_cases_nothing_differs_but_what_is_listed(shelf: &Shelf, database: Database) {
    for simplejwt in SimpleJwt::ALL {
        let site = Site::new(database);
        let outcome = compared(shelf, &site, &Setup { simplejwt: Some(simplejwt), ..Setup::default() });
        assert_eq!(outcome.of_kind("difference"), Vec::<&Value>::new(), "{}", simplejwt.number());
        let exchanges: usize = recorded().iter().map(|fixture| fixture.exchanges.len()).sum();
        let summary = outcome.summary();
        assert_eq!((&summary["requests"], &summary["compared"]), (&json!(exchanges), &json!(exchanges)));
        assert_eq!(summary["skipped"], json!({}));
        assert_eq!(outcome.code, 0, "{summary}");
        // Clients had Django's answers.
        assert_eq!(outcome.otherwise > 0, simplejwt == SimpleJwt::V5_5);
        // Whether a second ended within a case is chance.
        let mut expected: Vec<_> = summary["expected"].as_object().unwrap().keys().collect();
        expected.retain(|name| !matches!(name.as_str(), "copied-iat" | "lifetime-rounding"));
        assert_eq!(expected, ["allow-outside-405", "more-claims", "parser-message"]);
    }
}

fn a_fault_in_django_is_found(shelf: &Shelf, database: Database) {
    for (fault, kind, path) in [
        ("status", "status", "/api/auth/login/"),
        ("body", "member", "/api/dashboard/"),
        ("claim", "token-claims", "/api/auth/login/"),
        ("header", "header", "/api/dashboard/"),
    ] {
        let site = Site::new(database);
        let outcome = compared(shelf, &site, &Setup { fault: Some(fault), ..Setup::default() });
        outcome.must_tell(kind, path);
        // What clients see is Django's. A claim more is no difference from what was recorded.
        assert_eq!(outcome.otherwise > 0, fault != "claim");
    }
}

fn a_fault_in_doorward_is_found(shelf: &Shelf, database: Database) {
    for (setting, kind, path) in [
        (("tokens.access_lifetime", "10m"), "token-lifetime", "/api/auth/login/"),
        (("passwords.minimum_length", "9"), "value", "/api/auth/register/"),
        (("tokens.simplejwt", "5.5"), "value", "/api/auth/token/verify/"),
    ] {
        let site = Site::new(database);
        let outcome = compared(shelf, &site, &Setup { setting: Some(setting), ..Setup::default() });
        outcome.must_tell(kind, path);
        assert_eq!(outcome.otherwise, 0);
    }
}

fn without_being_asked_to_it_writes_nothing(shelf: &Shelf, database: Database) {
    let site = Site::new(database);
    let outcome = compared(shelf, &site, &Setup { reads_only: true, ..Setup::default() });
    assert_eq!(stored::accounts(&site), Vec::<Value>::new());
    let summary = outcome.summary();
    let [requests, compared] = ["requests", "compared"].map(|name| summary[name].as_u64().unwrap());
    assert!(compared > 0 && compared < requests / 2, "{summary}");
    assert_eq!(outcome.otherwise, 0);
}

fn a_refresh_that_comes_later_than_its_login_is_no_difference(shelf: &Shelf, database: Database) {
    for simplejwt in SimpleJwt::ALL {
        let setup = Setup { simplejwt: Some(simplejwt), ..Setup::default() };
        let outcome = observed(shelf, &Site::new(database), &setup, |proxy| {
            let pair = proxy.join_and_log_in("alice");
            let watch = Watch::start();
            until("some seconds later", SOON, || watch.elapsed() > A_SECOND * 2);
            let next = Pair::of(&proxy.refresh(&pair.refresh));
            proxy.dashboard(&next.access).must_have_status(200);
        });
        assert_eq!((outcome.code, outcome.of_kind("difference")), (0, vec![]));
        assert_eq!(outcome.summary()["compared"], 4);
    }
}
