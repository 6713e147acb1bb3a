use super::words::words;
use super::{Network, Origin, Secret, duration};
use serde::{Deserialize, Serialize};
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

/// `[server]`: where and how it serves.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Server {
    /// The address and port to listen on; port 0 takes a free one.
    pub bind: SocketAddr,
    /// Where clients reach the server. Links are built from this alone.
    pub public_url: Origin,
    /// The proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<Network>,
    /// Threads that serve connections; 0 for one a core.
    pub workers: usize,
    /// How long a client may take to send the head of a request.
    #[serde(with = "duration")]
    pub head_timeout: Duration,
    /// How long a client may take to send a body.
    #[serde(with = "duration")]
    pub body_timeout: Duration,
    /// How long an idle connection is kept open.
    #[serde(with = "duration")]
    pub keep_alive: Duration,
    /// How long requests in flight may take to end when the server is told to stop.
    #[serde(with = "duration")]
    pub shutdown_timeout: Duration,
}

impl Default for Server {
    fn default() -> Self {
        Self {
            bind: (Ipv4Addr::LOCALHOST, 8000).into(),
            public_url: Origin::local(),
            trusted_proxies: Vec::new(),
            workers: 0,
            head_timeout: Duration::from_secs(10),
            body_timeout: Duration::from_secs(10),
            keep_alive: Duration::from_secs(30),
            shutdown_timeout: Duration::from_secs(30),
        }
    }
}

/// `[database]`: where accounts and sessions are.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Database {
    /// `sqlite://…` or `postgres://…`; a secret, since it may hold a password.
    pub url: Secret,
    /// Whether a start brings the schema up to date.
    pub migrate_on_start: bool,
    /// Whether a PostgreSQL server on another machine may be reached without TLS.
    pub allow_plaintext: bool,
    /// Connections to PostgreSQL, and how many threads that serve requests may have one besides.
    pub postgres_connections: usize,
    /// Connections that read from SQLite, beside the one that writes.
    pub sqlite_readers: usize,
    /// How many jobs may wait for a connection before more are refused.
    pub queue: usize,
}

impl Default for Database {
    fn default() -> Self {
        let pools = doorward_persistence::Settings::default();
        Self {
            url: Secret::new("sqlite://data/doorward.db"),
            migrate_on_start: true,
            allow_plaintext: false,
            postgres_connections: pools.postgres_connections,
            sqlite_readers: pools.sqlite_readers,
            queue: pools.queue,
        }
    }
}

/// `[secret]`: the root secret, from which every other key is derived or under which it is sealed.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RootSecret {
    /// 32 random bytes in base64. Not set: the file `secret.key` beside the SQLite database.
    pub key: Secret,
    /// The root secret before this one: what is sealed under it is sealed anew at the next start.
    pub previous: Secret,
}

/// `[tokens]`: tokens, and how sessions live.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Tokens {
    /// What access tokens are signed with.
    pub algorithm: Algorithm,
    /// The key that is shared with a Django service (its `SIGNING_KEY`).
    pub shared_key: Secret,
    /// Keys that no longer sign but are still honoured: `ALGORITHM:KEY`.
    pub retiring_keys: Vec<Secret>,
    /// The claim `iss`.
    pub issuer: Issuer,
    /// The claim `aud`; empty leaves it out.
    pub audience: Vec<String>,
    /// What access tokens tell about the account, beyond its ids.
    pub claims: Vec<Claim>,
    /// The simplejwt whose tokens and sentences ours look like.
    pub simplejwt: SimpleJwt,
    /// How long an access token lives.
    #[serde(with = "duration")]
    pub access_lifetime: Duration,
    /// How long a refresh token lives unused.
    #[serde(with = "duration")]
    pub refresh_idle_lifetime: Duration,
    /// How long a session lives however often it is refreshed; `none` for ever.
    #[serde(with = "duration::or_none")]
    pub refresh_absolute_lifetime: Option<Duration>,
    /// How long after a refresh the previous token still answers the same pair.
    #[serde(with = "duration")]
    pub refresh_grace: Duration,
    /// What a replayed refresh token does to its session.
    pub refresh_reuse: Reuse,
}

impl Default for Tokens {
    fn default() -> Self {
        Self {
            algorithm: Algorithm::EdDsa,
            shared_key: Secret::default(),
            retiring_keys: Vec::new(),
            issuer: Issuer::PublicUrl,
            audience: vec!["doorward".to_owned()],
            claims: Vec::new(),
            simplejwt: SimpleJwt::V5_4,
            access_lifetime: Duration::from_secs(5 * 60),
            refresh_idle_lifetime: Duration::from_secs(24 * 3600),
            refresh_absolute_lifetime: Some(Duration::from_secs(30 * 24 * 3600)),
            refresh_grace: Duration::from_secs(10),
            refresh_reuse: Reuse::Revoke,
        }
    }
}

words! {
    /// What access tokens are signed with.
    Algorithm {
        /// Ed25519; its public keys are published.
        EdDsa = "EdDSA",
        /// HMAC with SHA-256, for running beside a service that shares the key.
        Hs256 = "HS256",
    }
}

/// Where the claim `iss` comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum Issuer {
    /// `public_url`: it is `server.public_url`.
    PublicUrl,
    /// `none`: tokens have no issuer, and those of a shared key may have any.
    None,
    /// Any other text is the issuer.
    Named(String),
}

impl From<String> for Issuer {
    fn from(text: String) -> Self {
        match text.trim() {
            "public_url" => Self::PublicUrl,
            "none" | "" => Self::None,
            _ => Self::Named(text),
        }
    }
}

impl From<Issuer> for String {
    fn from(issuer: Issuer) -> Self {
        match issuer {
            Issuer::PublicUrl => "public_url".to_owned(),
            Issuer::None => "none".to_owned(),
            Issuer::Named(text) => text,
        }
    }
}

words! {
    /// Something about the account that an access token may tell.
    Claim {
        /// The username, as it was typed.
        Username = "username",
        /// The e-mail address.
        Email = "email",
        /// The person's name.
        FullName = "full_name",
        /// Django's staff flag.
        IsStaff = "is_staff",
        /// Django's superuser flag.
        IsSuperuser = "is_superuser",
        /// The names of its groups.
        Groups = "groups",
    }
}

words! {
    /// A line of releases of djangorestframework-simplejwt.
    SimpleJwt {
        /// 5.4 and before: `user_id` is a number, one sentence for invalid and expired tokens.
        V5_4 = "5.4",
        /// From 5.5 on: `user_id` is a string, a sentence for each.
        V5_5 = "5.5",
    }
}

words! {
    /// What a replayed refresh token does to its session.
    Reuse {
        /// Ends it.
        Revoke = "revoke",
        /// Nothing: the replay is refused, the session lives on.
        Refuse = "refuse",
    }
}

/// `[passwords]`: their rules and their hashing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Passwords {
    /// The cost of bcrypt; one more doubles the work.
    pub bcrypt_cost: u32,
    /// The fewest characters of a new password.
    pub minimum_length: usize,
    /// Whether a new password may not resemble the account's other data.
    pub similarity: bool,
    /// Whether white space around a password is taken off.
    pub trim: bool,
    /// Threads that hash; 0 for one a core.
    pub hash_threads: usize,
    /// What computes bcrypt.
    pub hash_engine: HashEngine,
    /// How many hashes may wait for a thread.
    pub hash_queue: usize,
    /// How long a hash may wait for a thread.
    #[serde(with = "duration")]
    pub hash_deadline: Duration,
}

impl Default for Passwords {
    fn default() -> Self {
        Self {
            bcrypt_cost: 12,
            minimum_length: 8,
            similarity: true,
            trim: false,
            hash_threads: 0,
            hash_engine: HashEngine::Interleaved,
            hash_queue: 256,
            hash_deadline: Duration::from_secs(2),
        }
    }
}

words! {
    /// What computes bcrypt.
    HashEngine {
        /// Up to four waiting hashes at once on each thread.
        Interleaved = "interleaved",
        /// The bcrypt crate, one hash at a time.
        Crate = "crate",
    }
}

/// `[memory]`: what is kept at hand, so that a request need not ask for it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Memory {
    /// About how many sessions are remembered with their accounts; 0 asks the database every time.
    pub sessions: usize,
    /// About how many access tokens are remembered with who holds them; 0 finds out every time.
    pub tokens: usize,
    /// Whether live sessions are read into memory from the database ahead of their requests.
    pub warm_up: bool,
}

impl Default for Memory {
    fn default() -> Self {
        let doorward_recall::Settings { sessions, tokens, .. } = doorward_recall::Settings::default();
        Self { sessions, tokens, warm_up: false }
    }
}

/// `[cors]`: pages of other origins.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Cors {
    /// The origins whose pages may read answers; empty for none.
    pub allowed_origins: Vec<Origin>,
}

/// `[aliases]`: paths of other packages, for front ends that were written for them.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Aliases {
    /// Where djoser's paths begin; empty for nowhere.
    pub djoser: String,
    /// Where dj-rest-auth's paths begin; empty for nowhere.
    pub dj_rest_auth: String,
}

/// `[log]`: what is logged, and how.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Log {
    /// Lines for people or for machines.
    pub format: LogFormat,
    /// From which weight on.
    pub level: LogLevel,
}

impl Default for Log {
    fn default() -> Self {
        Self { format: LogFormat::Text, level: LogLevel::Info }
    }
}

words! {
    /// How a line of the log looks.
    LogFormat {
        /// For people.
        Text = "text",
        /// One JSON object a line.
        Json = "json",
    }
}

words! {
    /// What is logged.
    LogLevel {
        /// Nothing.
        Off = "off",
        /// What somebody must look at.
        Error = "error",
        /// What somebody should look at.
        Warn = "warn",
        /// What happens.
        Info = "info",
        /// And why.
        Debug = "debug",
        /// And how.
        Trace = "trace",
    }
}
