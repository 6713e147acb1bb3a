//! Adapters in memory, and the contracts that every adapter of the store and of memories of callers must pass.
//!
//! For tests only: behind the feature `testing`. What a test needs of the world is made by hand
//! here and stays under its control: time moves when told, randomness repeats, hashing costs
//! nothing, the database can go down.

// A test double may stop the test that misuses it.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    reason = "test doubles fail by panicking"
)]

pub mod callers_contract;
mod clock;
mod executor;
mod foreign;
mod hasher;
mod keys;
mod mail;
mod memory;
mod random;
pub mod store_contract;
mod tokens;
mod world;

pub use clock::TestClock;
pub use executor::{block_on, run_named};
pub use foreign::{TestSource, foreign};
pub use hasher::TestHasher;
pub use keys::{TestKeyMaker, TestSealer};
pub use mail::{TestCourier, TestDigests, TestEnvelopes};
#[cfg(test)]
pub(crate) use mail::{code_of, secret_of};
pub use memory::MemoryStore;
pub use random::SeededRandom;
pub use tokens::TestTokens;
pub use world::{KeyWorld, World};
