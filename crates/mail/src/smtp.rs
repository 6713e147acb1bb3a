//! A conversation with a mail server (RFC 5321).
//!
//! lettre speaks, and this decides. Two things keep its ready-made transport from use: it does not say
//! at which step a server refused, and a delivery that is given up half-way leaves its connection to
//! the next letter, which then reads the answers to this one. A third keeps its connections from
//! `STARTTLS`: see [`ByLines`].

use crate::by_lines::ByLines;
use crate::settings::{Encryption, MailError, SmtpSettings};
use doorward_domain::mail::DeliveryError;
use lettre::Address;
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{
    AsyncSmtpConnection, Certificate, CertificateStore, TlsParameters, TlsParametersBuilder,
};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt, Rset};
use lettre::transport::smtp::extension::ClientId;
use std::fmt;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::timeout;

/// How many connections are kept for the next letters.
const MOST_IDLE: usize = 4;

/// How long a kept connection may take to say that it is still one.
const CHECK: Duration = Duration::from_secs(2);

/// A mail server.
pub(crate) struct Smtp {
    host: String,
    port: u16,
    security: Security,
    credentials: Option<Credentials>,
    hello: ClientId,
    patience: Duration,
    idle: Mutex<Vec<AsyncSmtpConnection>>,
}

enum Security {
    Tls(TlsParameters),
    StartTls(TlsParameters),
    None,
}

/// A letter as a mail server takes it.
pub(crate) struct Parcel {
    pub(crate) from: Address,
    pub(crate) to: Address,
    pub(crate) content: Vec<u8>,
}

/// Where in the conversation something went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Connecting,
    LoggingIn,
    Sender,
    Recipient,
    Content,
}

impl Smtp {
    /// A mail server, that is not spoken to yet. `host` is our own name.
    pub(crate) fn new(settings: SmtpSettings, host: &str, patience: Duration) -> Result<Self, MailError> {
        let SmtpSettings { host: server, port, encryption, username, password, ca_file } = settings;
        let server = server.trim_matches(['[', ']']).to_owned();
        if username.is_some() && encryption == Encryption::None && !is_loopback(&server) {
            return Err(MailError::PasswordInClear);
        }
        let credentials = match (username, password) {
            (Some(username), Some(password)) => Some(Credentials::new(username, password.to_string())),
            (None, None) => None,
            _ => return Err(MailError::HalfOfALogin),
        };
        let tls = || tls(&server, ca_file.as_deref());
        Ok(Self {
            security: match encryption {
                Encryption::Tls => Security::Tls(tls()?),
                Encryption::StartTls => Security::StartTls(tls()?),
                Encryption::None => Security::None,
            },
            host: server,
            port,
            credentials,
            hello: introduction(host),
            patience,
            idle: Mutex::default(),
        })
    }

    /// Hands a letter over. May be dropped half-way: what it had of a connection goes with it.
    pub(crate) async fn send(&self, parcel: &Parcel) -> Result<(), DeliveryError> {
        let mut connection = self.connection().await?;
        let outcome = hand_over(&mut connection, parcel).await;
        // Whoever answered, be it with a refusal, is ready for the next letter.
        if outcome.as_ref().map_or_else(|(_, error)| error.status().is_some(), |()| true) {
            self.keep(connection);
        }
        outcome.map_err(|(step, error)| self.judged(step, &error))
    }

    /// Connects, and logs in if there is a login.
    pub(crate) async fn test(&self) -> Result<(), DeliveryError> {
        let connection = self.connection().await?;
        self.keep(connection);
        Ok(())
    }

    /// A connection that was kept and still works, or a new one.
    async fn connection(&self) -> Result<AsyncSmtpConnection, DeliveryError> {
        while let Some(mut kept) = self.kept() {
            if matches!(timeout(CHECK, kept.command(Rset)).await, Ok(Ok(_))) {
                return Ok(kept);
            }
        }
        let mut connection = self.connect().await.map_err(|error| self.later(Step::Connecting, &*error))?;
        if let Some(credentials) = &self.credentials {
            let mechanisms = [Mechanism::Plain, Mechanism::Login];
            let login = connection.auth(&mechanisms, credentials).await;
            login.map_err(|error| self.later(Step::LoggingIn, &error))?;
        }
        Ok(connection)
    }

    /// A new connection, encrypted as configured.
    async fn connect(&self) -> Result<AsyncSmtpConnection, Box<dyn std::error::Error + Send + Sync>> {
        // A host of several addresses, of which the first is not there, leaves time for the others.
        let (server, patience) = ((self.host.as_str(), self.port), self.patience / 3);
        let tls = match &self.security {
            Security::Tls(tls) => Some(tls.clone()),
            Security::None => None,
            Security::StartTls(tls) => {
                let stream = Box::new(ByLines::connect(server, patience).await?);
                let mut connection = AsyncSmtpConnection::connect_with_transport(stream, &self.hello).await?;
                connection.starttls(tls.clone(), &self.hello).await?;
                return Ok(connection);
            }
        };
        Ok(AsyncSmtpConnection::connect_tokio1(server, Some(patience), &self.hello, tls, None).await?)
    }

    fn kept(&self) -> Option<AsyncSmtpConnection> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }

    fn keep(&self, connection: AsyncSmtpConnection) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < MOST_IDLE && !connection.has_broken() {
            idle.push(connection);
        }
    }

    /// Only a refusal of this recipient or this content is for good. What a server says of who we are
    /// and of what we may do is for an operator to mend, and letters wait for that.
    fn judged(&self, step: Step, error: &Error) -> DeliveryError {
        let is_about_the_letter = matches!(step, Step::Recipient | Step::Content);
        if is_about_the_letter && error.is_permanent() && !is_about_us(error) {
            DeliveryError::Never(self.told(step, error))
        } else {
            self.later(step, error)
        }
    }

    fn later(&self, step: Step, error: &dyn std::error::Error) -> DeliveryError {
        DeliveryError::Later(self.told(step, error))
    }

    fn told(&self, step: Step, error: &dyn std::error::Error) -> String {
        let what = match step {
            Step::Connecting => "no connection",
            Step::LoggingIn => "no login",
            Step::Sender => "the sender was refused",
            Step::Recipient => "the recipient was refused",
            Step::Content => "the letter was refused",
        };
        format!("{self}: {what}: {error}")
    }
}

impl fmt::Display for Smtp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

/// Whether a refusal is of who we are or what we may do, at whatever step it is said.
fn is_about_us(error: &Error) -> bool {
    // "Authentication required", "mechanism too weak", "credentials invalid", "encryption required for
    // them" (RFC 4954, section 6).
    let is_of_login = |code| matches!(u16::from(code), 530 | 534 | 535 | 538);
    // Relaying denied, an address on a block list, a sender's domain without a signature: "security or
    // policy status" (RFC 3463, section 3.8). The error's source is the server's text.
    let is_of_policy = |said: &dyn std::error::Error| said.to_string().trim_start().starts_with("5.7.");
    error.status().is_some_and(is_of_login) || std::error::Error::source(error).is_some_and(is_of_policy)
}

async fn hand_over(connection: &mut AsyncSmtpConnection, parcel: &Parcel) -> Result<(), (Step, Error)> {
    let at = |step| move |error| (step, error);
    let Parcel { from, to, content } = parcel;
    // Addresses and content are ASCII: no extension is asked for.
    connection.command(Mail::new(Some(from.clone()), Vec::new())).await.map_err(at(Step::Sender))?;
    connection.command(Rcpt::new(to.clone(), Vec::new())).await.map_err(at(Step::Recipient))?;
    connection.command(Data).await.map_err(at(Step::Content))?;
    connection.message(content).await.map_err(at(Step::Content))?;
    Ok(())
}

fn tls(server: &str, ca_file: Option<&std::path::Path>) -> Result<TlsParameters, MailError> {
    let mut builder = TlsParametersBuilder::new(server.to_owned());
    if let Some(path) = ca_file {
        let unusable = |reason: String| MailError::File { path: path.to_owned(), reason };
        let pem = std::fs::read(path).map_err(|error| unusable(error.to_string()))?;
        // A file without any would leave nobody to trust, and no word of it.
        if !pem.windows(27).any(|window| window == b"-----BEGIN CERTIFICATE-----") {
            return Err(unusable("it holds no PEM certificate".to_owned()));
        }
        let certificates = Certificate::from_pem(&pem).map_err(|error| unusable(error.to_string()))?;
        builder = builder.certificate_store(CertificateStore::None).add_root_certificate(certificates);
    }
    builder.build().map_err(|error| MailError::Tls(error.to_string()))
}

/// Our own name, as `EHLO` has it (RFC 5321, section 4.1.1.1).
fn introduction(host: &str) -> ClientId {
    match host.trim_matches(['[', ']']).parse() {
        Ok(IpAddr::V4(address)) => ClientId::Ipv4(address),
        Ok(IpAddr::V6(address)) => ClientId::Ipv6(address),
        Err(_) => ClientId::Domain(host.to_owned()),
    }
}

fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}
