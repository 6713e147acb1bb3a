use super::words::words;
use super::{Secret, duration};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::time::Duration;

/// `[accounts]`: what is asked of accounts' owners.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Accounts {
    /// Whether owners are asked to prove that they read their address's mail.
    pub email_verification: EmailVerification,
    /// Whether a registration with an address that is taken looks like any other.
    pub private_registration: bool,
}

words! {
    /// Whether owners are asked to prove that they read their address's mail.
    #[derive(Default)]
    EmailVerification {
        /// Nobody is asked.
        None = "none",
        /// Everybody is asked at registration, and nothing depends on the answer.
        #[default]
        Optional = "optional",
        /// Everybody is asked at registration, and nobody logs in before.
        Required = "required",
    }
}

/// `[mail]`: how letters are written and sent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Mail {
    /// How letters leave the server.
    pub transport: Transport,
    /// Who they are from, as in `Example <no-reply@example.org>`.
    pub from: String,
    /// Who reads answers; empty for whom they are from.
    pub reply_to: String,
    /// A folder of templates that replace built-in ones; empty for none.
    pub templates: PathBuf,
    /// The folder of [`Transport::Directory`].
    pub directory: PathBuf,
    /// How many letters are delivered at once.
    pub workers: usize,
    /// How long the delivery of one letter may take.
    #[serde(with = "duration")]
    pub timeout: Duration,
    /// Whether a mail server on another machine may be reached without TLS.
    pub allow_plaintext: bool,
    /// The mail server of [`Transport::Smtp`].
    pub smtp_host: String,
    /// Its port; 0 for the one that goes with the encryption.
    pub smtp_port: u16,
    /// How the connection to it is encrypted.
    pub smtp_encryption: SmtpEncryption,
    /// Who logs in there; empty for nobody.
    pub smtp_username: String,
    /// The password to that.
    pub smtp_password: Secret,
    /// Certificates to trust instead of the machine's, in PEM; empty for the machine's.
    pub smtp_ca_file: PathBuf,
}

impl Default for Mail {
    fn default() -> Self {
        Self {
            transport: Transport::Outbox,
            from: "Doorward <no-reply@localhost>".to_owned(),
            reply_to: String::new(),
            templates: PathBuf::new(),
            directory: PathBuf::new(),
            workers: 2,
            timeout: Duration::from_secs(30),
            allow_plaintext: false,
            smtp_host: String::new(),
            smtp_port: 0,
            smtp_encryption: SmtpEncryption::Tls,
            smtp_username: String::new(),
            smtp_password: Secret::default(),
            smtp_ca_file: PathBuf::new(),
        }
    }
}

impl Mail {
    /// The mail server's port.
    pub fn port(&self) -> u16 {
        match (self.smtp_port, self.smtp_encryption) {
            (0, SmtpEncryption::StartTls) => 587,
            (0, SmtpEncryption::Tls) => 465,
            (0, SmtpEncryption::None) => 25,
            (port, _) => port,
        }
    }
}

words! {
    /// How letters leave the server.
    Transport {
        /// They do not: they stay in the database.
        Outbox = "outbox",
        /// By a mail server.
        Smtp = "smtp",
        /// Each as a file of a folder.
        Directory = "directory",
    }
}

words! {
    /// How the connection to the mail server is encrypted.
    SmtpEncryption {
        /// TLS after the greeting (RFC 3207).
        StartTls = "starttls",
        /// TLS from the first byte (RFC 8314).
        Tls = "tls",
        /// Not at all.
        None = "none",
    }
}
