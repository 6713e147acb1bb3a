//! `doorward check`: what is wrong, and how to mend it. It changes nothing; a test letter is sent where one is
//! asked for.

use super::mail::address;
use super::{Context, console, start_log};
use crate::clock::SystemClock;
use crate::compose::{self, database_url};
use crate::root_secret;
use crate::settings::{LogLevel, Settings, SettingsError, SmtpEncryption, Transport};
use doorward_domain::identity::EmailAddress;
use doorward_domain::mail::{Courier, Letter, LetterId, Message};
use doorward_domain::random::Random;
use doorward_domain::sealing::Fingerprint;
use doorward_domain::time::Clock as _;
use doorward_persistence::{DatabaseUrl, Migrator};
use doorward_tokens::{OsRandom, RootSecret};
use std::process::ExitCode;
use std::sync::Arc;

/// Arguments of `doorward check`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Also send a letter there, at once, and tell what the mail server answered
    #[arg(long, value_parser = address, value_name = "ADDRESS")]
    mail_to: Option<EmailAddress>,
}

/// Checks everything that a start needs, and tells it line by line.
///
/// # Errors
/// Only if it could not check; what it finds wrong is told, and is the exit code 1.
pub fn run(context: &Context, args: &Args) -> anyhow::Result<ExitCode> {
    let mut report = Report::default();
    match Settings::load(context.file.as_deref(), &context.environment) {
        Err(SettingsError(problems)) => {
            for problem in problems {
                report.wrong("settings", &problem.to_string());
            }
        }
        Ok(mut settings) => {
            settings.log.level = LogLevel::Off;
            start_log(&settings)?;
            let from = context
                .file
                .as_ref()
                .map_or("built-in defaults".to_owned(), |file| file.display().to_string());
            report.ok("settings", &format!("{from}, and the environment"));
            let url = database_url(&settings)?;
            let schema = check_schema(&settings, &url, &mut report);
            actix_web::rt::System::new().block_on(async {
                check_secrets(&settings, &url, schema, &mut report).await?;
                check_mail(&settings, args.mail_to.as_ref(), &mut report).await;
                anyhow::Ok(())
            })?;
        }
    }
    Ok(report.ends())
}

/// What is known of the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Schema {
    /// It can be asked.
    Complete,
    /// It is not there or not up to date yet.
    Incomplete,
    /// It does not answer.
    Unknown,
}

/// Tells about the database and its migrations.
fn check_schema(settings: &Settings, url: &DatabaseUrl, report: &mut Report) -> Schema {
    let creates = settings.database.migrate_on_start;
    if let Some(path) = url.path().filter(|path| !path.exists()) {
        let path = path.display();
        if creates {
            report.ok("database", &format!("{path} is not there yet; the first start creates it"));
        } else {
            report.wrong("database", &format!("{path} is not there; create it with: doorward migrate"));
        }
        return Schema::Incomplete;
    }
    let status = match Migrator::new(url).status() {
        Ok(status) => status,
        Err(error) => {
            report.wrong("database", &format!("{url}: {error}"));
            return Schema::Unknown;
        }
    };
    report.ok("database", &format!("{url} answers"));
    let newer = status.iter().filter(|one| !one.known).count();
    let missing = status.iter().filter(|one| !one.applied).count();
    match (newer, missing) {
        (0, 0) => report.ok("migrations", &format!("all {} are applied", status.len())),
        (0, _) if creates => {
            report.ok("migrations", &format!("{missing} missing; the next start applies them"));
        }
        (0, _) => {
            report.wrong("migrations", &format!("{missing} missing; apply them with: doorward migrate"));
        }
        _ => report.wrong("migrations", "the database belongs to a newer version; install that one"),
    }
    if newer == 0 && missing == 0 { Schema::Complete } else { Schema::Incomplete }
}

/// Tells whether the root secret is there, is the database's, and opens its keys.
async fn check_secrets(
    settings: &Settings,
    url: &DatabaseUrl,
    schema: Schema,
    report: &mut Report,
) -> anyhow::Result<()> {
    let secret = match root_secret::find(settings, url) {
        Ok(secret) => secret,
        Err(error) => {
            report.wrong("root secret", &format!("{error:#}"));
            return Ok(());
        }
    };
    match schema {
        Schema::Complete => {}
        Schema::Incomplete => {
            report.secret(settings, url, secret.as_ref(), None);
            return Ok(());
        }
        Schema::Unknown => {
            if secret.is_some() {
                report
                    .ok("root secret", "is there; the database does not answer whether it is the right one");
            }
            return Ok(());
        }
    }
    let database = compose::open(settings, url)?;
    let store = database.store();
    let sealed_under = store.query(|db| db.root_fingerprint()).await?;
    report.secret(settings, url, secret.as_ref(), sealed_under.as_ref());
    if let Some(secret) = secret.filter(|secret| sealed_under == Some(secret.fingerprint())) {
        let random: Arc<dyn Random> = Arc::new(OsRandom::new());
        let keys = compose::keys(settings, store, &secret, &random, Arc::new(SystemClock));
        match keys.open().await {
            Ok(opened) => report.ok("signing keys", &format!("{} in service", opened.keys.len())),
            Err(error) => {
                report.wrong("signing keys", &format!("{error}; restore the database from a backup"));
            }
        }
    }
    database.close();
    Ok(())
}

/// Tells how letters leave, and whether one does.
async fn check_mail(settings: &Settings, to: Option<&EmailAddress>, report: &mut Report) {
    if let Err(error) = compose::try_letters(settings) {
        report.wrong("mail", &error.to_string());
        return;
    }
    let told = describe_mail(settings);
    if settings.keeps_letters_from_everybody() {
        report.beware("mail", &told);
    } else {
        report.ok("mail", &told);
    }
    let Some(to) = to else { return };
    if settings.mail.transport == Transport::Outbox {
        report.wrong("test letter", "mail.transport is \"outbox\": no letter leaves this server");
        return;
    }
    let sent = match compose::mailer(settings, settings.server.bind) {
        Ok(mailer) => mailer.deliver(&test_letter(to)).await.map_err(|error| error.to_string()),
        Err(error) => Err(error.to_string()),
    };
    match sent {
        Ok(_) => report.ok("test letter", &format!("to {to} was taken")),
        Err(error) => report.wrong("test letter", &format!("to {to}: {error}")),
    }
}

/// Where letters go, in words.
fn describe_mail(settings: &Settings) -> String {
    let mail = &settings.mail;
    match mail.transport {
        Transport::Outbox if settings.has_dev_mailbox() => {
            "letters stay here, to be read at /dev/mailbox/".to_owned()
        }
        Transport::Outbox => {
            "letters wait in the outbox and reach nobody; set mail.transport to \"smtp\"".to_owned()
        }
        Transport::Directory => format!("letters become files in {}", mail.directory.display()),
        Transport::Smtp => {
            let secured = match mail.smtp_encryption {
                SmtpEncryption::StartTls => "STARTTLS",
                SmtpEncryption::Tls => "TLS",
                SmtpEncryption::None => "no encryption",
            };
            format!("letters go to {}:{}, with {secured}, from {}", mail.smtp_host, mail.port(), mail.from)
        }
    }
}

fn test_letter(to: &EmailAddress) -> Letter {
    let now = SystemClock.now();
    Letter {
        id: LetterId::generate(&OsRandom::new(), now),
        to: to.clone(),
        username: to.to_string(),
        message: Message::Test,
        written_at: now,
        expires_at: now,
    }
}

/// What was found, told as it is found.
#[derive(Default)]
struct Report {
    right: usize,
    wrong: usize,
}

impl Report {
    fn ok(&mut self, subject: &str, told: &str) {
        self.right += 1;
        console::say(&format!("ok     {subject:<13} {told}"));
    }

    /// It can be meant so.
    fn beware(&mut self, subject: &str, told: &str) {
        self.right += 1;
        console::say(&format!("BEWARE {subject:<13} {told}"));
    }

    fn wrong(&mut self, subject: &str, told: &str) {
        self.wrong += 1;
        console::say(&format!("WRONG  {subject:<13} {told}"));
    }

    /// Sums up.
    fn ends(&self) -> ExitCode {
        let Self { right, wrong } = self;
        if *wrong == 0 {
            console::say(&format!("All {right} checks are good."));
            ExitCode::SUCCESS
        } else {
            console::say(&format!("{wrong} of {} checks failed.", right + wrong));
            ExitCode::FAILURE
        }
    }

    fn secret(
        &mut self,
        settings: &Settings,
        url: &DatabaseUrl,
        secret: Option<&RootSecret>,
        sealed_under: Option<&Fingerprint>,
    ) {
        let previous = settings.secret.previous.expose().and_then(|text| RootSecret::parse(text).ok());
        match judge(secret, previous.as_ref(), sealed_under) {
            Judgement::Fits => self.ok("root secret", "is the one that the database is sealed under"),
            Judgement::WillSeal => self.ok("root secret", "is there; the first start seals the database under it"),
            Judgement::WillBeMade => self.ok("root secret", "is not there yet; the first start draws one"),
            Judgement::WillReseal => self.ok("root secret", "is new; the next start seals the database under it"),
            Judgement::Missing => {
                self.wrong("root secret", &root_secret::missing(root_secret::file_beside(url).as_deref()));
            }
            Judgement::Foreign => self.wrong(
                "root secret",
                "the database is sealed under another one; restore that one, or give it as secret.previous to have \
                 everything sealed anew",
            ),
        }
    }
}

/// What a root secret is to a database.
#[derive(Debug, PartialEq, Eq)]
enum Judgement {
    Fits,
    WillSeal,
    WillBeMade,
    WillReseal,
    Missing,
    Foreign,
}

fn judge(
    secret: Option<&RootSecret>,
    previous: Option<&RootSecret>,
    sealed_under: Option<&Fingerprint>,
) -> Judgement {
    match (secret, sealed_under) {
        (Some(_), None) => Judgement::WillSeal,
        (None, None) => Judgement::WillBeMade,
        (None, Some(_)) => Judgement::Missing,
        (Some(secret), Some(recorded)) if secret.fingerprint() == *recorded => Judgement::Fits,
        (Some(_), Some(recorded)) if previous.is_some_and(|it| it.fingerprint() == *recorded) => {
            Judgement::WillReseal
        }
        (Some(_), Some(_)) => Judgement::Foreign,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_root_secret_is_judged_by_what_the_database_is_sealed_under() {
        let random = OsRandom::new();
        let [mine, old] = [(); 2].map(|()| RootSecret::generate(&random));
        let (of_mine, of_old) = (mine.fingerprint(), old.fingerprint());
        for (secret, previous, sealed_under, expected) in [
            (None, None, None, Judgement::WillBeMade),
            (Some(&mine), None, None, Judgement::WillSeal),
            (Some(&mine), None, Some(&of_mine), Judgement::Fits),
            (Some(&mine), None, Some(&of_old), Judgement::Foreign),
            (Some(&mine), Some(&old), Some(&of_old), Judgement::WillReseal),
            (None, None, Some(&of_mine), Judgement::Missing),
        ] {
            assert_eq!(judge(secret, previous, sealed_under), expected);
        }
    }
}
