//! The API over real connections, on the domain's adapters in memory.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "a test may stop")]

mod aliases;
mod bearer;
mod body;
mod dashboard;
mod failures;
mod log_lines;
mod login;
mod logout;
mod methods;
mod refresh;
mod register;
mod sessions;
mod site;
mod support;
mod user;
mod verify;
