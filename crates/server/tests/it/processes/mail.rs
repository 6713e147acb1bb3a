//! Letters of a server that is killed, of several servers, and of the command line.

use super::{Process, Program, SOON, Site, at_once, number, until};
use crate::harness::{Answer, Client, NEW_PASSWORD, PASSWORD, PUBLIC_URL, Page, Pair, Registration};
use doorward_testkit::{Manner, Received, SmtpServer, cases, trials_on_both};
use libtest_mimic::Trial;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::thread;

pub(crate) fn trials() -> Vec<Trial> {
    let cases = cases![
        mail: a_kill_loses_no_letter_and_only_what_was_in_flight_comes_again,
        several_servers_send_each_letter_once,
        no_secret_of_a_letter_is_in_an_answer_or_in_the_log,
        an_operator_sees_what_waits_and_has_it_sent,
        a_check_sends_a_letter_to_see_whether_it_arrives,
        a_first_start_shows_where_letters_are,
    ];
    trials_on_both(&cases, Site::new)
}

/// The binary, sending its letters there.
fn sending(site: &Site, smtp: &SmtpServer) -> Program {
    site.program
        .clone()
        .with("server.public_url", PUBLIC_URL)
        .with("mail.transport", "smtp")
        .with("mail.from", "no-reply@id.example.org")
        .with("mail.smtp_host", "127.0.0.1")
        .with("mail.smtp_port", smtp.port().to_string())
        .with("mail.smtp_encryption", "none")
        // So that what was in flight is sent again soon.
        .with("mail.timeout", "1s")
        .with("mail.workers", WORKERS.to_string())
}

fn address(name: &str) -> String {
    format!("{name}@example.com")
}

fn a_kill_loses_no_letter_and_only_what_was_in_flight_comes_again(site: &Site) {
    let smtp = SmtpServer::start();
    let program = sending(site, &smtp);
    let rounds = number("DOORWARD_KILL_ROUNDS", 3);
    let mut registered = Vec::new();
    for round in 0..rounds {
        let server = program.serve();
        let before = smtp.letters().len();
        if round % 2 == 0 {
            // In the very moment when the mail server has a letter, and has not said so.
            smtp.behave(Manner::Hold);
            for index in 0..6 {
                let name = format!("member{round}-{index}");
                server.join(&name);
                registered.push(name);
            }
            smtp.wait_for_all(before + 1);
            server.crash();
            smtp.behave(Manner::Take);
        } else {
            // In any moment.
            registered.extend(joined_until_killed(server, round, || smtp.letters().len() > before + 5));
        }
    }
    let _server = program.serve();
    for name in &registered {
        smtp.wait_for(&address(name), 1);
    }
    let mut ids = BTreeMap::<_, BTreeSet<_>>::new();
    let letters = smtp.letters();
    for letter in &letters {
        ids.entry(letter.to.clone()).or_default().insert(letter.id());
    }
    assert!(ids.values().all(|ids| ids.len() == 1), "a second delivery has the id of the first: {ids:?}");
    let again = letters.len() - ids.len();
    assert!(again <= rounds * WORKERS, "{again} of {} came again", ids.len());
}

/// How many letters a server sends at once.
const WORKERS: usize = 2;

/// Four register members until the server is killed, which is when it is so; who was acknowledged.
fn joined_until_killed(server: Process, round: usize, is_so: impl Fn() -> bool) -> Vec<String> {
    let registered = Mutex::new(Vec::new());
    let clients: Vec<_> = (0..4).map(|_| server.another_client()).collect();
    thread::scope(|scope| {
        for (index, client) in clients.iter().enumerate() {
            let registered = &registered;
            scope.spawn(move || {
                for number in 0.. {
                    let name = format!("member{round}-{index}-{number}");
                    let Ok(answer) = client.registering(&Registration::of(&name)).try_send() else { return };
                    answer.must_have_status(201);
                    registered.lock().unwrap().push(name);
                }
            });
        }
        until("some letters", SOON, is_so);
        server.crash();
    });
    registered.into_inner().unwrap()
}

fn several_servers_send_each_letter_once(site: &Site) {
    const MEMBERS: usize = 40;
    let smtp = SmtpServer::start();
    let instances = site.instances(&sending(site, &smtp));
    at_once(&instances, MEMBERS, |client, index| client.join(&format!("member{index}")));
    smtp.wait_for_all(MEMBERS);
    // Whoever would send one again has had the time for it when another one has arrived.
    instances[0].ask_reset(address("member0")).must_have_status(200);
    smtp.wait_for(&address("member0"), 2);
    for instance in instances {
        instance.stop();
    }
    let letters = smtp.letters();
    let ids: BTreeSet<_> = letters.iter().map(Received::id).collect();
    assert_eq!((letters.len(), ids.len()), (MEMBERS + 1, MEMBERS + 1));
}

fn no_secret_of_a_letter_is_in_an_answer_or_in_the_log(site: &Site) {
    let smtp = SmtpServer::start();
    let server = sending(site, &smtp).with_variable("RUST_LOG", "trace").serve();
    let answers = life(&server, &smtp, "alice");
    let [stdout, stderr] = server.stop();
    let letters = smtp.letters();
    let secrets: BTreeSet<_> = letters.iter().flat_map(secrets).collect();
    assert!(secrets.len() >= 9, "{secrets:?}");
    for secret in secrets.iter().map(String::as_str).chain([PASSWORD, NEW_PASSWORD]) {
        for said in [&stdout, &stderr] {
            let line = said.lines().find(|line| line.contains(secret));
            assert!(line.is_none(), "{secret} is in {line:?}");
        }
        for answer in &answers {
            let headers = format!("{:?}", answer.headers);
            assert!(!answer.text().contains(secret) && !headers.contains(secret), "{answer:?}");
        }
    }
    let has_password = |letter: &Received| letter.raw.contains(PASSWORD) || letter.raw.contains(NEW_PASSWORD);
    assert!(!letters.iter().any(has_password));
    assert!(stderr.contains("/api/auth/password/reset/"), "it is logged at all");
}

/// What opens something in a letter: of its link, and of its code.
fn secrets(letter: &Received) -> Vec<String> {
    if !letter.text.contains("/account/") {
        return Vec::new();
    }
    let is_reset = letter.link().contains("/reset-password/");
    let of_link = letter.in_link(if is_reset { "token" } else { "key" });
    let has_code = !letter.link().contains("/undo-email-change/");
    [Some(of_link), has_code.then(|| letter.code())].into_iter().flatten().collect()
}

/// Everything that an account goes through, by link, code and page; the answers that need hold no
/// secret.
fn life(server: &Process, smtp: &SmtpServer, name: &str) -> Vec<Answer> {
    let (first, new) = (address(name), format!("{name}@new.example"));
    let client: &Client = server;
    let mut answers = vec![client.register(&Registration::of(name))];
    let verify = smtp.last_of(&first, 1);
    Page::open(client, &verify.link()).must_say(200, "Confirm your e-mail address");
    answers.extend([
        client.verify_email_by_code(&first, "00000000"),
        client.verify_email(&"0".repeat(64)),
        client.resend(first.as_str()),
    ]);
    let verify = smtp.last_of(&first, 2);
    answers.extend([client.verify_email(&verify.in_link("key")), client.ask_reset(first.as_str())]);
    let reset = smtp.last_of(&first, 3);
    let page = Page::open(client, &reset.link());
    let typed = [("new_password1", NEW_PASSWORD), ("new_password2", NEW_PASSWORD)];
    answers.push(page.send(client, &typed).answer);
    answers.push(client.reset_by_code(&first, &reset.code(), PASSWORD));
    let pair = Pair::of(&client.login(name, NEW_PASSWORD));
    answers.push(client.change_email(&pair.access, new.as_str(), NEW_PASSWORD));
    let change = smtp.last_of(&new, 1);
    answers.push(client.confirm_email_by_code(&first, &change.code()));
    answers.push(client.export(&pair.access));
    let letters = smtp.wait_for(&first, 5);
    let undo = letters.iter().find(|letter| letter.text.contains("/undo-email-change/"));
    let undo = undo.expect("a way back").in_link("key");
    answers.extend([client.undo_email_change(&undo), client.undo_email_change(&undo)]);
    answers
}

/// The letters that the command lists, by their address.
fn listed(program: &Program) -> BTreeMap<String, Value> {
    let told: Vec<Value> = serde_json::from_str(&program.done(&["mail", "list", "--json"])).unwrap();
    told.into_iter().map(|letter| (letter["to"].as_str().unwrap().to_owned(), letter)).collect()
}

fn an_operator_sees_what_waits_and_has_it_sent(site: &Site) {
    let smtp = SmtpServer::start();
    smtp.stop();
    let program = sending(site, &smtp);
    let server = program.serve();
    let names = ["alice", "bob", "carol"];
    for name in names {
        server.join(name);
    }
    until("tried", SOON, || listed(&program).values().all(|letter| letter["last_error"].is_string()));
    let waiting = listed(&program);
    assert_eq!(waiting.keys().cloned().collect::<Vec<_>>(), names.map(address));
    assert!(waiting.values().all(|letter| letter["state"] == "queued"), "{waiting:#?}");
    let ids: Vec<_> = waiting.values().map(|letter| letter["id"].as_str().unwrap()).collect();
    let table = program.done(&["mail", "list"]);
    assert!(ids.iter().all(|id| table.contains(id)) && table.contains("alice@example.com"), "{table}");
    let shown = || program.done(&["mail", "show", ids[0]]);
    for part in ["alice@example.com", "verify_email", "queued", "/account/verify-email/?key="] {
        assert!(shown().contains(part), "{}", shown());
    }
    server.crash();

    smtp.start_again();
    let server = program.serve();
    for id in &ids {
        // Its next attempt may have come first.
        program.run(&["mail", "retry", id]);
    }
    for name in names {
        let key = smtp.last_of(&address(name), 1).in_link("key");
        server.verify_email(&key).must_have_status(200);
    }
    until("all are sent", SOON, || listed(&program).values().all(|letter| letter["state"] == "sent"));
    // What they said is gone.
    let key = smtp.last_of(&address("alice"), 1).in_link("key");
    assert!(!shown().contains(&key) && !shown().contains("/account/"), "{}", shown());
    program.run(&["mail", "retry", ids[0]]).must_refuse(1, &["delivered"]);

    smtp.behave(Manner::Refuse(550));
    server.ask_reset(address("alice")).must_have_status(200);
    until("given up", SOON, || program.done(&["mail", "list", "--state", "failed"]).contains("550"));
    smtp.behave(Manner::Take);
    assert!(program.done(&["mail", "retry", "--failed"]).contains("1 letter"));
    let reset = smtp.last_of(&address("alice"), 2);
    server.reset(&reset, NEW_PASSWORD).must_have_status(200);

    let missing = "019b7777-7777-7777-8777-777777777777";
    program.run(&["mail", "retry", missing]).must_refuse(1, &["there is no letter"]);
    program.run(&["mail", "show", missing]).must_refuse(1, &["there is no letter"]);
    program.run(&["mail", "show", "1"]).must_refuse(2, &["a letter's id is a UUID"]);
}

fn a_check_sends_a_letter_to_see_whether_it_arrives(site: &Site) {
    let smtp = SmtpServer::start();
    let program = sending(site, &smtp);
    program.serve().stop();
    program.done(&["check", "--mail-to", "root@example.org"]);
    let letter = smtp.last_of("root@example.org", 1);
    assert!(!letter.text.contains("/account/"), "{}", letter.text);
    smtp.behave(Manner::Refuse(550));
    let outcome = program.run(&["check", "--mail-to", "root@example.org"]);
    assert_eq!(outcome.code, 1, "{outcome:?}");
    assert!(outcome.stdout.contains("550"), "{outcome:?}");
    smtp.stop();
    let outcome = program.run(&["check", "--mail-to", "root@example.org"]);
    assert_eq!(outcome.code, 1, "{outcome:?}");
    assert_eq!(smtp.letters().len(), 1);
}

fn a_first_start_shows_where_letters_are(site: &Site) {
    let server = site.program.serve();
    server.join("alice");
    server.tell("password/reset/", &json!({"email": address("alice")})).must_have_status(200);
    let link = || {
        let [stdout, stderr] = server.said();
        let is_link = |word: &&str| word.contains("/account/reset-password/?uid=");
        stdout.iter().chain(&stderr).flat_map(|line| line.split_whitespace()).find(is_link).map(str::to_owned)
    };
    until("the link is logged", SOON, || link().is_some());
    let logged = link().unwrap();
    let mailbox = server.get("/dev/mailbox/").header("Accept", "application/json").send().json();
    let is_logged = |letter: &Value| letter["link"].as_str().is_some_and(|link| logged.contains(link));
    assert!(mailbox.as_array().unwrap().iter().any(is_logged), "{logged} is not in {mailbox}");
}
