//! The parts, put together: which adapter stands behind which port.

use crate::root_secret::{self, RootSecrets};
use crate::settings::{Algorithm, Claim, Issuer, Reuse, Settings, SimpleJwt, retiring_key};
use anyhow::{Context as _, anyhow};
use doorward_domain::keys::RotationPlan;
use doorward_domain::password::PasswordRules;
use doorward_domain::random::Random;
use doorward_domain::sealing::Sealer;
use doorward_domain::session::{ReusePolicy, SessionPolicy};
use doorward_domain::store::Store;
use doorward_domain::time::Clock;
use doorward_domain::use_cases::{Auth, Keys, Policy, Ports, RootAdoption};
use doorward_http::{Gauge, HttpSettings};
use doorward_passwords::{Cost, HashLane, LaneSettings};
use doorward_persistence::{Database, DatabaseUrl, Migrator, StoreGauges};
use doorward_tokens::{
    AwsKeyMaker, OsRandom, RootSealer, RootSecret, SharedKey, TokenAuthority, TokenSettings, UserClaim,
};
use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// How long others may keep the published keys.
const KEY_SET_MAX_AGE: Duration = Duration::from_secs(300);

/// How long a new key is published before it signs, unless an operator says otherwise: twice as long
/// as others may keep the published keys.
pub(crate) const ROTATION_LEAD: Duration = Duration::from_secs(600);

/// Everything that a server or a command works with, on an open and migrated database.
pub(crate) struct Parts {
    pub(crate) auth: Auth,
    pub(crate) keys: Keys,
    pub(crate) authority: Arc<TokenAuthority>,
    /// The version of the keys that `authority` has.
    pub(crate) key_version: i64,
    pub(crate) lane: Arc<HashLane>,
    database: Database,
}

impl Parts {
    /// Opens the database, migrates it, finds or makes the root secret and the first signing key, and
    /// puts the rest on top.
    pub(crate) async fn assemble(settings: &Settings, clock: Arc<dyn Clock>) -> anyhow::Result<Self> {
        let random: Arc<dyn Random> = Arc::new(OsRandom::new());
        let url = database_url(settings)?;
        let database = open_migrated(settings, &url).await?;
        let store = database.store();

        let sealed_under = store.query(|db| db.root_fingerprint()).await?;
        let secrets = root_secret::find_or_create(settings, &url, sealed_under.as_ref(), &*random)?;
        let keys = keys(settings, Arc::clone(&store), &secrets.current, &random, Arc::clone(&clock));
        adopt_root(&keys, &secrets, &random).await?;
        if !settings.signs_with_shared_key() {
            keys.ensure(settings.tokens.algorithm.into()).await?;
        }
        let opened = keys.open().await?;
        let token_settings = token_settings(settings)?;
        let authority =
            Arc::new(TokenAuthority::new(token_settings, &secrets.current, secrets.previous.as_ref()));
        authority.install(opened.keys)?;

        let lane = HashLane::start(lane_settings(settings)?, Arc::clone(&random), Arc::clone(&clock))?;
        let lane = Arc::new(lane);
        let (hasher, tokens) = (Arc::clone(&lane), Arc::clone(&authority));
        let auth = Auth::new(Ports { store, hasher, tokens, clock, random }, policy(settings));
        Ok(Self { auth, keys, authority, key_version: opened.version, lane, database })
    }

    /// Ends what was begun and closes the database. It blocks.
    pub(crate) fn close(self) {
        self.database.close();
    }

    /// What `/metrics` tells of these parts.
    pub(crate) fn gauges(&self) -> Vec<Gauge> {
        let lane = |name, help, read: fn(&HashLane) -> u64| {
            let lane = Arc::clone(&self.lane);
            gauge(name, help, move || read(&lane))
        };
        let store = |name, help, read: fn(&StoreGauges) -> u64| {
            let gauges = self.database.gauges();
            gauge(name, help, move || read(&gauges))
        };
        vec![
            lane("doorward_hash_queue_length", "Password hashes that wait for a thread", |lane| {
                size(lane.waiting())
            }),
            lane("doorward_hash_queue_capacity", "Password hashes that may wait", |lane| {
                size(lane.capacity())
            }),
            lane("doorward_hash_threads", "Threads that hash passwords", |lane| size(lane.threads())),
            lane("doorward_hash_threads_busy", "Threads that hash a password now", |lane| size(lane.busy())),
            lane("doorward_hash_refused_full", "Hashes refused since the start: full queue", |lane| {
                lane.refused().full
            }),
            lane("doorward_hash_refused_late", "Hashes refused since the start: deadline", |lane| {
                lane.refused().late
            }),
            store("doorward_db_jobs_waiting", "Jobs that wait for a connection", |store| {
                size(store.waiting())
            }),
            store("doorward_db_connections", "Open connections", |store| size(store.connections())),
            store("doorward_db_connections_in_use", "Connections that run a job", |store| {
                size(store.connections_in_use())
            }),
            store(
                "doorward_db_write_batches",
                "Transactions of writes since the start",
                StoreGauges::write_batches,
            ),
            store("doorward_db_write_jobs", "Units of work since the start", StoreGauges::write_jobs),
            store(
                "doorward_db_jobs_refused",
                "Jobs refused since the start: full queue",
                StoreGauges::refused,
            ),
        ]
    }
}

/// A figure for `/metrics`.
pub(crate) fn gauge(
    name: &'static str,
    help: &'static str,
    read: impl Fn() -> u64 + Send + Sync + 'static,
) -> Gauge {
    // Beyond 2³² a figure says "very many" all the same.
    let read = move || f64::from(u32::try_from(read()).unwrap_or(u32::MAX));
    Gauge { name, help, read: Arc::new(read) }
}

/// The settings of the transport.
pub(crate) fn http_settings(settings: &Settings) -> HttpSettings {
    let server = &settings.server;
    HttpSettings {
        workers: (server.workers > 0).then_some(server.workers),
        head_timeout: server.head_timeout,
        body_timeout: server.body_timeout,
        keep_alive: server.keep_alive,
        shutdown_timeout: server.shutdown_timeout,
        handle_signals: false,
        trusted_proxies: server.trusted_proxies.iter().map(|network| network.get()).collect(),
        cors_origins: settings.cors.allowed_origins.iter().map(ToString::to_string).collect(),
        trim_passwords: settings.passwords.trim,
        simplejwt: match settings.tokens.simplejwt {
            SimpleJwt::V5_4 => doorward_http::SimpleJwt::V5_4,
            SimpleJwt::V5_5 => doorward_http::SimpleJwt::V5_5,
        },
        key_set_max_age: KEY_SET_MAX_AGE,
        ..HttpSettings::default()
    }
}

/// The database's URL.
pub(crate) fn database_url(settings: &Settings) -> anyhow::Result<DatabaseUrl> {
    DatabaseUrl::parse(settings.database.url.expose().unwrap_or_default()).context("database.url")
}

/// Makes the directory and the file of an embedded database, for their owner alone: password hashes
/// will be in it.
pub(crate) fn prepare_file(url: &DatabaseUrl) -> anyhow::Result<()> {
    let Some(path) = url.path() else { return Ok(()) };
    if let Some(directory) = path.parent().filter(|directory| !directory.as_os_str().is_empty()) {
        create_private_directory(directory)
            .with_context(|| format!("{} cannot be created", directory.display()))?;
    }
    match root_secret::private_file(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
            Err(error).with_context(|| format!("{} cannot be created", path.display()))
        }
        _ => Ok(()),
    }
}

fn create_private_directory(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

async fn open_migrated(settings: &Settings, url: &DatabaseUrl) -> anyhow::Result<Database> {
    if settings.database.migrate_on_start {
        prepare_file(url)?;
        for name in Migrator::new(url).run()? {
            log::info!(migration = name.as_str(); "the database was migrated");
        }
    } else if let Some(path) = url.path().filter(|path| !path.exists()) {
        return Err(anyhow!("{} is not there; create it with: doorward migrate", path.display()));
    }
    let database = open(settings, url)?;
    let healthy = database.store().health().await;
    healthy.context("the database cannot be used; `doorward migrate status` tells its migrations")?;
    Ok(database)
}

/// The use cases of keys, under a root secret.
pub(crate) fn keys(
    settings: &Settings,
    store: Arc<dyn Store>,
    root: &RootSecret,
    random: &Arc<dyn Random>,
    clock: Arc<dyn Clock>,
) -> Keys {
    Keys {
        store,
        sealer: Arc::new(RootSealer::new(root, Arc::clone(random))),
        maker: Arc::new(AwsKeyMaker::new(Arc::clone(random))),
        clock,
        plan: RotationPlan { lead: ROTATION_LEAD, access_lifetime: settings.tokens.access_lifetime },
    }
}

/// Opens the database as it is.
pub(crate) fn open(settings: &Settings, url: &DatabaseUrl) -> anyhow::Result<Database> {
    let pools = doorward_persistence::Settings {
        postgres_connections: settings.database.postgres_connections,
        sqlite_readers: settings.database.sqlite_readers,
        queue: settings.database.queue,
    };
    Ok(doorward_persistence::open(url, &pools)?)
}

async fn adopt_root(keys: &Keys, secrets: &RootSecrets, random: &Arc<dyn Random>) -> anyhow::Result<()> {
    let previous = secrets.previous.as_ref();
    let previous =
        previous.map(|root| -> Arc<dyn Sealer> { Arc::new(RootSealer::new(root, Arc::clone(random))) });
    match keys.adopt_root(previous).await? {
        RootAdoption::Known => {}
        RootAdoption::First => log::info!("the database is sealed under its first root secret"),
        RootAdoption::Resealed => log::info!("the database is sealed anew, under another root secret"),
    }
    Ok(())
}

fn token_settings(settings: &Settings) -> anyhow::Result<TokenSettings> {
    let tokens = &settings.tokens;
    let shared = tokens.shared_key.expose().map(SharedKey::new).transpose().context("tokens.shared_key")?;
    let retiring = tokens.retiring_keys.iter().map(|key| retiring_key(key.expose().unwrap_or_default()));
    let retiring: Result<_, _> = retiring.collect();
    Ok(TokenSettings {
        algorithm: tokens.algorithm.into(),
        issuer: match &tokens.issuer {
            Issuer::PublicUrl => Some(settings.server.public_url.to_string()),
            Issuer::None => None,
            Issuer::Named(name) => Some(name.clone()),
        },
        audience: tokens.audience.clone(),
        access_lifetime: tokens.access_lifetime,
        simplejwt: match tokens.simplejwt {
            SimpleJwt::V5_4 => doorward_tokens::SimpleJwt::V5_4,
            SimpleJwt::V5_5 => doorward_tokens::SimpleJwt::V5_5,
        },
        claims: tokens.claims.iter().copied().map(UserClaim::from).collect(),
        shared_key: shared,
        retiring_keys: retiring.map_err(anyhow::Error::msg).context("tokens.retiring_keys")?,
    })
}

fn lane_settings(settings: &Settings) -> anyhow::Result<LaneSettings> {
    let passwords = &settings.passwords;
    let defaults = LaneSettings::default();
    Ok(LaneSettings {
        cost: Cost::new(passwords.bcrypt_cost).context("passwords.bcrypt_cost")?,
        threads: if passwords.hash_threads == 0 { defaults.threads } else { passwords.hash_threads },
        queue: passwords.hash_queue,
        deadline: passwords.hash_deadline,
    })
}

fn policy(settings: &Settings) -> Policy {
    let Settings { tokens, passwords, .. } = settings;
    Policy {
        sessions: SessionPolicy {
            idle_lifetime: tokens.refresh_idle_lifetime,
            absolute_lifetime: tokens.refresh_absolute_lifetime,
            grace: tokens.refresh_grace,
            reuse: match tokens.refresh_reuse {
                Reuse::Revoke => ReusePolicy::Revoke,
                Reuse::Refuse => ReusePolicy::Refuse,
            },
        },
        passwords: PasswordRules {
            minimum_length: passwords.minimum_length,
            similarity: passwords.similarity,
        },
    }
}

fn size(size: usize) -> u64 {
    u64::try_from(size).unwrap_or(u64::MAX)
}

impl From<Algorithm> for doorward_domain::keys::Algorithm {
    fn from(algorithm: Algorithm) -> Self {
        match algorithm {
            Algorithm::EdDsa => Self::EdDsa,
            Algorithm::Hs256 => Self::Hs256,
        }
    }
}

impl From<Claim> for UserClaim {
    fn from(claim: Claim) -> Self {
        match claim {
            Claim::Username => Self::Username,
            Claim::Email => Self::Email,
            Claim::FullName => Self::FullName,
            Claim::IsStaff => Self::IsStaff,
            Claim::IsSuperuser => Self::IsSuperuser,
        }
    }
}
