use super::{deliver, letter, settings};
use crate::{MailError, Mailer, TemplateError, Templates, Transport};
use doorward_domain::mail::{Courier as _, Delivered, DeliveryError, LetterKind, ShownLetter};
use std::fs;
use tempfile::TempDir;

fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, source) in files {
        fs::write(folder.path().join(name), source).unwrap();
    }
    folder
}

fn error(files: &[(&str, &str)]) -> String {
    let folder = folder(files);
    let error = Templates::load(Some(folder.path())).unwrap_err().to_string();
    error.replace(&folder.path().display().to_string(), "FOLDER")
}

#[test]
fn a_file_replaces_the_template_of_its_name_and_no_other() {
    let folder = folder(&[
        ("reset_password.txt", "{% include '_greeting.txt' %}{{ public_url }}/new#{{ uid }}/{{ token }}"),
        ("_greeting.txt", "Cześć {{ username }}! "),
        ("layout.html", "<main>{% block lead %}{% endblock %}{{ link }}</main>"),
        (".reset_password.txt.swp.txt", "{{"),
        ("README.md", "{{"),
    ]);
    let mut settings = settings(Transport::Outbox);
    settings.templates = Some(folder.path().to_owned());
    let mailer = Mailer::new(settings);
    // Letters without a link have no use for the variable.
    let MailError::Template(TemplateError::Broken { file, line, .. }) = mailer.err().unwrap() else {
        panic!("another error");
    };
    assert_eq!((file, line), (folder.path().join("layout.html").display().to_string(), 1));

    fs::write(
        folder.path().join("layout.html"),
        "<main>{% block lead %}{% endblock %}{{ link|default }}</main>",
    )
    .unwrap();
    let mut settings = super::settings(Transport::Outbox);
    settings.templates = Some(folder.path().to_owned());
    let shown = Mailer::new(settings).unwrap().show(&letter(LetterKind::ResetPassword)).unwrap();
    let ShownLetter { subject, text, html, link, .. } = shown;
    assert!(
        text.starts_with("Cześć alice! https://id.example.org/new#0193585b-3d2e-7c8a-9f10-2b7f4a6c8e01/5ec2")
    );
    assert!(html.starts_with("<main>") && html.contains(&link.unwrap().replace('&', "&amp;")), "{html}");
    assert_eq!(subject, "Set a new password for id.example.org");
}

#[test]
fn a_template_that_would_not_do_is_named_with_its_line() {
    for (name, source, expected) in [
        ("test.txt", "Hello\n{% if %}", "FOLDER/test.txt, line 2: syntax error: "),
        ("test.txt", "Hello\n\n{{ usrname }}", "FOLDER/test.txt, line 3: undefined value"),
        ("test.html", "{{ link }}", "FOLDER/test.html, line 1: undefined value"),
        ("email_removed.txt", "Hello {{ username|first }},", "FOLDER/email_removed.txt, line 1: undefined"),
        ("test.txt", "{{ username|shout }}", "FOLDER/test.txt, line 1: unknown filter: "),
        ("test.html", "{% extends 'frame.html' %}", "FOLDER/test.html, line 1: template not found: "),
        ("test.subject.txt", " \n", "FOLDER/test.subject.txt, line 1: the subject is empty"),
        ("verify_email.txt", "Hello", "FOLDER/verify_email.txt, line 1: it shows neither the link"),
        ("_code.txt", "\n{{ nothing }}", "FOLDER/_code.txt, line 2: undefined value"),
        ("verify-email.txt", "Hello", "FOLDER/verify-email.txt is no template's name"),
    ] {
        let error = error(&[(name, source)]);
        assert!(error.starts_with(expected), "{name}: {error}");
    }
}

const ENDLESS: &str = "{% for a in range(600) %}{% for b in range(600) %}{% endfor %}{% endfor %}";

#[test]
fn a_template_that_does_not_come_to_its_end_is_named() {
    for (name, source) in [
        ("test.txt", ENDLESS.to_owned()),
        ("test.html", format!("<p>\n{ENDLESS}")),
        ("_client.txt", ENDLESS.to_owned()),
        ("layout.html", "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}".to_owned()),
        ("test.subject.txt", "{{ range(9999)|join(range(9999)|join)|length }}".to_owned()),
    ] {
        let error = error(&[(name, &source)]);
        assert!(error.starts_with(&format!("FOLDER/{name}, line ")), "{name}: {error}");
    }
    assert!(error(&[("test.txt", ENDLESS)]).ends_with("engine ran out of fuel"));
}

#[test]
fn a_letter_on_which_a_template_does_not_come_to_its_end_is_given_up() {
    let source = format!("{{% if username == 'long' %}}{ENDLESS}{{% endif %}}Hello");
    let folder = folder(&[("test.txt", &source)]);
    let mut settings = settings(Transport::Outbox);
    settings.templates = Some(folder.path().to_owned());
    let mailer = Mailer::new(settings).unwrap();
    let mut letter = letter(LetterKind::Test);
    assert_eq!(deliver(&mailer, &letter), Ok(Delivered::Kept));
    letter.username = "long".to_owned();
    let Err(DeliveryError::Never(text)) = deliver(&mailer, &letter) else { panic!("it was delivered") };
    assert!(text.contains("test.txt, line 1: engine ran out of fuel"), "{text}");
}

#[test]
fn a_letter_may_have_its_code_alone() {
    let folder = folder(&[("verify_email.txt", "{{ code }}"), ("verify_email.html", "<p>{{ code }}</p>")]);
    assert!(Templates::load(Some(folder.path())).is_ok());
}

#[test]
fn a_folder_or_a_file_that_cannot_be_read_is_named() {
    let folder = folder(&[]);
    let missing = folder.path().join("missing");
    let error = Templates::load(Some(&missing)).unwrap_err().to_string();
    assert!(error.starts_with(&format!("cannot read {}: ", missing.display())), "{error}");
    fs::write(folder.path().join("test.txt"), b"\xff").unwrap();
    assert!(matches!(Templates::load(Some(folder.path())), Err(TemplateError::Unreadable { .. })));
}

#[test]
fn every_letter_has_its_three_templates_and_no_template_is_left_over() {
    let mut expected: Vec<String> = LetterKind::ALL
        .iter()
        .flat_map(|kind| ["subject.txt", "txt", "html"].map(|end| format!("{}.{end}", kind.as_str())))
        .collect();
    let shared = ["layout.html", "_client.html", "_client.txt", "_code.txt", "_footer.txt", "_link.txt"];
    expected.extend(shared.map(str::to_owned));
    expected.sort_unstable();
    let mut found: Vec<String> = fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/templates"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    found.sort_unstable();
    let mut compiled_in: Vec<&str> = crate::built_in::TEMPLATES.iter().map(|(name, _)| *name).collect();
    compiled_in.sort_unstable();
    assert_eq!(found, expected);
    assert_eq!(compiled_in, expected);
}
