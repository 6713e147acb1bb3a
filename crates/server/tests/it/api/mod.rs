//! What the API answers: one endpoint, one file; then what holds for all of them.

mod blacklist;
mod cors;
mod dashboard;
mod django;
mod headers;
mod key_set;
mod login;
mod logout;
mod logout_all;
mod metrics;
mod paths;
mod proxies;
mod refresh;
mod register;
mod rotation;
mod session;
mod sessions;
mod site;
mod tokens;
mod user;
mod verify;

use crate::harness::Place;
use doorward_testkit::trials_on_both;
use libtest_mimic::Trial;

pub(crate) fn trials() -> Vec<Trial> {
    let areas = [
        blacklist::cases(),
        cors::cases(),
        dashboard::cases(),
        django::cases(),
        headers::cases(),
        key_set::cases(),
        login::cases(),
        logout::cases(),
        logout_all::cases(),
        metrics::cases(),
        paths::cases(),
        proxies::cases(),
        refresh::cases(),
        register::cases(),
        rotation::cases(),
        session::cases(),
        sessions::cases(),
        site::cases(),
        tokens::cases(),
        user::cases(),
        verify::cases(),
    ];
    areas.iter().flat_map(|area| trials_on_both(area, Place::new)).collect()
}
