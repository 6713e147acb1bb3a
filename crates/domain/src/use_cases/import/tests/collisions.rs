//! Names that fold to one, and numbers that are taken.

use super::{Move, counts, named, remarked, remarks};
use crate::takeover::{ForeignAccount, ForeignKey};
use crate::testing::{World, block_on, foreign};
use crate::time::Timestamp;
use crate::use_cases::import::{CollisionPolicy, RemarkKind};
use crate::user::{FullName, UserId};

/// Runs a case in one batch and in batches of one. Both come to the same, and so does a second run.
fn in_any_batches(policy: CollisionPolicy, accounts: &[ForeignAccount], check: impl Fn(&Move, &str)) {
    for batch in ["one batch", "batches of one"] {
        let moving = Move::to(World::new(), policy);
        let moving = if batch == "one batch" { moving } else { moving.one_by_one() };
        moving.run(accounts.to_vec());
        check(&moving, batch);
        let first = moving.everything();
        let again = moving.run(accounts.to_vec());
        assert_eq!([again.added, again.amended, again.removed], [0, 0, 0], "{batch}, again");
        assert_eq!(moving.everything(), first, "{batch}, again");
    }
}

#[test]
fn usernames_that_fold_to_one_keep_the_first_or_the_newest() {
    let accounts = [foreign(1, "Kate", None), foreign(2, "KATE", None), foreign(3, "\u{212A}ate", None)];
    in_any_batches(CollisionPolicy::Skip, &accounts, |moving, batch| {
        assert_eq!(moving.names(), named(&[(1, "Kate", None)]), "{batch}");
        assert_eq!(moving.record(2), None, "{batch}");
    });
    in_any_batches(CollisionPolicy::Newest, &accounts, |moving, batch| {
        assert_eq!(moving.names(), named(&[(3, "\u{212A}ate", None)]), "{batch}");
        assert_eq!(moving.record(1).unwrap().user, None, "{batch}");
    });
}

#[test]
fn the_report_tells_who_was_skipped_for_whom() {
    let accounts = || [foreign(1, "Kate", None), foreign(2, "KATE", None)];
    let report = Move::new().run(accounts());
    assert_eq!(counts(&report), [1, 0, 0, 1, 0]);
    let skipped = &report.remarks_of(RemarkKind::UsernameTaken).unwrap().first[0];
    assert_eq!((&skipped.key, skipped.username.as_str()), (&ForeignKey::Number(2), "KATE"));
    assert_eq!(skipped.remark.to_string(), "its username belongs to Kate");

    let moving = Move::newest();
    let report = moving.run(accounts());
    assert_eq!(counts(&report), [1, 0, 0, 1, 0]);
    assert_eq!(remarks(&report), remarked(&[(RemarkKind::GaveWay, &["1"])]));
    let again = moving.run(accounts());
    assert_eq!(counts(&again), [0, 0, 1, 1, 0]);
    assert_eq!(remarks(&again), remarked(&[(RemarkKind::GaveWayBefore, &["1"])]));

    let report = Move::newest().one_by_one().run(accounts());
    assert_eq!(counts(&report), [2, 0, 0, 0, 1]);
    assert_eq!(remarks(&report), remarked(&[(RemarkKind::GaveWay, &["1"])]));
}

#[test]
fn the_newest_is_who_joined_last_whatever_the_numbers() {
    let joined = |number, username, second| ForeignAccount {
        date_joined: Timestamp::from_seconds(second),
        ..foreign(number, username, None)
    };
    let accounts = [joined(1, "kate", 9), joined(2, "Kate", 5), joined(3, "KATE", 9)];
    in_any_batches(CollisionPolicy::Newest, &accounts, |moving, batch| {
        assert_eq!(moving.names(), named(&[(3, "KATE", None)]), "{batch}");
    });
}

#[test]
fn whoever_was_changed_here_or_made_here_does_not_give_way() {
    let moving = Move::newest();
    moving.world.user("native", "pw");
    moving.run([foreign(10, "kate", None), foreign(11, "bob", None)]);
    moving.write(|tx| tx.set_full_name(UserId(10), &FullName::parse("Kate").unwrap()).unwrap());
    let report = moving.run([
        foreign(10, "kate", None),
        foreign(11, "bob", None),
        foreign(20, "KATE", None),
        foreign(21, "NATIVE", None),
        foreign(22, "BOB", None),
    ]);
    assert_eq!(moving.names(), named(&[(1, "native", None), (10, "kate", None), (22, "BOB", None)]));
    assert_eq!(
        remarks(&report),
        remarked(&[(RemarkKind::UsernameTaken, &["20", "21"]), (RemarkKind::GaveWay, &["11"])])
    );
}

#[test]
fn of_one_address_the_first_or_the_newest_has_it_and_the_other_keeps_its_text() {
    let accounts = [foreign(1, "a", Some("x@example.com")), foreign(2, "b", Some("X@example.com"))];
    in_any_batches(CollisionPolicy::Skip, &accounts, |moving, batch| {
        assert_eq!(moving.names(), named(&[(1, "a", Some("x@example.com")), (2, "b", None)]), "{batch}");
        assert_eq!(moving.account(2).unwrap().attributes.as_json(), "{} and X@example.com");
    });
    in_any_batches(CollisionPolicy::Newest, &accounts, |moving, batch| {
        assert_eq!(moving.names(), named(&[(1, "a", None), (2, "b", Some("X@example.com"))]), "{batch}");
        assert_eq!(moving.account(1).unwrap().attributes.as_json(), "{} and x@example.com");
    });
}

#[test]
fn an_address_that_is_somebodys_username_is_left_out_under_either_policy() {
    let accounts = [foreign(1, "x@example.com", None), foreign(2, "b", Some("X@example.com"))];
    for policy in [CollisionPolicy::Skip, CollisionPolicy::Newest] {
        in_any_batches(policy, &accounts, |moving, batch| {
            assert_eq!(moving.names(), named(&[(1, "x@example.com", None), (2, "b", None)]), "{batch}");
        });
    }
}

#[test]
fn a_username_that_is_somebodys_address_takes_it_away() {
    let accounts = [foreign(1, "a", Some("x@example.com")), foreign(2, "X@example.com", None)];
    for policy in [CollisionPolicy::Skip, CollisionPolicy::Newest] {
        in_any_batches(policy, &accounts, |moving, batch| {
            assert_eq!(moving.names(), named(&[(1, "a", None), (2, "X@example.com", None)]), "{batch}");
            assert_eq!(moving.account(1).unwrap().attributes.as_json(), "{} and x@example.com");
        });
    }
    let report = Move::new().run(accounts);
    assert_eq!(remarks(&report), remarked(&[(RemarkKind::AddressTaken, &["1"])]));
}

#[test]
fn an_address_of_an_account_that_was_made_here_is_not_taken_away() {
    let world = World::with_user("native", "x@example.com", "pw");
    let moving = Move::to(world, CollisionPolicy::Newest);
    let report = moving.run([foreign(10, "X@example.com", None), foreign(11, "b", Some("x@example.com"))]);
    assert_eq!(moving.names(), named(&[(1, "native", Some("x@example.com")), (11, "b", None)]));
    assert_eq!(
        remarks(&report),
        remarked(&[(RemarkKind::UsernameTaken, &["10"]), (RemarkKind::AddressTaken, &["11"])])
    );
}

#[test]
fn one_account_may_have_its_address_for_a_username() {
    let accounts = [foreign(1, "A@example.com", Some("a@example.com"))];
    in_any_batches(CollisionPolicy::Skip, &accounts, |moving, _| {
        assert_eq!(moving.names(), named(&[(1, "A@example.com", Some("a@example.com"))]));
    });
}

#[test]
fn who_gives_way_leaves_both_names() {
    let accounts = [
        foreign(1, "kate", Some("kate@example.com")),
        foreign(2, "KATE", Some("kate@example.com")),
        foreign(3, "other", Some("Kate@example.com")),
    ];
    in_any_batches(CollisionPolicy::Newest, &accounts, |moving, batch| {
        let expected = named(&[(2, "KATE", None), (3, "other", Some("Kate@example.com"))]);
        assert_eq!(moving.names(), expected, "{batch}");
    });
}

#[test]
fn an_address_that_has_become_free_is_given_back() {
    let moving = Move::new();
    let accounts = || [foreign(1, "a", Some("x@example.com")), foreign(2, "b", Some("x@example.com"))];
    moving.run(accounts());
    assert!(block_on(moving.world.auth.delete_account(UserId(1))).unwrap());
    let report = moving.run(accounts());
    assert_eq!(counts(&report), [0, 1, 0, 1, 0]);
    assert_eq!(moving.names(), named(&[(2, "b", Some("x@example.com"))]));
    assert_eq!(moving.account(2).unwrap().attributes.as_json(), "{}");
    assert_eq!(counts(&moving.run(accounts())), [0, 0, 1, 1, 0]);
}

#[test]
fn a_number_that_belongs_to_another_account_is_not_given_twice() {
    let moving = Move::new();
    moving.world.user("native", "pw");
    let report = moving.run([foreign(1, "alice", None), foreign(2, "bob", None), foreign(2, "carol", None)]);
    assert_eq!(moving.names(), named(&[(1, "native", None), (2, "bob", None)]));
    assert_eq!(remarks(&report), remarked(&[(RemarkKind::NumberTaken, &["1", "2"])]));
}

#[test]
fn keys_of_text_become_subjects_and_those_that_read_as_numbers_stay_out() {
    let with_key =
        |key: &str, name| ForeignAccount { key: ForeignKey::Text(key.into()), ..foreign(1, name, None) };
    let moving = Move::new();
    let report = moving.run([with_key("6f9619ff-8b86", "alice"), with_key("42", "bob")]);
    assert_eq!(remarks(&report), remarked(&[(RemarkKind::AmbiguousKey, &["42"])]));
    let alice = moving.world.find("alice");
    assert_eq!((alice.subject.as_str(), alice.is_known_by_subject), ("6f9619ff-8b86", true));
    let by_number = moving.run([foreign(77, "carol", None)]);
    assert_eq!(by_number.added, 1);
    let carol = moving.world.find("carol");
    assert!(!carol.is_known_by_subject && carol.subject.as_str() != "77");
}

#[test]
fn a_key_that_is_the_subject_of_another_account_is_left_out_and_the_others_come_in() {
    let world = World::new();
    let subject = world.user("native", "pw").subject;
    let moving = Move::to(world, CollisionPolicy::Skip);
    let with_key = |key: &str, name: &str| ForeignAccount {
        key: ForeignKey::Text(key.to_owned()),
        ..foreign(1, name, None)
    };
    let accounts = || [with_key("a-key", "alice"), with_key(subject.as_str(), "bob")];
    for [added, unchanged] in [[1, 0], [0, 1]] {
        let report = moving.run(accounts());
        assert_eq!(counts(&report), [added, 0, unchanged, 1, 0]);
        assert_eq!(remarks(&report), remarked(&[(RemarkKind::SubjectTaken, &[subject.as_str()])]));
    }
    assert_eq!(moving.world.find("native").subject, subject);
}

#[test]
fn a_number_that_clients_cannot_tell_from_the_next_is_left_out_and_leaves_numbers_to_draw() {
    let moving = Move::new();
    let highest = (1_i64 << 53) - 1;
    let report = moving.run([
        foreign(highest, "alice", None),
        foreign(highest + 1, "bob", None),
        foreign(i64::MAX, "carol", None),
    ]);
    assert_eq!(counts(&report), [1, 0, 0, 2, 0]);
    let keys = [(highest + 1).to_string(), i64::MAX.to_string()];
    assert_eq!(
        remarks(&report),
        remarked(&[(RemarkKind::NumberTooHigh, &[keys[0].as_str(), keys[1].as_str()])])
    );
    assert_eq!(moving.world.user("native", "pw").id, UserId(highest + 1));
}
