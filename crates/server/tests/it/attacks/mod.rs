//! What attackers of such servers have tried.

mod bodies;
mod claims;
mod codes;
mod durations;
mod enumeration;
mod flood;
mod forgery;
mod identity;
mod links;
mod mutation;
mod passwords;
mod protocol;
mod smuggling;
mod stolen;
mod storm;

use crate::harness::Place;
use doorward_testkit::trials_on_both;
use libtest_mimic::Trial;

pub(crate) fn trials() -> Vec<Trial> {
    let areas = [
        bodies::cases(),
        claims::cases(),
        codes::cases(),
        durations::cases(),
        enumeration::cases(),
        flood::cases(),
        forgery::cases(),
        identity::cases(),
        links::cases(),
        mutation::cases(),
        passwords::cases(),
        protocol::cases(),
        smuggling::cases(),
        storm::cases(),
    ];
    areas.iter().flat_map(|area| trials_on_both(area, Place::new)).collect()
}
