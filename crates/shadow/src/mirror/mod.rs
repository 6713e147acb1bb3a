//! Asks the candidate what the upstream server was asked, and has the answers compared.

mod budget;
mod plan;
mod queue;
mod tokens;
mod worker;

pub(crate) use budget::{Budget, KeptBody, Share};
pub use plan::Skipped;
pub(crate) use plan::{is_safe, plan};
pub(crate) use queue::{Arrival, Exchange, Queue};
pub(crate) use tokens::Tokens;
pub(crate) use worker::{Mirror, Order};
