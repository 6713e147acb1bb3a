//! The server that is measured, and the databases that it serves from.

use crate::cluster::Cluster;
use crate::lab::Database;
use crate::load::PASSWORD;
use crate::population::{ACCESS_LIFETIME, Mint, Population};
use crate::process::{Process, command, free_port};
use crate::residence::Residence;
use crate::{clock, seed, tools};
use anyhow::{Context as _, Result, ensure};
use doorward_tokens::{OsRandom, RootSecret};
use std::cell::Cell;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::rc::Rc;
use std::thread;
use std::time::Duration;
use tempfile::TempDir;

/// The SQLite file of a site.
const FILE: &str = "doorward.db";

/// A new root secret.
pub(crate) fn random_secret() -> RootSecret {
    RootSecret::generate(&OsRandom::new())
}

/// A database that was filled with accounts and sessions, and what a server on it needs.
pub(crate) struct Site {
    program: PathBuf,
    directory: TempDir,
    url: String,
    root: RootSecret,
    population: Population,
    mint: Mint,
    /// Sessions from here on were not refreshed yet.
    fresh: Cell<u32>,
    files: Cell<u32>,
    /// What a PostgreSQL database is dropped with.
    cluster: Option<(Rc<Cluster>, String)>,
}

impl Site {
    /// Makes a database of that kind with `size` accounts, below `place`.
    pub(crate) fn make(
        program: &Path,
        place: &Path,
        database: Database,
        cluster: Option<Rc<Cluster>>,
        size: u32,
    ) -> Result<Self> {
        let directory = tempfile::Builder::new().prefix("site-").tempdir_in(place)?;
        let root = random_secret();
        let file = directory.path().join(FILE);
        let (url, cluster) = match database {
            Database::Sqlite => (format!("sqlite://{}", file.display()), None),
            Database::Postgres => {
                let cluster = cluster.context("there is no PostgreSQL")?;
                let tail = directory.path().file_name().unwrap_or_default().to_string_lossy().to_lowercase();
                let name = tail.replace('-', "_");
                cluster.create(&name)?;
                (cluster.url(&name), Some((cluster, name)))
            }
        };
        // The first start makes the tables and the keys, and hashes the password that all will have.
        let first = Server::start(program, directory.path(), &url, &root, &[], &[])?;
        first.register("template")?;
        drop(first);
        // Sessions begin in a later second than the key that signs their tokens.
        thread::sleep(Duration::from_secs(1));
        let population = Population { size, began: clock::now() };
        match &cluster {
            None => seed::sqlite(&file, population)?,
            Some((cluster, name)) => seed::postgres(cluster, name, population)?,
        }
        // Else the first sync under load would write all that was filled in.
        tools::output(&mut Command::new("sync"))?;
        let mint = Mint::open(&url, &root, population)?;
        let program = program.to_owned();
        let (fresh, files) = (Cell::new(0), Cell::new(0));
        Ok(Self { program, directory, url, root, population, mint, fresh, files, cluster })
    }

    /// How many accounts there are.
    pub(crate) fn size(&self) -> u32 {
        self.population.size
    }

    /// Keeps what was filled in in memory.
    pub(crate) fn in_memory(&self) -> Result<Residence> {
        let files = match &self.cluster {
            None => self.directory.path().join(FILE),
            Some((cluster, name)) => cluster.files(name)?,
        };
        Residence::of(&files, self.directory.path())
    }

    /// Starts a server.
    pub(crate) fn serve(&self, settings: &[(&str, &str)]) -> Result<Server> {
        self.serve_under(settings, &[])
    }

    /// Starts a server under a program that watches it.
    pub(crate) fn serve_under(&self, settings: &[(&str, &str)], under: &[String]) -> Result<Server> {
        Server::start(&self.program, self.directory.path(), &self.url, &self.root, settings, under)
    }

    /// The same database under another build of the program.
    pub(crate) fn with_program(mut self, program: &Path) -> Self {
        program.clone_into(&mut self.program);
        self
    }

    /// A file with the access tokens of these accounts.
    pub(crate) fn access_tokens(&self, numbers: impl Iterator<Item = u32>) -> Result<PathBuf> {
        self.write(numbers.map(|number| Ok(self.mint.pair(number)?.access)))
    }

    /// An account's access token.
    pub(crate) fn access_token(&self, number: u32) -> Result<String> {
        Ok(self.mint.pair(number)?.access)
    }

    /// A file with the refresh tokens of `count` accounts that no load has had: a load ends with answers
    /// on their way, and leaves tokens behind that are used up. The accounts lie apart from each other, as
    /// those do that happen to be in use, and not beside each other on a page or two of the database.
    pub(crate) fn refresh_tokens(&self, count: u32) -> Result<PathBuf> {
        self.refresh_tokens_of(count, |number| self.population.apart(number))
    }

    /// The same, of accounts that are chosen by `place`.
    pub(crate) fn refresh_tokens_of(&self, count: u32, place: impl Fn(u32) -> u32) -> Result<PathBuf> {
        let first = self.fresh.get();
        let end = first + count;
        ensure!(end <= self.size(), "all {} sessions were refreshed before", self.size());
        self.fresh.set(end);
        self.write((first..end).map(|number| Ok(self.mint.pair(place(number))?.refresh)))
    }

    /// A file with the names of these accounts.
    pub(crate) fn names(&self, numbers: impl Iterator<Item = u32>) -> Result<PathBuf> {
        self.write(numbers.map(|number| Ok(crate::population::username(number))))
    }

    fn write(&self, lines: impl Iterator<Item = Result<String>>) -> Result<PathBuf> {
        let number = self.files.get();
        self.files.set(number + 1);
        let path = self.directory.path().join(format!("lines-{number}"));
        let lines = lines.collect::<Result<Vec<_>>>()?;
        fs::write(&path, lines.join("\n") + "\n")?;
        Ok(path)
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        if let Some((cluster, name)) = &self.cluster {
            // The server's data go with it, if not before.
            let _ = cluster.remove(name);
        }
    }
}

/// A Doorward that answers.
pub(crate) struct Server {
    process: Process,
    base: String,
}

impl Server {
    fn start(
        program: &Path,
        directory: &Path,
        url: &str,
        root: &RootSecret,
        settings: &[(&str, &str)],
        under: &[String],
    ) -> Result<Self> {
        let port = free_port()?;
        let mut server = match under.split_first() {
            None => command(program, false),
            Some((watcher, arguments)) => {
                let mut command = command(Path::new(watcher), false);
                command.args(arguments).arg(program);
                command
            }
        };
        server
            .env("DOORWARD__SERVER__BIND", format!("127.0.0.1:{port}"))
            .env("DOORWARD__DATABASE__URL", url)
            .env("DOORWARD__SECRET__KEY", root.to_text().as_str())
            .env("DOORWARD__TOKENS__ACCESS_LIFETIME", format!("{}s", ACCESS_LIFETIME.as_secs()))
            .envs(settings.iter().copied())
            .current_dir(directory);
        let mut process = Process::start(server, "doorward", &directory.join(format!("log-{port}")))?;
        let base = format!("http://127.0.0.1:{port}");
        let ready = format!("{base}/readyz");
        process.wait_until(|| Ok(ureq::get(&ready).call().map(drop)?))?;
        Ok(Self { process, base })
    }

    /// Its address.
    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    /// Its process.
    pub(crate) fn process(&self) -> &Process {
        &self.process
    }

    /// What it answers to a bearer's request for the dashboard: the status.
    pub(crate) fn dashboard(&self, agent: &ureq::Agent, token: &str) -> Result<u16> {
        let request = agent.get(format!("{}/api/dashboard/", self.base));
        Ok(request.header("Authorization", format!("Bearer {token}")).call()?.status().as_u16())
    }

    /// How many sessions it remembers, as it tells.
    pub(crate) fn remembered_sessions(&self) -> Result<f64> {
        let told = ureq::get(format!("{}/metrics", self.base)).call()?.body_mut().read_to_string()?;
        let count = told.lines().find_map(|line| line.strip_prefix("doorward_remembered_sessions "));
        Ok(count.context("the server does not tell how many sessions it remembers")?.parse()?)
    }

    fn register(&self, name: &str) -> Result<()> {
        let body = serde_json::json!({
            "username": name, "email": format!("{name}@example.com"),
            "password": PASSWORD, "password2": PASSWORD,
        });
        ureq::post(format!("{}/api/auth/register/", self.base)).send_json(body)?;
        Ok(())
    }
}
