//! The API over real connections, on the domain's adapters in memory.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "a test may stop")]

mod account;
mod alias_accounts;
mod aliases;
mod bearer;
mod body;
mod dashboard;
mod email_change;
mod failures;
mod letters;
mod log_lines;
mod login;
mod logout;
mod mailbox;
mod methods;
mod password_change;
mod password_reset;
mod private_registration;
mod refresh;
mod register;
mod sessions;
mod site;
mod support;
mod user;
mod user_export;
mod verify;
mod verify_email;
