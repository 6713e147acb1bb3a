//! Accounts move in, all of them and as they were.

use super::peer::{Contents, IMPORTS, Login, Peer, Shelf};
use super::{PeerCase, peer_cases, stored};
use crate::harness::{PASSWORD, claims};
use crate::processes::{Process, Site};
use doorward_testkit::{Database, SimpleJwt};
use serde_json::{Value, json};
use std::thread;

pub(super) fn cases() -> Vec<PeerCase> {
    peer_cases![
        moving, on_both:
        ten_thousand_accounts_come_in_as_they_were_and_log_in_with_their_passwords,
        accounts_with_uuids_and_profiles_come_in_as_they_were,
        what_changed_at_django_since_comes_in_and_what_changed_here_stays,
        accounts_that_are_gone_from_django_are_reported_and_deactivated_where_that_is_asked_for,
    ]
    .chain(peer_cases![
        moving, once:
        of_accounts_that_collide_the_first_come_in,
        of_accounts_that_collide_the_newest_come_in_where_that_is_asked_for,
    ])
    .collect()
}

/// Imports with these further arguments, and answers the report.
#[track_caller]
pub(super) fn import(site: &Site, peer: &Peer, arguments: &[&str]) -> String {
    site.program.done(&[&["import", "django", "--from", peer.url()], arguments].concat())
}

fn ten_thousand_accounts_come_in_as_they_were_and_log_in_with_their_passwords(
    shelf: &Shelf,
    database: Database,
) {
    let peer = shelf.peer(SimpleJwt::V5_4, database, Contents::Users);
    let site = Site::new(database);
    let people = peer.people();
    let told = import(&site, &peer, &["--dry-run"]);
    assert_eq!(stored::accounts(&site), Vec::<Value>::new(), "{told}");
    let told = import(&site, &peer, &[]);
    let (expected_groups, accounts): (Vec<_>, Vec<_>) =
        peer.dump().into_iter().partition(|row| row.get("group").is_some());
    let expected: Vec<_> = accounts.iter().map(as_numbered).collect();
    let found = stored::accounts(&site);
    must_be(&found, &expected);
    // What is no hash is never told.
    for odd in ["a plain-text password", "c4ca4238a0b923820dcc509a6f75849b", "somesalt"] {
        assert!(!told.contains(odd), "{told}");
    }
    assert_eq!(people.must_reset.len(), 100);
    // A second time nothing is new.
    import(&site, &peer, &[]);
    assert_eq!(stored::accounts(&site), found);
    assert_eq!(groups(&site), expected_groups);

    let server = site.program.serve();
    assert_eq!(people.logins.len(), 60);
    each_logs_in(&server, &people.logins);
    let nobody = people.unusable.iter().chain(&people.must_reset);
    for username in nobody.step_by(10) {
        for password in ["Corr3ct-horse!", "a plain-text password", "1", "!", ""] {
            assert!(matches!(server.login(username, password).status, 400 | 401), "{username}");
        }
    }
    for Login { username, password } in people.inactive.iter().take(5) {
        server.login(username, password).must_have_status(401);
    }
    // Their hashes are now those that Doorward would make.
    for account in stored::accounts(&site) {
        let logged_in = people.logins.iter().any(|login| account["username"] == *login.username);
        let hash = account["password"].as_str().unwrap();
        let is_ours =
            ["bcrypt_sha256$$2b$04$", "bcrypt_sha256$$2a$04$"].iter().any(|it| hash.starts_with(it));
        assert!(!logged_in || is_ours, "{hash}");
    }
}

/// Every group, as a project's dump has it.
fn groups(site: &Site) -> Vec<Value> {
    let mut groups: Vec<_> = stored::rows(site, &["id", "name", "permissions"], "FROM groups")
        .into_iter()
        .map(|row| {
            let mut permissions: Vec<[String; 3]> =
                serde_json::from_str(row["permissions"].as_str().unwrap()).unwrap();
            permissions.sort();
            json!({"pk": row["id"], "group": row["name"], "permissions": permissions})
        })
        .collect();
    groups.sort_by_key(|group| group["group"].as_str().map(str::to_owned));
    groups
}

/// The right password opens, and a wrong one does not; two at a time.
#[track_caller]
pub(super) fn each_logs_in(server: &Process, logins: &[Login]) {
    thread::scope(|scope| {
        for half in logins.chunks(logins.len().div_ceil(2)) {
            let client = server.another_client();
            scope.spawn(move || {
                for Login { username, password } in half {
                    client.login(username, &format!("{password}x")).must_have_status(401);
                    client.login(username, password).must_have_status(200);
                }
            });
        }
    });
}

/// What is to be stored of a row of Django's own users.
fn as_numbered(row: &Value) -> Value {
    let mut expected = common(row);
    expected["id"] = row["id"].clone();
    expected["is_known_by_subject"] = false.into();
    expected["attributes"] = json!({"first_name": row["first_name"], "last_name": row["last_name"]});
    expected
}

/// What is the same whatever the keys are.
fn common(row: &Value) -> Value {
    let instant = |value: &Value| {
        value.as_str().map(|text| text.parse::<jiff::Timestamp>().expect("a time").as_microsecond())
    };
    let name = |member: &str| row[member].as_str().unwrap().to_owned();
    let full_name = format!("{} {}", name("first_name"), name("last_name"));
    let permissions = row["permissions"].as_array().unwrap();
    json!({
        "username": row["username"],
        "email": row["email"].as_str().filter(|email| !email.is_empty()),
        "full_name": full_name.trim(),
        "password": password(&name("password")),
        "credential_version": 0,
        "is_active": row["is_active"],
        "is_staff": row["is_staff"],
        "is_superuser": row["is_superuser"],
        "date_joined": instant(&row["date_joined"]),
        "last_login": instant(&row["last_login"]),
        "groups": row["groups"],
        "permissions": permissions,
    })
}

/// An encoded hash, or what stands for none.
pub(super) fn password(encoded: &str) -> &str {
    let algorithms = ["pbkdf2_sha256$", "pbkdf2_sha1$", "argon2$", "bcrypt_sha256$", "bcrypt$", "scrypt$"];
    let is_hash = algorithms.iter().any(|algorithm| encoded.starts_with(algorithm));
    let is_whole = encoded != "bcrypt$" && encoded != "pbkdf2_sha256$not-a-number$salt$hash";
    if is_hash && is_whole { encoded } else { "unusable" }
}

fn sorted(list: &Value) -> Vec<String> {
    let mut texts: Vec<_> = list.as_array().into_iter().flatten().map(Value::to_string).collect();
    texts.sort();
    texts
}

/// Fails unless the rows are as expected, in the columns that are expected to be something.
#[track_caller]
fn must_be(found: &[Value], expected: &[Value]) {
    for (found, expected) in found.iter().zip(expected) {
        for (column, expected) in expected.as_object().unwrap() {
            let found = match column.as_str() {
                "password" => password(found["password"].as_str().unwrap()).into(),
                "permissions" if found["permissions"].is_null() => json!([]),
                column => found[column].clone(),
            };
            let is_list = matches!(column.as_str(), "groups" | "permissions");
            let alike = if is_list { sorted(&found) == sorted(expected) } else { found == *expected };
            assert!(alike, "{column}: {found} is not {expected}");
        }
    }
    assert_eq!(found.len(), expected.len());
}

fn accounts_with_uuids_and_profiles_come_in_as_they_were(shelf: &Shelf, database: Database) {
    let peer = shelf.peer(SimpleJwt::V5_5, database, Contents::Profiles);
    let site = Site::new(database);
    // Of tables that could be meant, it finds the one that is.
    import(&site, &peer, &[]);
    let mut found = stored::accounts(&site);
    found.sort_by_key(|row| row["subject"].as_str().map(str::to_owned));
    let mut expected: Vec<_> = peer.accounts().iter().map(as_subject).collect();
    expected.sort_by_key(|row| row["subject"].as_str().map(str::to_owned));
    must_be(&found, &expected);
    for (found, row) in found.iter().zip(by_key(&peer)) {
        let attributes = &found["attributes"];
        let exact = [
            "first_name",
            "last_name",
            "phone",
            "biography",
            "birthday",
            "points",
            "has_newsletter",
            "preferences",
        ];
        for column in exact {
            assert_eq!(attributes[column], row[column], "{column}");
        }
        let has_email_of_null = attributes.as_object().unwrap().get("email") == Some(&Value::Null);
        assert_eq!(has_email_of_null, row["email"].is_null());
    }
    // By its name as well.
    let told = import(&site, &peer, &["--user-table", "api_user"]);
    assert_eq!(stored::accounts(&site).len(), expected.len(), "{told}");

    let server = site.program.serve();
    let logins = &peer.people().logins;
    each_logs_in(&server, &logins[logins.len() - 10..]);
    // Others know it by the key that it had.
    let login = logins.last().unwrap();
    let access = server.login(&login.username, &login.password).json()["access"].as_str().unwrap().to_owned();
    let row = by_key(&peer).into_iter().find(|row| row["username"] == *login.username).unwrap();
    assert_eq!(server.user(&access).json()["id"], row["id"]);
    assert_eq!(claims(&access)["user_id"], row["id"]);
}

fn by_key(peer: &Peer) -> Vec<Value> {
    let mut rows = peer.accounts();
    rows.sort_by_key(|row| row["id"].as_str().map(str::to_owned));
    rows
}

/// What is to be stored of a row of users with UUIDs.
fn as_subject(row: &Value) -> Value {
    let mut expected = common(row);
    expected["subject"] = row["id"].clone();
    expected["is_known_by_subject"] = true.into();
    expected
}

fn what_changed_at_django_since_comes_in_and_what_changed_here_stays(shelf: &Shelf, database: Database) {
    let peer = shelf.peer(SimpleJwt::V5_4, database, Contents::Nothing);
    let site = Site::new(database);
    let django = peer.serve();
    for name in ["alice", "bob", "carol", "dave", "erin"] {
        django.join(name);
    }
    import(&site, &peer, &[]);
    let server = site.program.serve();
    let [carol, dave] = ["carol", "dave"].map(|name| server.log_in(name));
    let change_here = |name: &str, password: &str| {
        let program = site.program.clone().with_variable("DOORWARD_NEW_PASSWORD", password);
        program.done(&["changepassword", "--noinput", name]);
    };
    change_here("bob", "Bobs-own-pw-1");
    change_here("erin", "Erins-own-pw-1");
    peer.change("alice", "u.first_name, u.is_staff, u.email = 'Alice', True, 'alice@example.org'");
    peer.change("alice", "u.groups.add(Group.objects.create(name='editors'))");
    peer.change("carol", "u.set_password('Carols-new-pw-1')");
    peer.change("dave", "u.is_active = False");
    peer.change("erin", "u.set_password('Erins-other-pw-1')");
    django.join("frank");
    let told = import(&site, &peer, &[]);

    let alice = stored::accounts(&site).remove(0);
    assert_eq!([&alice["full_name"], &alice["email"]], ["Alice", "alice@example.org"]);
    assert_eq!([&alice["is_staff"], &alice["groups"]], [&json!(true), &json!(["editors"])]);
    // Changed here, and not at Django.
    server.login("bob", "Bobs-own-pw-1").must_have_status(200);
    // Changed at Django, which ends the sessions here.
    server.login("carol", "Carols-new-pw-1").must_have_status(200);
    server.login("carol", PASSWORD).must_have_status(401);
    server.refresh(&carol.refresh).must_have_status(401);
    server.login("dave", PASSWORD).must_have_status(401);
    server.refresh(&dave.refresh).must_have_status(401);
    // Changed in both: told, and ours stays.
    assert!(told.contains("erin"), "{told}");
    server.login("erin", "Erins-own-pw-1").must_have_status(200);
    server.login("erin", "Erins-other-pw-1").must_have_status(401);
    server.log_in("frank");
}

fn accounts_that_are_gone_from_django_are_reported_and_deactivated_where_that_is_asked_for(
    shelf: &Shelf,
    database: Database,
) {
    let peer = shelf.peer(SimpleJwt::V5_4, database, Contents::Nothing);
    let site = Site::new(database);
    let django = peer.serve();
    django.join("alice");
    django.join("bob");
    import(&site, &peer, &[]);
    peer.manage(&["shell", "-c", &format!("{IMPORTS}\nUser.objects.get(username='bob').delete()")]);
    let active = || stored::accounts(&site).iter().map(|row| row["is_active"] == true).collect::<Vec<_>>();
    let told = import(&site, &peer, &[]);
    assert!(told.contains("is no longer there: 1\n  2 \"bob\""), "{told}");
    assert_eq!(active(), [true, true]);
    let told = import(&site, &peer, &["--deactivate-missing"]);
    assert!(told.contains("was deactivated here: 1\n  2 \"bob\""), "{told}");
    assert_eq!(active(), [true, false]);
    // Nobody at all is more likely a wrong table than a Django that everybody has left.
    peer.manage(&["shell", "-c", &format!("{IMPORTS}\nUser.objects.all().delete()")]);
    let refused = site.program.run(&["import", "django", "--from", peer.url(), "--deactivate-missing"]);
    assert!(refused.code != 0 && refused.stderr.contains("there are no accounts"), "{}", refused.stderr);
    assert_eq!(active(), [true, false]);
}

/// Who came in, and under which address.
fn collided(shelf: &Shelf, database: Database, arguments: &[&str]) -> Vec<(String, Option<String>)> {
    let peer = shelf.peer(SimpleJwt::V5_4, database, Contents::Nothing);
    peer.manage(&["collide"]);
    let site = Site::new(database);
    import(&site, &peer, arguments);
    let first = stored::accounts(&site);
    import(&site, &peer, arguments);
    assert_eq!(stored::accounts(&site), first);
    let text = |value: &Value| value.as_str().map(str::to_owned);
    first.iter().map(|row| (text(&row["username"]).unwrap(), text(&row["email"]))).collect()
}

fn of_accounts_that_collide_the_first_come_in(shelf: &Shelf, database: Database) {
    for arguments in [&[][..], &["--on-collision", "skip"]] {
        let came = collided(shelf, database, arguments);
        let names: Vec<_> = came.iter().map(|(name, email)| (name.as_str(), email.as_deref())).collect();
        assert_eq!(
            names,
            [
                ("alice", Some("alice@example.com")),
                ("zoe\u{308}", Some("zoe@example.com")),
                ("bob", Some("bob@example.com")),
                ("robert", None),
                ("carol@example.com", Some("carol.work@example.com")),
                ("caroline", None),
                ("dave", None),
                ("david@example.com", Some("david.work@example.com")),
                ("erin", Some("erin@example.com")),
            ]
        );
    }
}

fn of_accounts_that_collide_the_newest_come_in_where_that_is_asked_for(shelf: &Shelf, database: Database) {
    let came = collided(shelf, database, &["--on-collision", "newest"]);
    let names: Vec<_> = came.iter().map(|(name, email)| (name.as_str(), email.as_deref())).collect();
    assert_eq!(
        names,
        [
            ("Alice", Some("alice.two@example.com")),
            ("zo\u{eb}", Some("zoe.two@example.com")),
            ("bob", None),
            ("robert", Some("Bob@Example.com")),
            ("carol@example.com", Some("carol.work@example.com")),
            ("caroline", None),
            ("dave", None),
            ("david@example.com", Some("david.work@example.com")),
            ("erin", Some("erin@example.com")),
        ]
    );
}
