//! The threads that run jobs, and the queues before them.

mod gauges;
mod job;
mod postgres;
mod queue;
mod readers;
mod sqlite;

pub use gauges::StoreGauges;
pub(crate) use job::{Job, Work};
pub(crate) use postgres::{Lines, Lost, Rotator, Worker};
pub(crate) use queue::Queue;
pub(crate) use readers::Readers;
pub(crate) use sqlite::{checkpoint_when_told, write_jobs};
