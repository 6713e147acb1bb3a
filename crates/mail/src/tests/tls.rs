use super::relay::Relay;
use super::smtp::{at, later, with_login};
use super::{deliver, letter, mailer};
use crate::{Encryption, SmtpSettings, Transport};
use doorward_domain::mail::{Delivered, DeliveryError, LetterKind};
use doorward_testkit::{Authority, Encryption as Kind, Manner, SmtpServer};

const BOTH: [(Encryption, Kind); 2] = [(Encryption::Tls, Kind::Tls), (Encryption::StartTls, Kind::StartTls)];

fn trusting(authority: &Authority, encryption: Encryption, smtp: SmtpSettings) -> SmtpSettings {
    SmtpSettings { encryption, ca_file: Some(authority.file()), ..smtp }
}

fn delivered(smtp: SmtpSettings) -> Result<Delivered, DeliveryError> {
    deliver(&mailer(Transport::Smtp(smtp)), &letter(LetterKind::VerifyEmail))
}

#[test]
fn a_letter_and_its_login_go_by_tls_to_a_server_that_a_private_authority_certifies() {
    let authority = Authority::new();
    for (encryption, kind) in BOTH {
        let login = Some(("mailer", "hunter2-in-clear"));
        let server = SmtpServer::with(kind, Some(&authority), login);
        for host in ["127.0.0.1", "localhost"] {
            let smtp = SmtpSettings { host: host.to_owned(), ..with_login(server.port()) };
            assert_eq!(delivered(trusting(&authority, encryption, smtp)), Ok(Delivered::Sent));
        }
        let taken = server.letters();
        assert_eq!(taken.len(), 2);
        assert!(taken.iter().all(|letter| letter.encrypted && letter.user.as_deref() == Some("mailer")));
    }
}

#[test]
fn nothing_of_a_letter_reaches_a_server_that_cannot_show_who_it_is() {
    let (authority, other) = (Authority::new(), Authority::new());
    for (encryption, kind) in BOTH {
        let server = SmtpServer::with(kind, Some(&authority), None);
        let relay = Relay::start(server.port(), None);
        let unknown = trusting(&other, encryption, with_login(relay.port));
        // Every address of this machine is behind this one, and the certificate is of another.
        let misnamed = SmtpSettings { host: "0.0.0.0".to_owned(), ..with_login(relay.port) };
        let misnamed = trusting(&authority, encryption, misnamed);
        for (smtp, reason) in [(unknown, "invalid peer certificate"), (misnamed, "not valid for name")] {
            let text = later(delivered(smtp));
            assert!(text.contains("no connection") && text.contains(reason), "{text}");
            let heard = String::from_utf8_lossy(&relay.heard()).into_owned();
            assert!(!heard.is_empty());
            for word in ["AUTH", "MAIL", "RCPT", "alice", "hunter2"] {
                assert!(!heard.contains(word), "{heard}");
            }
        }
        assert_eq!(server.letters().len(), 0);
    }
}

#[test]
fn what_was_said_before_tls_is_no_answer_within_it() {
    let authority = Authority::new();
    let server = SmtpServer::with(Kind::StartTls, Some(&authority), None);
    server.behave(Manner::Refuse(550));
    for added in [
        "250 EHLO\r\n250 MAIL\r\n250 RCPT\r\n354 DATA\r\n250 taken\r\n",
        "250-EHLO\r\n250 AUTH PLAIN\r\n",
        "250 a line without its end",
    ] {
        let relay = Relay::start(server.port(), Some(added));
        let text = later(delivered(trusting(&authority, Encryption::StartTls, at(relay.port))));
        assert!(text.contains("no connection"), "{text}");
        let heard = String::from_utf8_lossy(&relay.heard()).into_owned();
        assert!(heard.starts_with("EHLO id.example.org\r\nSTARTTLS\r\n"), "{heard}");
        assert!(!heard.contains("RCPT") && !heard.contains("alice"), "{heard}");
    }
    assert_eq!(server.letters().len(), 0);
}
