//! Rotations by themselves, which PostgreSQL gets many at a time.

use crate::connections::{cut_all_connections, on_server};
use crate::fixture::{Fixture, NOW, all_at_once, block_on, new_session, open_database};
use crate::migrations::{indexed_columns_of_sessions, shown};
use crate::proxy::Proxy;
use doorward_domain::session::{Client, End, EndReason, Generation, Rotation, Session};
use doorward_domain::store::{Ending, Store, StoreError, Verdict};
use doorward_domain::user::UserId;
use doorward_testkit::{Case, Database, cases};
use futures_util::FutureExt;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::mpsc::channel;
use std::time::Duration;

pub(crate) fn cases() -> Vec<Case<Fixture>> {
    cases![rotations:
        of_many_at_once_each_is_answered_with_its_own_session,
        one_that_is_refused_spoils_no_other,
        one_that_waits_when_the_store_is_closed_is_still_done,
        they_change_no_column_that_is_indexed,
    ]
}

pub(crate) fn cases_of_postgres() -> Vec<Case<Fixture>> {
    cases![rotations:
        those_that_wait_share_commits,
        a_busy_session_holds_up_no_other,
        a_busy_session_holds_up_no_sweep,
        one_that_fails_fails_alone,
        after_every_connection_was_cut_they_succeed,
        a_connection_that_breaks_under_way_leaves_the_answer_open,
    ]
}

fn rotation(from: Generation, user_agent: &str) -> Rotation {
    let at = NOW.plus(Duration::from_secs(1));
    Rotation { from, at, expires_at: at.plus(Duration::from_secs(9)), client: Client::new("", user_agent) }
}

/// Stores that many sessions of one account.
fn sessions(f: &Fixture, count: u8) -> Vec<Session> {
    let user = f.user("ann").id;
    let sessions: Vec<_> = (1..=count).map(|number| new_session(user, number)).collect();
    let stored = sessions.clone();
    f.write(move |tx| {
        stored.iter().try_for_each(|session| tx.insert_session(session))?;
        Ok(Verdict::Commit(()))
    })
    .unwrap();
    sessions
}

fn rotate(
    store: &dyn Store,
    session: &Session,
    from: Generation,
) -> impl Future<Output = Result<Option<Session>, StoreError>> + use<> {
    store.rotate(session.user_id, session.id, rotation(from, &session.id.to_string()))
}

fn of_many_at_once_each_is_answered_with_its_own_session(f: &Fixture) {
    let sessions = sessions(f, 250);
    for from in [Generation(0), Generation(1), Generation(2)] {
        let answers = all_at_once(sessions.iter().map(|session| rotate(&*f.store, session, from)));
        for (session, answer) in sessions.iter().zip(answers) {
            let expected = session.clone().rotated(rotation(from, &session.id.to_string()));
            assert_eq!(answer.unwrap(), Some(expected));
        }
    }
}

fn one_that_is_refused_spoils_no_other(f: &Fixture) {
    let sessions = sessions(f, 50);
    let ended = sessions[7].clone();
    let end = End { at: NOW, reason: EndReason::Logout };
    f.write(move |tx| Ok(Verdict::Commit(tx.end_session(ended.user_id, ended.id, end)?))).unwrap();
    let jobs = sessions.iter().enumerate().map(|(number, session)| match number {
        11 => rotate(&*f.store, session, Generation(1)),
        13 => rotate(&*f.store, &Session { user_id: UserId(404), ..session.clone() }, Generation(0)),
        17 => rotate(&*f.store, &sessions[16], Generation(0)),
        _ => rotate(&*f.store, session, Generation(0)),
    });
    let answers = all_at_once(jobs);
    let refused: Vec<_> = (0..50).filter(|number| answers[*number].as_ref().unwrap().is_none()).collect();
    assert!(refused == [7, 11, 13, 16] || refused == [7, 11, 13, 17], "{refused:?}");
}

fn one_that_waits_when_the_store_is_closed_is_still_done(f: &Fixture) {
    let sessions = sessions(f, 50);
    // Every other one is refused, and so has to be judged alone.
    let generations = [Generation(0), Generation(1)].into_iter().cycle();
    let waiting: Vec<_> =
        sessions.iter().zip(generations).map(|(session, from)| rotate(&*f.store, session, from)).collect();
    f.database.close();
    let rotated: Vec<_> = all_at_once(waiting).into_iter().map(|answer| answer.unwrap().is_some()).collect();
    assert_eq!(rotated, [true, false].repeat(25));
}

/// PostgreSQL then writes the new version of the row next to the old one and to no index, and SQLite to the
/// table alone.
fn they_change_no_column_that_is_indexed(f: &Fixture) {
    let session = f.session(f.user("ann").id, 1);
    let columns = shown(
        &f.scratch,
        match f.scratch.database() {
            Database::Sqlite => "SELECT name AS shown FROM pragma_table_info('sessions')",
            Database::Postgres => {
                "SELECT column_name FROM information_schema.columns WHERE table_name = 'sessions'"
            }
        },
    );
    let value = |column: &String| {
        let query = format!("SELECT COALESCE(CAST({column} AS TEXT), 'NULL') AS shown FROM sessions");
        shown(&f.scratch, &query)
    };
    let values = || columns.iter().map(|column| (column.clone(), value(column))).collect::<BTreeMap<_, _>>();
    let written = |before: &BTreeMap<_, _>, after: &BTreeMap<_, _>| -> BTreeSet<_> {
        columns.iter().filter(|column| before[*column] != after[*column]).cloned().collect()
    };
    let begun = values();
    assert!(block_on(rotate(&*f.store, &session, Generation(0))).unwrap().is_some());
    let once = values();
    let mut rotation = rotation(Generation(1), "another browser");
    rotation.at = rotation.at.plus(Duration::from_secs(1));
    rotation.expires_at = rotation.expires_at.plus(Duration::from_secs(1));
    rotation.client.address.push('1');
    let (user, id) = (session.user_id, session.id);
    f.write(move |tx| Ok(Verdict::Commit(tx.rotate_session(user, id, &rotation)?))).unwrap().unwrap();
    let twice = values();

    let indexed = indexed_columns_of_sessions(&f.scratch);
    assert!(indexed.contains("id"), "{indexed:?}");
    for written in [written(&begun, &once), written(&once, &twice)] {
        let all = ["address", "expires_at", "generation", "rotated_at", "user_agent"].map(str::to_owned);
        assert_eq!(written, all.into());
        assert!(written.is_disjoint(&indexed), "{indexed:?}");
    }
}

fn those_that_wait_share_commits(f: &Fixture) {
    let sessions = sessions(f, 250);
    let answers = all_at_once(sessions.iter().map(|session| rotate(&*f.store, session, Generation(0))));
    assert!(answers.into_iter().all(|answer| answer.unwrap().is_some()));
    // The first ones open the connections; meanwhile the others wait.
    let commits = on_server(f, "SELECT DISTINCT xmin::text FROM sessions").len();
    assert!(commits < 100, "{commits}");
}

fn a_busy_session_holds_up_no_other(f: &Fixture) {
    let sessions = sessions(f, 50);
    let (begun, has_begun) = channel();
    let (go_on, may_go_on) = channel::<()>();
    let (user, busy) = (sessions[0].user_id, sessions[0].id);
    let holder = f.store.run_write(Box::new(move |tx| {
        tx.end_session(user, busy, End { at: NOW, reason: EndReason::Logout })?;
        begun.send(()).unwrap();
        may_go_on.recv().unwrap_or_default();
        Ok(Ending::RollBack)
    }));
    has_begun.recv().unwrap();
    let mut jobs: Vec<_> =
        sessions.iter().map(|session| Box::pin(rotate(&*f.store, session, Generation(0)))).collect();
    let mut of_busy = jobs.remove(0);
    assert!(all_at_once(jobs).into_iter().all(|answer| answer.unwrap().is_some()));
    assert!((&mut of_busy).now_or_never().is_none());
    drop(go_on);
    block_on(holder).unwrap();
    assert!(block_on(of_busy).unwrap().is_some());
}

fn a_busy_session_holds_up_no_sweep(f: &Fixture) {
    let [busy, other] = sessions(f, 2).try_into().unwrap();
    let (begun, has_begun) = channel();
    let (go_on, may_go_on) = channel::<()>();
    let holder = f.store.run_write(Box::new(move |tx| {
        tx.end_session(busy.user_id, busy.id, End { at: NOW, reason: EndReason::Logout })?;
        begun.send(()).unwrap();
        may_go_on.recv().unwrap_or_default();
        Ok(Ending::Commit)
    }));
    has_begun.recv().unwrap();
    let after_all = busy.expires_at.max(other.expires_at).plus(Duration::from_secs(1));
    let sweep = || f.write(move |tx| Ok(Verdict::Commit(tx.sweep_sessions(after_all, 9)?))).unwrap().deleted;
    assert_eq!(sweep(), 1);
    drop(go_on);
    block_on(holder).unwrap();
    assert_eq!(sweep(), 1);
}

fn one_that_fails_fails_alone(f: &Fixture) {
    let sessions = sessions(f, 50);
    let jobs = sessions.iter().enumerate().map(|(number, session)| {
        let mut rotation = rotation(Generation(0), "a browser");
        if number == 7 {
            // What no text of PostgreSQL's can hold.
            rotation.client.user_agent.push('\0');
        }
        f.store.rotate(session.user_id, session.id, rotation)
    });
    for (number, answer) in all_at_once(jobs).into_iter().enumerate() {
        let is_as_expected = match &answer {
            Ok(rotated) => number != 7 && rotated.is_some(),
            Err(error) => number == 7 && matches!(error, StoreError::Failed(_)),
        };
        assert!(is_as_expected, "{number}: {answer:?}");
    }
}

fn after_every_connection_was_cut_they_succeed(f: &Fixture) {
    let sessions = sessions(f, 20);
    for round in 0..5 {
        let jobs = sessions.iter().map(|session| rotate(&*f.store, session, Generation(round)));
        assert!(all_at_once(jobs).into_iter().all(|answer| answer.unwrap().is_some()));
        cut_all_connections(f);
    }
}

fn a_connection_that_breaks_under_way_leaves_the_answer_open(f: &Fixture) {
    let session = f.session(f.user("ann").id, 1);
    let proxy = Proxy::before(f.scratch.url());
    let database = open_database(proxy.url());
    let store = database.store();
    proxy.cut_after("a browser that is cut off");
    let cut = rotation(Generation(0), "a browser that is cut off");
    let answer = block_on(store.rotate(session.user_id, session.id, cut));
    assert!(matches!(answer, Err(StoreError::Unavailable(_))), "{answer:?}");
    assert!(block_on(rotate(&*store, &session, Generation(0))).is_ok());
    database.close();
}
