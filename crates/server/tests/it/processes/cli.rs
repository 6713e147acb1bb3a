//! The command line, and the settings that it refuses.

use super::{Program, Site};
use crate::harness::{PASSWORD, Pair, Registration};
use doorward_testkit::{Database, cases, trials_on_both};
use libtest_mimic::Trial;
use std::fs;

pub(crate) fn trials() -> Vec<Trial> {
    let on_empty = cases![
        cli: migrations_are_told_applied_and_undone,
        check_changes_nothing_and_tells_that_a_fresh_database_is_fine,
    ];
    let on_migrated = cases![
        cli: a_superuser_is_made_without_asking,
        a_superuser_with_a_weak_password_or_a_taken_name_is_refused,
        a_superuser_needs_somebody_to_ask_or_a_password,
        a_changed_password_is_the_only_one,
        an_account_is_locked_opened_shown_and_deleted,
        keys_are_listed_rotated_and_retired,
        check_tells_what_is_wrong_and_how_to_mend_it,
        a_database_under_another_root_secret_is_refused,
        unknown_settings_are_refused_by_name,
        wrong_values_are_refused_by_name,
        insecure_settings_are_refused_by_name,
        help_tells_every_command,
    ];
    let mut trials = trials_on_both(&on_empty, Site::empty);
    trials.extend(trials_on_both(&on_migrated, Site::new));
    trials
}

fn migrations_are_told_applied_and_undone(site: &Site) {
    let migrate = |action: &str| site.program.done(&["migrate", action]);
    assert!(migrate("run").contains("applied   20261122000000_initial"));
    assert!(site.program.done(&["migrate"]).contains("up to date"));
    let status = migrate("status");
    assert!(status.lines().all(|line| line.starts_with("applied ")) && !status.is_empty(), "{status}");
    let mut undone = 0;
    while migrate("revert").starts_with("reverted ") {
        undone += 1;
    }
    assert_eq!(undone, status.trim().lines().count());
    let status = migrate("status");
    assert!(status.trim().lines().all(|line| line.starts_with("missing ")), "{status}");

    let program = site.program.clone().with("database.migrate_on_start", "false");
    program.run(&["serve"]).must_refuse(1, &["migrate"]);
    assert_eq!(program.run(&["check"]).code, 1);
    site.program.done(&["migrate"]);
    program.serve().get("/readyz").send().must_have_status(200);
}

fn check_changes_nothing_and_tells_that_a_fresh_database_is_fine(site: &Site) {
    let files = || {
        let mut names: Vec<_> =
            fs::read_dir(site.scratch().directory()).unwrap().map(|it| it.unwrap().file_name()).collect();
        names.sort();
        names
    };
    let before = files();
    let told = site.program.done(&["check"]);
    assert!(told.contains("checks are good") && !told.contains("WRONG"), "{told}");
    if site.database() == Database::Sqlite {
        assert_eq!(files(), before);
    }
    let status = site.program.done(&["migrate", "status"]);
    assert!(status.starts_with("missing "), "{status}");
}

/// The command that makes a superuser without asking.
fn createsuperuser<'a>(name: &'a str, email: &'a str) -> [&'a str; 6] {
    ["createsuperuser", "--noinput", "--username", name, "--email", email]
}

fn with_password(site: &Site, password: &str) -> Program {
    site.program.clone().with_variable("DOORWARD_SUPERUSER_PASSWORD", password)
}

fn a_superuser_is_made_without_asking(site: &Site) {
    let told = with_password(site, PASSWORD).done(&createsuperuser("root", "root@example.org"));
    assert_eq!(told.trim(), "Superuser root was made.");
    let shown = site.program.done(&["user", "show", "root@example.org"]);
    for flag in ["active      yes", "staff       yes", "superuser   yes", "last login  never"] {
        assert!(shown.contains(flag), "{shown}");
    }
    let server = site.program.serve();
    let pair = server.log_in("root");
    assert_eq!(server.user(&pair.access).json()["is_staff"], true);
    // Others who register are not.
    let other = server.join_and_log_in("alice");
    assert_eq!(server.user(&other.access).json()["is_staff"], false);
}

fn a_superuser_with_a_weak_password_or_a_taken_name_is_refused(site: &Site) {
    with_password(site, "12345").run(&createsuperuser("root", "root@example.org")).must_refuse(
        1,
        &[
            "This password is too short. It must contain at least 8 characters.",
            "This password is too common.",
            "This password is entirely numeric.",
        ],
    );
    with_password(site, "root-example-7")
        .run(&createsuperuser("root-example", "other@example.org"))
        .must_refuse(1, &["The password is too similar to the username."]);
    with_password(site, PASSWORD).done(&createsuperuser("root", "root@example.org"));
    with_password(site, PASSWORD)
        .run(&createsuperuser("ROOT", "root2@example.org"))
        .must_refuse(1, &["A user with that username already exists."]);
    let outcome = with_password(site, PASSWORD).run(&createsuperuser("root2", "ROOT@example.org"));
    outcome.must_refuse(1, &["email: "]);
    assert!(!outcome.stderr.contains(PASSWORD));
    site.program.run(&["user", "show", "root2"]).must_refuse(1, &["there is no account \"root2\""]);
}

fn a_superuser_needs_somebody_to_ask_or_a_password(site: &Site) {
    site.program.run(&["createsuperuser"]).must_refuse(2, &["no terminal", "--noinput"]);
    site.program.run(&createsuperuser("root", "")).must_refuse(2, &["DOORWARD_SUPERUSER_PASSWORD"]);
    site.program.run(&["createsuperuser", "--noinput"]).must_refuse(2, &["--username"]);
}

fn a_changed_password_is_the_only_one(site: &Site) {
    const NEW: &str = "An0ther-horse!";
    let server = site.program.serve();
    server.join("alice");
    let change = |password: &str, name: &str| {
        let program = site.program.clone().with_variable("DOORWARD_NEW_PASSWORD", password);
        program.run(&["changepassword", "--noinput", name])
    };
    change("alice123", "alice").must_refuse(1, &["too similar to the username"]);
    change(NEW, "nobody").must_refuse(1, &["there is no account \"nobody\""]);
    server.log_in("alice");
    let outcome = change(NEW, "alice@example.com");
    assert_eq!(outcome.code, 0, "{outcome:?}");
    server.login("alice", PASSWORD).must_have_status(401);
    Pair::of(&server.login("alice", NEW));
}

fn an_account_is_locked_opened_shown_and_deleted(site: &Site) {
    let server = site.program.serve();
    server.join_and_log_in("alice");
    let user = |action: &str| site.program.done(&["user", action, "alice"]);
    assert!(user("show").contains("sessions    1"));
    assert_eq!(user("deactivate").trim(), "alice is not active; its sessions have ended.");
    assert!(user("show").contains("active      no"));
    server.login("alice", PASSWORD).must_have_status(401);
    assert_eq!(user("activate").trim(), "alice is active.");
    server.log_in("alice");
    // Nobody can be asked.
    site.program.run(&["user", "delete", "alice"]).must_refuse(2, &["--yes"]);
    site.program.done(&["user", "delete", "--yes", "alice"]);
    server.login("alice", PASSWORD).must_have_status(401);
    server.register(&Registration::of("alice")).must_have_status(201);
    for action in ["show", "activate", "deactivate"] {
        site.program.run(&["user", action, "nobody"]).must_refuse(1, &["there is no account \"nobody\""]);
    }
}

fn keys_are_listed_rotated_and_retired(site: &Site) {
    let keys = |arguments: &[&str]| site.program.done(&[&["keys"], arguments].concat());
    let list = || keys(&["list"]).trim().lines().map(str::to_owned).collect::<Vec<_>>();
    let first = list();
    let [only] = first.as_slice() else { panic!("{first:?}") };
    assert!(only.contains("EdDSA") && only.ends_with("signs"), "{only}");

    let new = keys(&["rotate", "--lead", "1h"]).split_whitespace().nth(1).unwrap().to_owned();
    let both = list();
    assert_eq!(both.len(), 2);
    assert!(
        both[0].ends_with("signs") && both[1].starts_with(&new) && both[1].contains("signs from "),
        "{both:?}"
    );
    site.program.run(&["keys", "rotate"]).must_refuse(1, &[&new, "already waiting"]);
    keys(&["retire", &new]);
    assert_eq!(list(), first);

    // Ids begin with any letter of base64url.
    for id in ["no-such-key", "-no-such-key", "-h-such-key", "_no-such-key"] {
        site.program.run(&["keys", "retire", id]).must_refuse(1, &["there is no key", id]);
        site.program.run(&["keys", "retire", id, "--at-once"]).must_refuse(1, &["there is no key", id]);
        site.program.run(&["keys", "retire", "--at-once", id]).must_refuse(1, &["there is no key", id]);
    }
    site.program.run(&["keys", "rotate", "--lead", "soon"]).must_refuse(2, &["--lead"]);
    let [one, other] = [(); 2].map(|()| keys(&["generate-secret"]));
    assert_ne!(one, other);
    site.program
        .clone()
        .with("secret.key", one.trim())
        .run(&["keys", "list"])
        .must_refuse(1, &["root secret"]);
}

fn check_tells_what_is_wrong_and_how_to_mend_it(site: &Site) {
    let wrong = |program: &Program, parts: &[&str]| {
        let outcome = program.run(&["check"]);
        assert_eq!(outcome.code, 1, "{outcome:?}");
        for part in parts.iter().chain(&["WRONG"]) {
            assert!(outcome.stdout.contains(part), "{part:?} is not in {outcome:?}");
        }
    };
    site.program.serve().stop();
    let told = site.program.done(&["check"]);
    for part in ["settings", "database", "migrations", "root secret", "signing keys"] {
        assert!(told.lines().any(|line| line.starts_with("ok") && line.contains(part)), "{told}");
    }
    let other = site.program.done(&["keys", "generate-secret"]);
    wrong(&site.program.clone().with("secret.key", other.trim()), &["root secret", "restore that one"]);
    wrong(&site.program.clone().with("tokens.refresh_grace", "2h").with("log.level", "loud"), &["log.level"]);
    wrong(&site.program.clone().with("tokens.refresh_grace", "2h"), &["tokens.refresh_grace", "1m"]);
    wrong(&site.program.clone().with("database.url", "mysql://localhost/x"), &["database.url"]);
    if site.database() == Database::Postgres {
        let closed = "postgres://doorward:hunter2@127.0.0.1:1/none";
        let program = site.program.clone().with("database.url", closed);
        wrong(&program, &["database", "127.0.0.1:1"]);
        assert!(!program.run(&["check"]).stdout.contains("hunter2"));
    }
}

fn a_database_under_another_root_secret_is_refused(site: &Site) {
    let server = site.program.serve();
    let pair = server.join_and_log_in("alice");
    server.stop();
    let new = site.program.done(&["keys", "generate-secret"]);
    let changed = site.program.clone().with("secret.key", new.trim());
    changed.run(&["serve"]).must_refuse(1, &["root secret", "doorward check"]);

    // With the one before, everything is sealed anew, and nobody is logged out.
    let server = changed.clone().with("secret.previous", super::site::ROOT_SECRET).serve();
    server.dashboard(&pair.access).must_have_status(200);
    let pair = Pair::of(&server.refresh(&pair.refresh));
    server.stop();
    let server = changed.serve();
    Pair::of(&server.refresh(&pair.refresh));
    site.program.run(&["serve"]).must_refuse(1, &["root secret"]);
}

fn unknown_settings_are_refused_by_name(site: &Site) {
    site.program
        .clone()
        .with("tokens.acess_lifetime", "5m")
        .run(&["serve"])
        .must_refuse(1, &["DOORWARD__TOKENS__ACESS_LIFETIME", "access_lifetime"]);
    let file = site.scratch().directory().join("odd.toml");
    fs::write(&file, "[tokens]\nacess_lifetime = \"5m\"\n[nonsense]\nkey = 1\n").unwrap();
    let file = file.to_str().unwrap();
    site.program
        .run(&["--config", file, "serve"])
        .must_refuse(1, &["tokens.acess_lifetime", "access_lifetime", "nonsense"]);
    let program = site.program.clone().with_variable("DOORWARD_CONFIG", file);
    program.run(&["serve"]).must_refuse(1, &["tokens.acess_lifetime"]);
    site.program.run(&["--config", "nowhere.toml", "serve"]).must_refuse(1, &["nowhere.toml"]);
    site.program.run(&["srve"]).must_refuse(2, &["srve"]);
}

fn wrong_values_are_refused_by_name(site: &Site) {
    for (key, value) in [
        ("server.bind", "everywhere"),
        ("server.workers", "many"),
        ("server.public_url", "localhost"),
        ("server.trusted_proxies", "my-proxy"),
        ("database.migrate_on_start", "perhaps"),
        ("secret.key", "c2hvcnQ="),
        ("tokens.algorithm", "none"),
        ("tokens.access_lifetime", "5"),
        ("tokens.refresh_absolute_lifetime", "never"),
        ("tokens.refresh_reuse", "ignore"),
        ("tokens.claims", "password"),
        ("passwords.similarity", "a bit"),
        ("passwords.hash_deadline", "-1s"),
        ("cors.allowed_origins", "https://app.example.org/path"),
        ("log.format", "xml"),
    ] {
        let outcome = site.program.clone().with(key, value).run(&["serve"]);
        outcome.must_refuse(1, &[key]);
    }
    // A value that is wrong in a secret is not repeated.
    let outcome = site.program.clone().with("tokens.retiring_keys", "hunter2hunter2").run(&["serve"]);
    outcome.must_refuse(1, &["tokens.retiring_keys"]);
    assert!(!outcome.stderr.contains("hunter2"), "{outcome:?}");
}

fn insecure_settings_are_refused_by_name(site: &Site) {
    for (key, value) in [
        ("secret.key", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="),
        ("tokens.shared_key", "short"),
        ("tokens.shared_key", "django-insecure-0vK8wq2Lr7mZp4Xc9sTe1Yb6Nd3Gf5Hj"),
        ("tokens.shared_key", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
        ("tokens.shared_key", super::site::ROOT_SECRET),
        ("tokens.retiring_keys", "HS256:short"),
        ("tokens.retiring_keys", "none:"),
        ("server.public_url", "http://id.example.org"),
        ("server.trusted_proxies", "0.0.0.0/0"),
        ("server.trusted_proxies", "10.0.0.1,::/0"),
        ("cors.allowed_origins", "*"),
        ("cors.allowed_origins", "null"),
        ("database.url", "postgres://doorward:pw@db.example.org/doorward?sslmode=disable"),
        ("database.url", "postgres://doorward:pw@db.example.org/doorward"),
        ("tokens.access_lifetime", "2d"),
        ("tokens.refresh_idle_lifetime", "5000d"),
        ("tokens.refresh_absolute_lifetime", "5000d"),
        ("tokens.refresh_grace", "61s"),
        ("passwords.minimum_length", "4"),
        ("passwords.bcrypt_cost", "3"),
        ("server.body_timeout", "1d"),
    ] {
        site.program.clone().with(key, value).run(&["serve"]).must_refuse(1, &[key]);
    }
    // What tests may have, nobody else may.
    let program = site.program.clone().with_variable("DOORWARD_INSECURE_TEST_COST", "0");
    program.with("passwords.bcrypt_cost", "9").run(&["serve"]).must_refuse(1, &["passwords.bcrypt_cost"]);
}

fn help_tells_every_command(site: &Site) {
    let help = site.program.done(&["--help"]);
    let commands = ["serve", "migrate", "createsuperuser", "changepassword", "user", "keys", "check"];
    for command in commands {
        let line = format!("\n  {command} ");
        assert!(help.contains(&line), "{command} is not in {help}");
        let told = site.program.done(&[command, "--help"]);
        assert!(told.contains(&format!("Usage: doorward {command}")), "{told}");
    }
    assert!(help.contains("DOORWARD_CONFIG") && help.contains("Exit codes"), "{help}");
    assert!(site.program.done(&["--version"]).starts_with("doorward "));
}
