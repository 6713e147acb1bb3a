//! Tells what was found, so that a person can read it at the end of a busy day.

mod line;
mod reporter;
mod summary;
mod tally;

pub(crate) use reporter::Reporter;
pub use summary::Summary;
pub(crate) use tally::Tally;
