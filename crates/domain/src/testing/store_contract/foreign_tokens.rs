//! Refresh tokens of other systems, which are used up once.

use super::Case;
use super::support::{NOW, find_session, insert, insert_session, later, read, write};
use crate::session::SessionId;
use crate::store::Store;
use crate::takeover::{ForeignToken, ForeignTokenId, Spent};
use std::collections::BTreeSet;
use std::thread;

pub(super) const CASES: &[Case] = &[
    ("a_foreign_token_is_spent_once", a_foreign_token_is_spent_once),
    ("of_64_exchanges_of_one_foreign_token_one_wins", of_64_exchanges_one_wins),
    ("noting_foreign_tokens_never_unspends_one", noting_never_unspends),
    ("a_sweep_deletes_expired_foreign_tokens_up_to_its_limit", a_sweep_deletes_foreign_tokens),
];

fn token(id: &str, expires: u64, spent: Option<Spent>) -> ForeignToken {
    ForeignToken { id: ForeignTokenId(id.into()), expires_at: later(expires), spent }
}

fn spend(store: &dyn Store, token: &ForeignToken) -> bool {
    let token = token.clone();
    write(store, move |tx| tx.spend_foreign_token(&token))
}

fn foreign_token(store: &dyn Store, id: &str) -> Option<ForeignToken> {
    let id = ForeignTokenId(id.into());
    read(store, move |db| db.foreign_token(&id))
}

fn a_foreign_token_is_spent_once(store: &dyn Store) {
    let session = SessionId::from_bytes([9; 16]);
    let by = |session| Some(Spent { at: later(1), session });
    write(store, |tx| tx.archive().note_foreign_tokens(&[token("noted", 60, None)]));
    assert_eq!(foreign_token(store, "noted"), Some(token("noted", 60, None)));
    assert_eq!(foreign_token(store, "unknown"), None);
    for id in ["noted", "unknown"] {
        let first = token(id, 60, by(Some(session)));
        assert!(spend(store, &first));
        assert!(!spend(store, &token(id, 60, by(None))));
        assert!(!spend(store, &token(id, 60, by(Some(SessionId::from_bytes([8; 16]))))));
        assert_eq!(foreign_token(store, id), Some(first));
    }
    let blacklisted = token("Unknown", 60, by(None));
    assert!(spend(store, &blacklisted));
    assert_eq!(foreign_token(store, "Unknown"), Some(blacklisted));
}

fn of_64_exchanges_one_wins(store: &dyn Store) {
    let user = insert(store, "alice");
    for id in ["noted", "unknown"] {
        if id == "noted" {
            write(store, |tx| tx.archive().note_foreign_tokens(&[token("noted", 60, None)]));
        }
        let won: Vec<_> = thread::scope(|scope| {
            let rivals: Vec<_> = (0..64_u8)
                .map(|i| {
                    scope.spawn(move || {
                        let session = Some(SessionId::from_bytes([i; 16]));
                        spend(store, &token(id, 60, Some(Spent { at: later(1), session }))).then_some(session)
                    })
                })
                .collect();
            rivals.into_iter().filter_map(|rival| rival.join().unwrap()).collect()
        });
        assert_eq!(won.len(), 1, "{id}");
        assert_eq!(foreign_token(store, id).unwrap().spent.unwrap().session, won[0]);
    }
    // The session need not be there, nor stay.
    let session = insert_session(store, &user, 1, NOW).id;
    assert!(spend(store, &token("third", 60, Some(Spent { at: NOW, session: Some(session) }))));
    assert!(write(store, move |tx| tx.delete_user(user.id)));
    assert_eq!(find_session(store, session), None);
    assert!(foreign_token(store, "third").unwrap().spent.is_some());
}

fn noting_never_unspends(store: &dyn Store) {
    let exchanged = Spent { at: later(1), session: Some(SessionId::from_bytes([9; 16])) };
    let blacklisted = Spent { at: later(2), session: None };
    assert!(spend(store, &token("a", 60, Some(exchanged))));
    let note = |tokens: Vec<ForeignToken>| write(store, move |tx| tx.archive().note_foreign_tokens(&tokens));
    note(vec![token("a", 60, None), token("b", 60, None), token("c", 60, Some(blacklisted))]);
    note(vec![token("a", 60, Some(blacklisted)), token("b", 60, Some(blacklisted)), token("c", 60, None)]);
    let spent = ["a", "b", "c"].map(|id| foreign_token(store, id).unwrap().spent);
    assert_eq!(spent, [Some(exchanged), Some(blacklisted), Some(blacklisted)]);
    assert!(!spend(store, &token("b", 60, Some(exchanged))));
    note(vec![]);
    let many: Vec<_> = (0..3_000).map(|i| token(&format!("many-{i}"), 60, None)).collect();
    note(many);
    assert!(foreign_token(store, "many-2999").is_some());
}

fn a_sweep_deletes_foreign_tokens(store: &dyn Store) {
    let tokens: Vec<_> = (0..5).map(|i| token(&format!("t{i}"), i, None)).collect();
    write(store, move |tx| tx.archive().note_foreign_tokens(&tokens));
    let sweep = |before, limit| write(store, move |tx| tx.sweep_foreign_tokens(later(before), limit));
    assert_eq!(sweep(3, 2), 2);
    assert_eq!(sweep(3, 2), 1);
    assert_eq!(sweep(3, 2), 0);
    let left: BTreeSet<_> = (0..5).filter(|i| foreign_token(store, &format!("t{i}")).is_some()).collect();
    assert_eq!(left, BTreeSet::from([3, 4]));
}
