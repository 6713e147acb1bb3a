//! The binary as its operators meet it: processes, their files, signals, output and neighbours.
//!
//! Variables of the environment: `DOORWARD_KILL_ROUNDS=1000` kills a server that often,
//! `DOORWARD_IMPORT_KILL_ROUNDS=100` an import from Django,
//! `DOORWARD_RACE_ROUNDS=100` runs each race that often, `DOORWARD_TELL_FIGURES=1` tells what was
//! measured, and with `DOORWARD_REQUIRE_STRACE=1` the cases that trace system calls fail where
//! `strace` is not there, in place of being ignored.

mod cli;
mod crash;
mod faults;
mod instances;
mod logs;
mod mail;
mod newcomer;
mod process;
mod program;
mod site;
mod stop;
mod trace;
mod watch;

pub(crate) use process::Process;
pub(crate) use program::Program;
pub(crate) use site::{Site, at_once};
pub(crate) use watch::{A_SECOND, SOON, Watch, found, until};

use libtest_mimic::Trial;

pub(crate) fn trials() -> Vec<Trial> {
    [
        cli::trials(),
        crash::trials(),
        faults::trials(),
        instances::trials(),
        logs::trials(),
        mail::trials(),
        newcomer::trials(),
        stop::trials(),
        trace::trials(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// A number that a variable of the environment gives.
pub(crate) fn number(variable: &str, otherwise: usize) -> usize {
    std::env::var(variable).ok().map_or(otherwise, |value| value.parse().expect("a number"))
}
