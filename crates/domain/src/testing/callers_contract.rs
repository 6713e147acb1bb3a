//! What every [`Callers`] must do. A memory may always know nobody; whom it knows, it must know well.
//!
//! Each case gets a memory of its own, empty and believed, and panics if the memory breaks the
//! contract. A harness runs each of [`cases`] once per adapter.

use super::World;
use crate::callers::{Caller, Callers, Gap, Recognition};
use crate::session::SessionId;
use crate::time::Timestamp;
use std::ops::Range;
use std::sync::Arc;

/// One case: the behaviour it asks for, and the function that asks.
pub type Case = (&'static str, fn(&dyn Callers));

/// Every case of the contract.
pub fn cases() -> impl Iterator<Item = Case> {
    let cases: [Case; 4] = [
        ("nobody is known who was not found", nobody_is_known_who_was_not_found),
        ("a caller is known by the whole token alone", a_caller_is_known_by_the_whole_token_alone),
        ("a caller is known within their time alone", a_caller_is_known_within_their_time_alone),
        ("what was found last counts", what_was_found_last_counts),
    ];
    cases.into_iter()
}

const NOW: Timestamp = Timestamp::from_seconds(1_000);
const END: Timestamp = Timestamp::from_seconds(1_300);

fn caller(name: &str, session: u8) -> Caller {
    let world = World::with_user(name, "somebody@example.com", "pw-of-somebody");
    Caller { user: Arc::new(world.find(name)), session: Some(SessionId::from_bytes([session; 16])) }
}

fn gap(callers: &dyn Callers, token: &str, now: Timestamp) -> Gap {
    callers.recall(token, now).unwrap_err()
}

fn remember(callers: &dyn Callers, token: &str, during: Range<Timestamp>, caller: &Caller) {
    let found = Recognition { caller: caller.clone(), during };
    callers.remember(gap(callers, token, END), found);
}

/// Whether somebody is known, who must be this one.
fn knows(callers: &dyn Callers, token: &str, now: Timestamp, expected: &Caller) -> bool {
    callers.recall(token, now).is_ok_and(|found| {
        assert_eq!(&found, expected, "{token}");
        true
    })
}

fn nobody_is_known_who_was_not_found(callers: &dyn Callers) {
    for token in ["", "a", "a.b.c", &"long".repeat(10_000)] {
        assert!(callers.recall(token, NOW).is_err(), "{token}");
        assert!(callers.recall(token, NOW).is_err(), "{token}");
    }
}

fn a_caller_is_known_by_the_whole_token_alone(callers: &dyn Callers) {
    let (alice, bob) = (caller("alice", 1), caller("bob", 2));
    let (long, longer) = ("x".repeat(3000), "x".repeat(3001));
    for (token, caller) in [("header.alice.signature", &alice), ("header.bob.signature", &bob), (&long, &bob)]
    {
        remember(callers, token, NOW..END, caller);
    }
    knows(callers, "header.alice.signature", NOW, &alice);
    knows(callers, "header.bob.signature", NOW, &bob);
    knows(callers, &long, NOW, &bob);
    for other in [
        "header.alice.signaturf",
        "header.alice.signature ",
        "header.alice",
        "Header.alice.signature",
        &longer,
    ] {
        assert!(callers.recall(other, NOW).is_err(), "{other}");
    }
}

fn a_caller_is_known_within_their_time_alone(callers: &dyn Callers) {
    let alice = caller("alice", 1);
    remember(callers, "token", NOW..END, &alice);
    let microsecond = |instant: Timestamp, step: i64| Timestamp::from_micros(instant.as_micros() + step);
    knows(callers, "token", NOW, &alice);
    knows(callers, "token", microsecond(END, -1), &alice);
    for outside in [microsecond(NOW, -1), END, microsecond(END, 1)] {
        assert!(callers.recall("token", outside).is_err(), "{outside:?}");
    }
}

fn what_was_found_last_counts(callers: &dyn Callers) {
    let (alice, later) = (caller("alice", 1), Timestamp::from_seconds(1_600));
    remember(callers, "token", NOW..END, &alice);
    let other = Caller { session: None, ..alice };
    remember(callers, "token", END..later, &other);
    knows(callers, "token", END, &other);
    assert!(callers.recall("token", NOW).is_err());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::callers::NoMemory;
    use crate::testing::run_named;

    #[test]
    fn no_memory_keeps_the_contract_and_knows_nobody() {
        for (name, case) in cases() {
            run_named(name, move || case(&NoMemory));
        }
        let alice = caller("alice", 1);
        remember(&NoMemory, "token", NOW..END, &alice);
        assert!(!knows(&NoMemory, "token", NOW, &alice));
    }
}
