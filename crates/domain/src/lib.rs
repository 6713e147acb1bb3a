//! Doorward's rules: who may log in, how long a session lives, what a replayed token costs.
//!
//! ```
//! use doorward_domain::password::Password;
//! use doorward_domain::session::Client;
//! use doorward_domain::testing::{World, block_on};
//! use doorward_domain::use_cases::{Draft, LoginRequest, Role};
//!
//! let world = World::new(); // every port in memory, and a clock that stands still
//! let password = || Password::new("Corr3ct-horse!");
//! let draft = Draft {
//!     username: Some("alice".into()),
//!     email: Some("alice@example.com".into()),
//!     password: password(),
//!     password_again: password(),
//! };
//! block_on(world.auth.register(draft, Role::Member)).unwrap();
//!
//! let login = LoginRequest { name: "Alice@Example.com".into(), password: password().unwrap(), client: Client::default() };
//! let tokens = block_on(world.auth.login(login)).unwrap().tokens;
//! let caller = block_on(world.auth.authenticate(&tokens.access)).unwrap();
//! assert_eq!(caller.user.username.as_str(), "alice");
//! ```
//!
//! # What is where
//!
//! * **Values** are parsed once and then right: [`identity`], [`password`], [`user`], [`session`],
//!   [`standing`], [`keys`], [`time`]; [`one_time`] and [`mail`], what an owner is sent; and
//!   [`takeover`], what comes from another system.
//! * **Ports** say what the rules need of the world, and what an adapter must keep: [`store`],
//!   [`callers`], [`hashing`], [`token`], [`sealing`], [`one_time::SecretDigests`], [`mail::Envelopes`],
//!   [`mail::Courier`], [`time::Clock`], [`random::Random`].
//! * **Use cases** chain the two: [`use_cases`]. A step is a plain function over a unit of work,
//!   `fn(&mut dyn Transaction, …) -> Verdict`; waiting is left to the method that chains steps.
//! * **Test doubles** and the store's contract are in [`testing`], behind the feature `testing`.
//!
//! # What is not here
//!
//! No HTTP, no SQL, no JWT, no serialisation, no runtime. The rules do not know that time passes
//! unless they are told, and nothing in this crate draws a random number by itself.
//!
//! # Adding a use case
//!
//! Write the step and its tests first, in a file of its own under `use_cases`; then the method of
//! [`use_cases::Auth`] that runs it. What the step needs of the database becomes a method of
//! [`store::Lookup`] or [`store::Transaction`] and a case of the store's contract, so that every
//! adapter has to have it.

pub mod callers;
pub mod hashing;
pub mod identity;
pub mod keys;
pub mod mail;
pub mod one_time;
pub mod password;
pub mod random;
pub mod sealing;
pub mod session;
pub mod standing;
pub mod store;
pub mod takeover;
#[cfg(feature = "testing")]
pub mod testing;
pub mod time;
pub mod token;
pub mod use_cases;
pub mod user;
