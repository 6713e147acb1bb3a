//! The mail that this server would send, for whoever develops against it: to read in a browser, and as
//! JSON for a test that waits for a letter.
//!
//! Letters open accounts. The mailbox is there only where it is switched on, and answers nobody but the
//! machine that it runs on ([`door`]).

mod door;
mod item;
mod letter;
mod list;

use crate::call::Call;
use crate::endpoint::{Answer, Endpoint};
use crate::settings::HttpSettings;
use crate::site::page::keep_private;
use crate::wire;
use actix_web::http::header::ACCEPT;
use serde::Serialize;

/// The mailbox, where it is switched on.
pub(crate) fn endpoints(settings: &HttpSettings) -> Vec<Endpoint> {
    if settings.dev_mailbox { vec![list::endpoint(), letter::endpoint()] } else { Vec::new() }
}

/// Whether a program asks.
fn wants_json(call: &Call) -> bool {
    let mut accepted = call.headers().get_all(ACCEPT).map(|value| String::from_utf8_lossy(value.as_bytes()));
    accepted.any(|types| types.to_ascii_lowercase().contains("application/json"))
}

fn json(value: &impl Serialize) -> Answer {
    let mut answer = wire::ok(value)?;
    keep_private(&mut answer);
    Ok(answer)
}
