//! Database URLs: which database, and how to reach it.

use std::fmt;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;
use tokio_postgres::config::{Host, SslMode, TargetSessionAttrs};

/// Where the database is. `Debug` and `Display` hide the password.
///
/// ```
/// use doorward_persistence::DatabaseUrl;
///
/// let url = DatabaseUrl::parse("postgres://doorward:hunter2@db.example/doorward").unwrap();
/// assert_eq!(url.to_string(), "postgres://doorward:***@db.example/doorward");
/// assert!(DatabaseUrl::parse("mysql://localhost/doorward").is_err());
/// ```
#[derive(Clone)]
pub enum DatabaseUrl {
    /// `sqlite://relative/path` or `sqlite:///absolute/path`.
    Sqlite(PathBuf),
    /// `postgres://user:password@host:port/database?parameters`.
    Postgres(PostgresUrl),
}

/// What is wrong with a database URL. The text never shows the URL itself: it may hold a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DatabaseUrlError {
    /// Neither `sqlite:` nor `postgres:`.
    #[error("the database URL must begin with sqlite:// or postgres://")]
    Scheme,
    /// `sqlite::memory:`, or a `mode=memory` parameter.
    #[error(
        "an in-memory SQLite database loses every account when the server stops, and its \
         connections would not share it; name a file, as in sqlite://data/doorward.db"
    )]
    Memory,
    /// No file is named.
    #[error("the SQLite URL names no file; write it as sqlite://data/doorward.db")]
    NoPath,
    /// SQLite takes no parameters here.
    #[error("the SQLite URL takes no parameters (what follows a ?)")]
    SqliteParameters,
    /// `sslmode` has a value that is not known.
    #[error("sslmode must be disable, prefer, require or verify-full")]
    SslMode,
    /// The URL names no host.
    #[error("the PostgreSQL URL names no host")]
    NoHost,
    /// The URL does not parse.
    #[error("the PostgreSQL URL is not understood: {0}")]
    Postgres(String),
}

impl DatabaseUrl {
    /// Parses a URL.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, DatabaseUrlError> {
        if let Some(rest) = text.strip_prefix("sqlite:") {
            sqlite_path(rest).map(Self::Sqlite)
        } else if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            PostgresUrl::parse(text).map(Self::Postgres)
        } else {
            Err(DatabaseUrlError::Scheme)
        }
    }

    /// The file of an embedded database.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::Sqlite(path) => Some(path),
            Self::Postgres(_) => None,
        }
    }
}

impl FromStr for DatabaseUrl {
    type Err = DatabaseUrlError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite://{}", path.display()),
            Self::Postgres(url) => f.write_str(&url.masked),
        }
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DatabaseUrl({self})")
    }
}

/// After how long a connection that is silent is asked whether it stands, and how often then.
const KEEPALIVE_IDLE: Duration = Duration::from_secs(60);
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(10);

/// How to reach a PostgreSQL server.
///
/// `sslmode` is `disable`, `prefer`, `require` or `verify-full`; over TLS the server's certificate and
/// name are *always* checked, so the last two mean the same. Without it, a server on this machine
/// is spoken to in the clear and any other one as by `prefer`: over TLS if it offers that, which
/// somebody on the way can prevent. The trusted roots are the machine's, or those in the PEM file
/// that `sslrootcert` names. Of several hosts, the one that takes writes is used. The other parameters are those of libpq that tokio-postgres knows.
#[derive(Clone)]
pub struct PostgresUrl {
    pub(crate) config: Box<tokio_postgres::Config>,
    pub(crate) root_certificates: Option<PathBuf>,
    masked: String,
}

impl PostgresUrl {
    pub(crate) fn parse(text: &str) -> Result<Self, DatabaseUrlError> {
        let (base, query) = text.split_once('?').unwrap_or((text, ""));
        let mut ssl_mode = None;
        let mut root_certificates = None;
        let mut others = Vec::new();
        for parameter in query.split('&').filter(|parameter| !parameter.is_empty()) {
            match parameter.split_once('=') {
                Some(("sslmode", mode)) => ssl_mode = Some(parse_ssl_mode(mode)?),
                Some(("sslrootcert", path)) => {
                    root_certificates = Some(PathBuf::from(percent_decoded(path)?));
                }
                _ => others.push(parameter),
            }
        }
        let plain = if others.is_empty() { base.to_owned() } else { format!("{base}?{}", others.join("&")) };
        let mut config: tokio_postgres::Config = plain.parse().map_err(|error| postgres_error(&error))?;
        if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
            return Err(DatabaseUrlError::NoHost);
        }
        // Threads that have nothing to do keep their connections, which whatever lies between would
        // otherwise forget without a word.
        if !others.iter().any(|parameter| parameter.starts_with("keepalives")) {
            config.keepalives_idle(KEEPALIVE_IDLE);
            config.keepalives_interval(KEEPALIVE_INTERVAL);
            config.keepalives_retries(3);
        }
        // Nothing on the way to protect, and what listens there often has a certificate for show.
        let default = if is_local(&config) { SslMode::Disable } else { SslMode::Prefer };
        config.ssl_mode(ssl_mode.unwrap_or(default));
        // A standby does not have every write that was answered.
        if config.get_target_session_attrs() == TargetSessionAttrs::Any {
            config.target_session_attrs(TargetSessionAttrs::ReadWrite);
        }
        if config.get_application_name().is_none() {
            config.application_name("doorward");
        }
        Ok(Self { config: Box::new(config), root_certificates, masked: masked(base) })
    }

    /// The same, but a server that takes no writes will do.
    pub(crate) fn of_any_server(&self) -> Self {
        let mut url = self.clone();
        url.config.target_session_attrs(TargetSessionAttrs::Any);
        url
    }

    /// Whether what is sent to the server may cross a network in the clear: TLS is not demanded,
    /// and a host is neither a loopback address nor a socket of this machine.
    pub fn may_be_read_on_the_way(&self) -> bool {
        self.config.get_ssl_mode() != SslMode::Require && !is_local(&self.config)
    }
}

impl fmt::Debug for PostgresUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PostgresUrl({})", self.masked)
    }
}

fn is_local(config: &tokio_postgres::Config) -> bool {
    let is_local = |host: &Host| match host {
        Host::Tcp(name) => name == "localhost" || name.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback()),
        #[cfg(unix)]
        Host::Unix(_) => true,
    };
    config.get_hosts().iter().all(is_local) && config.get_hostaddrs().iter().all(IpAddr::is_loopback)
}

fn sqlite_path(rest: &str) -> Result<PathBuf, DatabaseUrlError> {
    if rest.contains(":memory:") || rest.contains("mode=memory") {
        return Err(DatabaseUrlError::Memory);
    }
    if rest.contains('?') {
        return Err(DatabaseUrlError::SqliteParameters);
    }
    match rest.strip_prefix("//").unwrap_or(rest) {
        "" => Err(DatabaseUrlError::NoPath),
        path => Ok(PathBuf::from(path)),
    }
}

fn parse_ssl_mode(mode: &str) -> Result<SslMode, DatabaseUrlError> {
    match mode {
        "disable" => Ok(SslMode::Disable),
        "prefer" => Ok(SslMode::Prefer),
        "require" | "verify-full" => Ok(SslMode::Require),
        _ => Err(DatabaseUrlError::SslMode),
    }
}

/// Percent-decodes a path, by way of the one URL parser that is here.
fn percent_decoded(text: &str) -> Result<String, DatabaseUrlError> {
    let probe: tokio_postgres::Config = format!("postgres://localhost?application_name={text}")
        .parse()
        .map_err(|error| postgres_error(&error))?;
    Ok(probe.get_application_name().unwrap_or_default().to_owned())
}

fn postgres_error(error: &tokio_postgres::Error) -> DatabaseUrlError {
    use std::error::Error;
    let cause = error.source().map_or_else(|| error.to_string(), ToString::to_string);
    DatabaseUrlError::Postgres(cause)
}

/// The URL without its password and parameters.
fn masked(base: &str) -> String {
    let Some((scheme, rest)) = base.split_once("://") else { return "postgres://…".to_owned() };
    match rest.rsplit_once('@') {
        None => base.to_owned(),
        Some((credentials, place)) => match credentials.split_once(':') {
            None => base.to_owned(),
            Some((user, _)) => format!("{scheme}://{user}:***@{place}"),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn postgres(text: &str) -> PostgresUrl {
        match DatabaseUrl::parse(text).unwrap() {
            DatabaseUrl::Postgres(url) => url,
            DatabaseUrl::Sqlite(path) => panic!("taken for a file: {}", path.display()),
        }
    }

    #[test]
    fn a_sqlite_url_names_a_file() {
        for (text, path) in [
            ("sqlite://data/doorward.db", "data/doorward.db"),
            ("sqlite:///var/lib/doorward.db", "/var/lib/doorward.db"),
            ("sqlite:doorward.db", "doorward.db"),
        ] {
            assert_eq!(DatabaseUrl::parse(text).unwrap().path(), Some(Path::new(path)), "{text}");
        }
    }

    #[test]
    fn silent_connections_are_asked_whether_they_stand_unless_the_url_says_how() {
        let idle = |text: &str| postgres(text).config.get_keepalives_idle();
        assert_eq!(idle("postgres://db.example/x"), KEEPALIVE_IDLE);
        assert_eq!(idle("postgres://db.example/x?keepalives_idle=7"), Duration::from_secs(7));
    }

    #[test]
    fn databases_that_cannot_be_used_are_refused_with_their_reason() {
        for (text, error) in [
            ("", DatabaseUrlError::Scheme),
            ("mysql://localhost/x", DatabaseUrlError::Scheme),
            ("data/doorward.db", DatabaseUrlError::Scheme),
            ("sqlite::memory:", DatabaseUrlError::Memory),
            ("sqlite://:memory:", DatabaseUrlError::Memory),
            ("sqlite://x?mode=memory", DatabaseUrlError::Memory),
            ("sqlite://x?cache=shared", DatabaseUrlError::SqliteParameters),
            ("sqlite://", DatabaseUrlError::NoPath),
            ("postgres:///doorward", DatabaseUrlError::NoHost),
            ("postgres://h/d?sslmode=verify-ca", DatabaseUrlError::SslMode),
        ] {
            assert_eq!(DatabaseUrl::parse(text).unwrap_err(), error, "{text}");
        }
    }

    #[test]
    fn the_password_is_not_shown() {
        for text in ["postgres://bob:s3cret@h:5433/d", "postgresql://bob:s3c:ret@h/d?password=s3cret"] {
            let url = DatabaseUrl::parse(text).unwrap();
            let inner = postgres(text);
            let shown = format!("{url} {url:?} {inner:?}");
            assert!(!shown.contains("s3c"), "{shown}");
        }
        let error = DatabaseUrl::parse("postgres://bob:s3cret@h:port/d").unwrap_err();
        assert!(!error.to_string().contains("s3cret"), "{error}");
    }

    #[test]
    fn the_parameters_that_only_libpq_knows_are_understood() {
        let url =
            postgres("postgres://h/d?sslmode=verify-full&sslrootcert=/etc/my%20ca.pem&connect_timeout=2");
        assert_eq!(url.config.get_ssl_mode(), SslMode::Require);
        assert_eq!(url.root_certificates.as_deref(), Some(Path::new("/etc/my ca.pem")));
        assert_eq!(url.config.get_connect_timeout(), Some(&std::time::Duration::from_secs(2)));
    }

    #[test]
    fn a_remote_server_without_tls_is_told_apart() {
        for (text, readable) in [
            ("postgres://db.example/d", true),
            ("postgres://db.example/d?sslmode=disable", true),
            ("postgres://db.example/d?sslmode=require", false),
            ("postgres://localhost/d", false),
            ("postgres://127.0.0.1/d", false),
            ("postgres://[::1]/d", false),
            ("postgres://%2Frun%2Fpostgresql/d", false),
            ("postgres://localhost,db.example/d", true),
        ] {
            assert_eq!(postgres(text).may_be_read_on_the_way(), readable, "{text}");
        }
    }
}
