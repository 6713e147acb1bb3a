//! The way to the mail server: encrypted, authenticated, or not taken.

use crate::harness::{Place, eventually};
use doorward_domain::mail::LetterState;
use doorward_testkit::{Authority, Case, Encryption, SmtpServer, cases};

pub(super) fn cases() -> Vec<Case<Place>> {
    cases![
        transport: letters_go_over_tls_to_a_server_that_our_authority_knows,
        nothing_is_sent_in_the_clear_or_to_a_stranger,
        who_must_log_in_does,
        wrong_credentials_send_nothing_and_are_not_told,
    ]
}

/// What makes a server speak so with mail servers that are certified by that file.
fn encrypted<'a>(encryption: &'a str, file: &'a str) -> [(&'a str, &'a str); 3] {
    [("mail.smtp_encryption", encryption), ("mail.smtp_ca_file", file), ("mail.smtp_host", "localhost")]
}

fn letters_go_over_tls_to_a_server_that_our_authority_knows(place: &Place) {
    let authority = Authority::new();
    let file = authority.file();
    for (name, encryption, setting) in
        [("alice", Encryption::StartTls, "starttls"), ("bob", Encryption::Tls, "tls")]
    {
        let smtp = SmtpServer::with(encryption, Some(&authority), None);
        let server = place.mailing_to(smtp, &encrypted(setting, file.to_str().unwrap()));
        server.join(name);
        let letter = server.reset_letter(name);
        assert!(letter.encrypted, "{setting}");
    }
}

fn nothing_is_sent_in_the_clear_or_to_a_stranger(place: &Place) {
    let (known, stranger) = (Authority::new(), Authority::new());
    let file = known.file();
    for (name, smtp, setting) in [
        // It offers no encryption, be it that somebody on the way took the offer out.
        ("alice", SmtpServer::start(), "starttls"),
        ("bob", SmtpServer::with(Encryption::StartTls, Some(&stranger), None), "starttls"),
        ("carol", SmtpServer::with(Encryption::Tls, Some(&stranger), None), "tls"),
    ] {
        let server = place.mailing_to(smtp, &encrypted(setting, file.to_str().unwrap()));
        let address = format!("{name}@example.com");
        server.join(name);
        server.ask_reset(address.as_str()).must_have_status(200);
        let is_put_off = || {
            let outbox = server.outbox();
            let entry = outbox.iter().find(|entry| entry.to.as_str() == address);
            entry.is_some_and(|entry| entry.state == LetterState::Queued && entry.last_error.is_some())
        };
        eventually("put off", is_put_off);
        assert!(server.smtp.letters().is_empty(), "{name}");
    }
}

fn who_must_log_in_does(place: &Place) {
    let authority = Authority::new();
    let file = authority.file();
    let smtp = SmtpServer::with(Encryption::StartTls, Some(&authority), Some(("postman", "p:ost \u{e4}")));
    let credentials = [("mail.smtp_username", "postman"), ("mail.smtp_password", "p:ost \u{e4}")];
    let settings = [&encrypted("starttls", file.to_str().unwrap())[..], &credentials].concat();
    let server = place.mailing_to(smtp, &settings);
    server.join("alice");
    let letter = server.reset_letter("alice");
    assert_eq!((letter.user.as_deref(), letter.encrypted), (Some("postman"), true));
}

fn wrong_credentials_send_nothing_and_are_not_told(place: &Place) {
    let authority = Authority::new();
    let file = authority.file();
    let smtp = SmtpServer::with(Encryption::Tls, Some(&authority), Some(("postman", "right")));
    let credentials = [("mail.smtp_username", "postman"), ("mail.smtp_password", "wr0ng-secret")];
    let settings = [&encrypted("tls", file.to_str().unwrap())[..], &credentials].concat();
    let server = place.mailing_to(smtp, &settings);
    server.join("alice");
    server.ask_reset("alice@example.com").must_have_status(200);
    eventually("put off", || server.outbox().iter().any(|entry| entry.last_error.is_some()));
    let [entry] = server.outbox().try_into().unwrap();
    // An operator mends it: the letter is not lost over it.
    assert_eq!(entry.state, LetterState::Queued);
    let error = entry.last_error.unwrap();
    assert!(error.contains("535") && !error.contains("wr0ng-secret"), "{error}");
    assert!(server.smtp.letters().is_empty());
}
