//! The numbers of changes, where more than one process makes them.

use crate::fixture::{Fixture, NOW, block_on};
use doorward_domain::standing::ChangeNumber;
use doorward_domain::store::{Store, Transaction, Verdict};
use doorward_domain::user::{CredentialVersion, UserId};
use doorward_testkit::{Case, cases};
use std::sync::Arc;
use std::thread;

pub(crate) fn cases() -> Vec<Case<Fixture>> {
    cases![changes:
        a_follower_of_two_processes_misses_none_of_16_writers,
        a_number_beyond_the_last_is_told_from_none_new,
        the_changes_of_one_unit_are_numbered_in_their_order,
    ]
}

const NAMES: [&str; 16] = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o", "p"];

fn write_changes(store: &Arc<dyn Store>, id: UserId, other: UserId, count: usize) {
    for number in 0..count {
        let commit = number % 3 != 2;
        let step = move |tx: &mut dyn Transaction| {
            tx.invalidate_tokens(id, NOW)?;
            // A row that all of them lock, in no order with the counter's but that one.
            tx.record_login(other, CredentialVersion(0), NOW)?;
            Ok(if commit { Verdict::Commit(()) } else { Verdict::RollBack(()) })
        };
        block_on(store.transact(step)).unwrap();
    }
}

fn a_follower_of_two_processes_misses_none_of_16_writers(f: &Fixture) {
    const EACH: usize = 9;
    let users = NAMES.map(|name| f.user(name).id);
    let login = f.user("login").id;
    let other = f.another();
    let stores = [f.store.clone(), other.store()];
    let mut seen = Vec::new();
    thread::scope(|scope| {
        let writers: Vec<_> = users
            .iter()
            .zip(stores.iter().cycle())
            .map(|(id, store)| scope.spawn(move || write_changes(store, *id, login, EACH)))
            .collect();
        let mut last = ChangeNumber(0);
        loop {
            // Asked first: what was committed before the last look is seen by it.
            let is_over = writers.iter().all(thread::ScopedJoinHandle::is_finished);
            let told = f.read(move |db| db.changes_since(last));
            let accounts = told.accounts.unwrap();
            assert_eq!(i64::try_from(accounts.len()).unwrap(), told.last.0 - last.0);
            seen.extend(accounts);
            last = told.last;
            if is_over {
                break;
            }
        }
    });
    other.close();
    seen.sort_unstable();
    let expected: Vec<_> = users.iter().flat_map(|id| [*id; EACH / 3 * 2]).collect();
    assert_eq!(seen, expected);
}

fn a_number_beyond_the_last_is_told_from_none_new(f: &Fixture) {
    let told = f.read(|db| db.changes_since(ChangeNumber(7)));
    assert_eq!((told.last, told.accounts), (ChangeNumber(0), None));
}

fn the_changes_of_one_unit_are_numbered_in_their_order(f: &Fixture) {
    let users = ["ann", "bob", "cid"].map(|name| f.user(name).id);
    let order = [users[1], users[2], users[0]];
    f.write(move |tx| {
        for id in order {
            tx.invalidate_tokens(id, NOW)?;
        }
        Ok(Verdict::Commit(()))
    })
    .unwrap();
    for (seen, rest) in [(0, &order[..]), (1, &order[1..]), (2, &order[2..]), (3, &[])] {
        let told = f.read(move |db| db.changes_since(ChangeNumber(seen)));
        assert_eq!((told.last, told.accounts.as_deref()), (ChangeNumber(3), Some(rest)));
    }
}
