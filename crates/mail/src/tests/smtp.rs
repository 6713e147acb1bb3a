use super::server::{Answer, Server};
use super::{deliver, letter, mailer, run, settings};
use crate::{Encryption, MailError, Mailer, SmtpSettings, Transport};
use doorward_domain::identity::EmailAddress;
use doorward_domain::mail::{Courier as _, Delivered, DeliveryError, LetterKind};
use std::net::TcpListener;
use std::path::PathBuf;
use std::time::Duration;
use zeroize::Zeroizing;

pub(super) fn at(port: u16) -> SmtpSettings {
    SmtpSettings {
        host: "127.0.0.1".to_owned(),
        port,
        encryption: Encryption::None,
        username: None,
        password: None,
        ca_file: None,
    }
}

pub(super) fn with_login(port: u16) -> SmtpSettings {
    let password = Some(Zeroizing::new("hunter2-in-clear".to_owned()));
    SmtpSettings { username: Some("mailer".to_owned()), password, ..at(port) }
}

fn outcome(answer: Answer) -> Result<Delivered, DeliveryError> {
    let server = Server::start(answer);
    deliver(&mailer(Transport::Smtp(at(server.port))), &letter(LetterKind::VerifyEmail))
}

pub(super) fn later(outcome: Result<Delivered, DeliveryError>) -> String {
    match outcome {
        Err(DeliveryError::Later(text)) => text,
        other => panic!("{other:?}"),
    }
}

fn never(outcome: Result<Delivered, DeliveryError>) -> String {
    match outcome {
        Err(DeliveryError::Never(text)) => text,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_letter_is_handed_over_to_its_address_alone() {
    let server = Server::start(|_, _| None);
    let sent = deliver(&mailer(Transport::Smtp(at(server.port))), &letter(LetterKind::VerifyEmail));
    assert_eq!(sent, Ok(Delivered::Sent));
    let heard: Vec<String> = server.heard().into_iter().map(|(_, line)| line).collect();
    assert_eq!(
        heard[..4],
        ["EHLO id.example.org", "MAIL FROM:<no-reply@example.org>", "RCPT TO:<alice@example.org>", "DATA"]
    );
    assert!(
        heard.iter().any(|line| line.starts_with("https://id.example.org/account/verify-email/?key=5ec2"))
    );
    assert!(heard.contains(&".".to_owned()));
}

#[test]
fn every_form_of_address_reaches_the_server_as_one_recipient() {
    for (typed, sent) in [
        (r#""a@b"@example.org"#, r#""a@b"@example.org"#),
        (r#""a b"@example.org"#, r#""a b"@example.org"#),
        (r#""a,b>"@example.org"#, r#""a,b>"@example.org"#),
        ("a@[127.0.0.1]", "a@[127.0.0.1]"),
        ("a@[2001:db8::1]", "a@[IPv6:2001:db8::1]"),
        ("a@b\u{fc}cher.example", "a@xn--bcher-kva.example"),
    ] {
        let server = Server::start(|_, _| None);
        let mut letter = letter(LetterKind::VerifyEmail);
        letter.to = EmailAddress::from_stored(typed.to_owned());
        let sent_to = deliver(&mailer(Transport::Smtp(at(server.port))), &letter);
        assert_eq!(sent_to, Ok(Delivered::Sent), "{typed}");
        let heard: Vec<String> = server.heard().into_iter().map(|(_, line)| line).collect();
        let recipients: Vec<_> = heard.iter().filter(|line| line.starts_with("RCPT")).collect();
        assert_eq!(recipients, [&format!("RCPT TO:<{sent}>")]);
        assert_eq!(heard.iter().filter(|line| line.starts_with("To: ")).count(), 1);
        assert!(heard.contains(&format!("To: {sent}")), "{heard:?}");
    }
}

#[test]
fn only_what_is_said_of_the_recipient_or_the_letter_is_for_good() {
    let no_mailbox = never(outcome(|_, line| line.starts_with("RCPT").then_some("550 5.1.1 no such user")));
    assert!(no_mailbox.ends_with(": the recipient was refused: permanent error (550): 5.1.1 no such user"));
    never(outcome(|_, line| (line == "DATA").then_some("554 no")));
    never(outcome(|_, line| line.starts_with("RCPT").then_some("552 5.2.2 full")));
    never(outcome(|_, line| (line == ".").then_some("554 5.6.0 no")));
    never(outcome(|_, line| (line == ".").then_some("554 see 5.7.1")));

    later(outcome(|_, line| line.starts_with("EHLO").then_some("554 not you")));
    let sender = later(outcome(|_, line| line.starts_with("MAIL").then_some("550 5.7.1 not from you")));
    assert!(sender.contains("the sender was refused"), "{sender}");
    later(outcome(|_, line| line.starts_with("RCPT").then_some("451 4.7.1 greylisted")));
    later(outcome(|_, line| line.starts_with("RCPT").then_some("530 5.7.0 log in first")));
    later(outcome(|_, line| (line == ".").then_some("452 4.2.2 full")));
    later(outcome(|_, line| line.starts_with("RCPT").then_some("what?")));
}

#[test]
fn what_is_said_of_what_we_may_do_is_for_an_operator_to_mend() {
    let relaying =
        later(outcome(|_, line| line.starts_with("RCPT").then_some("554 5.7.1 Relay access denied")));
    assert!(
        relaying.ends_with("the recipient was refused: permanent error (554): 5.7.1 Relay access denied")
    );
    later(outcome(|_, line| {
        line.starts_with("RCPT").then_some("550-5.7.606 your address\r\n550 5.7.606 is blocked")
    }));
    later(outcome(|_, line| (line == "DATA").then_some("550 5.7.26 not signed")));
    later(outcome(|_, line| (line == ".").then_some("554 5.7.1 policy")));
}

#[test]
fn a_server_that_quotes_the_letter_does_not_bring_its_link_into_the_error() {
    let text = never(outcome(|_, line| {
        (line == ".").then_some(
            "554 5.6.0 a bad link: /?key=5ec2e75ec2e75ec2e75ec2e75ec2e75ec2e75ec2e75ec2e75ec2e75ec2e75ec2",
        )
    }));
    assert!(text.ends_with("a bad link: /?key=…"), "{text}");
}

#[test]
fn a_server_that_is_away_is_waited_for() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let text = later(deliver(&mailer(Transport::Smtp(at(port))), &letter(LetterKind::Test)));
    assert!(text.starts_with(&format!("127.0.0.1:{port}: no connection: ")), "{text}");
    let mailer = mailer(Transport::Smtp(at(port)));
    assert!(matches!(run(mailer.test_connection()), Err(DeliveryError::Later(_))));
}

#[test]
fn a_server_that_says_nothing_is_left_in_time() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut settings = settings(Transport::Smtp(at(silent.local_addr().unwrap().port())));
    settings.timeout = Duration::from_millis(50);
    let text = later(deliver(&Mailer::new(settings).unwrap(), &letter(LetterKind::Test)));
    assert!(text.ends_with("no answer within 50ms"), "{text}");
}

#[test]
fn a_connection_carries_the_next_letter_also_after_a_refusal() {
    let server = Server::start(|_, line| line.starts_with("RCPT TO:<nobody").then_some("550 no"));
    let mailer = mailer(Transport::Smtp(at(server.port)));
    let mut unknown = letter(LetterKind::Test);
    unknown.to = EmailAddress::from_stored("nobody@example.org".to_owned());
    run(async {
        assert!(matches!(mailer.deliver(&unknown).await, Err(DeliveryError::Never(_))));
        assert_eq!(mailer.deliver(&letter(LetterKind::Test)).await, Ok(Delivered::Sent));
        assert_eq!(mailer.test_connection().await, Ok(()));
    });
    let heard = server.heard();
    assert!(heard.iter().all(|(connection, _)| *connection == 0));
    assert_eq!(heard.iter().filter(|(_, line)| line == "RSET").count(), 2);
}

#[test]
fn a_connection_that_has_died_is_replaced() {
    let server = Server::start(|connection, line| (connection == 0 && line == "RSET").then_some("421 bye"));
    let mailer = mailer(Transport::Smtp(at(server.port)));
    run(async {
        for _ in 0..2 {
            assert_eq!(mailer.deliver(&letter(LetterKind::Test)).await, Ok(Delivered::Sent));
        }
    });
    assert!(server.heard().contains(&(1, "DATA".to_owned())));
}

#[test]
fn a_letter_never_gets_the_answer_to_one_that_was_given_up() {
    let server = Server::start(|connection, line| (connection == 0 && line == ".").then_some(""));
    let mailer = mailer(Transport::Smtp(at(server.port)));
    let server = run(async {
        let delivery = mailer.deliver(&letter(LetterKind::Test));
        let server = tokio::select! {
            outcome = delivery => panic!("{outcome:?}"),
            server = tokio::task::spawn_blocking(|| server.hears(".")) => server.unwrap(),
        };
        assert_eq!(mailer.deliver(&letter(LetterKind::Test)).await, Ok(Delivered::Sent));
        server
    });
    assert!(server.heard().contains(&(1, "DATA".to_owned())));
}

#[test]
fn nothing_is_sent_in_clear_where_starttls_is_configured() {
    let server = Server::start(|_, _| None);
    let smtp = SmtpSettings { encryption: Encryption::StartTls, ..with_login(server.port) };
    let text = later(deliver(&mailer(Transport::Smtp(smtp)), &letter(LetterKind::VerifyEmail)));
    assert!(text.contains("STARTTLS is not supported"), "{text}");
    assert_eq!(server.heard(), [(0, "EHLO id.example.org".to_owned())]);
}

#[test]
fn nothing_is_sent_in_clear_to_a_server_that_knows_no_tls() {
    let server = Server::start(|_, _| None);
    let smtp = SmtpSettings { encryption: Encryption::Tls, ..with_login(server.port) };
    later(deliver(&mailer(Transport::Smtp(smtp)), &letter(LetterKind::VerifyEmail)));
    let heard = server.heard();
    assert!(heard.iter().all(|(_, line)| !line.contains("alice") && !line.contains("hunter2")), "{heard:?}");
}

#[test]
fn a_login_that_is_refused_is_for_an_operator_to_mend() {
    let answer: Answer = |_, line| match line.get(..4) {
        Some("EHLO") => Some("250-localhost\r\n250 AUTH PLAIN"),
        Some("AUTH") => Some("535 5.7.8 wrong"),
        _ => None,
    };
    let server = Server::start(answer);
    let text = later(deliver(&mailer(Transport::Smtp(with_login(server.port))), &letter(LetterKind::Test)));
    assert!(text.ends_with("no login: permanent error (535): 5.7.8 wrong"), "{text}");
    assert!(server.heard().iter().all(|(_, line)| !line.starts_with("MAIL")));
}

#[test]
fn settings_that_would_show_the_password_or_trust_nobody_are_refused() {
    let refused = |smtp: SmtpSettings| Mailer::new(settings(Transport::Smtp(smtp))).err();
    let remote = SmtpSettings { host: "mail.example.org".to_owned(), ..with_login(25) };
    assert!(matches!(refused(remote.clone()), Some(MailError::PasswordInClear)));
    let encrypted = SmtpSettings { encryption: Encryption::StartTls, ..remote.clone() };
    assert!(refused(encrypted.clone()).is_none());
    let half = SmtpSettings { password: None, ..encrypted.clone() };
    assert!(matches!(refused(half), Some(MailError::HalfOfALogin)));
    let file = tempfile::NamedTempFile::new().unwrap();
    for path in [file.path().to_owned(), PathBuf::from("/nowhere/ca.pem")] {
        let trusting = SmtpSettings { ca_file: Some(path), ..encrypted.clone() };
        assert!(matches!(refused(trusting), Some(MailError::File { .. })));
    }
    assert!(!format!("{remote:?}").contains("hunter2"), "{remote:?}");
}
