use crate::prefix::PathPrefix;
use ipnet::IpNet;
use std::time::Duration;

/// What an operator decides about the transport.
///
/// ```
/// use doorward_http::{HttpSettings, SimpleJwt};
///
/// let settings = HttpSettings { simplejwt: SimpleJwt::V5_5, ..HttpSettings::default() };
/// assert_eq!(settings.max_body_bytes, 64 * 1024);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpSettings {
    /// Threads that serve connections; `None` for one a core. They never hash a password and never
    /// wait for the database.
    pub workers: Option<usize>,
    /// How long a client may take to send the head of a request.
    pub head_timeout: Duration,
    /// How long a client may take to send the body of a request; then it gets 408.
    pub body_timeout: Duration,
    /// The most bytes of a body; more get 413.
    pub max_body_bytes: usize,
    /// How long an idle connection is kept open for its next request.
    pub keep_alive: Duration,
    /// How long requests in flight may take to end once the server is told to stop.
    pub shutdown_timeout: Duration,
    /// Whether the server stops by itself on SIGTERM and SIGINT. Off where somebody else does that.
    pub handle_signals: bool,
    /// The proxies whose `X-Forwarded-For` is believed. From any other peer it is ignored.
    pub trusted_proxies: Vec<IpNet>,
    /// The origins whose pages may read answers; empty switches cross-origin answers off.
    pub cors_origins: Vec<String>,
    /// Whether white space around a password is taken off, as REST framework does.
    pub trim_passwords: bool,
    /// Whose sentences are told about tokens.
    pub simplejwt: SimpleJwt,
    /// Whose paths are answered beside the API's own.
    pub aliases: Aliases,
    /// How long others may keep the published keys. A new key must be published at least that long
    /// before it signs.
    pub key_set_max_age: Duration,
    /// Whether letters can be read under `/dev/mailbox/`. They open accounts: only for a server that
    /// sends no mail and serves nobody but its own machine.
    pub dev_mailbox: bool,
}

impl Default for HttpSettings {
    fn default() -> Self {
        Self {
            workers: None,
            head_timeout: Duration::from_secs(10),
            body_timeout: Duration::from_secs(10),
            max_body_bytes: 64 * 1024,
            keep_alive: Duration::from_secs(30),
            shutdown_timeout: Duration::from_secs(30),
            handle_signals: true,
            trusted_proxies: Vec::new(),
            cors_origins: Vec::new(),
            trim_passwords: false,
            simplejwt: SimpleJwt::default(),
            aliases: Aliases::default(),
            key_set_max_age: Duration::from_secs(300),
            dev_mailbox: false,
        }
    }
}

/// The paths of packages that front ends may be written for, each switched on by where they begin.
/// Where an alias has a path of the API's own, the alias answers; what it has no method for is still the
/// API's, such as deleting an account.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Aliases {
    /// djoser's: `jwt/create/`, `jwt/refresh/`, `jwt/verify/`, `users/`, and below that `me/`,
    /// `activation/`, `resend_activation/`, `reset_password/`, `reset_password_confirm/`, `set_password/`.
    pub djoser: Option<PathPrefix>,
    /// dj-rest-auth's: `login/`, `logout/`, `user/`, `token/refresh/`, `token/verify/`, `registration/`,
    /// `registration/verify-email/`, `registration/resend-email/`, `password/reset/`,
    /// `password/reset/confirm/`, `password/change/`.
    pub dj_rest_auth: Option<PathPrefix>,
}

/// A line of releases of djangorestframework-simplejwt, whose sentences clients may rely on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum SimpleJwt {
    /// 5.4 and before: one sentence for a token that is invalid or expired.
    #[default]
    V5_4,
    /// 5.5: a sentence for each.
    V5_5,
}
