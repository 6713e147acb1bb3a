//! The recorded answers of a Django service, replayed.

mod changes;
mod compare;
mod fixture;
mod replay;

use crate::harness::{Place, Server};
use compare::differences;
use doorward_testkit::{Case, Database, cases, trials_on_both};
use fixture::{Fixture, recorded};
use libtest_mimic::Trial;
use replay::replay;
use std::sync::{Arc, OnceLock};

/// What another answer than Django's is decided for, under the default settings.
const DIFFERENT_BY_DEFAULT: [&str; 1] = [
    // Within the grace a repeated refresh answers its successor again.
    "refresh_replayed",
];

pub(crate) fn trials() -> Vec<Trial> {
    let shared = Arc::<Shared>::default();
    let alike: Vec<_> = recorded().into_iter().map(|fixture| alike(fixture, &shared)).collect();
    let mut trials = trials_on_both(&alike, |database| database);
    let others = cases![
        contract: every_change_of_a_recorded_answer_is_noticed,
        by_default_only_the_decided_cases_differ,
    ];
    trials.extend(trials_on_both(&others, Place::new));
    trials.push(Trial::test("contract::there_are_57_cases_with_a_name_each", || {
        let mut names: Vec<_> = recorded().into_iter().map(|fixture| fixture.case).collect();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), 57);
        Ok(())
    }));
    trials
}

/// A server under `config/django.toml` on each database. Cases have names of their own, so that they
/// can share it; it ends with the last of them.
#[derive(Default)]
struct Shared {
    sqlite: OnceLock<(Server, Place)>,
    postgres: OnceLock<(Server, Place)>,
}

impl Shared {
    fn server(&self, database: Database) -> &Server {
        let slot = match database {
            Database::Sqlite => &self.sqlite,
            Database::Postgres => &self.postgres,
        };
        let start = || {
            let place = Place::new(database);
            (place.django(), place)
        };
        &slot.get_or_init(start).0
    }
}

/// Under `config/django.toml` the answers to a case are the recorded ones.
fn alike(fixture: Fixture, shared: &Arc<Shared>) -> Case<Database> {
    let shared = Arc::clone(shared);
    Case::new(format!("contract::{}", fixture.case), move |database: &Database| {
        let differences = differences_of(shared.server(*database), &fixture);
        assert!(differences.is_empty(), "{}", differences.join("\n"));
    })
}

/// Replays a case, and says where its answers are not those of the fixture.
fn differences_of(server: &Server, fixture: &Fixture) -> Vec<String> {
    let (tag, answers) = replay(server, fixture);
    let exchanges = fixture.exchanges.iter().zip(&answers).enumerate();
    let told = exchanges.flat_map(|(number, (exchange, answer))| {
        let found = differences(&exchange.response, answer, &tag);
        found.into_iter().map(move |difference| format!("exchange {number}: {difference}"))
    });
    told.collect()
}

fn by_default_only_the_decided_cases_differ(place: &Place) {
    let server = place.server();
    let told = recorded().into_iter().map(|fixture| (differences_of(&server, &fixture), fixture.case));
    let (told, different): (Vec<_>, Vec<_>) = told.filter(|(told, _)| !told.is_empty()).unzip();
    assert_eq!(different, DIFFERENT_BY_DEFAULT);
    // And in this only: the replay itself.
    assert!(told[0].iter().all(|difference| difference.starts_with("exchange 3: ")), "{told:?}");
}

fn every_change_of_a_recorded_answer_is_noticed(place: &Place) {
    let server = place.django();
    let mut changed = 0;
    for fixture in recorded() {
        let (tag, answers) = replay(&server, &fixture);
        for (exchange, answer) in fixture.exchanges.iter().zip(&answers) {
            for (what, response) in changes::of(&exchange.response) {
                let noticed = !differences(&response, answer, &tag).is_empty();
                assert!(noticed, "{}: {what} makes no difference", fixture.case);
                changed += 1;
            }
        }
    }
    assert!(changed > 1000, "{changed} changes are too few to be all");
}
