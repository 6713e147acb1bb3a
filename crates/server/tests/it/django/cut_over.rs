//! The hour in which Doorward takes Django's place: nobody is logged out.

use super::moving::import;
use super::peer::{Contents, Django, Shelf};
use super::{PeerCase, peer_cases};
use crate::harness::bodies::{BLACKLISTED, INVALID, bearer_refused, token_not_valid};
use crate::harness::{Client, PASSWORD, Pair, SHARED_KEY, claims};
use crate::processes::{Program, Site, at_once};
use doorward_testkit::{Database, SimpleJwt};
use serde_json::json;

pub(super) fn cases() -> Vec<PeerCase> {
    peer_cases![
        cut_over, on_both:
        a_client_that_logged_in_at_django_keeps_working,
        a_refresh_token_of_django_is_exchanged_once,
        a_token_that_django_blacklisted_stays_dead,
        a_logout_here_ends_what_began_at_django,
        of_many_who_exchange_one_token_at_once_one_gets_a_session,
        a_client_of_a_service_with_uuids_keeps_working,
    ]
    .collect()
}

/// The program with Django's key as one that is retiring; a token works once.
fn after(site: &Site) -> Program {
    site.program
        .clone()
        .with("tokens.retiring_keys", format!("HS256:{SHARED_KEY}"))
        .with("tokens.refresh_grace", "0s")
        .with("tokens.refresh_reuse", "refuse")
}

fn greeting(name: &str) -> serde_json::Value {
    json!({"message": format!("Hi {name}")})
}

/// What a page in a browser does all day.
#[track_caller]
fn works(server: &Client, name: &str, pair: &Pair) -> Pair {
    server.dashboard(&pair.access).must_be(200, &greeting(name));
    let next = Pair::of(&server.refresh(&pair.refresh));
    server.dashboard(&next.access).must_be(200, &greeting(name));
    next
}

fn a_client_that_logged_in_at_django_keeps_working(shelf: &Shelf, database: Database) {
    for simplejwt in SimpleJwt::ALL {
        let peer = shelf.peer(simplejwt, database, Contents::Nothing);
        let django = peer.serve();
        let login = django.join_and_log_in("alice");
        let pair = works(&django, "alice", &login);
        let site = Site::new(database);
        import(&site, &peer, &[]);
        // Once more at Django after the import: unknown here, and good all the same.
        let pair = works(&django, "alice", &pair);
        let other = django.log_in("alice");
        drop(django);

        let server = after(&site).serve();
        server.dashboard(&login.access).must_be(200, &greeting("alice"));
        let pair = works(&server, "alice", &pair);
        let pair = works(&server, "alice", &pair);
        works(&server, "alice", &other);
        assert_eq!(claims(&pair.access)["user_id"].as_i64(), Some(1));
        // What was the last token at Django is no token of ours; each session is one of its own.
        assert_eq!(server.sessions(&pair.access).len(), 2);
    }
}

fn a_refresh_token_of_django_is_exchanged_once(shelf: &Shelf, database: Database) {
    let peer = shelf.peer(SimpleJwt::V5_4, database, Contents::Nothing);
    let django = peer.serve();
    let pair = django.join_and_log_in("alice");
    let second = django.log_in("alice");
    let site = Site::new(database);
    import(&site, &peer, &[]);
    let server = after(&site).serve();
    server.verify(&pair.refresh).must_be(200, &json!({}));
    let ours = works(&server, "alice", &pair);
    for _ in 0..2 {
        server.refresh(&pair.refresh).must_be(401, &token_not_valid(BLACKLISTED));
    }
    server.verify(&pair.refresh).must_have_status(400);
    // Asked again by another import, it is still known as used.
    import(&site, &peer, &[]);
    server.refresh(&pair.refresh).must_be(401, &token_not_valid(BLACKLISTED));
    works(&server, "alice", &ours);
    drop(server);
    // By the shared key alone, which a Django that runs has too, none is exchanged.
    let beside = site.program.clone().with("tokens.shared_key", SHARED_KEY).serve();
    beside.dashboard(&second.access).must_be(200, &greeting("alice"));
    beside.refresh(&second.refresh).must_have_status(401);
    drop(beside);
    // Without any of its keys nothing is.
    let alone = site.program.serve();
    alone.dashboard(&second.access).must_be(401, &bearer_refused(INVALID));
    alone.refresh(&second.refresh).must_have_status(401);
}

fn a_token_that_django_blacklisted_stays_dead(shelf: &Shelf, database: Database) {
    let peer = shelf.peer(SimpleJwt::V5_4, database, Contents::Nothing);
    let django = peer.serve();
    let logged_out = django.join_and_log_in("alice");
    django.blacklist(&logged_out.refresh).must_be(200, &json!({}));
    let rotated = django.log_in("alice");
    let live = Pair::of(&django.refresh(&rotated.refresh));
    let site = Site::new(database);
    import(&site, &peer, &[]);
    let server = after(&site).serve();
    for dead in [&logged_out.refresh, &rotated.refresh] {
        django.refresh(dead).must_be(401, &token_not_valid(BLACKLISTED));
        server.refresh(dead).must_be(401, &token_not_valid(BLACKLISTED));
    }
    works(&server, "alice", &live);
    // Blacklisted at Django after the import, it is dead after the next one.
    let late = django.log_in("alice");
    django.blacklist(&late.refresh).must_be(200, &json!({}));
    import(&site, &peer, &[]);
    server.refresh(&late.refresh).must_be(401, &token_not_valid(BLACKLISTED));
}

fn a_logout_here_ends_what_began_at_django(shelf: &Shelf, database: Database) {
    let peer = shelf.peer(SimpleJwt::V5_4, database, Contents::Nothing);
    let django = peer.serve();
    let [one, two, three] = logins(&django, "alice");
    let site = Site::new(database);
    import(&site, &peer, &[]);
    let server = after(&site).serve();
    server.blacklist(&one.refresh).must_be(200, &json!({}));
    server.refresh(&one.refresh).must_be(401, &token_not_valid(BLACKLISTED));
    server.logout(&two.refresh).must_have_status(200);
    server.refresh(&two.refresh).must_be(401, &token_not_valid(BLACKLISTED));
    // A new password ends the tokens that Django issued before it.
    let program = site.program.clone().with_variable("DOORWARD_NEW_PASSWORD", "Another-pw-1");
    crate::harness::eventually("a second that is later than the tokens'", || {
        let now = server.login("alice", PASSWORD);
        claims(&Pair::of(&now).access)["iat"].as_i64() > claims(&three.access)["iat"].as_i64()
    });
    program.done(&["changepassword", "--noinput", "alice"]);
    server.refresh(&three.refresh).must_have_status(401);
    server.dashboard(&three.access).must_have_status(401);
}

fn logins<const N: usize>(django: &Django, name: &str) -> [Pair; N] {
    django.join(name);
    std::array::from_fn(|_| django.log_in(name))
}

fn of_many_who_exchange_one_token_at_once_one_gets_a_session(shelf: &Shelf, database: Database) {
    let peer = shelf.peer(SimpleJwt::V5_5, database, Contents::Nothing);
    let pair = peer.serve().join_and_log_in("alice");
    let site = Site::new(database);
    import(&site, &peer, &[]);
    let instances = site.instances(&after(&site));
    let answers = at_once(&instances, 8, |client, _| client.refresh(&pair.refresh));
    let statuses: Vec<_> = answers.iter().map(|answer| answer.status).collect();
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
    assert_eq!(statuses.iter().filter(|status| **status == 401).count(), 7, "{statuses:?}");
}

fn a_client_of_a_service_with_uuids_keeps_working(shelf: &Shelf, database: Database) {
    for simplejwt in SimpleJwt::ALL {
        let peer = shelf.peer(simplejwt, database, Contents::NoProfiles);
        let django = peer.serve();
        let pair = django.join_and_log_in("alice");
        let key = claims(&pair.access)["user_id"].clone();
        assert_eq!(key.as_str().map(str::len), Some(36));
        let site = Site::new(database);
        import(&site, &peer, &[]);
        let server = after(&site).with("tokens.simplejwt", simplejwt.number()).serve();
        assert_eq!(server.user(&pair.access).json()["id"], key);
        let ours = works(&server, "alice", &pair);
        assert_eq!(claims(&ours.access)["user_id"], key);
        works(&server, "alice", &ours);
        server.refresh(&pair.refresh).must_have_status(401);
        drop(server);
        // Django understands ours, since they name the account as it does.
        let beside = site
            .program
            .clone()
            .with("tokens.algorithm", "HS256")
            .with("tokens.shared_key", SHARED_KEY)
            .with("tokens.issuer", "none")
            .with("tokens.audience", "")
            .serve();
        let ours = beside.log_in("alice");
        django.dashboard(&ours.access).must_be(200, &greeting("alice"));
    }
}
