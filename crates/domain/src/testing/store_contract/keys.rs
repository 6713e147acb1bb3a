//! Signing keys and the root secret's fingerprint.

use super::Case;
use super::support::{later, read, write};
use crate::keys::{Algorithm, KeyId, KeyRecord, KeyTimes};
use crate::sealing::Fingerprint;
use crate::store::Store;
use std::thread;

pub(super) const CASES: &[Case] = &[
    ("keys_are_stored_changed_and_deleted", keys_are_stored),
    ("the_key_ring_advances_by_compare_and_swap", the_key_ring_advances),
    ("the_root_fingerprint_is_set_by_compare_and_swap", the_root_fingerprint_is_guarded),
];

fn keys_are_stored(store: &dyn Store) {
    let key = |id: &str, seconds, algorithm| KeyRecord {
        id: KeyId(id.into()),
        algorithm,
        times: KeyTimes { created_at: later(seconds), activates_at: later(seconds + 5), retires_at: None },
        sealed: vec![0, 255, 128, 10],
    };
    let (second, first) = (key("b", 2, Algorithm::Hs256), key("c", 1, Algorithm::EdDsa));
    let both = (second.clone(), first.clone());
    write(store, move |tx| tx.put_key(&both.0).and_then(|()| tx.put_key(&both.1)));
    assert_eq!(read(store, |db| db.keys()), [first.clone(), second.clone()]);
    let times = KeyTimes { retires_at: Some(later(60)), ..first.times };
    let retiring = KeyRecord { times, sealed: vec![1], ..first };
    let put = retiring.clone();
    write(store, move |tx| tx.put_key(&put));
    assert_eq!(read(store, |db| db.keys()), [retiring.clone(), second]);
    assert!(write(store, |tx| tx.delete_key(&KeyId("b".into()))));
    assert_eq!(read(store, |db| db.keys()), [retiring]);
}

fn the_key_ring_advances(store: &dyn Store) {
    assert!(!write(store, |tx| tx.advance_key_ring(1)));
    let won = thread::scope(|scope| {
        let rivals: Vec<_> =
            (0..16).map(|_| scope.spawn(|| write(store, |tx| tx.advance_key_ring(0)))).collect();
        rivals.into_iter().map(|rival| rival.join().unwrap()).filter(|won| *won).count()
    });
    assert_eq!(won, 1);
    assert_eq!(read(store, |db| db.key_ring_version()), 1);
}

fn the_root_fingerprint_is_guarded(store: &dyn Store) {
    let set = |from: Option<&str>, to: &str| {
        let (from, to) = (from.map(|from| Fingerprint(from.into())), Fingerprint(to.into()));
        write(store, move |tx| tx.set_root_fingerprint(from.as_ref(), &to))
    };
    assert!(!set(Some("a"), "b"));
    assert!(set(None, "a"));
    assert!(!set(None, "b"));
    assert!(set(Some("a"), "b"));
    assert_eq!(read(store, |db| db.root_fingerprint()), Some(Fingerprint("b".into())));
}
