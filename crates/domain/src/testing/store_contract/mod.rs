//! What every [`Store`] must do, whatever it stores in.
//!
//! Each case gets a store of its own, empty and migrated, and panics if the store breaks the
//! contract. A harness runs each of [`cases`] once per adapter.

mod foreign_tokens;
mod keys;
mod mail;
mod one_time;
mod sessions;
mod standing;
mod support;
mod takeover;
mod units;
mod users;

use crate::store::Store;

/// One case: the behaviour it asks for, and the function that asks.
pub type Case = (&'static str, fn(&dyn Store));

/// Every case of the contract.
pub fn cases() -> impl Iterator<Item = Case> {
    let parts = [
        units::CASES,
        users::CASES,
        sessions::CASES,
        standing::CASES,
        keys::CASES,
        takeover::CASES,
        foreign_tokens::CASES,
        one_time::CASES,
        mail::CASES,
    ];
    parts.into_iter().flatten().copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{MemoryStore, run_named};

    #[test]
    fn the_store_in_memory_keeps_the_contract() {
        for (name, case) in cases() {
            run_named(name, move || case(&MemoryStore::new()));
        }
    }
}
