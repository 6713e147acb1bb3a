use crate::templates::TemplateError;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;
use zeroize::Zeroizing;

/// How letters are written and sent.
#[derive(Debug, Clone)]
pub struct MailSettings {
    /// Where people reach the server: `http://` or `https://`, a host, perhaps a port and a path, and
    /// no slash at its end. Links are made of this and of nothing else.
    pub public_url: String,
    /// Who letters are from, as in `Example <no-reply@example.org>`.
    pub from: String,
    /// Who reads answers, if that is somebody else.
    pub reply_to: Option<String>,
    /// A folder of templates that replace those that are compiled in ([`Templates`](crate::Templates)).
    pub templates: Option<PathBuf>,
    /// How letters are sent.
    pub transport: Transport,
    /// How long a delivery may take as a whole.
    pub timeout: Duration,
}

/// How letters are sent.
#[derive(Debug, Clone)]
pub enum Transport {
    /// Not at all: they stay in the outbox, and each link is logged. For a developer's machine.
    Outbox,
    /// Each becomes a file of this folder, `ID.eml`, that only the server's user may read.
    Directory(PathBuf),
    /// By a mail server.
    Smtp(SmtpSettings),
}

/// The mail server that takes the letters.
#[derive(Clone)]
pub struct SmtpSettings {
    /// Its name, which its certificate must have, or its address.
    pub host: String,
    /// Its port: as a rule 465 for [`Encryption::Tls`], 587 for [`Encryption::StartTls`], 25 for none.
    pub port: u16,
    /// How the connection is encrypted.
    pub encryption: Encryption,
    /// Who logs in, if anybody does.
    pub username: Option<String>,
    /// The password to that. `Debug` does not print it.
    pub password: Option<Zeroizing<String>>,
    /// A file of PEM certificates to trust instead of the machine's.
    pub ca_file: Option<PathBuf>,
}

/// How a connection to a mail server is encrypted. What is configured is required: a server that
/// offers less gets no letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encryption {
    /// TLS from the first byte (RFC 8314, section 3.3). The better choice of the two.
    Tls,
    /// TLS after the greeting (RFC 3207).
    StartTls,
    /// None. For a mail server on the same machine or network.
    None,
}

impl fmt::Debug for SmtpSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, port, encryption, username, password, ca_file } = self;
        f.debug_struct("SmtpSettings")
            .field("host", host)
            .field("port", port)
            .field("encryption", encryption)
            .field("username", username)
            .field("password", &password.as_ref().map(|_| "…"))
            .field("ca_file", ca_file)
            .finish()
    }
}

/// Why letters cannot be sent with these settings.
#[derive(Debug, thiserror::Error)]
pub enum MailError {
    /// No URL that links could be made of.
    #[error("the public URL must be http:// or https:// and a host, without a slash at its end")]
    PublicUrl,
    /// No mailbox.
    #[error("{setting} is not a mailbox like `Example <no-reply@example.org>`: {reason}")]
    Mailbox {
        /// Which setting.
        setting: &'static str,
        /// What is wrong.
        reason: String,
    },
    /// A template would not do.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// A folder or file cannot be used.
    #[error("cannot use {}: {reason}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// A user name without a password, or a password without a user name.
    #[error("a mail server needs both a user name and a password, or neither")]
    HalfOfALogin,
    /// The password would cross a network readably.
    #[error("the password of the mail server would be sent without encryption")]
    PasswordInClear,
    /// TLS cannot be set up.
    #[error("TLS cannot be set up: {0}")]
    Tls(String),
}
