//! Password hashing in Django's encodings.
//!
//! ```
//! use doorward_domain::hashing::Verification;
//! use doorward_domain::password::{Password, PasswordHash};
//! use doorward_domain::random::Random;
//! use doorward_passwords::{Cost, DjangoHasher};
//! # struct Salts;
//! # impl Random for Salts {
//! #     fn fill(&self, bytes: &mut [u8]) { bytes.fill(7) }
//! # }
//! # // In earnest: a generator that the operating system seeded.
//! # let random: std::sync::Arc<dyn Random> = std::sync::Arc::new(Salts);
//!
//! // `random` is the service's own `Random`. Cost 12 is the default; 4 keeps the example quick.
//! let hasher = DjangoHasher::new(Cost::new(4)?, random);
//! let password = Password::new("correct horse battery staple").ok_or("too long")?;
//!
//! let ours = hasher.hash(&password)?;
//! assert!(ours.as_encoded().starts_with("bcrypt_sha256$$2b$04$"));
//! assert_eq!(hasher.verify(&password, Some(&ours))?, Verification::Match { outdated: false });
//!
//! let djangos = PasswordHash::from_encoded(
//!     "pbkdf2_sha1$1000$zHZS2zEtkJv6WR8fPkPazu$auFtnbSz23tAKK+DzRdj6ztmvgM=",
//! );
//! assert_eq!(hasher.verify(&password, Some(&djangos))?, Verification::Match { outdated: true });
//!
//! // Nobody of that name: as long as for somebody, and no.
//! assert_eq!(hasher.verify(&password, None)?, Verification::Mismatch);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # How to think of it
//!
//! Two things live here, and the second is made of the first:
//!
//! - [`DjangoHasher`] computes. It is synchronous, holds no thread, and costs the caller a quarter
//!   of a second of a core at the default cost.
//! - [`HashLane`] waits. It is the adapter of the domain's port
//!   [`PasswordHasher`](doorward_domain::hashing::PasswordHasher): a few threads of its own, a
//!   bounded queue before them, and a deadline on waiting. Its futures need no async runtime.
//!
//! New hashes are Django's `bcrypt_sha256`: bcrypt over the hexadecimal SHA-256 of the password, so
//! that neither bcrypt's cut after 72 bytes nor a NUL byte weakens a password. Verified are also the
//! other encodings of Django 5.1, within these bounds, which cost a few seconds of a core at most. A
//! stored hash beyond them could stall a thread for minutes or take gigabytes, and verifies no
//! password:
//!
//! | scheme | bounds |
//! |---|---|
//! | `bcrypt_sha256`, `bcrypt` | cost 4 to 16 |
//! | `pbkdf2_sha256`, `pbkdf2_sha1` | 1 to 10 million iterations |
//! | `argon2` (`argon2id`, `argon2i`, `argon2d`) | 1 GiB of memory; 4 GiB over all its passes; 64 lanes |
//! | `scrypt` | 256 MiB of memory; N·r·p up to 2²³ (12 times Django's) |
//!
//! Django's `md5` is left out on purpose.
//!
//! # Several hashes at once
//!
//! bcrypt is slow because each of its look-ups in memory needs the result of the one before: a core
//! spends most of the time waiting. [`Engine::Interleaved`], the default, computes up to four bcrypt
//! hashes in lockstep on one thread and fills the waiting of each with the work of the others. It is
//! safe Rust without vector instructions. As measured on one machine, the best of 48 samples each, with
//! the `bcrypt` crate as 1:
//!
//! | at once | time, all of them | hashes a second |
//! |---|---|---|
//! | 1, `bcrypt` crate | 1 | 1 |
//! | 1 | 0.92 | 1.1 |
//! | 2 | 0.96 | 2.1 |
//! | 3 | 0.98 | 3.1 |
//! | 4 | 1.05 | 3.8 |
//!
//! On another machine, whose cores have less to spare, four at once were 2.5 times the crate.
//!
//! A [`HashLane`] groups what already waits and never waits for more. So a single login takes what
//! it took, and a crowd of 64 was through 3.4 times as fast, on two cores with nothing else to do.
//! `cargo bench -p doorward-passwords --bench sizing` prints both for the machine that it runs on, at
//! several costs.
//!
//! What keeps it right: property tests compare it with the `bcrypt` crate for every number of
//! hashes, place, length of password and several costs; the vectors of other implementations and
//! hashes that Django made are verified with it; Blowfish's constants are computed anew from π.
//! [`LaneSettings::engine`] with [`Engine::Crate`] goes back to the `bcrypt` crate; stored hashes are
//! the same either way.
//!
//! Compile it for the architecture's baseline, as Cargo does by default. With
//! `-C target-cpu=native` the compiler may turn the look-ups of four hashes into vector gathers,
//! which take three times as long. `cargo bench -p doorward-passwords --bench hashing` tells.
//!
//! # When more is asked than can be computed
//!
//! The lane keeps in mind how long its threads were busy lately, and takes in only what one of them
//! will come to before the deadline. The rest is refused at once instead of after a wait for nothing,
//! and the threads compute full groups of jobs that somebody still waits for. On Linux they do so at
//! a lower priority than the rest of the process, so that what needs no hash hardly notices.
//!
//! # What a duration tells
//!
//! With no hash, an unusable one, and one that cannot be parsed or is out of bounds,
//! [`DjangoHasher::verify`] computes one hash of the preferred cost before it answers. A wrong
//! password for a bcrypt hash of a lower cost is made to last as long as one of the preferred cost,
//! as Django does. What remains: until its first login here, an account whose hash is of another
//! scheme or of a higher cost may be told apart by the time that a wrong password takes. A login
//! that succeeds gives such an account a new hash; [`Verification::Match`] says when
//! (`outdated`). Hashes that are computed at once end together, whatever each of them was for.
//!
//! [`Verification::Match`]: doorward_domain::hashing::Verification::Match
//!
//! # How to extend it
//!
//! A scheme is a file in `schemes`: a `parse` that checks its bounds and a `matches`. Name it in
//! `schemes/mod.rs` and add hashes that Django made to `tests/fixtures`.
//!
//! An engine is a variant of [`Engine`], with an arm in its `lanes` and `at_once`. The lane asks it how
//! many hashes it takes at once, and nothing outside of `engine` knows how it computes them.

mod computation;
mod cost;
#[cfg(test)]
mod doubles;
mod eksblowfish;
mod engine;
mod hasher;
mod lane;
mod schemes;

pub use cost::{Cost, CostError};
pub use engine::Engine;
pub use hasher::DjangoHasher;
pub use lane::{HashLane, LaneError, LaneSettings, Refused};
pub use schemes::recognises;
