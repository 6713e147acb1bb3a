//! Jobs on PostgreSQL: a few threads, each with one connection, and connections of callers' threads.

mod lines;
mod link;
mod rotator;
mod worker;

pub(crate) use lines::{Lines, Lost};
pub(crate) use rotator::Rotator;
pub(crate) use worker::Worker;
