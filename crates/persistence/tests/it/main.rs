//! The adapters, on both databases.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "without libtest's harness, clippy does not see that these are tests"
)]

mod archive;
mod changes;
mod connections;
mod contract;
mod fixture;
mod foreign;
mod lifecycle;
mod migrations;
mod proxy;
mod races;
mod rotations;
mod units;

use doorward_testkit::{Database, Scratch, run, trials_on, trials_on_both};
use fixture::Fixture;

fn main() {
    let mut trials = Vec::new();
    let areas = [
        contract::cases(),
        units::cases(),
        races::cases(),
        rotations::cases(),
        changes::cases(),
        archive::cases(),
        lifecycle::cases(),
    ];
    for area in areas {
        trials.extend(trials_on_both(&area, Fixture::new));
    }
    trials.extend(trials_on_both(&migrations::cases(), Scratch::empty));
    trials.extend(trials_on_both(&foreign::cases(), Scratch::empty));
    trials.extend(trials_on(Database::Sqlite, &units::cases_of_sqlite(), Fixture::new));
    trials.extend(trials_on(Database::Sqlite, &foreign::cases_of_sqlite(), Scratch::empty));
    trials.extend(trials_on(Database::Postgres, &contract::cases_of_lines(), Fixture::new));
    trials.extend(trials_on(Database::Postgres, &connections::cases(), Fixture::new));
    trials.extend(trials_on(Database::Postgres, &rotations::cases_of_postgres(), Fixture::new));
    trials.extend(trials_on(Database::Postgres, &archive::cases_of_postgres(), Fixture::new));
    trials.extend(trials_on(Database::Postgres, &lifecycle::cases_of_postgres(), Fixture::new));
    trials.extend(trials_on(Database::Postgres, &foreign::cases_of_postgres(), Scratch::empty));
    trials.extend(trials_on(Database::Postgres, &connections::cases_of_servers(), Scratch::empty));
    run(trials)
}
