use super::{deliver, letter, mailer, run, settings};
use crate::{Mailer, Transport, samples};
use doorward_domain::identity::EmailAddress;
use doorward_domain::mail::{Delivered, DeliveryError, Letter, LetterKind};
use std::fs;
use std::path::Path;

fn delivered(folder: &Path, letter: &Letter) -> String {
    assert_eq!(deliver(&mailer(Transport::Directory(folder.to_owned())), letter), Ok(Delivered::Sent));
    fs::read_to_string(folder.join(format!("{}.eml", letter.id))).unwrap()
}

fn headers(eml: &str) -> Vec<&str> {
    let (head, _) = eml.split_once("\r\n\r\n").unwrap();
    head.split("\r\n").collect()
}

#[test]
fn a_letter_is_a_file_with_the_headers_that_mail_has() {
    let folder = tempfile::tempdir().unwrap();
    let eml = delivered(folder.path(), &letter(LetterKind::VerifyEmail));
    let id = "11111111-1111-1111-1111-111111111111";
    assert_eq!(
        headers(&eml),
        [
            "From: =?utf-8?b?RXhhbXBsZSAmIFPDtmhuZQ==?= <no-reply@example.org>",
            "To: alice@example.org",
            "Subject: Confirm your e-mail address for id.example.org",
            "Date: Mon, 23 Nov 2026 06:15:00 +0000",
            &format!("Message-ID: <{id}@id.example.org>"),
            "Auto-Submitted: auto-generated",
            "X-Auto-Response-Suppress: All",
            "Reply-To: help@example.org",
            "MIME-Version: 1.0",
            "Content-Type: multipart/alternative;",
            &format!(" boundary=\"part-{id}\""),
        ]
    );
    let text = eml.find("Content-Type: text/plain; charset=utf-8").unwrap();
    let html = eml.find("Content-Type: text/html; charset=utf-8").unwrap();
    assert!(text < html, "the last part is the one that is preferred");
    assert_eq!(eml.matches("Content-Transfer-Encoding: 7bit\r\n").count(), 2);
    assert!(eml.is_ascii() && eml.contains("https://id.example.org/account/verify-email/?key=5ec2e7"));
}

#[test]
fn a_second_delivery_is_the_same_bytes_in_the_same_place() {
    let folder = tempfile::tempdir().unwrap();
    for letter in samples::all() {
        assert_eq!(delivered(folder.path(), &letter), delivered(folder.path(), &letter));
    }
    let names: Vec<_> =
        fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["11111111-1111-1111-1111-111111111111.eml"]);
}

#[cfg(unix)]
#[test]
fn nobody_else_may_read_a_letter() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let letter = letter(LetterKind::ResetPassword);
    delivered(folder.path(), &letter);
    let file = fs::metadata(folder.path().join(format!("{}.eml", letter.id))).unwrap();
    assert_eq!(file.permissions().mode() & 0o777, 0o600);
}

#[test]
fn no_name_becomes_a_header() {
    let folder = tempfile::tempdir().unwrap();
    let plain = delivered(folder.path(), &letter(LetterKind::EmailChanged));
    let mut forged = letter(LetterKind::EmailChanged);
    forged.username = "alice\r\nBcc: eve@example.net\r\n\r\n--part\r\n".to_owned();
    if let doorward_domain::mail::Message::EmailChanged { new, .. } = &mut forged.message {
        *new = EmailAddress::from_stored("\"x\r\nBcc: eve@example.net\r\n\"@example.net".to_owned());
    }
    let eml = delivered(folder.path(), &forged);
    assert_eq!(headers(&eml), headers(&plain));
    assert!(!eml.contains("\nBcc:") && !eml.contains("\n--part\r\n"), "{eml}");
}

#[test]
fn a_subject_of_a_template_with_a_name_in_it_stays_one_header() {
    let (folder, templates) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    fs::write(templates.path().join("test.subject.txt"), "Hello {{ username }}").unwrap();
    let mut settings = settings(Transport::Directory(folder.path().to_owned()));
    settings.templates = Some(templates.path().to_owned());
    let mut letter = letter(LetterKind::Test);
    letter.username = "\u{e9}ve\r\nBcc: eve@example.net\u{0}".to_owned() + &"x".repeat(1000);
    deliver(&Mailer::new(settings).unwrap(), &letter).unwrap();
    let eml = fs::read_to_string(folder.path().join(format!("{}.eml", letter.id))).unwrap();
    assert!(!eml.contains("\nBcc:") && !eml.contains('\0'), "{eml}");
    assert!(headers(&eml).iter().all(|line| line.len() <= 78), "{eml}");
}

#[test]
fn an_address_that_mail_cannot_be_sent_to_is_given_up() {
    let folder = tempfile::tempdir().unwrap();
    let mailer = mailer(Transport::Directory(folder.path().to_owned()));
    for address in ["\u{e9}lise@example.org", "alice@example.org\r\nBcc: eve@example.net", "alice"] {
        let mut letter = letter(LetterKind::Test);
        letter.to = EmailAddress::from_stored(address.to_owned());
        assert!(matches!(deliver(&mailer, &letter), Err(DeliveryError::Never(_))), "{address}");
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_domain_of_other_letters_is_written_in_ascii() {
    let folder = tempfile::tempdir().unwrap();
    let mut letter = letter(LetterKind::Test);
    letter.to = EmailAddress::from_stored("alice@b\u{fc}cher.example".to_owned());
    assert!(headers(&delivered(folder.path(), &letter)).contains(&"To: alice@xn--bcher-kva.example"));
}

#[test]
fn a_folder_that_went_away_is_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("letters");
    let mailer = mailer(Transport::Directory(place.clone()));
    assert_eq!(run(mailer.test_connection()), Ok(()));
    fs::remove_dir(&place).unwrap();
    assert!(matches!(run(mailer.test_connection()), Err(DeliveryError::Later(_))));
    let outcome = deliver(&mailer, &letter(LetterKind::Test));
    let Err(DeliveryError::Later(text)) = outcome else { panic!("{outcome:?}") };
    assert!(text.starts_with(&format!("cannot write to {}", place.display())), "{text}");
}
