//! Requests that race for the same thing, 64 at once and several times over; on PostgreSQL against
//! two servers.

use crate::harness::{Answer, Client, PASSWORD, Pair, Registration};
use crate::processes::{A_SECOND, Process, Program, SOON, Site, at_once, number, until};
use doorward_testkit::{cases, trials_on_both};
use libtest_mimic::Trial;
use serde_json::json;
use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

const AT_ONCE: usize = 64;

/// How often a race is run.
fn rounds() -> usize {
    number("DOORWARD_RACE_ROUNDS", 3)
}

pub(crate) fn trials() -> Vec<Trial> {
    let cases = cases![
        races: a_refresh_token_has_one_live_successor_and_all_get_it,
        without_a_grace_one_wins_and_the_replays_end_the_session,
        without_a_grace_one_wins_and_where_replays_are_only_refused_its_successor_lives,
        a_username_in_any_spelling_is_given_once,
        an_email_address_in_any_spelling_is_given_once,
        a_name_is_given_once_as_a_username_or_as_an_address,
        after_a_logout_no_token_of_the_session_works,
        after_a_deactivation_no_token_works,
        after_a_deletion_no_token_works,
        after_a_password_change_no_token_works,
        a_password_change_while_logins_hash_leaves_no_session,
        a_deactivation_while_logins_hash_leaves_no_session,
    ];
    trials_on_both(&cases, Site::new)
}

fn a_refresh_token_has_one_live_successor_and_all_get_it(site: &Site) {
    let instances = site.instances(&site.program);
    let first = &instances[0];
    first.join("alice");
    for round in 0..rounds() {
        let pair = first.log_in("alice");
        let answers = at_once(&instances, AT_ONCE, |client, _| client.refresh(&pair.refresh));
        for answer in &answers {
            answer.must_have_status(200);
        }
        let different: BTreeSet<_> = answers.iter().map(|answer| &answer.body).collect();
        assert_eq!(different.len(), 1, "round {round}");
        let successor = Pair::of(&answers[0]);
        assert_ne!(successor.refresh, pair.refresh);
        first.dashboard(&successor.access).must_have_status(200);
        let last = Pair::of(&first.refresh(&successor.refresh));
        assert_eq!(first.sessions(&last.access).len(), 1);
        first.logout(&last.refresh).must_have_status(200);
    }
}

fn without_a_grace_one_wins_and_the_replays_end_the_session(site: &Site) {
    let program = site.program.clone().with("tokens.refresh_grace", "0s");
    race_without_a_grace(site, &program, |instances, winner| {
        for instance in instances {
            instance.refresh(&winner.refresh).must_have_status(401);
            must_soon_refuse(instance, &winner.access);
        }
    });
}

fn without_a_grace_one_wins_and_where_replays_are_only_refused_its_successor_lives(site: &Site) {
    let program =
        site.program.clone().with("tokens.refresh_grace", "0s").with("tokens.refresh_reuse", "refuse");
    race_without_a_grace(site, &program, |instances, winner| {
        for instance in instances {
            instance.dashboard(&winner.access).must_have_status(200);
        }
        instances[0].refresh(&winner.refresh).must_have_status(200);
    });
}

fn race_without_a_grace(site: &Site, program: &Program, afterwards: impl Fn(&[Process], &Pair)) {
    let instances = site.instances(program);
    instances[0].join("alice");
    for _ in 0..rounds() {
        let pair = instances[0].log_in("alice");
        let answers = at_once(&instances, AT_ONCE, |client, _| client.refresh(&pair.refresh));
        let winner = only_winner(&answers, 200, 401);
        afterwards(&instances, &Pair::of(winner));
    }
}

/// The one answer with `won`; all others have `lost`.
#[track_caller]
fn only_winner(answers: &[Answer], won: u16, lost: u16) -> &Answer {
    let (winners, losers): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == won);
    for loser in losers {
        loser.must_have_status(lost);
    }
    let [winner] = winners.as_slice() else { panic!("{} have won", winners.len()) };
    winner
}

fn a_username_in_any_spelling_is_given_once(site: &Site) {
    let instances = site.instances(&site.program);
    for round in 0..rounds() {
        let spellings = ["alice", "ALICE", "aLiCe", "ａｌｉｃｅ"].map(|name| format!("{name}{round}"));
        let answers = at_once(&instances, AT_ONCE, |client, index| {
            let username = spellings[index % spellings.len()].as_str().into();
            client.register(&Registration { username, ..Registration::of(&format!("nobody{round}-{index}")) })
        });
        only_winner(&answers, 201, 400);
        for spelling in &spellings {
            instances[0].login(spelling, PASSWORD).must_have_status(200);
        }
        // Whoever lost has left nothing behind: the address is still to be had.
        let lost = answers.iter().position(|answer| answer.status == 400).unwrap();
        instances[0].register(&Registration::of(&format!("nobody{round}-{lost}"))).must_have_status(201);
    }
}

fn an_email_address_in_any_spelling_is_given_once(site: &Site) {
    let instances = site.instances(&site.program);
    for round in 0..rounds() {
        let spellings = ["shared@example.com", "shared@EXAMPLE.com", "SHARED@example.com"];
        let answers = at_once(&instances, AT_ONCE, |client, index| {
            let email = format!("{round}{}", spellings[index % spellings.len()]).into();
            client.register(&Registration { email, ..Registration::of(&format!("nobody{round}-{index}")) })
        });
        only_winner(&answers, 201, 400);
        instances[0].login(&format!("{round}{}", spellings[0]), PASSWORD).must_have_status(200);
    }
}

fn a_name_is_given_once_as_a_username_or_as_an_address(site: &Site) {
    let instances = site.instances(&site.program);
    for round in 0..rounds() {
        let name = format!("shared{round}@example.com");
        let answers = at_once(&instances, AT_ONCE, |client, index| {
            let other = Registration::of(&format!("nobody{round}-{index}"));
            client.register(&match index % 2 {
                0 => Registration { username: name.as_str().into(), ..other },
                _ => Registration { email: name.as_str().into(), ..other },
            })
        });
        only_winner(&answers, 201, 400);
        instances[0].login(&name, PASSWORD).must_have_status(200);
    }
}

fn after_a_logout_no_token_of_the_session_works(site: &Site) {
    for round in 0..rounds() {
        while_refreshing(site, &format!("alice{round}"), |client, _, login| {
            client.post("/api/auth/logout/").bearer(&login.access).send().must_be(200, &json!({}));
        });
    }
}

fn after_a_deactivation_no_token_works(site: &Site) {
    while_refreshing(site, "alice", |_, program, _| drop(program.done(&["user", "deactivate", "alice"])));
}

fn after_a_deletion_no_token_works(site: &Site) {
    while_refreshing(site, "alice", |_, program, _| {
        drop(program.done(&["user", "delete", "--yes", "alice"]));
    });
}

fn after_a_password_change_no_token_works(site: &Site) {
    while_refreshing(site, "alice", |_, program, _| {
        let program = program.clone().with_variable("DOORWARD_NEW_PASSWORD", "An0ther-horse!");
        program.done(&["changepassword", "--noinput", "alice"]);
    });
}

/// Many refresh one session all the time, until `end` has ended it. What they were given, before or
/// after, opens nothing.
fn while_refreshing(site: &Site, name: &str, end: impl Fn(&Client, &Program, &Pair) + Sync) {
    // Only that may end the session, and no refresher that comes late.
    let program =
        site.program.clone().with("tokens.refresh_grace", "60s").with("tokens.refresh_reuse", "refuse");
    let instances = site.instances(&program);
    let login = instances[0].join_and_log_in(name);
    let chain = Chain::begin(login.clone());
    at_once(&instances, AT_ONCE, |client, index| {
        if index > 0 {
            return chain.go_on(client);
        }
        until("many refreshes", SOON, || chain.given.lock().unwrap().len() > AT_ONCE);
        let _over = Over(&chain.is_over);
        end(client, &program, &login);
    });
    chain.must_be_dead(&instances[0]);
}

/// What another process revoked is refused within a second.
#[track_caller]
fn must_soon_refuse(client: &Client, access: &str) {
    until("refused", A_SECOND, || client.dashboard(access).status == 401);
}

/// Tells the others that it is over, also where that which should end it fails.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// The pairs that a session gave out, one after the other, to many who refresh it.
struct Chain {
    newest: Mutex<String>,
    given: Mutex<Vec<Pair>>,
    is_over: AtomicBool,
}

impl Chain {
    fn begin(login: Pair) -> Self {
        Self {
            newest: Mutex::new(login.refresh.clone()),
            given: Mutex::new(vec![login]),
            is_over: AtomicBool::new(false),
        }
    }

    /// Refreshes until it is over.
    fn go_on(&self, client: &Client) {
        while !self.is_over.load(Ordering::SeqCst) {
            let token = self.newest.lock().unwrap().clone();
            let answer = client.refresh(&token);
            if answer.status == 200 {
                let pair = Pair::of(&answer);
                let mut newest = self.newest.lock().unwrap();
                if *newest == token {
                    newest.clone_from(&pair.refresh);
                }
                self.given.lock().unwrap().push(pair);
            } else {
                answer.must_have_status(401);
            }
        }
    }

    #[track_caller]
    fn must_be_dead(self, client: &Client) {
        let given = self.given.into_inner().unwrap();
        let refreshes: BTreeSet<_> = given.iter().map(|pair| &pair.refresh).collect();
        let accesses: BTreeSet<_> = given.iter().map(|pair| &pair.access).collect();
        for token in refreshes {
            client.refresh(token).must_have_status(401);
        }
        for token in accesses {
            must_soon_refuse(client, token);
        }
    }
}

fn a_password_change_while_logins_hash_leaves_no_session(site: &Site) {
    const NEW: &str = "An0ther-horse!";
    while_logins_hash(site, |program| {
        program.clone().with_variable("DOORWARD_NEW_PASSWORD", NEW).done(&[
            "changepassword",
            "--noinput",
            "alice",
        ]);
        NEW
    });
}

fn a_deactivation_while_logins_hash_leaves_no_session(site: &Site) {
    while_logins_hash(site, |program| {
        program.done(&["user", "deactivate", "alice"]);
        PASSWORD
    });
}

/// Logins hash all the time, while `change` takes their ground away and tells the password from then
/// on. What they were given, before or after, opens nothing.
fn while_logins_hash(site: &Site, change: impl Fn(&Program) -> &'static str + Sync) {
    const LOGINS: usize = 16;
    // A hash takes long enough to be overtaken.
    let program = site.program.clone().with("passwords.bcrypt_cost", "8");
    let instances = site.instances(&program);
    instances[0].join("alice");
    let (given, is_over) = (Mutex::new(Vec::new()), AtomicBool::new(false));
    let passwords = at_once(&instances, LOGINS, |client, index| {
        if index == 0 {
            until("some logins", SOON, || given.lock().unwrap().len() >= LOGINS);
            let _over = Over(&is_over);
            return Some(change(&program));
        }
        while !is_over.load(Ordering::SeqCst) {
            let answer = client.login("alice", PASSWORD);
            if answer.status == 200 {
                given.lock().unwrap().push(Pair::of(&answer));
            } else {
                answer.must_have_status(401);
            }
        }
        None
    });
    for pair in given.into_inner().unwrap() {
        must_soon_refuse(&instances[0], &pair.access);
        instances[0].refresh(&pair.refresh).must_have_status(401);
    }
    program.done(&["user", "activate", "alice"]);
    let pair = Pair::of(&instances[0].login("alice", passwords[0].unwrap()));
    assert_eq!(instances[0].sessions(&pair.access).len(), 1);
}
