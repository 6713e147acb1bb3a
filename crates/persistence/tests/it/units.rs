//! Units of work: what ends them, and what that does to others.

use crate::fixture::{Fixture, NOW, all_at_once, block_on, new_session, new_user, parse};
use doorward_domain::identity::{CanonicalName, EmailAddress, Username};
use doorward_domain::keys::{Algorithm, KeyId, KeyRecord, KeyTimes};
use doorward_domain::session::SessionId;
use doorward_domain::store::{Done, Ending, Store, StoreError, Taken, Transaction, Verdict};
use doorward_domain::user::UserId;
use doorward_persistence::{Settings, open};
use doorward_testkit::{Case, cases};
use std::panic::resume_unwind;
use std::sync::mpsc::{Sender, channel};

pub(crate) fn cases() -> Vec<Case<Fixture>> {
    cases![units:
        a_failed_job_is_rolled_back_alone,
        a_job_that_panics_fails_and_the_store_goes_on,
        a_look_up_that_panics_fails_and_the_store_goes_on,
        a_job_that_hides_a_failure_is_not_committed,
        a_read_sees_every_write_that_was_answered_before,
        a_job_is_run_though_nobody_waits_for_it,
        what_waits_when_the_store_is_closed_is_still_done,
        a_closed_store_is_unavailable,
        the_number_of_a_deleted_account_is_not_used_again,
        a_deleted_account_takes_its_sessions_and_names_along,
        a_name_that_no_column_can_hold_is_nobodys,
        a_username_and_an_address_may_be_equal_in_one_account_only,
        a_key_is_replaced_with_all_its_columns,
        a_session_of_nobody_fails,
        the_gauges_follow_the_jobs,
        more_jobs_than_may_wait_are_refused_at_once,
    ]
}

pub(crate) fn cases_of_sqlite() -> Vec<Case<Fixture>> {
    cases![units: jobs_that_wait_share_a_commit, two_processes_write_to_one_file, the_file_is_its_owners_alone]
}

fn name(text: &str) -> CanonicalName {
    CanonicalName::of(text)
}

fn failure() -> StoreError {
    StoreError::failed("a step's own")
}

fn a_failed_job_is_rolled_back_alone(f: &Fixture) {
    let jobs = ["ann", "bob", "cid"].map(|who| {
        f.store.transact(move |tx| {
            let inserted = tx.insert_user(&new_user(who))?;
            if who == "bob" { Err(failure()) } else { Ok(Verdict::Commit(inserted)) }
        })
    });
    let answers = all_at_once(jobs);
    assert!(matches!(answers.as_slice(), [Ok(Ok(_)), Err(StoreError::Failed(_)), Ok(Ok(_))]), "{answers:?}");
    let there = f.read(|db| {
        ["ann", "bob", "cid"]
            .iter()
            .map(|who| Ok(db.user_by_login_name(&name(who))?.is_some()))
            .collect::<Result<Vec<_>, _>>()
    });
    assert_eq!(there, [true, false, true]);
}

fn a_job_that_panics_fails_and_the_store_goes_on(f: &Fixture) {
    for _ in 0..8 {
        let answer = f.write(|tx| -> Result<Verdict<()>, _> {
            tx.insert_user(&new_user("ann"))?.unwrap();
            resume_unwind(Box::new("on purpose"))
        });
        assert!(matches!(answer, Err(StoreError::Failed(_))), "{answer:?}");
    }
    f.user("ann");
}

fn a_look_up_that_panics_fails_and_the_store_goes_on(f: &Fixture) {
    for _ in 0..8 {
        let answer = block_on(f.store.query(|_| -> Result<(), _> { resume_unwind(Box::new("on purpose")) }));
        assert!(matches!(answer, Err(StoreError::Failed(_))), "{answer:?}");
    }
    assert_eq!(f.read(|db| db.key_ring_version()), 0);
}

fn a_job_that_hides_a_failure_is_not_committed(f: &Fixture) {
    let answer = f.write(|tx| {
        tx.insert_user(&new_user("ann"))?.unwrap();
        let refused = tx.insert_session(&new_session(UserId(404), 1));
        assert!(refused.is_err());
        Ok(Verdict::Commit(()))
    });
    assert!(matches!(answer, Err(StoreError::Failed(_))), "{answer:?}");
    assert!(f.read(|db| db.user_by_login_name(&name("ann"))).is_none());
}

fn a_read_sees_every_write_that_was_answered_before(f: &Fixture) {
    for from in 0..50 {
        let advanced = f.write(move |tx| Ok(Verdict::Commit(tx.advance_key_ring(from)?)));
        assert!(advanced.unwrap());
        assert_eq!(f.read(|db| db.key_ring_version()), from + 1);
    }
}

fn a_job_is_run_though_nobody_waits_for_it(f: &Fixture) {
    drop(f.store.run_write(Box::new(|tx| {
        tx.insert_user(&new_user("ann"))?.unwrap();
        Ok(Ending::Commit)
    })));
    f.database.close();
    let another = f.another();
    let found = block_on(another.store().query(|db| db.user_by_login_name(&name("ann")))).unwrap();
    another.close();
    assert!(found.is_some());
}

fn what_waits_when_the_store_is_closed_is_still_done(f: &Fixture) {
    let job = |who: usize| {
        f.store.run_write(Box::new(move |tx| {
            tx.insert_user(&new_user(&format!("user{who}")))?.unwrap();
            Ok(Ending::Commit)
        }))
    };
    let waiting: Vec<_> = (0..100).map(job).collect();
    f.database.close();
    assert!(all_at_once(waiting).iter().all(Result::is_ok));
}

fn a_closed_store_is_unavailable(f: &Fixture) {
    f.database.close();
    let answer = block_on(f.store.health());
    assert!(matches!(answer, Err(StoreError::Unavailable(_))), "{answer:?}");
}

fn the_number_of_a_deleted_account_is_not_used_again(f: &Fixture) {
    let first = f.user("ann").id;
    assert!(f.write(move |tx| Ok(Verdict::Commit(tx.delete_user(first)?))).unwrap());
    assert!(f.user("ann").id > first);
}

fn a_deleted_account_takes_its_sessions_and_names_along(f: &Fixture) {
    let ann = f.user("ann").id;
    let session = f.session(ann, 1).id;
    assert!(f.write(move |tx| Ok(Verdict::Commit(tx.delete_user(ann)?))).unwrap());
    assert!(f.read(move |db| db.session(session)).is_none());
    assert!(f.read(|db| db.credential(&name("ann@example.com"))).is_none());
}

fn a_name_that_no_column_can_hold_is_nobodys(f: &Fixture) {
    assert!(f.read(|db| db.user_by_login_name(&name("a\0b"))).is_none());
    assert!(f.read(|db| db.credential(&name("a\0b"))).is_none());
}

fn a_username_and_an_address_may_be_equal_in_one_account_only(f: &Fixture) {
    let insert = |username: &'static str, address: &'static str| {
        f.write(move |tx| {
            let mut user = new_user(username);
            user.email = Some(EmailAddress::from_stored(address.to_owned()));
            let inserted = tx.insert_user(&user)?;
            Ok(if inserted.is_ok() { Verdict::Commit(inserted) } else { Verdict::RollBack(inserted) })
        })
        .unwrap()
    };
    let both = insert("ann@example.com", "ann@example.com").unwrap();
    assert_eq!(both.username, Username::from_stored("ann@example.com".to_owned()));
    assert_eq!(insert("bob", "Ann@example.com").unwrap_err(), Taken::Email);
    assert_eq!(insert("ANN@example.com", "bob@example.com").unwrap_err(), Taken::Username);
    assert_eq!(insert("ann@example.com", "ann@example.com").unwrap_err(), Taken::Username);
    insert("cid", "other@example.com").unwrap();
    assert_eq!(insert("other@example.com", "d@example.com").unwrap_err(), Taken::Username);
    assert_eq!(insert("dan", "CID").unwrap_err(), Taken::Email);
}

fn a_key_is_replaced_with_all_its_columns(f: &Fixture) {
    let key = |retires_at, sealed: &[u8]| KeyRecord {
        id: KeyId("k1".to_owned()),
        algorithm: Algorithm::EdDsa,
        times: KeyTimes { created_at: NOW, activates_at: NOW, retires_at },
        sealed: sealed.to_vec(),
    };
    for stored in [key(None, b"one"), key(Some(NOW), b"two"), key(None, b"three")] {
        let put = stored.clone();
        f.write(move |tx| Ok(Verdict::Commit(tx.put_key(&put)?))).unwrap();
        assert_eq!(f.read(|db| db.keys()), [stored]);
    }
}

fn a_session_of_nobody_fails(f: &Fixture) {
    let answer = f.write(|tx| Ok(Verdict::Commit(tx.insert_session(&new_session(UserId(404), 1))?)));
    assert!(matches!(answer, Err(StoreError::Failed(_))), "{answer:?}");
    assert!(f.read(|db| db.session(SessionId::from_bytes([1; 16]))).is_none());
}

fn the_gauges_follow_the_jobs(f: &Fixture) {
    let gauges = f.database.gauges();
    f.user("ann");
    assert_eq!(gauges.write_jobs(), 1);
    assert_eq!(gauges.waiting(), 0);
    assert!(gauges.connections() >= 1);
    f.database.close();
    assert_eq!((gauges.connections(), gauges.connections_in_use()), (0, 0));
}

fn more_jobs_than_may_wait_are_refused_at_once(f: &Fixture) {
    let settings = Settings { postgres_connections: 1, queue: 2, ..Settings::default() };
    let database = open(&parse(f.scratch.url()), &settings).unwrap();
    let store = database.store();
    let blocker = Blocker::on(&*store);
    let job = || store.run_write(Box::new(|_| Ok(Ending::Commit)));
    let mut waiting = vec![job(), job()];
    let refused = block_on(job());
    assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{refused:?}");
    assert_eq!(database.gauges().refused(), 1);
    waiting.push(blocker.release());
    assert!(all_at_once(waiting).iter().all(Result::is_ok));
    database.close();
}

/// A write job that does not end until it is told to.
struct Blocker {
    done: Done,
    go_on: Sender<()>,
}

impl Blocker {
    /// Begins one and returns when it runs.
    fn on(store: &dyn Store) -> Self {
        let (begun, has_begun) = channel();
        let (go_on, may_go_on) = channel::<()>();
        let done = store.run_write(Box::new(move |_| {
            begun.send(()).unwrap();
            may_go_on.recv().unwrap_or_default();
            Ok(Ending::Commit)
        }));
        has_begun.recv().unwrap();
        Self { done, go_on }
    }

    fn release(self) -> Done {
        drop(self.go_on);
        self.done
    }
}

fn jobs_that_wait_share_a_commit(f: &Fixture) {
    let gauges = f.database.gauges();
    let blocker = Blocker::on(&*f.store);
    let waiting: Vec<_> = (0..100)
        .map(|number| {
            f.store.run_write(Box::new(move |tx| {
                tx.insert_user(&new_user(&format!("user{number}")))?.unwrap();
                Ok(Ending::Commit)
            }))
        })
        .collect();
    assert_eq!(gauges.waiting(), 100);
    assert!(all_at_once(waiting.into_iter().chain([blocker.release()])).iter().all(Result::is_ok));
    assert_eq!((gauges.write_jobs(), gauges.write_batches()), (101, 2));
}

fn two_processes_write_to_one_file(f: &Fixture) {
    let other = f.another();
    let stores = [f.store.clone(), other.store()];
    let threads: Vec<_> = stores
        .into_iter()
        .enumerate()
        .map(|(process, store)| {
            std::thread::spawn(move || {
                for number in 0..40 {
                    let user = new_user(&format!("user{process}x{number}"));
                    let step =
                        move |tx: &mut dyn Transaction| Ok(Verdict::Commit(tx.insert_user(&user)?.is_ok()));
                    assert!(block_on(store.transact(step)).unwrap());
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
    other.close();
    assert!(f.read(|db| db.user_by_login_name(&name("user1x39"))).is_some());
}

#[cfg(unix)]
fn the_file_is_its_owners_alone(f: &Fixture) {
    use std::os::unix::fs::PermissionsExt;
    let path = f.scratch.directory().join("new/deeper/doorward.db");
    let database = crate::fixture::open_database(&format!("sqlite://{}", path.display()));
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&path), 0o600);
    assert_eq!(mode(path.parent().unwrap()), 0o700);
    database.close();
}

#[cfg(not(unix))]
fn the_file_is_its_owners_alone(_: &Fixture) {}
