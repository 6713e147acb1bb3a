//! Doorward, an authentication server: register, log in, refresh, log out, guard.
//!
//! ```
//! use doorward::SystemClock;
//! use doorward::app;
//! use doorward::settings::{Secret, Settings};
//! use std::sync::Arc;
//!
//! # fn main() -> anyhow::Result<()> {
//! # let place = tempfile::tempdir()?;
//! let mut settings = Settings::default();
//! settings.server.bind.set_port(0); // any free port
//! settings.database.url = Secret::new(format!("sqlite://{}/data/doorward.db", place.path().display()));
//!
//! let server = app::start(settings, Arc::new(SystemClock))?; // the database and the root secret are made
//! let health = ureq::get(format!("http://{}/healthz", server.address())).call()?;
//! assert_eq!(health.status(), 200);
//! server.stop()
//! # }
//! ```
//!
//! # Three ways in
//!
//! **Deploy the binary.** `doorward` serves, with a SQLite database and a root secret in `data/` that
//! the first start makes. `doorward createsuperuser` makes the first account, `doorward check` tells
//! what is wrong and how to mend it, and `doorward --help` the rest. Letters can be read at
//! `/dev/mailbox/` until `[mail]` names a mail server. Every setting is explained in
//! `config/default.toml`; `config/production.toml` is an example on PostgreSQL, and with
//! `config/django.toml` the server answers as Django REST framework with simplejwt does.
//!
//! **Reuse a crate.** Another service checks access tokens with `doorward-tokens` alone, which knows
//! neither HTTP nor a database:
//!
//! ```no_run
//! use doorward_domain::time::Clock;
//! use doorward_domain::token::Holder;
//! use doorward_tokens::Verifier;
//!
//! # fn fetch(_url: &str) -> String { String::new() }
//! fn caller(clock: &dyn Clock, bearer: &str) -> Result<Holder, Box<dyn std::error::Error>> {
//!     let key_set = fetch("https://id.example.org/.well-known/jwks.json"); // keep it for five minutes
//!     let verifier = Verifier::from_jwks(&key_set)?.issuer("https://id.example.org").audience("doorward");
//!     let token = verifier.verify(bearer, clock.now())?;
//!     Ok(token.access.holder)
//! }
//! ```
//!
//! `doorward-passwords` verifies and makes Django's password hashes; `doorward-domain` has the rules
//! and their ports, for a front end other than HTTP.
//!
//! **Read a rule.** Each rule is one function without a database, a clock or a runtime, in
//! [`doorward_domain::use_cases`], with its tests beneath it: what a replayed refresh token costs is in
//! [`Session::present`](doorward_domain::session::Session::present), what a new password must be in
//! [`PasswordRules::check`](doorward_domain::password::PasswordRules::check).
//!
//! # Where things meet
//!
//! This crate is the only one that knows all the others. `compose` puts an adapter behind each port of
//! the domain, [`app`] serves with what comes out, and every [`command`] works on the same parts, so
//! that what the command line does is seen by servers that run. [`settings`] is the only way in for an
//! operator's wishes; no other crate reads a file or the environment.
//!
//! | a start does | where |
//! |---|---|
//! | read the settings, refuse insecure ones | [`settings`] |
//! | open the database, bring its schema up to date | `compose` |
//! | find the root secret, or make it where nothing is sealed yet | `root_secret` |
//! | have the first signing key made, open the keys | `compose` |
//! | bind the address, try the letters' templates, serve | [`app`] |
//! | follow the keys, sweep what expired, send letters | `background` |
//!
//! # How to extend it
//!
//! A setting is a field of a section in `settings/sections.rs` (or beside it), a line with a comment in
//! `config/default.toml` (a test insists), and, where a value can be dangerous, a rule in
//! `settings/rules.rs`. A command is a file under `command` and a line in `main`. A figure for
//! `/metrics` is a line in `compose/figures.rs`.

pub mod app;
pub mod command;
pub mod settings;

mod background;
mod clock;
mod compose;
mod logging;
mod root_secret;

pub use clock::SystemClock;
