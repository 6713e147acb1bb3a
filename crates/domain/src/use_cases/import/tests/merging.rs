//! Accounts that came in earlier and are looked at again.

use super::{Move, counts, named, remarked, remarks};
use crate::identity::{EmailAddress, Username};
use crate::password::{Password, PasswordHash};
use crate::takeover::{
    AccountRecord, Amendment, Attributes, Field, ForeignAccount, ForeignPassword, Permission,
};
use crate::testing::{block_on, foreign};
use crate::time::Timestamp;
use crate::use_cases::import::{Remark, RemarkKind};
use crate::user::{FullName, UserId};
use std::time::Duration;

fn alice() -> ForeignAccount {
    foreign(1, "alice", Some("alice@example.com"))
}

fn hash(encoded: &str) -> ForeignPassword {
    ForeignPassword::Hash(PasswordHash::from_encoded(encoded))
}

/// An account of which every field differs from [`alice`].
fn changed() -> ForeignAccount {
    ForeignAccount {
        password: hash("plain$another"),
        full_name: FullName::parse("Alicia").unwrap(),
        is_staff: true,
        is_superuser: true,
        date_joined: Timestamp::from_seconds(5),
        last_login: Some(Timestamp::from_seconds(6)),
        groups: vec!["editors".into()],
        permissions: vec![Permission { app: "a".into(), model: "b".into(), codename: "c".into() }],
        attributes: Attributes::from_json(r#"{"a":1}"#),
        ..foreign(1, "alicia", Some("alicia@example.com"))
    }
}

#[test]
fn what_has_changed_there_is_taken_over() {
    let moving = Move::new();
    moving.run([alice()]);
    let report = moving.run([changed()]);
    assert_eq!((counts(&report), remarks(&report)), ([0, 1, 0, 0, 0], vec![]));
    let fresh = Move::new();
    fresh.run([changed()]);
    let (stored, mut expected) = (moving.account(1).unwrap(), fresh.account(1).unwrap());
    assert_ne!(stored.credential_version, expected.credential_version);
    expected.credential_version = stored.credential_version;
    expected.user.subject = stored.user.subject.clone();
    assert_eq!(stored, expected);
    assert_eq!(counts(&moving.run([changed()])), [0, 0, 1, 0, 0]);
}

#[test]
fn what_was_changed_here_stays_and_is_told_once_if_it_was_changed_there_too() {
    let moving = Move::new();
    moving.run([alice()]);
    block_on(moving.world.auth.change_password(UserId(1), Password::new("Another-pw-1").unwrap())).unwrap();
    let amendment = Amendment {
        username: Some(Username::parse("al").unwrap()),
        email: Some(Some(EmailAddress::parse("al@example.com").unwrap())),
        full_name: Some(FullName::parse("Al").unwrap()),
        is_staff: Some(true),
        is_superuser: Some(true),
        date_joined: Some(Timestamp::from_seconds(7)),
        groups: Some(vec!["readers".into()]),
        permissions: Some(vec![Permission { app: "x".into(), model: "y".into(), codename: "z".into() }]),
        attributes: Some(Attributes::from_json(r#"{"b":2}"#)),
        ..Amendment::default()
    };
    moving.write(move |tx| assert!(tx.archive().amend(UserId(1), &amendment).unwrap()));
    let before = moving.account(1).unwrap();
    // Nothing has changed there: nothing is in conflict.
    let report = moving.run([alice()]);
    assert_eq!((counts(&report), remarks(&report)), ([0, 0, 1, 0, 0], vec![]));

    let theirs = ForeignAccount { is_active: true, last_login: None, ..changed() };
    let report = moving.run([theirs.clone()]);
    assert_eq!(moving.account(1), Some(before.clone()));
    assert_eq!(counts(&report), [0, 0, 1, 0, 0]);
    let conflict = &report.remarks_of(RemarkKind::Conflict).unwrap().first[0].remark;
    // Both made it a superuser and one of the staff: no conflict.
    let expected = [
        Field::Username,
        Field::Email,
        Field::Password,
        Field::FullName,
        Field::DateJoined,
        Field::Groups,
        Field::Permissions,
        Field::Attributes,
    ];
    assert_eq!(*conflict, Remark::Conflict(expected.into()));
    let again = moving.run([theirs.clone()]);
    assert_eq!((counts(&again), remarks(&again)), ([0, 0, 1, 0, 0], vec![]));
    // Ours stay ours when theirs change once more.
    let once_more = ForeignAccount { password: hash("plain$third"), groups: vec![], ..theirs };
    let report = moving.run([once_more]);
    assert_eq!(remarks(&report), remarked(&[(RemarkKind::Conflict, &["1"])]));
    assert_eq!(moving.account(1), Some(before));
}

#[test]
fn a_field_that_was_changed_here_does_not_hold_back_the_others() {
    let moving = Move::new();
    moving.run([alice()]);
    moving.write(|tx| tx.set_full_name(UserId(1), &FullName::parse("Al").unwrap()).unwrap());
    let report = moving.run([ForeignAccount { groups: vec!["editors".into()], ..alice() }]);
    assert_eq!(counts(&report), [0, 1, 0, 0, 0]);
    let stored = moving.account(1).unwrap();
    assert_eq!((stored.user.full_name.as_str(), stored.user.groups), ("Al", vec!["editors".to_owned()]));
}

#[test]
fn a_password_changed_there_ends_our_sessions_and_honours_the_tokens_that_are_honoured_there() {
    let moving = Move::new();
    moving.run([alice()]);
    let pair = moving.world.login("alice", "pw-of-alice").unwrap();
    let of_django = moving.world.tokens.foreign_refresh("1", "jti-1", moving.world.clock.now_value());
    moving.world.clock.advance(Duration::from_secs(60));
    moving.run([ForeignAccount { password: hash("plain$another"), ..alice() }]);
    assert!(block_on(moving.world.auth.authenticate(&pair.access)).is_err());
    assert!(moving.world.login("alice", "pw-of-alice").is_err());
    assert!(moving.world.login("alice", "another").is_ok());
    assert!(block_on(moving.world.auth.verify(&of_django)).is_ok());
}

#[test]
fn a_hash_that_a_login_here_made_better_is_no_change_of_the_password() {
    let moving = Move::new();
    moving.run([alice()]);
    moving.world.hasher.prefer_scheme("new");
    moving.world.login("alice", "pw-of-alice").unwrap();
    assert_eq!(moving.world.stored_hash("alice").as_encoded(), "new$pw-of-alice");
    assert_eq!(counts(&moving.run([alice()])), [0, 0, 1, 0, 0]);
    assert_eq!(moving.world.stored_hash("alice").as_encoded(), "new$pw-of-alice");
    moving.run([ForeignAccount { password: hash("plain$another"), ..alice() }]);
    assert!(moving.world.login("alice", "another").is_ok());
}

#[test]
fn passwords_that_must_be_reset_are_told_until_they_are() {
    let moving = Move::new();
    let weak = || ForeignAccount { password: ForeignPassword::MustReset, ..alice() };
    for _ in 0..2 {
        let report = moving.run([weak()]);
        assert_eq!(remarks(&report), remarked(&[(RemarkKind::MustReset, &["1"])]));
        assert!(!moving.world.stored_hash("alice").is_usable());
    }
    block_on(moving.world.auth.change_password(UserId(1), Password::new("Another-pw-1").unwrap())).unwrap();
    assert_eq!(remarks(&moving.run([weak()])), []);
    assert!(moving.world.login("alice", "Another-pw-1").is_ok());

    let moving = Move::new();
    moving.run([weak()]);
    let report = moving.run([alice()]);
    assert_eq!((counts(&report), remarks(&report)), ([0, 1, 0, 0, 0], vec![]));
    assert!(moving.world.login("alice", "pw-of-alice").is_ok());
    let report = moving.run([weak()]);
    assert_eq!(remarks(&report), remarked(&[(RemarkKind::MustReset, &["1"])]));
    assert!(moving.world.login("alice", "pw-of-alice").is_err());
}

#[test]
fn an_account_deactivated_there_loses_its_sessions_and_comes_back_when_it_does_there() {
    let moving = Move::new();
    moving.run([alice()]);
    let pair = moving.world.login("alice", "pw-of-alice").unwrap();
    let of_django = moving.world.tokens.foreign_access("1", moving.world.clock.now_value());
    moving.world.clock.advance(Duration::from_secs(1));
    let report = moving.run([ForeignAccount { is_active: false, ..alice() }]);
    assert_eq!(report.amended, 1);
    assert_eq!(moving.world.live_sessions("alice"), 0);
    moving.run([alice()]);
    assert!(moving.world.find("alice").is_active);
    for token in [&pair.access, &of_django] {
        assert!(block_on(moving.world.auth.authenticate(token)).is_err());
    }
    assert!(moving.world.login("alice", "pw-of-alice").is_ok());
}

#[test]
fn an_account_deactivated_here_stays_so() {
    let moving = Move::new();
    moving.run([alice()]);
    block_on(moving.world.auth.set_active(UserId(1), false)).unwrap();
    moving.run([alice()]);
    assert!(!moving.world.find("alice").is_active);
}

/// Whether the account is active, of the staff, a superuser, and which groups and permissions it has.
fn privileges(moving: &Move) -> (bool, bool, bool, Vec<String>, usize) {
    let AccountRecord { user, permissions, .. } = moving.account(1).unwrap();
    (user.is_active, user.is_staff, user.is_superuser, user.groups, permissions.len())
}

#[test]
fn who_was_banned_and_demoted_here_does_not_come_back_after_the_same_was_done_and_undone_there() {
    let moving = Move::new();
    let permission = Permission { app: "a".into(), model: "b".into(), codename: "c".into() };
    let mighty = || ForeignAccount {
        is_staff: true,
        is_superuser: true,
        groups: vec!["admins".into()],
        permissions: vec![permission.clone()],
        ..alice()
    };
    let powerless = || ForeignAccount { is_active: false, ..alice() };
    moving.run([mighty()]);
    assert_eq!(privileges(&moving), (true, true, true, vec!["admins".to_owned()], 1));
    block_on(moving.world.auth.set_active(UserId(1), false)).unwrap();
    let demotion = Amendment {
        is_staff: Some(false),
        is_superuser: Some(false),
        groups: Some(vec![]),
        permissions: Some(vec![]),
        ..Amendment::default()
    };
    moving.write(move |tx| assert!(tx.archive().amend(UserId(1), &demotion).unwrap()));
    for _ in 0..2 {
        assert_eq!(remarks(&moving.run([powerless()])), []);
        let report = moving.run([mighty()]);
        assert_eq!(counts(&report), [0, 0, 1, 0, 0]);
        assert_eq!(remarks(&report), remarked(&[(RemarkKind::Conflict, &["1"])]));
        assert_eq!(privileges(&moving), (false, false, false, vec![], 0));
        assert_eq!(remarks(&moving.run([mighty()])), []);
    }
}

#[test]
fn what_both_sides_granted_and_we_took_back_is_not_granted_again() {
    let moving = Move::new();
    let powerless = || ForeignAccount { is_active: false, ..alice() };
    let mighty = || ForeignAccount { is_staff: true, is_superuser: true, ..alice() };
    let grant = |is: bool| {
        block_on(moving.world.auth.set_active(UserId(1), is)).unwrap();
        let change = Amendment { is_staff: Some(is), is_superuser: Some(is), ..Amendment::default() };
        moving.write(move |tx| assert!(tx.archive().amend(UserId(1), &change).unwrap()));
    };
    moving.run([powerless()]);
    grant(true);
    moving.run([mighty()]);
    grant(false);
    for theirs in [mighty(), powerless(), mighty()] {
        moving.run([theirs]);
        assert_eq!(privileges(&moving), (false, false, false, vec![], 0));
    }
}

#[test]
fn a_password_changed_there_revives_no_token_that_was_refused_here_meanwhile() {
    let moving = Move::new();
    moving.run([alice()]);
    let of_django = moving.world.tokens.foreign_access("1", moving.world.clock.now_value());
    moving.world.clock.advance(Duration::from_secs(60));
    let now = moving.world.clock.now_value();
    moving.write(move |tx| assert!(tx.invalidate_tokens(UserId(1), now).unwrap()));
    moving.run([ForeignAccount { password: hash("plain$another"), ..alice() }]);
    assert_eq!(moving.world.find("alice").tokens_valid_after, now);
    assert!(block_on(moving.world.auth.authenticate(&of_django)).is_err());
    assert!(moving.world.login("alice", "another").is_ok());
}

#[test]
fn the_later_of_two_logins_is_the_last_one() {
    let moving = Move::new();
    let login = |second| ForeignAccount { last_login: Some(Timestamp::from_seconds(second)), ..alice() };
    moving.run([login(100)]);
    assert_eq!(counts(&moving.run([login(100)])), [0, 0, 1, 0, 0]);
    assert_eq!(counts(&moving.run([login(200)])), [0, 1, 0, 0, 0]);
    moving.world.login("alice", "pw-of-alice").unwrap();
    assert_eq!(counts(&moving.run([login(300)])), [0, 0, 1, 0, 0]);
    assert_eq!(moving.account(1).unwrap().last_login, Some(moving.world.clock.now_value()));
}

#[test]
fn a_new_name_that_is_taken_leaves_the_old_one_and_is_tried_again() {
    let moving = Move::new();
    let bob = || foreign(2, "bob", Some("bob@example.com"));
    moving.run([alice(), bob()]);
    let greedy = || ForeignAccount {
        username: Username::parse("BOB").unwrap(),
        email: Some(EmailAddress::parse("Bob@example.com").unwrap()),
        ..alice()
    };
    let before = moving.names();
    for _ in 0..2 {
        let report = moving.run([greedy(), bob()]);
        assert_eq!(counts(&report), [0, 0, 2, 0, 0]);
        let told = [(RemarkKind::UsernameKept, &["1"][..]), (RemarkKind::AddressTaken, &["1"])];
        assert_eq!(remarks(&report), remarked(&told));
        assert_eq!(moving.names(), before);
    }
    let robert = || ForeignAccount { username: Username::parse("robert").unwrap(), email: None, ..bob() };
    moving.run([robert(), greedy()]);
    assert_eq!(moving.names(), named(&[(1, "BOB", Some("Bob@example.com")), (2, "robert", None)]));
    assert_eq!(counts(&moving.run([greedy(), robert()])), [0, 0, 2, 0, 0]);
}

#[test]
fn an_account_without_its_address_follows_what_changes_there() {
    let moving = Move::new();
    let bob = || foreign(2, "bob", Some("Alice@example.com"));
    moving.run([alice(), bob()]);
    assert_eq!(moving.account(2).unwrap().attributes.as_json(), "{} and Alice@example.com");
    let more = || ForeignAccount { attributes: Attributes::from_json(r#"{"a":1}"#), ..bob() };
    assert_eq!(counts(&moving.run([alice(), more()])), [0, 1, 1, 0, 0]);
    assert_eq!(moving.account(2).unwrap().attributes.as_json(), r#"{"a":1} and Alice@example.com"#);
    let own = || ForeignAccount { email: Some(EmailAddress::parse("bob@example.com").unwrap()), ..more() };
    assert_eq!(counts(&moving.run([alice(), own()])), [0, 1, 1, 0, 0]);
    let stored = moving.account(2).unwrap();
    assert_eq!(stored.attributes.as_json(), r#"{"a":1}"#);
    assert_eq!(stored.user.email.unwrap().as_str(), "bob@example.com");
}
