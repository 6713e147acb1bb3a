//! What an operator decides: built-in defaults, then one file, then the environment.
//!
//! ```
//! use doorward::settings::{Environment, Settings};
//!
//! let environment = Environment::from_pairs([("DOORWARD__TOKENS__ACCESS_LIFETIME", "2m")]);
//! let settings = Settings::load(None, &environment).unwrap();
//! assert_eq!(settings.tokens.access_lifetime.as_secs(), 120);
//!
//! let environment = Environment::from_pairs([("DOORWARD__TOKENS__ACCESS_LIFETIME", "2 weeks")]);
//! let error = Settings::load(None, &environment).unwrap_err();
//! assert!(error.to_string().contains("tokens.access_lifetime: "));
//! ```
//!
//! Every key is in `config/default.toml`, with what it means. An insecure value is refused by
//! [`Settings::validate`], which [`Settings::load`] calls.

pub mod duration;

mod load;
mod mail;
mod mail_rules;
mod network;
mod origin;
mod problem;
mod rules;
mod secret;
mod sections;
mod source;
#[cfg(test)]
mod tests;
mod words;

pub use mail::{Accounts, EmailVerification, Mail, SmtpEncryption, Transport};
pub use network::{Network, NetworkError};
pub use origin::{Origin, OriginError};
pub use problem::{Problem, SettingsError};
pub use rules::INSECURE_TEST_COST;
pub(crate) use rules::{path_prefix, retiring_key};
pub use secret::Secret;
pub use sections::{
    Algorithm, Aliases, Claim, Cors, Database, HashEngine, Issuer, Log, LogFormat, LogLevel, Memory,
    Passwords, Reuse, RootSecret, Server, SimpleJwt, Tokens,
};
pub use source::Environment;
pub use words::WordError;

use serde::{Deserialize, Serialize};
use std::net::SocketAddr;

/// Every setting. A program that starts the server itself builds one in code.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Where and how it serves.
    pub server: Server,
    /// Where accounts and sessions are.
    pub database: Database,
    /// The root secret.
    pub secret: RootSecret,
    /// Tokens and how sessions live.
    pub tokens: Tokens,
    /// Passwords and their hashing.
    pub passwords: Passwords,
    /// What is asked of accounts' owners.
    pub accounts: Accounts,
    /// Letters.
    pub mail: Mail,
    /// What is kept at hand.
    pub memory: Memory,
    /// Pages of other origins.
    pub cors: Cors,
    /// Paths of other packages.
    pub aliases: Aliases,
    /// The log.
    pub log: Log,
}

impl Settings {
    /// Whether it serves nobody but the machine that it runs on: a developer's.
    pub fn is_for_this_machine(&self) -> bool {
        let server = &self.server;
        server.bind.ip().is_loopback() && server.public_url.is_loopback() && server.trusted_proxies.is_empty()
    }

    /// Whether letters can be read at `/dev/mailbox/`, from this machine alone.
    pub fn has_dev_mailbox(&self) -> bool {
        self.mail.transport == Transport::Outbox && self.is_for_this_machine()
    }

    /// Whether letters wait in the outbox and nobody ever reads them.
    pub fn keeps_letters_from_everybody(&self) -> bool {
        self.mail.transport == Transport::Outbox && !self.is_for_this_machine()
    }
    /// Where people reach a server that listens there: `server.public_url`, unless nobody set that and it
    /// listens on this machine alone.
    pub fn reached_at(&self, address: SocketAddr) -> String {
        let public_url = &self.server.public_url;
        if *public_url == Origin::local() && address.ip().is_loopback() && address.port() != 0 {
            format!("http://{address}")
        } else {
            public_url.to_string()
        }
    }
}
