//! The life of an account, as its owner's mailbox sees it: every letter here has really arrived.

mod aliases;
mod deletion;
mod email_change;
mod export;
mod letters;
mod mailbox;
mod notices;
mod outage;
mod password_change;
mod private;
mod required;
mod reset;
mod transport;
mod verification;

use crate::harness::Place;
use doorward_testkit::trials_on_both;
use libtest_mimic::Trial;

pub(crate) fn trials() -> Vec<Trial> {
    let areas = [
        aliases::cases(),
        deletion::cases(),
        email_change::cases(),
        export::cases(),
        letters::cases(),
        mailbox::cases(),
        notices::cases(),
        outage::cases(),
        password_change::cases(),
        private::cases(),
        required::cases(),
        reset::cases(),
        transport::cases(),
        verification::cases(),
    ];
    areas.iter().flat_map(|area| trials_on_both(area, Place::new)).collect()
}
