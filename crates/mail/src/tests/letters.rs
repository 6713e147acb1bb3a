use super::{deliver, letter, mailer, settings};
use crate::{MailError, Mailer, Transport, samples};
use doorward_domain::identity::EmailAddress;
use doorward_domain::mail::{Courier as _, Delivered, LetterKind, Message, ShownLetter};
use doorward_domain::one_time::SecretText;
use doorward_domain::session::Client;

fn show(kind: LetterKind) -> ShownLetter {
    mailer(Transport::Outbox).show(&letter(kind)).unwrap()
}

#[test]
fn every_letter_shows_its_link_and_its_code_in_text_and_in_html() {
    let mailer = mailer(Transport::Outbox);
    for letter in samples::all() {
        let shown = mailer.show(&letter).unwrap();
        let (has_link, has_code) = match &letter.message {
            Message::VerifyEmail { .. }
            | Message::ResetPassword { .. }
            | Message::ConfirmEmailChange { .. } => (true, true),
            Message::EmailChanged { .. } => (true, false),
            _ => (false, false),
        };
        let name = letter.message.kind().as_str();
        assert_eq!(shown.link.is_some(), has_link, "{name}");
        for (written, link) in [
            (&shown.text, shown.link.clone()),
            (&shown.html, shown.link.as_ref().map(|link| link.replace('&', "&amp;"))),
        ] {
            assert_eq!(written.contains("1234 5678"), has_code, "{name}: {written}");
            assert_eq!(written.contains("/account/"), has_link, "{name}: {written}");
            assert!(link.is_none_or(|link| written.contains(&link)), "{name}: {written}");
            assert!(written.contains("alice@example.org"), "{name}");
        }
        assert!(!shown.subject.is_empty() && !shown.subject.contains('{'), "{name}");
        assert_eq!(shown.from, "Example & Söhne <no-reply@example.org>");
    }
}

#[test]
fn a_letter_with_a_link_says_how_long_it_works_and_that_opening_it_changes_nothing() {
    for (kind, lasts, until) in [
        (LetterKind::VerifyEmail, "1 day", "2026-11-24 06:15 UTC"),
        (LetterKind::ResetPassword, "1 hour", "2026-11-23 07:15 UTC"),
        (LetterKind::ConfirmEmailChange, "1 day", "2026-11-24 06:15 UTC"),
        (LetterKind::EmailChanged, "7 days", "2026-11-30 06:15 UTC"),
    ] {
        let ShownLetter { text, html, .. } = show(kind);
        for written in [text.replace('\n', " "), html] {
            assert!(written.contains("changes nothing until you confirm"), "{written}");
            assert!(written.contains(&format!("for {lasts}, until {until}")), "{written}");
            let code_works = written.contains("works for 10 minutes, until 2026-11-23 06:25 UTC");
            assert_eq!(code_works, kind != LetterKind::EmailChanged, "{written}");
        }
    }
}

#[test]
fn what_anybody_can_have_sent_to_anybody_says_nothing_that_they_chose() {
    let mailer = mailer(Transport::Outbox);
    for kind in [
        LetterKind::VerifyEmail,
        LetterKind::ResetPassword,
        LetterKind::ConfirmEmailChange,
        LetterKind::EmailRemoved,
        LetterKind::AddressTaken,
    ] {
        let mut letter = letter(kind);
        letter.username = "win-at-evil.example".to_owned();
        let ShownLetter { subject, text, html, .. } = mailer.show(&letter).unwrap();
        assert!(!format!("{subject}{text}{html}").contains("evil"), "{kind:?}");
    }
}

#[test]
fn names_are_escaped_in_html_and_on_one_line_in_text() {
    let mut letter = letter(LetterKind::EmailChanged);
    letter.username = "<b>\"O'Brien\" & co\r\n\r\nClick here\u{202e}".to_owned();
    letter.message = Message::EmailChanged {
        new: EmailAddress::from_stored("\"<script>\"@example.net".to_owned()),
        undo: SecretText::from_text("5ec2e7"),
    };
    let ShownLetter { text, html, .. } = mailer(Transport::Outbox).show(&letter).unwrap();
    assert!(text.starts_with("Hello <b>\"O'Brien\" & co Click here,\n"), "{text}");
    assert!(html.contains("Hello &lt;b&gt;&quot;O&#x27;Brien&quot; &amp; co Click here,"), "{html}");
    assert!(html.contains("&lt;script&gt;") && !html.contains("<script>"), "{html}");
}

#[test]
fn who_is_not_named_is_greeted_without_a_gap() {
    let mailer = mailer(Transport::Outbox);
    let mut kinds = Vec::new();
    for letter in samples::all().into_iter().filter(|letter| letter.username.is_empty()) {
        kinds.push(letter.message.kind());
        let ShownLetter { subject, text, html, .. } = mailer.show(&letter).unwrap();
        assert!(text.starts_with("Hello,\n") && html.contains("<p>Hello,</p>"), "{text}\n{html}");
        let in_a_table = |line: &&str| ["When:", "From:"].iter().any(|name| line.starts_with(name));
        let written = [subject, text, html].join("\n");
        for line in written.lines().filter(|line| !in_a_table(line)) {
            assert!(!line.contains("  ") && !line.contains(" ,") && !line.contains(" ."), "{line}");
        }
    }
    kinds.dedup();
    assert_eq!(
        kinds,
        [
            LetterKind::EmailRemoved,
            LetterKind::PasswordChanged,
            LetterKind::TokenReused,
            LetterKind::AccountDeleted
        ]
    );
}

#[test]
fn a_client_is_named_without_anything_to_click() {
    let mut letter = letter(LetterKind::TokenReused);
    let client = Client::new("192.0.2.7", "log in at https://evil.example/");
    letter.message = Message::TokenReused { client };
    let ShownLetter { text, html, .. } = mailer(Transport::Outbox).show(&letter).unwrap();
    for written in [text, html] {
        assert!(written.contains("192.0.2.7") && written.contains("log in at"), "{written}");
        assert!(!written.contains("evil.example"), "{written}");
    }
}

#[test]
fn who_changed_a_password_is_told_as_far_as_it_is_known() {
    let mailer = mailer(Transport::Outbox);
    let letters = samples::of(LetterKind::PasswordChanged);
    let [known, unknown, operator] = [0, 1, 2].map(|form| mailer.show(&letters[form]).unwrap().text);
    assert!(known.contains("From:   192.0.2.7\nDevice: Mozilla/5.0 (X11;"), "{known}");
    assert!(unknown.contains("From:   an unknown address\nDevice: unknown\n"), "{unknown}");
    assert!(operator.contains("An operator of id.example.org set it") && !operator.contains("Device"));
}

#[test]
fn lines_of_text_are_short_and_paragraphs_stand_apart() {
    for letter in samples::all() {
        let ShownLetter { text, .. } = mailer(Transport::Outbox).show(&letter).unwrap();
        let long = text.lines().filter(|line| line.len() > 90 && !line.starts_with("https://"));
        assert_eq!(long.collect::<Vec<_>>(), Vec::<&str>::new());
        assert!(
            text.contains(",\n\n") && !text.contains("\n\n\n") && text.ends_with("id.example.org.\n"),
            "{text}"
        );
    }
}

#[test]
fn a_letter_of_the_developers_mailbox_is_kept() {
    for letter in samples::all() {
        assert_eq!(deliver(&mailer(Transport::Outbox), &letter), Ok(Delivered::Kept));
    }
}

#[test]
fn settings_that_would_fail_later_are_refused_at_once() {
    let refused = |change: fn(&mut crate::MailSettings)| {
        let mut settings = settings(Transport::Outbox);
        change(&mut settings);
        Mailer::new(settings).err().unwrap()
    };
    assert!(matches!(refused(|s| s.public_url = "example.org".into()), MailError::PublicUrl));
    let no_mailbox = |error, name| matches!(error, MailError::Mailbox { setting, .. } if setting == name);
    assert!(no_mailbox(refused(|s| s.from = "nobody".into()), "from"));
    assert!(no_mailbox(refused(|s| s.from = "a@example.org\r\nBcc: b@example.org".into()), "from"));
    assert!(no_mailbox(refused(|s| s.from = "\u{e9}@example.org".into()), "from"));
    assert!(no_mailbox(refused(|s| s.reply_to = Some(String::new())), "reply_to"));
}
