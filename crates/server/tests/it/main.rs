//! The server over HTTP, on both databases.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::panic,
    reason = "without libtest's harness, clippy does not see that these are tests"
)]

mod api;
mod attacks;
mod contract;
mod django;
mod harness;
mod layering;
mod mail;
mod processes;
mod races;

fn main() {
    let mut trials = layering::trials();
    trials.extend(contract::trials());
    trials.extend(api::trials());
    trials.extend(attacks::trials());
    trials.extend(mail::trials());
    trials.extend(races::trials());
    trials.extend(processes::trials());
    trials.extend(django::trials());
    doorward_testkit::run(trials)
}
