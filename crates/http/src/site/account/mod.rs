//! Pages that the links in letters lead to.
//!
//! To look at a page uses nothing up: mail scanners and browsers that read ahead open links, too. What
//! the link is for is done by the form on the page. A link that does not work gets one answer, whatever
//! the reason.

pub(crate) mod confirm_email;
mod docs;
mod link;
mod one_button;
pub(crate) mod reset_password;
pub(crate) mod undo_email_change;
pub(crate) mod verify_email;

use crate::endpoint::Endpoint;

/// Every page of an account.
pub(super) fn endpoints() -> [Endpoint; 4] {
    [
        verify_email::endpoint(),
        reset_password::endpoint(),
        confirm_email::endpoint(),
        undo_email_change::endpoint(),
    ]
}
