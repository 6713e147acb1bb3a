//! Jobs on PostgreSQL: a few threads, each with one connection.

mod link;
mod rotator;
mod worker;

pub(crate) use rotator::Rotator;
pub(crate) use worker::Worker;
