//! The parts, put together: which adapter stands behind which port.

mod figures;
mod mail;
mod translate;

pub(crate) use figures::gauge;
pub(crate) use mail::{Mail, clerk, mailer, reader, try_letters};
pub(crate) use translate::http_settings;

use crate::root_secret::{self, RootSecrets};
use crate::settings::Settings;
use anyhow::{Context as _, anyhow};
use doorward_domain::keys::RotationPlan;
use doorward_domain::random::Random;
use doorward_domain::sealing::Sealer;
use doorward_domain::store::Store;
use doorward_domain::time::Clock;
use doorward_domain::use_cases::{Auth, Keys, Ports, RootAdoption};
use doorward_mail::SealedEnvelopes;
use doorward_passwords::HashLane;
use doorward_persistence::{Database, DatabaseUrl, Migrator};
use doorward_recall::Recall;
use doorward_tokens::{AwsKeyMaker, OsRandom, RootDigests, RootSealer, RootSecret, TokenAuthority};
use std::sync::Arc;
use std::time::Duration;
use translate::{lane_settings, policy, recall_settings, token_settings};

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
    pub(crate) recall: Arc<Recall>,
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
        let recall = Arc::new(Recall::new(store, Arc::clone(&clock), recall_settings(settings)));
        let (store, callers) = (Arc::clone(&recall), Arc::clone(&recall));
        let (hasher, tokens) = (Arc::clone(&lane), Arc::clone(&authority));
        let digests = Arc::new(RootDigests::new(&secrets.current, secrets.previous.as_ref()));
        let envelopes = Arc::new(SealedEnvelopes::new(
            sealer(&secrets.current, &random),
            secrets.previous.iter().map(|root| sealer(root, &random)).collect(),
        ));
        let ports = Ports { store, hasher, callers, tokens, clock, digests, envelopes, random };
        let auth = Auth::new(ports, policy(settings));
        Ok(Self { auth, keys, authority, key_version: opened.version, lane, recall, database })
    }

    /// Ends what was begun and closes the database. It blocks.
    pub(crate) fn close(self) {
        self.database.close();
    }
}

/// The database's URL.
pub(crate) fn database_url(settings: &Settings) -> anyhow::Result<DatabaseUrl> {
    DatabaseUrl::parse(settings.database.url.expose().unwrap_or_default()).context("database.url")
}

async fn open_migrated(settings: &Settings, url: &DatabaseUrl) -> anyhow::Result<Database> {
    if settings.database.migrate_on_start {
        for name in Migrator::new(url).run()? {
            log::info!(migration = name.as_str(); "the database was migrated");
        }
        return open(settings, url);
    }
    if let Some(path) = url.path().filter(|path| !path.exists()) {
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
        sealer: sealer(root, random),
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
        ..doorward_persistence::Settings::default()
    };
    Ok(doorward_persistence::open(url, &pools)?)
}

async fn adopt_root(keys: &Keys, secrets: &RootSecrets, random: &Arc<dyn Random>) -> anyhow::Result<()> {
    let adopted = keys.adopt_root(secrets.previous.as_ref().map(|root| sealer(root, random))).await;
    match adopted.context("the root secret cannot be used (`doorward check` tells how to mend it)")? {
        RootAdoption::Known => {}
        RootAdoption::First => log::info!("the database is sealed under its first root secret"),
        RootAdoption::Resealed => log::info!("the database is sealed anew, under another root secret"),
    }
    Ok(())
}

fn sealer(root: &RootSecret, random: &Arc<dyn Random>) -> Arc<dyn Sealer> {
    Arc::new(RootSealer::new(root, Arc::clone(random)))
}
