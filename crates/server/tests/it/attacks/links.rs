//! Links of letters in the wrong hands, twice, in the wrong place, or too late.

use crate::harness::{Answer, Client, Mailing, NEW_PASSWORD, PASSWORD, PUBLIC_URL, Pair, Place, VERIFIED};
use doorward_testkit::{Case, Received, cases};
use serde_json::json;
use std::sync::Barrier;
use std::thread;

pub(super) fn cases() -> Vec<Case<Place>> {
    cases![
        links: no_header_changes_where_they_lead,
        a_scanner_that_opens_them_uses_nothing_up,
        of_many_uses_at_once_one_wins,
        each_works_for_its_own_purpose_alone,
        a_change_of_password_ends_them,
        a_change_of_address_ends_them,
        a_deactivation_ends_them,
    ]
}

fn no_header_changes_where_they_lead(place: &Place) {
    const EVIL: &str = "evil.example";
    let server = place.mailing();
    let forged: &[(&str, &str)] = &[
        ("Host", "evil.example"),
        ("Host", "id.example.org:443@evil.example"),
        ("Host", "id.example.org.evil.example"),
        ("X-Forwarded-Host", "evil.example"),
        ("X-Forwarded-Host", "id.example.org, evil.example"),
        ("X-Host", "evil.example"),
        ("X-Original-Host", "evil.example"),
        ("X-Forwarded-Server", "evil.example"),
        ("X-HTTP-Host-Override", "evil.example"),
        ("Forwarded", "for=1.2.3.4;host=evil.example;proto=http"),
        ("X-Forwarded-Proto", "http"),
        ("X-Forwarded-Port", "8443"),
        ("X-Forwarded-Prefix", "//evil.example"),
        ("X-Original-URL", "http://evil.example/"),
        ("Origin", "https://evil.example"),
        ("Referer", "https://evil.example/"),
    ];
    for number in 0..=forged.len() {
        server.join(&format!("member{number}"));
    }
    for (number, (name, value)) in forged.iter().enumerate() {
        let mut raw = server.connect();
        let body = json!({"email": format!("member{number}@example.com")}).to_string();
        let host = if *name == "Host" { String::new() } else { "Host: localhost\r\n".to_owned() };
        raw.send(format!(
            "POST /api/auth/password/reset/ HTTP/1.1\r\n{host}{name}: {value}\r\nConnection: close\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len(),
        ));
        let answer = raw.until_closed();
        // What is no host at all may be refused.
        let is_refused = answer.starts_with("HTTP/1.1 400 ") && *name == "Host";
        assert!(answer.starts_with("HTTP/1.1 200 ") || is_refused, "{name}: {value}: {answer}");
    }
    let last = forged.len();
    let body = json!({"email": format!("member{last}@example.com")}).to_string();
    let mut raw = server.connect();
    raw.send(format!(
        "POST http://{EVIL}/api/auth/password/reset/ HTTP/1.1\r\nHost: {EVIL}\r\nConnection: close\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len(),
    ));
    raw.until_closed();
    server.settle();
    let letters = server.smtp.letters();
    assert!(letters.len() > forged.len() - 2, "{}", letters.len());
    for letter in letters {
        assert!(letter.link().starts_with(&format!("{PUBLIC_URL}/account/reset-password/?uid=")));
        assert!(!letter.raw.contains(EVIL), "{}", letter.text);
        for part in [&letter.text, &letter.html] {
            assert!(!part.contains(":8443") && !part.contains("http://"), "{part}");
        }
    }
}

/// A letter of every kind that has a link, each of an account of its own.
struct Letters {
    verify: Received,
    reset: Received,
    change: Received,
    undo: Received,
}

impl Letters {
    fn of(server: &Mailing) -> Self {
        // All at once: each letter takes a while.
        let names = ["verifier", "resetter", "changer", "undoer"];
        for name in names {
            server.join(name);
        }
        let [verify, ..] = names.map(|name| server.letter(name, 1));
        server.vouch("undoer");
        server.ask_reset("resetter@example.com").must_have_status(200);
        for name in ["changer", "undoer"] {
            let access = server.log_in(name).access;
            let new = format!("{name}@new.example");
            server.change_email(&access, new.as_str(), PASSWORD).must_have_status(200);
        }
        let to_undo = server.smtp.last_of("undoer@new.example", 1);
        server.confirm_email(&to_undo.in_link("key")).must_have_status(200);
        let (reset, undo) = (server.letter("resetter", 2), server.letter("undoer", 2));
        let change = server.smtp.last_of("changer@new.example", 1);
        Self { verify, reset, change, undo }
    }

    fn all(&self) -> [&Received; 4] {
        [&self.verify, &self.reset, &self.change, &self.undo]
    }

    /// Uses each for what it is for.
    #[track_caller]
    fn must_work(&self, server: &Mailing) {
        server.verify_email(&self.verify.in_link("key")).must_have_status(200);
        server.reset(&self.reset, NEW_PASSWORD).must_have_status(200);
        server.confirm_email(&self.change.in_link("key")).must_have_status(200);
        server.undo_email_change(&self.undo.in_link("key")).must_have_status(200);
    }
}

fn a_scanner_that_opens_them_uses_nothing_up(place: &Place) {
    let server = place.mailing_with(VERIFIED);
    let letters = Letters::of(&server);
    for letter in letters.all() {
        let link = letter.link();
        let path = link.strip_prefix(PUBLIC_URL).unwrap();
        for method in ["GET", "HEAD", "GET", "HEAD"] {
            let answer = server.request(method, path).header("User-Agent", "LinkScanner/1.0").send();
            answer.must_have_status(200);
            assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
            assert_eq!(answer.header("cache-control"), Some("no-store"));
            assert!(answer.header("set-cookie").is_none());
            let policy = answer.header("content-security-policy").expect("a policy");
            assert!(policy.contains("default-src 'none'"), "{policy}");
        }
        for method in ["OPTIONS", "PUT", "DELETE"] {
            server.request(method, path).send();
        }
    }
    letters.must_work(&server);
}

/// Does something 64 times at once.
fn at_once(server: &Mailing, act: impl Fn(&Client) -> Answer + Sync) -> Vec<Answer> {
    const AT_ONCE: usize = 64;
    let start = Barrier::new(AT_ONCE);
    let one = || {
        let client: &Client = server;
        let client = client.clone();
        start.wait();
        act(&client)
    };
    thread::scope(|scope| {
        let threads: Vec<_> = (0..AT_ONCE).map(|_| scope.spawn(one)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}

#[track_caller]
fn one_must_have_won(answers: &[Answer], lost: u16) {
    let won = answers.iter().filter(|answer| answer.status == 200).count();
    let lost = answers.iter().filter(|answer| answer.status == lost).count();
    let told: Vec<_> = answers.iter().map(|answer| answer.status).collect();
    assert_eq!((won, lost), (1, answers.len() - 1), "{told:?}");
}

fn of_many_uses_at_once_one_wins(place: &Place) {
    // However many want a hash, none is turned away.
    let server = place.mailing_with(&[VERIFIED[0], ("passwords.hash_deadline", "30s")]);
    let letters = Letters::of(&server);
    let key = letters.verify.in_link("key");
    one_must_have_won(&at_once(&server, |client| client.verify_email(&key)), 404);
    one_must_have_won(&at_once(&server, |client| client.reset(&letters.reset, NEW_PASSWORD)), 400);
    let key = letters.change.in_link("key");
    one_must_have_won(&at_once(&server, |client| client.confirm_email(&key)), 404);
    let key = letters.undo.in_link("key");
    one_must_have_won(&at_once(&server, |client| client.undo_email_change(&key)), 404);
    // One effect, one letter: verification, reset, that the password is another one.
    assert_eq!(server.count("resetter@example.com"), 3);
    // Verification, the change, and a new password after the undoing.
    assert_eq!(server.count("undoer@example.com"), 3);
    assert_eq!(server.count("changer@example.com"), 2);
    assert_eq!(server.count("verifier@example.com"), 1);
}

fn each_works_for_its_own_purpose_alone(place: &Place) {
    let server = place.mailing_with(VERIFIED);
    let letters = Letters::of(&server);
    let uid = letters.reset.in_link("uid");
    let secret_of = |letter: &Received| {
        if letter.link().contains("/account/reset-password/") {
            letter.in_link("token")
        } else {
            letter.in_link("key")
        }
    };
    for (number, letter) in letters.all().into_iter().enumerate() {
        let secret = secret_of(letter);
        let uses: [&dyn Fn() -> Answer; 4] = [
            &|| server.verify_email(&secret),
            &|| server.reset_by_link(&uid, &secret, [NEW_PASSWORD; 2]),
            &|| server.confirm_email(&secret),
            &|| server.undo_email_change(&secret),
        ];
        let pages = ["verify-email", "reset-password", "confirm-email", "undo-email-change"];
        for (other, (act, page)) in uses.iter().zip(pages).enumerate() {
            if other == number {
                continue;
            }
            let answer = act();
            assert!(matches!(answer.status, 400 | 404), "{number} for {other}: {answer:?}");
            let path = format!("/account/{page}/?key={secret}&uid={uid}&token={secret}");
            server.get(&path).send().must_have_status(404);
            let fields = [
                ("key", secret.as_str()),
                ("uid", &uid),
                ("token", &secret),
                ("new_password1", NEW_PASSWORD),
                ("new_password2", NEW_PASSWORD),
            ];
            server.post(format!("/account/{page}/")).form(&fields).send().must_have_status(400);
        }
    }
    // Nor is a code of one purpose one of another.
    let (verify, reset) = (letters.verify.code(), letters.reset.code());
    server.reset_by_code("verifier@example.com", &verify, NEW_PASSWORD).must_have_status(400);
    server.verify_email_by_code("resetter@example.com", &reset).must_have_status(400);
    server.confirm_email_by_code("verifier@example.com", &verify).must_have_status(400);
    letters.must_work(&server);
}

/// Letters that verify an address, set a password, and confirm another address, of one account.
fn pending(server: &Mailing, name: &str) -> ([Received; 3], Pair) {
    let (own, new) = (format!("{name}@example.com"), format!("{name}@new.example"));
    server.join(name);
    let pair = server.log_in(name);
    server.ask_reset(own.as_str()).must_have_status(200);
    server.change_email(&pair.access, new.as_str(), PASSWORD).must_have_status(200);
    let letters = server.smtp.wait_for(&own, 2);
    let of_page = |page: &str| {
        letters.iter().find(|letter| letter.link().contains(page)).expect("a letter for it").clone()
    };
    let (verify, reset) = (of_page("/account/verify-email/"), of_page("/account/reset-password/"));
    ([verify, reset, server.smtp.last_of(&new, 1)], pair)
}

#[track_caller]
fn must_be_over(server: &Mailing, name: &str, [verify, reset, change]: &[Received; 3]) {
    let address = format!("{name}@example.com");
    server.verify_email(&verify.in_link("key")).must_have_status(404);
    server.verify_email_by_code(&address, &verify.code()).must_have_status(400);
    server.reset(reset, "Att4cker-pass!").must_have_status(400);
    server.reset_by_code(&address, &reset.code(), "Att4cker-pass!").must_have_status(400);
    server.confirm_email(&change.in_link("key")).must_have_status(404);
    server.confirm_email_by_code(&address, &change.code()).must_have_status(400);
    server.login(name, "Att4cker-pass!").must_have_status(401);
}

fn a_change_of_password_ends_them(place: &Place) {
    let server = place.mailing_with(VERIFIED);
    let (letters, pair) = pending(&server, "alice");
    server.replace_password(&pair.access, PASSWORD, [NEW_PASSWORD; 2]).must_have_status(200);
    must_be_over(&server, "alice", &letters);
    let (letters, _) = pending(&server, "bob");
    server.reset(&letters[1], NEW_PASSWORD).must_have_status(200);
    must_be_over(&server, "bob", &letters);
    Pair::of(&server.login("bob", NEW_PASSWORD));
}

fn a_change_of_address_ends_them(place: &Place) {
    let server = place.mailing_with(VERIFIED);
    let (letters, _) = pending(&server, "alice");
    server.confirm_email(&letters[2].in_link("key")).must_have_status(200);
    must_be_over(&server, "alice", &letters);
    server.log_in("alice@new.example");
}

fn a_deactivation_ends_them(place: &Place) {
    let server = place.mailing_with(VERIFIED);
    let (letters, _) = pending(&server, "alice");
    server.set_active("alice", false);
    must_be_over(&server, "alice", &letters);
}
