use super::Server;
use doorward::settings::{Algorithm, Environment, Issuer, Secret, Settings};
use doorward_domain::testing::TestClock;
use doorward_persistence::{DatabaseUrl, Migrator};
use doorward_testkit::{Database, Scratch};
use std::iter;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// A root secret for all servers of the tests.
const ROOT_SECRET: &str = "qTk4haNHAXhnhLC1HmRp8BHNSAYicYb8YFAe+M6nlN8=";

/// What the tests share with a Django service that is not there.
pub(crate) const SHARED_KEY: &str = "0vK8#wq2!Lr7mZp4@Xc9sTe1Yb6Nd3Gf5Hj";

/// A migrated database of a case's own, and the time that its servers go by.
pub(crate) struct Place {
    scratch: Scratch,
    pub(crate) clock: Arc<TestClock>,
}

impl Place {
    pub(crate) fn new(database: Database) -> Self {
        Self { scratch: Scratch::filled(database, migrate), clock: Arc::default() }
    }

    /// A server with the default settings.
    pub(crate) fn server(&self) -> Server {
        self.server_with(|_| {})
    }

    /// A server with changed settings.
    pub(crate) fn server_with(&self, change: impl FnOnce(&mut Settings)) -> Server {
        let mut settings = self.adapted(Settings::default());
        change(&mut settings);
        Server::start(settings, Arc::clone(&self.clock))
    }

    /// A server with these settings, by their keys.
    pub(crate) fn server_set(&self, settings: &[(&str, &str)]) -> Server {
        let variable = |key: &str| format!("DOORWARD__{}", key.to_uppercase().replace('.', "__"));
        let pairs = settings.iter().map(|(key, value)| (variable(key), *value));
        let environment = Environment::from_pairs(pairs);
        let settings = Settings::load(None, &environment).unwrap_or_else(|error| panic!("{error}"));
        Server::start(self.adapted(settings), Arc::clone(&self.clock))
    }

    pub(crate) fn scratch(&self) -> &Scratch {
        &self.scratch
    }

    /// A server that was given `config/django.toml` and nothing else.
    pub(crate) fn django(&self) -> Server {
        self.django_with(|_| {})
    }

    /// A server that was given `config/django.toml`, with changed settings.
    pub(crate) fn django_with(&self, change: impl FnOnce(&mut Settings)) -> Server {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../config/django.toml");
        let nothing = Environment::from_pairs(iter::empty::<(&str, &str)>());
        let mut settings = self.adapted(Settings::load(Some(&file), &nothing).unwrap());
        change(&mut settings);
        Server::start(settings, Arc::clone(&self.clock))
    }

    /// A server whose clock is ahead of the others'.
    pub(crate) fn server_ahead(&self, seconds: u64) -> Server {
        let clock = Arc::<TestClock>::default();
        let shown = self.clock.now_value().plus(Duration::from_secs(seconds));
        clock.advance(shown.since(clock.now_value()));
        Server::start(self.adapted(Settings::default()), clock)
    }

    /// These settings, on this database and as light as tests want them.
    fn adapted(&self, mut settings: Settings) -> Settings {
        settings.server.bind = ([127, 0, 0, 1], 0).into();
        settings.server.workers = 1;
        settings.database.url = Secret::new(self.scratch.url());
        settings.database.postgres_connections = 2;
        settings.secret.key = Secret::new(ROOT_SECRET);
        settings.passwords.bcrypt_cost = 4;
        settings
    }
}

fn migrate(url: &str) {
    Migrator::new(&DatabaseUrl::parse(url).unwrap()).run().unwrap();
}

/// Tokens beside a Django service: HS256 with its key, and no audience, which it would refuse.
pub(crate) fn beside_django(settings: &mut Settings) {
    settings.tokens.issuer = Issuer::None;
    settings.tokens.audience = Vec::new();
    settings.tokens.algorithm = Algorithm::Hs256;
    settings.tokens.shared_key = Secret::new(SHARED_KEY);
}
