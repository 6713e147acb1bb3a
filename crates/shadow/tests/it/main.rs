//! The proxy between clients and two small servers.

// What a test asserts is for the test to say.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests fail by panicking")]

mod answers;
mod faults;
mod headers;
mod order;
mod plan;
mod report;
mod stage;
mod tokens;
