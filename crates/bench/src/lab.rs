//! What the measures share: programs, places, servers.

use crate::arguments::Options;
use crate::cluster::Cluster;
use crate::doorward::Site;
use crate::tools;
use anyhow::{Context as _, Result, anyhow, ensure};
use std::cell::OnceCell;
use std::env;
use std::fmt;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::rc::Rc;
use tempfile::TempDir;

/// A kind of database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum, serde::Serialize, serde::Deserialize)]
pub(crate) enum Database {
    /// The embedded one.
    Sqlite,
    /// A server.
    Postgres,
}

impl fmt::Display for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
        })
    }
}

/// How many sessions take turns, where the measure says nothing else.
pub(crate) const SESSIONS: u32 = 10_000;

/// How many clients there are, where the measure says nothing else.
pub(crate) const CLIENTS: u32 = 64;

/// Where measurements are made.
pub(crate) struct Lab {
    /// How long each load lasts, in seconds.
    pub(crate) seconds: u32,
    /// How often what is compared is loaded in turn.
    pub(crate) rounds: u32,
    /// How many users the large database has.
    pub(crate) users: u32,
    /// Whether this is only to see that it works.
    pub(crate) quick: bool,
    /// The kinds of database to measure on.
    pub(crate) databases: Vec<Database>,
    // Before the place, whose files it uses.
    cluster: OnceCell<std::result::Result<Rc<Cluster>, String>>,
    place: TempDir,
    doorward: PathBuf,
    builds: bool,
}

impl Lab {
    /// Builds the server, unless told otherwise, and makes a temporary place on the disk.
    ///
    /// # Errors
    /// This program is not optimised, the server does not build, or there is no place.
    pub(crate) fn set_up(options: &Options, quick: bool) -> Result<Self> {
        ensure!(
            quick || !cfg!(debug_assertions),
            "figures are taken with optimised peers only: cargo run --release -p doorward-bench"
        );
        let both = vec![Database::Sqlite, Database::Postgres];
        let mut lab = Self {
            seconds: options.seconds.unwrap_or(if quick { 2 } else { 10 }),
            rounds: options.rounds.unwrap_or(if quick { 1 } else { 3 }),
            users: options.users.unwrap_or(if quick { 100_000 } else { 10_000_000 }),
            quick,
            databases: options.database.map_or(both, |one| vec![one]),
            cluster: OnceCell::new(),
            place: tempfile::Builder::new().prefix("doorward-bench-").tempdir()?,
            doorward: PathBuf::new(),
            builds: !options.no_build,
        };
        lab.doorward = lab.build("release", &[])?;
        Ok(lab)
    }

    /// Builds the server in a profile, with further variables for the compilers.
    pub(crate) fn build(&self, profile: &str, variables: &[(&str, &str)]) -> Result<PathBuf> {
        if self.builds {
            say(&format!("building doorward ({profile})"));
            let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
            let mut command = Command::new(cargo);
            command.args(["build", "--locked", "--profile", profile, "--package", "doorward"]);
            command.current_dir(root()).envs(variables.iter().copied());
            tools::output(&mut command)?;
        }
        let program = target()?.join(profile).join("doorward");
        ensure!(program.is_file(), "{} is not there", program.display());
        Ok(program)
    }

    /// The server, as it is released.
    pub(crate) fn program(&self) -> &Path {
        &self.doorward
    }

    /// A directory for temporary files, on a disk.
    pub(crate) fn place(&self) -> &Path {
        self.place.path()
    }

    /// The PostgreSQL server; the first call starts it.
    ///
    /// # Errors
    /// It is not installed, or does not start.
    pub(crate) fn cluster(&self) -> Result<Rc<Cluster>> {
        let start = || Cluster::start(self.place()).map(Rc::new).map_err(|error| format!("{error:#}"));
        self.cluster.get_or_init(start).clone().map_err(|error| anyhow!(error))
    }

    /// A new database of that kind with so many accounts.
    ///
    /// # Errors
    /// It cannot be made.
    pub(crate) fn site(&self, database: Database, size: u32) -> Result<Site> {
        let cluster = match database {
            Database::Sqlite => None,
            Database::Postgres => Some(self.cluster()?),
        };
        Site::make(self.program(), self.place(), database, cluster, size).context("no database for a server")
    }
}

/// The checkout.
pub(crate) fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here).to_owned()
}

/// Where Cargo puts what it builds: this program lies in `target/<profile>/`.
///
/// # Errors
/// It lies nowhere.
pub(crate) fn target() -> Result<PathBuf> {
    let program = env::current_exe()?;
    Ok(program.ancestors().nth(2).context("this program is in no target directory")?.to_owned())
}

/// Tells the person who waits what is being done.
pub(crate) fn say(what: &str) {
    // Whoever does not listen does not need to know.
    let _ = writeln!(std::io::stderr(), "· {what}");
}
