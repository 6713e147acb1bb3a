//! PostgreSQL's connections: how they break and heal.

use crate::fixture::{
    Fixture, NOW, all_at_once, block_on, find_standing, migrate, new_user, open_database, with_a_line,
};
use crate::proxy::Proxy;
use doorward_domain::password::PasswordHash;
use doorward_domain::store::{Lookup, StoreError, Verdict};
use doorward_persistence::{DatabaseUrl, Settings};
use doorward_testkit::{Case, Durability, Postgres, Scratch, cases};
use std::net::TcpListener;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Barrier};

pub(crate) fn cases() -> Vec<Case<Fixture>> {
    cases![connections:
        a_job_after_every_connection_was_cut_succeeds,
        a_job_whose_connection_is_cut_is_run_again,
        units_that_deadlock_are_run_again,
        a_connection_that_breaks_in_its_commit_leaves_the_answer_open,
        a_connection_that_breaks_within_its_rows_is_opened_again,
        a_server_that_takes_no_writes_is_unavailable_until_it_does,
        the_server_knows_the_connections_by_name,
        a_thread_with_a_line_waits_for_no_other_thread,
        who_asks_on_a_line_that_was_cut_is_answered_all_the_same,
        a_line_goes_with_its_runtime,
    ]
}

pub(crate) fn cases_of_servers() -> Vec<Case<Scratch>> {
    cases![connections:
        without_a_server_jobs_fail_at_once_and_heal_when_it_is_back,
        a_server_that_says_nothing_is_given_up,
    ]
}

/// Returns when they are gone.
const CUT: &str = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()";

/// Ends every connection to the database from the server's side.
pub(crate) fn cut_all_connections(f: &Fixture) {
    assert!(!on_server(f, CUT).is_empty());
}

/// Runs statements past the store.
pub(crate) fn on_server(f: &Fixture, statements: &str) -> Vec<Vec<Option<String>>> {
    Postgres::shared().query(f.scratch.name().unwrap(), statements).unwrap()
}

fn a_job_after_every_connection_was_cut_succeeds(f: &Fixture) {
    for round in 0..5 {
        let jobs = (0..16).map(|number| {
            let user = new_user(&format!("user{round}x{number}"));
            f.store.transact(move |tx| Ok(Verdict::Commit(tx.insert_user(&user)?.is_ok())))
        });
        assert!(all_at_once(jobs).into_iter().all(|answer| answer.unwrap()));
        cut_all_connections(f);
    }
    assert_eq!(f.read(|db| db.key_ring_version()), 0);
}

fn a_job_whose_connection_is_cut_is_run_again(f: &Fixture) {
    let url = f.scratch.name().unwrap().to_owned();
    let cut = AtomicBool::new(false);
    let inserted = f.write(move |tx| {
        let inserted = tx.insert_user(&new_user("ann"))?;
        if !cut.swap(true, SeqCst) {
            Postgres::shared().query(&url, CUT).unwrap();
        }
        tx.key_ring_version()?;
        Ok(Verdict::Commit(inserted))
    });
    assert!(inserted.unwrap().is_ok());
}

fn units_that_deadlock_are_run_again(f: &Fixture) {
    let users = [f.user("ann").id, f.user("bob").id];
    let both_hold_one = Arc::new(Barrier::new(2));
    let jobs = [users, [users[1], users[0]]].map(|[first, second]| {
        let (barrier, met) = (Arc::clone(&both_hold_one), AtomicBool::new(false));
        f.store.transact(move |tx| {
            let hash = PasswordHash::from_encoded("second");
            tx.set_password(first, &hash, NOW)?;
            if !met.swap(true, SeqCst) {
                barrier.wait();
            }
            Ok(Verdict::Commit(tx.set_password(second, &hash, NOW)?))
        })
    });
    assert!(all_at_once(jobs).into_iter().all(|answer| answer.unwrap()));
}

fn a_connection_that_breaks_in_its_commit_leaves_the_answer_open(f: &Fixture) {
    let proxy = Proxy::before(f.scratch.url());
    let database = open_database(proxy.url());
    let store = database.store();
    block_on(store.health()).unwrap();
    let runs = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&runs);
    proxy.cut_after("COMMIT");
    let answer = block_on(store.transact(move |tx| {
        count.fetch_add(1, SeqCst);
        Ok(Verdict::Commit(tx.advance_key_ring(0)?))
    }));
    assert!(matches!(answer, Err(StoreError::Unavailable(_))), "{answer:?}");
    // To run it again would be to do it twice.
    assert_eq!(runs.load(SeqCst), 1);
    block_on(store.health()).unwrap();
    database.close();
}

fn a_connection_that_breaks_within_its_rows_is_opened_again(f: &Fixture) {
    let ann = f.user("ann-of-the-rows");
    let proxy = Proxy::before(f.scratch.url());
    let settings = Settings { postgres_connections: 1, ..Settings::default() };
    let database = doorward_persistence::open(&DatabaseUrl::parse(proxy.url()).unwrap(), &settings).unwrap();
    let (store, id) = (database.store(), ann.id);
    let look = || block_on(store.query(move |db| db.user(id))).unwrap();
    // Once, so that the statement is prepared: the next answer is its rows alone.
    assert_eq!(look().as_ref(), Some(&ann));
    proxy.cut_within("ann-of-the-rows");
    assert_eq!(look(), Some(ann));
    assert!(!proxy.is_armed(), "the connection was not cut");
    database.close();
}

fn a_server_that_takes_no_writes_is_unavailable_until_it_does(f: &Fixture) {
    let name = f.scratch.name().unwrap();
    f.user("ann");
    on_server(f, &format!("ALTER DATABASE {name} SET default_transaction_read_only = on"));
    on_server(f, CUT);
    let refused = f.write(|tx| Ok(Verdict::Commit(tx.advance_key_ring(0)?)));
    assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{refused:?}");
    Postgres::shared()
        .query("postgres", &format!("ALTER DATABASE {name} RESET default_transaction_read_only"))
        .unwrap();
    assert!(f.write(|tx| Ok(Verdict::Commit(tx.advance_key_ring(0)?))).unwrap());
}

fn the_server_knows_the_connections_by_name(f: &Fixture) {
    f.user("ann");
    let named = on_server(
        f,
        "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'doorward'",
    );
    assert!(!named.is_empty());
}

fn a_thread_with_a_line_waits_for_no_other_thread(f: &Fixture) {
    let ann = f.user("ann");
    let session = f.session(ann.id, 1);
    let threads = Settings::default().postgres_connections;
    with_a_line(f, || {
        let (held, free) = (Arc::new(Barrier::new(threads + 1)), Arc::new(Barrier::new(threads + 1)));
        let holding: Vec<_> = (0..threads)
            .map(|_| {
                let (held, free) = (Arc::clone(&held), Arc::clone(&free));
                let wait = move |_: &mut dyn Lookup| {
                    held.wait();
                    free.wait();
                    Ok(())
                };
                f.store.run_read(Box::new(wait))
            })
            .collect();
        held.wait();
        let found = find_standing(f, ann.id, session.id);
        free.wait();
        assert!(all_at_once(holding).into_iter().all(|answer| answer.is_ok()));
        assert_eq!(*found.unwrap().user, ann);
    });
}

fn who_asks_on_a_line_that_was_cut_is_answered_all_the_same(f: &Fixture) {
    let ann = f.user("ann");
    let session = f.session(ann.id, 1);
    with_a_line(f, || {
        for _ in 0..2 {
            cut_all_connections(f);
            assert_eq!(*find_standing(f, ann.id, session.id).unwrap().user, ann);
        }
    });
}

fn a_line_goes_with_its_runtime(f: &Fixture) {
    let ann = f.user("ann");
    let session = f.session(ann.id, 1);
    for _ in 0..2 {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let found = runtime.block_on(f.store.find_standing(ann.id, Some(session.id)));
        assert_eq!(*found.unwrap().unwrap().user, ann);
    }
    with_a_line(f, || ());
    assert_eq!(*find_standing(f, ann.id, session.id).unwrap().user, ann);
}

fn without_a_server_jobs_fail_at_once_and_heal_when_it_is_back(_: &Scratch) {
    let server = Postgres::start(Durability::None).unwrap();
    let url = server.url(&server.create_database().unwrap());
    migrate(&url);
    let database = open_database(&url);
    let store = database.store();
    block_on(store.health()).unwrap();
    server.stop();
    let answers = all_at_once((0..100).map(|_| store.query(|db| db.key_ring_version())));
    assert!(answers.iter().all(|answer| matches!(answer, Err(StoreError::Unavailable(_)))), "{answers:?}");
    server.launch().unwrap();
    block_on(store.health()).unwrap();
    database.close();
}

fn a_server_that_says_nothing_is_given_up(_: &Scratch) {
    // The system accepts connections for it; nobody ever reads from them.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let database = open_database(&format!("postgres://ann@{}/ann", silent.local_addr().unwrap()));
    let store = database.store();
    // One job for each connection tries; the others fail with the first of them.
    let answers = all_at_once((0..50).map(|_| store.health()));
    assert!(answers.iter().all(|answer| matches!(answer, Err(StoreError::Unavailable(_)))), "{answers:?}");
    database.close();
}
