//! A PostgreSQL server for the measurements: durable, as it is by default.

use crate::process::{Process, command, free_port};
use crate::tools;
use anyhow::{Context as _, Result};
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tempfile::TempDir;

/// What differs from PostgreSQL's own defaults, as its manual advises for a machine of its own:
/// more memory than 128 MiB, and room for the log between two checkpoints.
pub(crate) const SETTINGS: [&str; 3] = ["shared_buffers=1GB", "max_wal_size=4GB", "max_connections=200"];

const USER: &str = "doorward";

/// The server with its data; both go when it is dropped.
pub(crate) struct Cluster {
    // In this order: the process ends before its data are deleted.
    _process: Process,
    directory: TempDir,
    port: u16,
    password: String,
}

impl Cluster {
    /// Makes and starts one below `place`.
    ///
    /// # Errors
    /// PostgreSQL is not installed, or does not start.
    pub(crate) fn start(place: &Path) -> Result<Self> {
        let programs = programs()?;
        for client in ["psql", "pgbench"] {
            tools::find(client, "postgresql-client, postgresql-contrib")?;
        }
        let directory = tempfile::Builder::new().prefix("postgres-").tempdir_in(place)?;
        let as_nobody = give_to_nobody(place, directory.path())?;
        let password = crate::doorward::random_secret().to_text().to_string();
        let password_file = directory.path().join("password");
        fs::write(&password_file, &password)?;
        let data = directory.path().join("data");
        let mut initdb = command(&programs.join("initdb"), as_nobody);
        initdb
            .args(["--auth=scram-sha-256", "--encoding=UTF8", "--no-locale"])
            .args([format!("--username={USER}"), format!("--pwfile={}", password_file.display())])
            .arg(&data)
            .current_dir(directory.path());
        tools::output(&mut initdb)?;

        let port = free_port()?;
        let mut server = command(&programs.join("postgres"), as_nobody);
        server.arg("-D").arg(&data).current_dir(directory.path());
        let own = [
            format!("port={port}"),
            "listen_addresses=127.0.0.1".to_owned(),
            format!("unix_socket_directories={}", directory.path().display()),
        ];
        for setting in own.iter().map(String::as_str).chain(SETTINGS) {
            server.args(["-c", setting]);
        }
        let mut process = Process::start(server, "postgres", &directory.path().join("log"))?;
        let asked = || sql(port, &password, "postgres", "SELECT 1;");
        process.wait_until(asked)?;
        Ok(Self { _process: process, directory, port, password })
    }

    /// The version of the installed server.
    pub(crate) fn version() -> String {
        programs().map_or("not installed".to_owned(), |programs| tools::version(&programs.join("postgres")))
    }

    /// Makes an empty database.
    pub(crate) fn create(&self, database: &str) -> Result<()> {
        self.sql("postgres", &format!("CREATE DATABASE {database};")).map(drop)
    }

    /// Drops a database.
    pub(crate) fn remove(&self, database: &str) -> Result<()> {
        self.sql("postgres", &format!("DROP DATABASE IF EXISTS {database} WITH (FORCE);")).map(drop)
    }

    /// Runs statements and answers what `psql` prints of them.
    pub(crate) fn sql(&self, database: &str, script: &str) -> Result<String> {
        sql(self.port, &self.password, database, script)
    }

    /// The directory with a database's tables and indexes.
    pub(crate) fn files(&self, database: &str) -> Result<PathBuf> {
        let sql = format!("SELECT oid FROM pg_database WHERE datname = '{database}';");
        Ok(self.directory.path().join("data/base").join(self.sql("postgres", &sql)?.trim()))
    }

    /// Where a server finds a database. The password has characters that a URL must not have.
    pub(crate) fn url(&self, database: &str) -> String {
        let password = self.password.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
        format!("postgres://{USER}:{password}@127.0.0.1:{}/{database}", self.port)
    }

    /// A client's variables.
    pub(crate) fn variables(&self, database: &str) -> [(&'static str, String); 5] {
        variables(self.port, &self.password, database)
    }
}

fn variables(port: u16, password: &str, database: &str) -> [(&'static str, String); 5] {
    [
        ("PGHOST", "127.0.0.1".to_owned()),
        ("PGPORT", port.to_string()),
        ("PGUSER", USER.to_owned()),
        ("PGPASSWORD", password.to_owned()),
        ("PGDATABASE", database.to_owned()),
    ]
}

fn sql(port: u16, password: &str, database: &str, script: &str) -> Result<String> {
    let mut psql = tools::bare(&tools::find("psql", "postgresql-client")?);
    psql.args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1"]);
    psql.envs(variables(port, password, database));
    let mut child = psql.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    if let Some(mut input) = child.stdin.take() {
        // One that ends before it has read all says why.
        let _ = input.write_all(script.as_bytes());
    }
    let output = child.wait_with_output()?;
    anyhow::ensure!(output.status.success(), "psql: {}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The newest version that Debian's packages put aside, or what is on `PATH`.
fn programs() -> Result<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let programs = versions.map(|entry| entry.path().join("bin"));
    let number = |path: &PathBuf| path.parent()?.file_name()?.to_str()?.parse::<u32>().ok();
    let newest = programs.filter(|path| path.join("postgres").is_file()).max_by_key(number);
    let on_path = || tools::find("postgres", "postgresql").ok()?.parent().map(Path::to_owned);
    newest.or_else(on_path).context("PostgreSQL is not installed (Debian: postgresql)")
}

/// PostgreSQL refuses to be run by root: where we are root, its directory gets another owner.
fn give_to_nobody(place: &Path, directory: &Path) -> Result<bool> {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
    if fs::metadata(directory)?.uid() != 0 {
        return Ok(false);
    }
    fs::set_permissions(place, fs::Permissions::from_mode(0o711))?;
    tools::output(Command::new("chown").arg("nobody:nogroup").arg(directory))?;
    Ok(true)
}
