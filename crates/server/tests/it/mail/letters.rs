//! What a letter looks like to the program that shows it.

use crate::harness::{PUBLIC_URL, Place, Registration, VERIFIED};
use doorward_testkit::{Case, cases};
use std::fs;

pub(super) fn cases() -> Vec<Case<Place>> {
    cases![
        letters: a_letter_is_whole_in_text_and_html_and_says_what_it_is,
        a_name_that_looks_like_markup_is_text,
        an_address_beyond_ascii_gets_its_letter,
        a_deployers_template_takes_the_place_of_ours,
        where_answers_go_is_configured,
        a_folder_takes_letters_as_files,
    ]
}

fn a_letter_is_whole_in_text_and_html_and_says_what_it_is(place: &Place) {
    let server = place.mailing_with(VERIFIED);
    let letter = server.join_and_read("alice");
    assert_eq!(letter.to, ["alice@example.com"]);
    assert_eq!(letter.from, "no-reply@id.example.org");
    assert_eq!(letter.header("To").as_deref(), Some("alice@example.com"));
    assert!(letter.header("From").unwrap().contains("no-reply@id.example.org"));
    assert!(letter.header("Content-Type").unwrap().starts_with("multipart/alternative"));
    assert_eq!(letter.header("MIME-Version").as_deref(), Some("1.0"));
    // No vacation note comes back (RFC 3834).
    assert_eq!(letter.header("Auto-Submitted").as_deref(), Some("auto-generated"));
    assert!(letter.header("Date").is_some() && letter.id().contains('@'), "{}", letter.raw);
    // Whoever typed the address may not be its owner: the name is the former's.
    assert!(letter.text.starts_with("Hello,") && !letter.subject.contains("alice"), "{}", letter.text);
    assert!(letter.text.contains(&letter.link()) && letter.html.contains(&letter.in_link("key")));
    let code = letter.code();
    let digits: String = letter.html.chars().filter(char::is_ascii_digit).collect();
    assert!(digits.contains(&code), "{}", letter.html);
    assert!(!letter.html.contains("<script") && !letter.html.contains("<img"), "{}", letter.html);
    // As a mail server may have it (RFC 5321, section 4.5.3.1.6).
    assert!(letter.raw.lines().all(|line| line.len() <= 998));
    assert_eq!(letter.header_names().iter().filter(|name| *name == "to").count(), 1);
    assert!(!letter.header_names().iter().any(|name| name == "bcc" || name == "cc"));
}

fn a_name_that_looks_like_markup_is_text(place: &Place) {
    let server = place.mailing_with(VERIFIED);
    let odd = Registration { email: "\"<b>&>\"@example.com".into(), ..Registration::of("odd") };
    server.register(&odd).must_have_status(201);
    let [letter] = server.smtp.wait_for_all(1).try_into().unwrap();
    assert_eq!(letter.to, ["\"<b>&>\"@example.com"]);
    assert!(!letter.html.contains("<b>"), "{}", letter.html);
}

fn an_address_beyond_ascii_gets_its_letter(place: &Place) {
    let server = place.mailing_with(VERIFIED);
    let abroad = Registration { email: "anna@bücher.example".into(), ..Registration::of("anna") };
    server.register(&abroad).must_have_status(201);
    let [letter] = server.smtp.wait_for_all(1).try_into().unwrap();
    assert_eq!(letter.to, ["anna@xn--bcher-kva.example"]);
}

fn a_deployers_template_takes_the_place_of_ours(place: &Place) {
    let folder = place.scratch().directory().join("templates");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("reset_password.subject.txt"), "Ein neues Passwort für {{ username }}").unwrap();
    let server = place.mailing_with(&[("mail.templates", folder.to_str().unwrap())]);
    server.join("alice");
    let letter = server.reset_letter("alice");
    assert_eq!(letter.subject, "Ein neues Passwort für alice");
    assert!(letter.link().starts_with(PUBLIC_URL));
}

fn where_answers_go_is_configured(place: &Place) {
    let server = place.mailing_with(&[
        ("mail.reply_to", "help@id.example.org"),
        ("mail.from", "Türwärter <t@id.example.org>"),
    ]);
    server.join("alice");
    let letter = server.reset_letter("alice");
    assert!(letter.header("Reply-To").unwrap().contains("help@id.example.org"));
    assert_eq!(letter.from, "t@id.example.org");
}

fn a_folder_takes_letters_as_files(place: &Place) {
    let folder = place.scratch().directory().join("letters");
    let server = place.server_set(&[
        ("mail.transport", "directory"),
        ("mail.directory", folder.to_str().unwrap()),
        ("mail.from", "no-reply@id.example.org"),
        ("accounts.email_verification", "none"),
    ]);
    server.join("alice");
    server.ask_reset("alice@example.com").must_have_status(200);
    server.settle();
    let files: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    let [file] = files.as_slice() else { panic!("{files:?}") };
    assert_eq!(file.extension().and_then(|it| it.to_str()), Some("eml"));
    let letter = fs::read_to_string(file).unwrap();
    assert!(letter.contains("To: alice@example.com"), "{letter}");
}
