//! Whole runs: what is interrupted, rehearsed, or no longer there.

use super::{Move, counts, named, remarked, remarks};
use crate::takeover::{ForeignKey, ForeignToken, ForeignTokenId, Group, Permission, Spent};
use crate::testing::{TestSource, block_on, foreign};
use crate::use_cases::import::{CollisionPolicy, ImportError, ImportRules, Imports, RemarkKind, SourceRow};
use crate::user::UserId;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Accounts of which some collide, with a group and tokens of every kind.
fn source(moving: &Move) -> TestSource {
    let now = moving.world.clock.now_value();
    let token = |id: &str, spent| ForeignToken {
        id: ForeignTokenId(id.into()),
        expires_at: now.plus(Duration::from_secs(3600)),
        spent,
    };
    let permission = Permission { app: "auth".into(), model: "user".into(), codename: "add_user".into() };
    let mut source = TestSource::of((1..=20).map(|i| {
        let address = format!("u{}@example.com", i % 17);
        foreign(i, &format!("user{}", i % 13), Some(&address))
    }));
    source.groups = vec![Group { id: 3, name: "editors".into(), permissions: vec![permission] }];
    source.tokens = vec![
        token("blacklisted", Some(Spent { at: now, session: None })),
        token("outstanding", None),
        ForeignToken { expires_at: now, ..token("expired", None) },
    ];
    source
}

fn in_batches_of(moving: Move, batch: u32) -> Move {
    Move { imports: Imports { batch, ..moving.imports }, ..moving }
}

#[test]
fn groups_and_tokens_that_can_still_be_presented_come_in() {
    let moving = Move::new();
    let report = moving.run_source(&mut source(&moving)).unwrap();
    assert_eq!((report.groups, report.tokens), (1, 2));
    let (groups, tokens) = moving.write(|tx| {
        let ids = ["blacklisted", "outstanding", "expired"].map(|id| ForeignTokenId(id.into()));
        (
            tx.groups().unwrap(),
            ids.map(|id| tx.foreign_token(&id).unwrap().map(|token| token.spent.is_some())),
        )
    });
    assert_eq!(groups[0].name, "editors");
    assert_eq!(tokens, [Some(true), Some(false), None]);
}

#[test]
fn an_import_that_was_interrupted_anywhere_and_run_again_comes_to_the_same() {
    for policy in [CollisionPolicy::Skip, CollisionPolicy::Newest] {
        let new = || in_batches_of(Move::to(crate::testing::World::new(), policy), 3);
        let expected = {
            let moving = new();
            moving.run_source(&mut source(&moving)).unwrap();
            moving.everything()
        };
        for pages in 0..14 {
            let moving = new();
            let mut closing = TestSource { pages: Some(pages), ..source(&moving) };
            assert!(matches!(moving.run_source(&mut closing), Err(ImportError::Source(_))), "{pages}");
            moving.run_source(&mut source(&moving)).unwrap();
            let mut found = moving.everything();
            // Subjects are drawn.
            for (account, expected) in found.0.iter_mut().zip(&expected.0) {
                account.user.subject = expected.user.subject.clone();
            }
            assert_eq!(found, expected, "{policy:?} {pages}");
        }
    }
}

#[test]
fn a_batch_is_durable_once_it_is_told_of() {
    let moving = in_batches_of(Move::new(), 2);
    let mut told = Vec::new();
    let accounts = (1..=5).map(|i| foreign(i, &format!("user{i}"), None));
    block_on(moving.imports.run(&mut TestSource::of(accounts), |report| {
        let stored = u64::try_from(moving.everything().0.len()).unwrap();
        assert_eq!(report.accounts(), stored);
        told.push(stored);
    }))
    .unwrap();
    assert_eq!(told[..4], [0, 2, 4, 5]);
}

#[test]
fn a_rehearsal_tells_the_same_and_changes_nothing() {
    for policy in [CollisionPolicy::Skip, CollisionPolicy::Newest] {
        let moving = in_batches_of(Move::to(crate::testing::World::new(), policy), 3);
        moving.world.user("user5", "pw");
        let before = moving.everything();
        let told = Arc::new(Mutex::new(0));
        let seen = Arc::clone(&told);
        let progress = move |_: &_| *seen.lock().unwrap() += 1;
        let rehearsed = block_on(moving.imports.dry_run(Box::new(source(&moving)), progress)).unwrap();
        assert_eq!(moving.everything(), before);
        assert_eq!(moving.write(|tx| tx.groups().unwrap()), []);
        assert!(*told.lock().unwrap() > 7);
        assert_eq!(moving.run_source(&mut source(&moving)).unwrap(), rehearsed);
        assert!(rehearsed.skipped > 0 && rehearsed.added > 0);
    }
}

#[test]
fn a_rehearsal_whose_source_breaks_says_so() {
    let moving = Move::new();
    let closing = TestSource { pages: Some(2), ..source(&moving) };
    let answer = block_on(moving.imports.dry_run(Box::new(closing), |_| ()));
    assert!(matches!(answer, Err(ImportError::Source(_))), "{answer:?}");
}

#[test]
fn a_database_that_is_away_stops_the_import() {
    let moving = Move::new();
    moving.world.store.go_down();
    assert!(matches!(moving.run_source(&mut source(&moving)), Err(ImportError::Store(_))));
}

#[test]
fn what_cannot_be_read_is_left_out_and_told() {
    let moving = in_batches_of(Move::new(), 2);
    let broken = |number| SourceRow::Unreadable {
        key: ForeignKey::Number(number),
        reason: "the username is empty".into(),
    };
    let mut source = TestSource::of([foreign(1, "alice", None), foreign(4, "bob", None)]);
    source.rows.splice(1..1, [broken(2), broken(3)]);
    let report = moving.run_source(&mut source).unwrap();
    assert_eq!(counts(&report), [2, 0, 0, 2, 0]);
    let told = &report.remarks_of(RemarkKind::Unreadable).unwrap().first[0];
    assert_eq!(told.remark.to_string(), "cannot be understood: the username is empty");
    assert_eq!(moving.names(), named(&[(1, "alice", None), (4, "bob", None)]));
}

#[test]
fn an_account_that_was_deleted_here_does_not_come_back() {
    let moving = Move::new();
    moving.run([foreign(1, "alice", None)]);
    block_on(moving.world.auth.delete_account(UserId(1))).unwrap();
    for _ in 0..2 {
        let report = moving.run([foreign(1, "alice", None)]);
        assert_eq!(counts(&report), [0, 0, 0, 1, 0]);
        assert_eq!(remarks(&report), remarked(&[(RemarkKind::DeletedHere, &["1"])]));
    }
    assert_eq!(moving.names(), []);
}

#[test]
fn accounts_that_are_no_longer_there_are_told_and_stay() {
    let moving = in_batches_of(Move::new(), 2);
    let names = ["a", "b", "c", "d", "e"];
    let all = || (1..).zip(names).map(|(i, name)| foreign(i, name, None));
    moving.run(all());
    moving.world.user("native", "pw");
    let report = moving.run(all().filter(|it| it.username.as_str() == "c"));
    assert_eq!((report.unchanged, report.missing, report.deactivated), (1, 4, 0));
    // The first three are named.
    assert_eq!(remarks(&report), remarked(&[(RemarkKind::Missing, &["1", "2", "4"])]));
    assert_eq!(report.remarks_of(RemarkKind::Missing).unwrap().count, 4);
    assert!(names.iter().all(|name| moving.world.find(name).is_active));
}

#[test]
fn accounts_that_are_no_longer_there_can_be_deactivated_until_they_are_there_again() {
    let moving = Move::new();
    let rules = ImportRules { deactivate_missing: true, ..moving.imports.rules };
    let moving = Move { imports: Imports { rules, ..moving.imports }, ..moving };
    let both = || [foreign(1, "alice", None), foreign(2, "bob", None)];
    moving.run(both());
    moving.world.user("native", "pw");
    let pair = moving.world.login("bob", "pw-of-bob").unwrap();
    let report = moving.run([foreign(1, "alice", None)]);
    assert_eq!((report.missing, report.deactivated), (1, 1));
    assert_eq!(remarks(&report), remarked(&[(RemarkKind::Deactivated, &["2"])]));
    assert!(block_on(moving.world.auth.authenticate(&pair.access)).is_err());
    let again = moving.run([foreign(1, "alice", None)]);
    assert_eq!((again.missing, again.deactivated), (1, 0));
    assert!(moving.world.find("native").is_active && moving.world.find("alice").is_active);
    moving.run(both());
    assert!(moving.world.find("bob").is_active);
}

#[test]
fn an_account_that_gave_way_or_was_deleted_here_is_not_missed() {
    let moving = Move::newest();
    moving.run([foreign(1, "kate", None), foreign(2, "KATE", None), foreign(3, "bob", None)]);
    block_on(moving.world.auth.delete_account(UserId(3))).unwrap();
    let report = moving.run([foreign(2, "KATE", None)]);
    assert_eq!((report.unchanged, report.missing), (1, 0));
}

#[test]
fn batches_of_no_size_are_batches_of_one() {
    let moving = in_batches_of(Move::new(), 0);
    assert_eq!(moving.run([foreign(1, "alice", None)]).added, 1);
}
