//! The recorded answers of a Django service, replayed.

mod aliases;
mod changes;
mod compare;
mod fixture;
mod replay;

pub(crate) use fixture::{Fixture, recorded};
pub(crate) use replay::{Tag, replay};

use crate::harness::{Answer, Client, Place, Server};
use aliases::aliased;
use compare::differences;
use doorward_testkit::{Case, Database, cases, trials_on_both};
use fixture::recorded_of_aliases;
use libtest_mimic::Trial;
use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};

/// What another answer than Django's is decided for, under the default settings.
const DIFFERENT_BY_DEFAULT: [&str; 1] = [
    // Within the grace a repeated refresh answers its successor again.
    "refresh_replayed",
];

pub(crate) fn trials() -> Vec<Trial> {
    let (plain, aliased) = (Arc::new(Shared::new(Place::django)), Arc::new(Shared::new(aliased)));
    let mut alike: Vec<_> = recorded().into_iter().map(|fixture| is_alike(fixture, &plain)).collect();
    alike.extend(aliases::alike().map(|fixture| is_alike(fixture, &aliased)));
    let mut trials = trials_on_both(&alike, |database| database);
    let others = cases![
        contract: every_change_of_a_recorded_answer_is_noticed,
        by_default_only_the_decided_cases_differ,
    ];
    trials.extend(trials_on_both(&others, Place::new));
    trials.extend(trials_on_both(&aliases::cases(), Place::new));
    for (told, fixtures, count) in [("recorded", recorded(), 57), ("aliases", recorded_of_aliases(), 45)] {
        let name = format!("contract::there_are_{count}_cases_of_{told}_with_a_name_each");
        trials.push(Trial::test(name, move || {
            let names: BTreeSet<_> = fixtures.iter().map(|fixture| &fixture.case).collect();
            assert_eq!((names.len(), fixtures.len()), (count, count));
            Ok(())
        }));
    }
    trials
}

/// A server under `config/django.toml` on each database. Cases have names of their own, so that they
/// can share it; it ends with the last of them.
struct Shared {
    start: fn(&Place) -> Server,
    sqlite: OnceLock<(Server, Place)>,
    postgres: OnceLock<(Server, Place)>,
}

impl Shared {
    fn new(start: fn(&Place) -> Server) -> Self {
        Self { start, sqlite: OnceLock::new(), postgres: OnceLock::new() }
    }

    fn server(&self, database: Database) -> &Server {
        let slot = match database {
            Database::Sqlite => &self.sqlite,
            Database::Postgres => &self.postgres,
        };
        let start = || {
            let place = Place::new(database);
            ((self.start)(&place), place)
        };
        &slot.get_or_init(start).0
    }
}

/// Under `config/django.toml` the answers to a case are the recorded ones.
fn is_alike(fixture: Fixture, shared: &Arc<Shared>) -> Case<Database> {
    let shared = Arc::clone(shared);
    Case::new(format!("contract::{}", fixture.case), move |database: &Database| {
        let differences = differences_of(shared.server(*database), &fixture);
        assert!(differences.is_empty(), "{}", differences.join("\n"));
    })
}

/// Replays a case, and says where its answers are not those of the fixture.
pub(crate) fn differences_of(server: &Client, fixture: &Fixture) -> Vec<String> {
    let (tag, answers) = replay(server, fixture);
    differences_in(fixture, &tag, &answers)
}

/// The same of answers to a replay.
pub(crate) fn differences_in(fixture: &Fixture, tag: &Tag, answers: &[Answer]) -> Vec<String> {
    let exchanges = fixture.exchanges.iter().zip(answers).enumerate();
    let told = exchanges.flat_map(|(number, (exchange, answer))| {
        let found = differences(&exchange.response, answer, tag);
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
    let (plain, aliased) = (place.django(), aliased(place));
    let mut changed = 0;
    let of_plain = recorded().into_iter().map(|fixture| (&plain, fixture));
    for (server, fixture) in of_plain.chain(aliases::alike().map(|fixture| (&aliased, fixture))) {
        let (tag, answers) = replay(server, &fixture);
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
