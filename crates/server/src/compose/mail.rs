//! Mail, put together: who writes letters out and sends them, and what is counted of that.

use super::gauge;
use crate::settings::{Settings, SmtpEncryption, Transport};
use anyhow::anyhow;
use doorward_domain::mail::{Courier, Delivered, Delivery, DeliveryError, Letter, ShownLetter};
use doorward_domain::use_cases::{Auth, Post};
use doorward_http::Gauge;
use doorward_mail::{Encryption, MailError, MailSettings, Mailer, SmtpSettings};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;
use zeroize::Zeroizing;

/// What a delivery takes at most beyond the time that its courier has: the database is told before and
/// after it, and may be busy. Longer, and a letter whose server was killed would wait for nothing.
const BESIDE_DELIVERY: Duration = Duration::from_secs(5);

/// Who writes letters out and sends them.
pub(crate) struct Mail {
    courier: Arc<Watched>,
    lease: Duration,
    sends: bool,
}

impl Mail {
    /// Checks templates and mailboxes, and whatever the transport needs of this machine. `address` is
    /// where the server listens.
    pub(crate) fn open(settings: &Settings, address: SocketAddr) -> anyhow::Result<Self> {
        let courier = Arc::new(Watched { inner: mailer(settings, address)?, told: Arc::default() });
        let sends = !settings.keeps_letters_from_everybody();
        Ok(Self { courier, lease: lease(settings), sends })
    }

    /// The use cases of mail for a server: where nobody would ever see a letter, it stays sealed.
    pub(crate) fn post(&self, auth: &Auth) -> Post {
        let courier = self.sends.then(|| -> Arc<dyn Courier> { self.courier.clone() });
        Post::new(auth.clone(), courier, self.lease)
    }

    /// What `/metrics` tells of it.
    pub(crate) fn gauges(&self) -> [Gauge; 3] {
        let count = |name, help, read: fn(&Told) -> &AtomicU64| {
            let told = Arc::clone(&self.courier.told);
            gauge(name, help, move || read(&told).load(Ordering::Relaxed))
        };
        [
            count("doorward_letters_delivered", "Letters delivered since the start", |told| &told.delivered),
            count(
                "doorward_letters_put_off",
                "Deliveries since the start that will be tried again",
                |told| &told.put_off,
            ),
            count("doorward_letters_failed", "Letters given up since the start", |told| &told.failed),
        ]
    }
}

/// The use cases of mail for who only looks at letters, and writes them out.
pub(crate) fn reader(settings: &Settings, auth: &Auth) -> anyhow::Result<Post> {
    let courier: Arc<dyn Courier> = Arc::new(mailer(settings, settings.server.bind)?);
    Ok(Post::new(auth.clone(), Some(courier), lease(settings)))
}

/// The use cases of mail for who works on the outbox, and sends nothing.
pub(crate) fn clerk(settings: &Settings, auth: &Auth) -> Post {
    Post::new(auth.clone(), None, lease(settings))
}

/// Who writes letters out and sends them.
///
/// # Errors
/// What is wrong, with its setting.
pub(crate) fn mailer(settings: &Settings, address: SocketAddr) -> anyhow::Result<Mailer> {
    let public_url = settings.reached_at(address);
    Mailer::new(mail_settings(settings, public_url)).map_err(|error| told(settings, &error))
}

/// The same without what it needs of this machine beyond its templates: a folder is not made.
pub(crate) fn try_letters(settings: &Settings) -> anyhow::Result<()> {
    let mut mail = mail_settings(settings, settings.server.public_url.to_string());
    if settings.mail.transport == Transport::Directory {
        mail.transport = doorward_mail::Transport::Outbox;
    }
    Mailer::new(mail).map(drop).map_err(|error| told(settings, &error))
}

fn lease(settings: &Settings) -> Duration {
    settings.mail.timeout + BESIDE_DELIVERY
}

fn mail_settings(settings: &Settings, public_url: String) -> MailSettings {
    let mail = &settings.mail;
    let text = |text: &String| Some(text).filter(|text| !text.is_empty()).cloned();
    let path = |path: &PathBuf| Some(path).filter(|path| !path.as_os_str().is_empty()).cloned();
    MailSettings {
        public_url,
        from: mail.from.clone(),
        reply_to: text(&mail.reply_to),
        templates: path(&mail.templates),
        transport: match mail.transport {
            Transport::Outbox => doorward_mail::Transport::Outbox,
            Transport::Directory => doorward_mail::Transport::Directory(mail.directory.clone()),
            Transport::Smtp => doorward_mail::Transport::Smtp(SmtpSettings {
                host: mail.smtp_host.clone(),
                port: mail.port(),
                encryption: match mail.smtp_encryption {
                    SmtpEncryption::StartTls => Encryption::StartTls,
                    SmtpEncryption::Tls => Encryption::Tls,
                    SmtpEncryption::None => Encryption::None,
                },
                username: text(&mail.smtp_username),
                password: mail.smtp_password.expose().map(|password| Zeroizing::new(password.to_owned())),
                ca_file: path(&mail.smtp_ca_file),
            }),
        },
        timeout: mail.timeout,
    }
}

/// What keeps letters from being sent, with its setting.
fn told(settings: &Settings, error: &MailError) -> anyhow::Error {
    let mail = &settings.mail;
    let is_at = |setting: &Path, path: &Path| !setting.as_os_str().is_empty() && path == setting;
    match error {
        MailError::PublicUrl => anyhow!("server.public_url: {error}"),
        MailError::Mailbox { setting, reason } => {
            anyhow!("mail.{setting}: is not a mailbox, as in \"Example <no-reply@example.org>\": {reason}")
        }
        MailError::Template(error) => anyhow!("mail.templates: {error}"),
        MailError::File { path, .. } if is_at(&mail.directory, path) => anyhow!("mail.directory: {error}"),
        MailError::File { .. } => anyhow!("mail.smtp_ca_file: {error}"),
        MailError::HalfOfALogin => anyhow!("mail.smtp_username: {error}"),
        MailError::PasswordInClear | MailError::Tls(_) => anyhow!("mail.smtp_encryption: {error}"),
    }
}

/// A courier whose deliveries are counted, and logged where they fail.
struct Watched<C = Mailer> {
    inner: C,
    told: Arc<Told>,
}

/// What became of deliveries since the start.
#[derive(Default)]
struct Told {
    delivered: AtomicU64,
    put_off: AtomicU64,
    failed: AtomicU64,
    /// The last delivery was put off.
    is_away: AtomicBool,
}

impl<C: Courier> Courier for Watched<C> {
    fn deliver(&self, letter: &Letter) -> Delivery {
        let (delivery, told) = (self.inner.deliver(letter), Arc::clone(&self.told));
        let (id, kind) = (letter.id, letter.message.kind().as_str());
        Box::pin(async move {
            let outcome = delivery.await;
            let (count, was_away) = match &outcome {
                Ok(Delivered::Sent | Delivered::Kept) => {
                    (&told.delivered, told.is_away.swap(false, Ordering::Relaxed))
                }
                Err(DeliveryError::Later(_)) => (&told.put_off, told.is_away.swap(true, Ordering::Relaxed)),
                Err(DeliveryError::Never(_)) => (&told.failed, false),
            };
            count.fetch_add(1, Ordering::Relaxed);
            match &outcome {
                Ok(_) if was_away => log::info!("letters are delivered again"),
                // Once for an outage, not for each letter and each attempt.
                Err(error @ DeliveryError::Later(_)) if !was_away => {
                    log::warn!(letter:% = id, kind; "a letter is put off: {error}");
                }
                Err(error @ DeliveryError::Never(_)) => {
                    log::warn!(letter:% = id, kind; "a letter is given up: {error}");
                }
                _ => {}
            }
            outcome
        })
    }

    fn show(&self, letter: &Letter) -> Result<ShownLetter, DeliveryError> {
        self.inner.show(letter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use doorward_domain::identity::EmailAddress;
    use doorward_domain::mail::{LetterId, Message};
    use doorward_domain::testing::{TestCourier, block_on};
    use doorward_domain::time::Timestamp;
    use std::fs;

    fn here() -> SocketAddr {
        Settings::default().server.bind
    }

    fn refusal(settings: &Settings) -> String {
        mailer(settings, here()).err().unwrap().to_string()
    }

    #[test]
    fn deliveries_are_counted_by_what_became_of_them() {
        let watched = Watched { inner: TestCourier::default(), told: Arc::default() };
        watched.inner.fail_next(DeliveryError::Later("451".to_owned()));
        watched.inner.fail_next(DeliveryError::Later("451".to_owned()));
        watched.inner.fail_next(DeliveryError::Never("550".to_owned()));
        let letter = Letter {
            id: LetterId::from_bytes([7; 16]),
            to: EmailAddress::parse("alice@example.com").unwrap(),
            username: "alice".to_owned(),
            message: Message::Test,
            written_at: Timestamp::EPOCH,
            expires_at: Timestamp::EPOCH,
        };
        for _ in 0..4 {
            let _ = block_on(watched.deliver(&letter));
        }
        let counts = [&watched.told.delivered, &watched.told.put_off, &watched.told.failed];
        assert_eq!(counts.map(|count| count.load(Ordering::Relaxed)), [1, 2, 1]);
        assert_eq!(watched.inner.taken().len(), 1);
    }

    #[test]
    fn what_keeps_letters_from_being_sent_is_told_with_its_setting() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("file");
        fs::write(&file, "no certificate").unwrap();
        let mut settings = Settings::default();
        settings.mail.from = "A\r\nB <a@example.org>".to_owned();
        assert!(refusal(&settings).starts_with("mail.from: is not a mailbox, as in "));
        settings = Settings::default();
        settings.mail.templates = directory.path().join("none");
        assert!(refusal(&settings).starts_with("mail.templates: cannot read "));
        settings = Settings::default();
        settings.mail.transport = Transport::Directory;
        settings.mail.directory = file.clone();
        assert!(refusal(&settings).starts_with("mail.directory: cannot use "));
        settings.mail.transport = Transport::Smtp;
        settings.mail.directory = PathBuf::new();
        settings.mail.smtp_host = "smtp.example.org".to_owned();
        settings.mail.smtp_ca_file = file;
        assert!(refusal(&settings).starts_with("mail.smtp_ca_file: cannot use "));
    }

    #[test]
    fn a_template_that_does_not_work_is_found_before_anybody_is_written_to() {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("test.txt"), "Hello {{ nobody }}").unwrap();
        let mut settings = Settings::default();
        settings.mail.templates = directory.path().to_owned();
        let error = try_letters(&settings).unwrap_err().to_string();
        assert!(error.starts_with("mail.templates: ") && error.contains("test.txt, line 1: "), "{error}");
    }

    #[test]
    fn a_folder_for_letters_is_made_by_a_start_and_not_by_a_look() {
        let directory = tempfile::tempdir().unwrap();
        let mut settings = Settings::default();
        settings.mail.transport = Transport::Directory;
        settings.mail.directory = directory.path().join("letters");
        try_letters(&settings).unwrap();
        assert!(!settings.mail.directory.exists());
        mailer(&settings, here()).unwrap();
        assert!(settings.mail.directory.is_dir());
    }
}
