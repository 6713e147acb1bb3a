//! What attackers of such servers have tried.

mod bodies;
mod claims;
mod enumeration;
mod forgery;
mod identity;
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
        enumeration::cases(),
        forgery::cases(),
        identity::cases(),
        mutation::cases(),
        passwords::cases(),
        protocol::cases(),
        smuggling::cases(),
        storm::cases(),
    ];
    areas.iter().flat_map(|area| trials_on_both(area, Place::new)).collect()
}
