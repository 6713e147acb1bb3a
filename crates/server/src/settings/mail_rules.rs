//! What of `[accounts]` and `[mail]` cannot work, or would let letters be read on the way.

use super::origin::is_loopback;
use super::rules::{MINUTE, Problems, SECOND};
use super::{EmailVerification, Settings, SmtpEncryption, Transport};
use doorward_domain::identity::EmailAddress;

impl Settings {
    pub(super) fn check_accounts(&self, problems: &mut Problems) {
        let is_required = self.accounts.email_verification == EmailVerification::Required;
        if is_required && self.keeps_letters_from_everybody() {
            problems.add(
                "accounts.email_verification",
                "nobody could ever log in: mail.transport is \"outbox\", so the letters that ask to verify an \
                 address reach nobody; use \"smtp\"",
            );
        }
        if self.accounts.private_registration && !is_required {
            problems.add(
                "accounts.private_registration",
                "hides nothing unless accounts.email_verification is \"required\": logging in would tell whether an \
                 account was made",
            );
        }
    }

    pub(super) fn check_mail(&self, problems: &mut Problems) {
        let mail = &self.mail;
        problems.within("mail.workers", mail.workers, 1..=32);
        problems.within_time("mail.timeout", mail.timeout, SECOND..=5 * MINUTE);
        self.check_mailboxes(problems);
        match mail.transport {
            Transport::Directory if mail.directory.as_os_str().is_empty() => {
                problems.add("mail.directory", "must be set where mail.transport is \"directory\"");
            }
            Transport::Outbox | Transport::Directory => {}
            Transport::Smtp => self.check_smtp(problems),
        }
    }

    fn check_mailboxes(&self, problems: &mut Problems) {
        let mail = &self.mail;
        let goes_out = mail.transport != Transport::Outbox;
        let reply_to = Some(&mail.reply_to).filter(|text| !text.is_empty());
        for (key, text) in [("mail.from", Some(&mail.from)), ("mail.reply_to", reply_to)] {
            let Some(text) = text else { continue };
            match address(text) {
                None => problems.add(
                    key,
                    "is not a mailbox, as in \"Example <no-reply@example.org>\" or no-reply@example.org",
                ),
                Some(address) if goes_out && is_here(&address) && !self.server.public_url.is_loopback() => {
                    problems.add(key, format!("{address} is on this machine alone; mail servers refuse it"));
                }
                Some(_) => {}
            }
        }
    }

    fn check_smtp(&self, problems: &mut Problems) {
        let mail = &self.mail;
        if mail.smtp_host.is_empty() {
            problems.add("mail.smtp_host", "must be set where mail.transport is \"smtp\"");
            return;
        }
        let has_login = !mail.smtp_username.is_empty();
        if has_login != mail.smtp_password.is_set() {
            let key = if has_login { "mail.smtp_password" } else { "mail.smtp_username" };
            problems.add(key, "must be set, since the other half of the login is");
        }
        if mail.smtp_encryption == SmtpEncryption::None && !is_this_machine(&mail.smtp_host) {
            if has_login {
                problems.add(
                    "mail.smtp_encryption",
                    "the password of the mail server would go through the network in the clear; use \"tls\" or \
                     \"starttls\"",
                );
            } else if !mail.allow_plaintext {
                problems.add(
                    "mail.smtp_encryption",
                    "the mail server is on another machine and letters open accounts; use \"tls\" or \"starttls\", or \
                     set mail.allow_plaintext where the network between is private",
                );
            }
        }
    }
}

/// The address of a mailbox, with or without a name.
fn address(mailbox: &str) -> Option<EmailAddress> {
    let address = match mailbox.rsplit_once('<') {
        Some((_, rest)) => rest.trim_end().strip_suffix('>')?,
        None => mailbox,
    };
    let is_one_line = !mailbox.chars().any(char::is_control);
    EmailAddress::parse(address.trim()).ok().filter(|_| is_one_line)
}

/// Narrower than for a browser, which never asks a name server for a name under `localhost`.
fn is_this_machine(host: &str) -> bool {
    is_loopback(host) && !host.ends_with(".localhost")
}

fn is_here(address: &EmailAddress) -> bool {
    address.as_str().rsplit_once('@').is_some_and(|(_, domain)| is_loopback(domain))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Environment;

    const OUTSIDE: &[(&str, &str)] = &[
        ("SERVER__PUBLIC_URL", "https://id.example.org"),
        ("MAIL__FROM", "Example <no-reply@example.org>"),
        ("MAIL__TRANSPORT", "smtp"),
        ("MAIL__SMTP_HOST", "smtp.example.org"),
    ];

    fn load(pairs: &[&[(&str, &str)]]) -> Result<Settings, String> {
        let mut all = std::collections::BTreeMap::new();
        all.extend(pairs.iter().copied().flatten().map(|(key, value)| (format!("DOORWARD__{key}"), *value)));
        Settings::load(None, &Environment::from_pairs(all)).map_err(|error| error.to_string())
    }

    #[track_caller]
    fn refused(pairs: &[(&str, &str)], key: &str, part: &str) {
        let error = load(&[OUTSIDE, pairs]).unwrap_err();
        assert!(error.starts_with(&format!("{key}: ")) && error.contains(part), "{error}");
    }

    #[test]
    fn a_mail_server_needs_a_host_and_a_whole_login() {
        assert_eq!(load(&[OUTSIDE]).unwrap().mail.port(), 465);
        assert_eq!(load(&[OUTSIDE, &[("MAIL__SMTP_ENCRYPTION", "starttls")]]).unwrap().mail.port(), 587);
        refused(&[("MAIL__SMTP_HOST", "")], "mail.smtp_host", "must be set");
        let (username, password) = (("MAIL__SMTP_USERNAME", "alice"), ("MAIL__SMTP_PASSWORD", "hunter2"));
        refused(&[username], "mail.smtp_password", "must be set");
        refused(&[password], "mail.smtp_username", "must be set");
        let settings = load(&[OUTSIDE, &[username, password]]).unwrap();
        assert!(!format!("{settings:?}").contains("hunter2"));
    }

    #[test]
    fn letters_do_not_cross_a_network_in_the_clear_unless_that_is_allowed() {
        let plain = ("MAIL__SMTP_ENCRYPTION", "none");
        let allowed = ("MAIL__ALLOW_PLAINTEXT", "true");
        let login = [("MAIL__SMTP_USERNAME", "alice"), ("MAIL__SMTP_PASSWORD", "hunter2")];
        refused(&[plain], "mail.smtp_encryption", "mail.allow_plaintext");
        assert_eq!(load(&[OUTSIDE, &[plain, allowed]]).unwrap().mail.port(), 25);
        for host in ["localhost", "127.0.0.1", "::1", "[::1]"] {
            load(&[OUTSIDE, &[plain, ("MAIL__SMTP_HOST", host)], &login]).unwrap();
        }
        refused(&[plain, ("MAIL__SMTP_HOST", "mail.localhost")], "mail.smtp_encryption", "another machine");
        refused(&[plain, allowed, login[0], login[1]], "mail.smtp_encryption", "password");
    }

    #[test]
    fn a_letter_is_from_a_mailbox_that_others_can_answer() {
        for from in ["Example <no-reply@example.org>", "no-reply@example.org", "\"A, B\" <a@example.org>"] {
            load(&[OUTSIDE, &[("MAIL__FROM", from), ("MAIL__REPLY_TO", from)]]).unwrap();
        }
        for from in ["", "Example", "Example <no-reply@example.org", "<>", "a@b.example, c@d.example"] {
            refused(&[("MAIL__FROM", from)], "mail.from", "is not a mailbox");
        }
        for from in ["Doorward <no-reply@localhost>", "a@[127.0.0.1]"] {
            refused(&[("MAIL__FROM", from)], "mail.from", "this machine");
            refused(&[("MAIL__REPLY_TO", from)], "mail.reply_to", "this machine");
            let here = ("SERVER__PUBLIC_URL", "http://localhost:8000");
            load(&[OUTSIDE, &[("MAIL__FROM", from), here]]).unwrap();
            load(&[OUTSIDE, &[("MAIL__FROM", from), ("MAIL__TRANSPORT", "outbox")]]).unwrap();
        }
    }

    #[test]
    fn a_folder_for_letters_has_a_path() {
        let directory = ("MAIL__TRANSPORT", "directory");
        refused(&[directory], "mail.directory", "must be set");
        load(&[OUTSIDE, &[directory, ("MAIL__DIRECTORY", "letters")]]).unwrap();
        for (key, value) in [("mail.timeout", "0s"), ("mail.timeout", "6m"), ("mail.workers", "0")] {
            let name = key.to_uppercase().replace('.', "__");
            refused(&[(&name, value)], key, "is not from");
        }
    }

    #[test]
    fn a_verified_address_is_not_demanded_where_letters_reach_nobody() {
        let required = ("ACCOUNTS__EMAIL_VERIFICATION", "required");
        let outbox = ("MAIL__TRANSPORT", "outbox");
        load(&[OUTSIDE, &[required]]).unwrap();
        refused(&[required, outbox], "accounts.email_verification", "nobody could ever log in");
        let settings = load(&[&[required]]).unwrap();
        assert!(settings.has_dev_mailbox() && !settings.keeps_letters_from_everybody());
        for elsewhere in [("SERVER__BIND", "0.0.0.0:8000"), ("SERVER__TRUSTED_PROXIES", "10.0.0.0/8")] {
            assert!(load(&[&[required, elsewhere]]).is_err());
            let settings = load(&[&[elsewhere]]).unwrap();
            assert!(!settings.has_dev_mailbox() && settings.keeps_letters_from_everybody());
        }
    }

    #[test]
    fn registration_is_private_only_where_a_login_tells_nothing_either() {
        let private = ("ACCOUNTS__PRIVATE_REGISTRATION", "true");
        refused(&[private], "accounts.private_registration", "email_verification");
        load(&[OUTSIDE, &[private, ("ACCOUNTS__EMAIL_VERIFICATION", "required")]]).unwrap();
    }
}
