//! Settings that would make the server insecure, or that cannot work: refused at the start.

use super::{Algorithm, Aliases, Environment, Problem, Settings, SettingsError};
use doorward_http::{PathPrefix, PathPrefixError};
use doorward_passwords::Cost;
use doorward_persistence::DatabaseUrl;
use doorward_tokens::{KeyError, RetiringKey, RootSecret, SharedKey};
use std::ops::RangeInclusive;
use std::time::Duration;

/// Set to `1`, this variable of the environment allows bcrypt costs from 4 on: for tests, which
/// hash a lot and protect nothing.
pub const INSECURE_TEST_COST: &str = "DOORWARD_INSECURE_TEST_COST";

pub(super) const SECOND: Duration = Duration::from_secs(1);
pub(super) const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(24 * 3600);

/// Parts of texts that stand in examples and are copied from there.
const EXAMPLES: [&str; 9] = [
    "django-insecure",
    "change-me",
    "change_me",
    "changeme",
    "your-256-bit",
    "your-secret",
    "replace",
    "example",
    "insecure",
];

impl Settings {
    /// Refuses what is insecure or cannot work.
    ///
    /// # Errors
    /// Everything that is wrong.
    pub fn validate(&self, environment: &Environment) -> Result<(), SettingsError> {
        let mut problems = Problems::default();
        self.check_server(&mut problems);
        self.check_database(&mut problems);
        self.check_secrets(&mut problems);
        self.check_lifetimes(&mut problems);
        self.check_passwords(&mut problems, environment);
        self.check_accounts(&mut problems);
        self.check_mail(&mut problems);
        self.check_aliases(&mut problems);
        SettingsError::unless_empty(problems.0)
    }

    fn check_server(&self, problems: &mut Problems) {
        let server = &self.server;
        if server.public_url.is_readable_on_the_way() {
            problems.add(
                "server.public_url",
                "plain http would send passwords through the network in the clear; use https (a proxy may end the TLS)",
            );
        }
        for network in server.trusted_proxies.iter().filter(|network| network.holds_strangers()) {
            let what = format!(
                "{network} holds strangers, who could then choose the address that they are known by; name your proxies"
            );
            problems.add("server.trusted_proxies", what);
        }
        problems.within("server.workers", server.workers, 0..=512);
        problems.within_time("server.head_timeout", server.head_timeout, SECOND..=MINUTE);
        problems.within_time("server.body_timeout", server.body_timeout, SECOND..=5 * MINUTE);
        problems.within_time("server.keep_alive", server.keep_alive, Duration::ZERO..=10 * MINUTE);
        problems.within_time("server.shutdown_timeout", server.shutdown_timeout, SECOND..=30 * SECOND);
    }

    fn check_database(&self, problems: &mut Problems) {
        let database = &self.database;
        match DatabaseUrl::parse(database.url.expose().unwrap_or_default()) {
            Err(error) => problems.add("database.url", error),
            Ok(DatabaseUrl::Postgres(url)) => {
                if url.may_be_read_on_the_way() && !database.allow_plaintext {
                    problems.add(
                        "database.url",
                        "the server is on another machine and TLS is not demanded; add ?sslmode=verify-full, or set \
                         database.allow_plaintext where the network between is private",
                    );
                }
                if !self.secret.key.is_set() {
                    problems.add(
                        "secret.key",
                        "must be set where the database is PostgreSQL, to the same value on every instance; \
                         `doorward keys generate-secret` draws one",
                    );
                }
            }
            Ok(DatabaseUrl::Sqlite(_)) => {}
        }
        problems.within("database.postgres_connections", database.postgres_connections, 1..=256);
        problems.within("database.sqlite_readers", database.sqlite_readers, 1..=64);
        problems.within("database.queue", database.queue, 1..=1_000_000);
        problems.within("memory.sessions", self.memory.sessions, 0..=100_000_000);
        problems.within("memory.tokens", self.memory.tokens, 0..=100_000_000);
    }

    fn check_secrets(&self, problems: &mut Problems) {
        for (key, secret) in [("secret.key", &self.secret.key), ("secret.previous", &self.secret.previous)] {
            if let Some(error) = secret.expose().and_then(|text| RootSecret::parse(text).err()) {
                problems.add(key, format!("{error}; `doorward keys generate-secret` draws one"));
            }
        }
        if self.secret.key.is_set() && self.secret.key == self.secret.previous {
            problems.add("secret.previous", "is the same as secret.key; remove it");
        }
        let shared = &self.tokens.shared_key;
        if let Some(text) = shared.expose() {
            if shared == &self.secret.key || shared == &self.secret.previous {
                problems.add(
                    "tokens.shared_key",
                    "must not be the root secret: who shares it could make any token",
                );
            }
            let checked =
                not_from_an_example(text).and_then(|()| SharedKey::new(text).map_err(|e| e.to_string()));
            if let Err(what) = checked {
                problems.add("tokens.shared_key", what);
            }
        }
        for (index, key) in self.tokens.retiring_keys.iter().enumerate() {
            if let Err(what) = retiring_key(key.expose().unwrap_or_default()) {
                problems.add(&format!("tokens.retiring_keys[{index}]"), what);
            }
        }
    }

    fn check_lifetimes(&self, problems: &mut Problems) {
        let tokens = &self.tokens;
        problems.within_time("tokens.access_lifetime", tokens.access_lifetime, SECOND..=DAY);
        problems.within_time(
            "tokens.refresh_idle_lifetime",
            tokens.refresh_idle_lifetime,
            SECOND..=366 * DAY,
        );
        if let Some(absolute) = tokens.refresh_absolute_lifetime {
            problems.within_time("tokens.refresh_absolute_lifetime", absolute, SECOND..=3660 * DAY);
            if absolute < tokens.access_lifetime {
                problems.add(
                    "tokens.refresh_absolute_lifetime",
                    "a session cannot end before its first access token",
                );
            }
        }
        if tokens.access_lifetime > tokens.refresh_idle_lifetime {
            problems.add(
                "tokens.access_lifetime",
                "an access token must not outlive its refresh token (tokens.refresh_idle_lifetime)",
            );
        }
        problems.within_time("tokens.refresh_grace", tokens.refresh_grace, Duration::ZERO..=MINUTE);
    }

    fn check_passwords(&self, problems: &mut Problems, environment: &Environment) {
        let passwords = &self.passwords;
        let floor = match environment.var(INSECURE_TEST_COST) {
            Some("1") => Cost::MIN.as_u32(),
            _ => 10,
        };
        problems.within("passwords.bcrypt_cost", passwords.bcrypt_cost, floor..=Cost::MAX.as_u32());
        problems.within("passwords.minimum_length", passwords.minimum_length, 8..=64);
        problems.within("passwords.hash_threads", passwords.hash_threads, 0..=1024);
        problems.within("passwords.hash_queue", passwords.hash_queue, 1..=65_536);
        let deadline = Duration::from_millis(1)..=MINUTE;
        problems.within_time("passwords.hash_deadline", passwords.hash_deadline, deadline);
    }

    fn check_aliases(&self, problems: &mut Problems) {
        let Aliases { djoser, dj_rest_auth } = &self.aliases;
        for (key, text) in [("aliases.djoser", djoser), ("aliases.dj_rest_auth", dj_rest_auth)] {
            if let Err(error) = path_prefix(text) {
                problems.add(key, error);
            }
        }
    }

    /// Whether access tokens are signed with `tokens.shared_key`, and not with a key of the database.
    pub fn signs_with_shared_key(&self) -> bool {
        self.tokens.algorithm == Algorithm::Hs256 && self.tokens.shared_key.is_set()
    }
}

/// Reads one of `tokens.retiring_keys`: `HS256:secret`, `RS256:-----BEGIN PUBLIC KEY-----…`.
pub(crate) fn retiring_key(text: &str) -> Result<RetiringKey, String> {
    let (algorithm, material) = text
        .split_once(':')
        .ok_or("must be an algorithm, a colon and the key, as in HS256:the-old-secret")?;
    if algorithm.starts_with("HS") {
        not_from_an_example(material)?;
    }
    RetiringKey::new(algorithm, material).map_err(|error: KeyError| error.to_string())
}

/// Reads one of `[aliases]`: where paths begin, if anywhere.
pub(crate) fn path_prefix(text: &str) -> Result<Option<PathPrefix>, PathPrefixError> {
    if text.is_empty() { Ok(None) } else { PathPrefix::parse(text).map(Some) }
}

fn not_from_an_example(secret: &str) -> Result<(), String> {
    let lower = secret.to_lowercase();
    match EXAMPLES.iter().find(|example| lower.contains(**example)) {
        Some(example) => {
            Err(format!("a key with \"{example}\" in it was copied from an example; draw a random one"))
        }
        None => Ok(()),
    }
}

/// What was found wrong so far.
#[derive(Default)]
pub(super) struct Problems(Vec<Problem>);

impl Problems {
    pub(super) fn add(&mut self, key: &str, what: impl std::fmt::Display) {
        self.0.push(Problem::new(key, what));
    }

    pub(super) fn within<N: PartialOrd + Copy + std::fmt::Display>(
        &mut self,
        key: &str,
        value: N,
        range: RangeInclusive<N>,
    ) {
        if !range.contains(&value) {
            self.add(key, format!("{value} is not from {} to {}", range.start(), range.end()));
        }
    }

    pub(super) fn within_time(&mut self, key: &str, value: Duration, range: RangeInclusive<Duration>) {
        if !range.contains(&value) {
            let [value, start, end] = [value, *range.start(), *range.end()].map(super::duration::format);
            self.add(key, format!("{value} is not from {start} to {end}"));
        }
    }
}
