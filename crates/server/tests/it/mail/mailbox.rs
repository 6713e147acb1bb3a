//! The mailbox for developers, who have no mail server.

use crate::harness::bodies::not_found;
use crate::harness::{Answer, NEW_PASSWORD, Place, Request, Server};
use doorward_testkit::{Case, cases};
use serde_json::{Value, json};

pub(super) fn cases() -> Vec<Case<Place>> {
    cases![
        mailbox: by_default_letters_are_kept_and_shown_and_their_links_work,
        nobody_reaches_it_from_elsewhere,
        it_is_not_there_where_letters_are_sent,
        it_is_not_there_where_others_could_reach_it,
    ]
}

const MAILBOX: &str = "/dev/mailbox/";

fn as_json(request: Request) -> Answer {
    request.header("Accept", "application/json").send()
}

fn kept(server: &Server) -> Vec<Value> {
    server.settle();
    let answer = as_json(server.get(MAILBOX));
    answer.must_have_status(200);
    answer.json().as_array().expect("a list").clone()
}

fn by_default_letters_are_kept_and_shown_and_their_links_work(place: &Place) {
    let server = place.server();
    server.join("alice");
    server.ask_reset("alice@example.com").must_have_status(200);
    let letters = kept(&server);
    assert_eq!(letters.len(), 2, "of the registration, too: {letters:?}");
    let letter = letters.iter().find(|letter| letter["kind"] == "reset_password").expect("the letter");
    assert_eq!((&letter["to"], &letter["state"]), (&json!("alice@example.com"), &json!("kept")));
    let link = letter["link"].as_str().expect("a link").to_owned();
    assert!(letter["text"].as_str().expect("a text").contains(&link));
    let id = letter["id"].as_str().expect("an id");
    let list = server.get(MAILBOX).send();
    assert!(list.text().contains(id) && list.text().contains("alice@example.com"), "{}", list.text());
    let page = server.get(format!("{MAILBOX}{id}/")).send();
    page.must_have_status(200);
    assert_eq!(page.header("cache-control"), Some("no-store"));
    server.get(format!("{MAILBOX}019b7777-7777-7777-8777-777777777777/")).send().must_have_status(404);

    let value = |name: &str| {
        let (_, query) = link.split_once('?').unwrap();
        query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('=')).unwrap().to_owned()
    };
    let reset = server.reset_by_link(&value("uid"), &value("token"), [NEW_PASSWORD; 2]);
    reset.must_have_status(200);
    assert_eq!(kept(&server).len(), 3);
    // What is over is not shown any more.
    server.pass(3600);
    let letters = as_json(server.get(MAILBOX)).json();
    let old = letters.as_array().unwrap().iter().find(|letter| letter["kind"] == "reset_password");
    assert!(old.is_none_or(|letter| letter["state"] == "expired" || letter["state"] == "kept"), "{letters}");
}

fn nobody_reaches_it_from_elsewhere(place: &Place) {
    let server = place.server();
    for (name, value) in [
        ("Forwarded", "for=127.0.0.1"),
        ("X-Forwarded-For", "127.0.0.1"),
        ("X-Forwarded-Host", "localhost"),
        ("X-Forwarded-Proto", "http"),
        ("X-Real-IP", "127.0.0.1"),
        ("Via", "1.1 proxy"),
        ("Origin", "https://evil.example"),
        ("Origin", "null"),
    ] {
        for path in [MAILBOX.to_owned(), format!("{MAILBOX}019b7777-7777-7777-8777-777777777777/")] {
            server.get(path).header(name, value).send().must_be(404, &not_found());
        }
    }
    // A name that an attacker's own server tells to be this machine.
    for host in
        ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "0.0.0.0", "10.0.0.1", ""]
    {
        let mut raw = server.connect();
        raw.send(format!("GET {MAILBOX} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"));
        let answer = raw.until_closed();
        let status = answer.split(' ').nth(1);
        assert!(matches!(status, Some("404" | "400")), "{host:?}: {answer}");
    }
    server.get(MAILBOX).send().must_have_status(200);
}

fn it_is_not_there_where_letters_are_sent(place: &Place) {
    let server = place.mailing();
    server.get(MAILBOX).send().must_be(404, &not_found());
}

fn it_is_not_there_where_others_could_reach_it(place: &Place) {
    let open = place.server_with(|settings| settings.server.bind.set_ip([0, 0, 0, 0].into()));
    let proxied = place.server_with(|settings| {
        settings.server.trusted_proxies = vec!["127.0.0.1".parse().unwrap()];
    });
    for server in [open, proxied] {
        server.get(MAILBOX).send().must_be(404, &not_found());
        server.get("/healthz").send().must_have_status(200);
    }
}
