use crate::place::{self, directory_in_memory, sweep};
use crate::process::{Running, as_server_user, give_away};
use crate::programs::postgres_directory;
use crate::sql;
use anyhow::{Context, Result, bail, ensure};
use std::collections::hash_map::RandomState;
use std::fs;
use std::hash::{BuildHasher, Hasher};
use std::net::TcpListener;
use std::process::Stdio;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::thread;
use std::time::Duration;
use tempfile::TempDir;

/// What a server does about crashes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// Nothing: it never syncs, which is fastest.
    None,
    /// What PostgreSQL does by default: a committed transaction survives.
    Full,
}

/// A PostgreSQL server with its own data, stopped and deleted when it is dropped.
pub struct Postgres {
    directory: TempDir,
    port: u16,
    password: String,
    durability: Durability,
    running: Mutex<Option<Running>>,
    databases: AtomicU32,
    /// Databases are cloned one at a time.
    templates: Mutex<Vec<Template>>,
}

/// A filled database that is cloned, and what filled it.
struct Template {
    fill: fn(&str),
    name: String,
}

static SHARED: OnceLock<Postgres> = OnceLock::new();

impl Postgres {
    /// Whether PostgreSQL's programs are installed.
    ///
    /// # Panics
    /// If they are not, and `DOORWARD_REQUIRE_POSTGRES=1` says that they must be.
    pub fn available() -> bool {
        let there = postgres_directory().is_some();
        let required = std::env::var_os("DOORWARD_REQUIRE_POSTGRES").is_some_and(|value| value == "1");
        assert!(
            there || !required,
            "DOORWARD_REQUIRE_POSTGRES=1, but neither initdb nor postgres is to be found"
        );
        there
    }

    /// The server that this process' tests share; the first call starts it.
    ///
    /// # Panics
    /// If it does not start.
    pub fn shared() -> &'static Self {
        SHARED.get_or_init(|| Self::start(Durability::None).expect("PostgreSQL did not start"))
    }

    /// Stops the shared server, if it was started.
    pub(crate) fn stop_shared() {
        if let Some(server) = SHARED.get() {
            server.destroy();
        }
    }

    /// Starts a server of one's own.
    ///
    /// # Errors
    /// The programs are not there, or do not do their work.
    pub fn start(durability: Durability) -> Result<Self> {
        let programs = postgres_directory().context("neither initdb nor postgres is to be found")?;
        let place = match durability {
            Durability::None => directory_in_memory(),
            Durability::Full => None,
        };
        let place = place.unwrap_or_else(std::env::temp_dir);
        sweep(&place);
        let directory = tempfile::Builder::new().prefix(place::PREFIX).tempdir_in(place)?;
        give_away(directory.path())?;
        let password = random_text();
        let password_file = directory.path().join("password");
        fs::write(&password_file, &password)?;
        let made = as_server_user(&programs.join("initdb"))
            .args([
                "--username=doorward",
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                "--no-locale",
                "--no-sync",
            ])
            .arg(format!("--pwfile={}", password_file.display()))
            .arg(directory.path().join("data"))
            .current_dir(directory.path())
            .output()?;
        ensure!(made.status.success(), "initdb failed: {}", String::from_utf8_lossy(&made.stderr));
        let mut server = Self {
            directory,
            port: 0,
            password,
            durability,
            running: Mutex::new(None),
            databases: AtomicU32::new(0),
            templates: Mutex::default(),
        };
        // Between finding a free port and listening on it, somebody else may take it.
        let mut attempts = 0..3;
        loop {
            server.port = free_port()?;
            match server.launch() {
                Ok(()) => return Ok(server),
                Err(error) if attempts.next().is_none() => return Err(error),
                Err(_) => {}
            }
        }
    }

    /// The URL of one of its databases.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://doorward:{}@127.0.0.1:{}/{database}", self.password, self.port)
    }

    /// Makes an empty database and answers its name.
    ///
    /// # Errors
    /// The server refuses.
    pub fn create_database(&self) -> Result<String> {
        let name = self.fresh_name();
        self.query("postgres", &format!("CREATE DATABASE {name}"))?;
        Ok(name)
    }

    /// Makes a database with all that `fill` put into one before, and answers its name. `fill` gets
    /// a database's URL, and is called once for all clones.
    ///
    /// # Errors
    /// The server refuses.
    pub fn create_database_from_template(&self, fill: fn(&str)) -> Result<String> {
        let mut templates = self.templates.lock().unwrap_or_else(PoisonError::into_inner);
        let known = templates.iter().find(|template| std::ptr::fn_addr_eq(template.fill, fill));
        let template = if let Some(template) = known {
            template.name.clone()
        } else {
            let name = self.create_database()?;
            fill(&self.url(&name));
            templates.push(Template { fill, name: name.clone() });
            name
        };
        let name = self.fresh_name();
        self.query("postgres", &format!("CREATE DATABASE {name} TEMPLATE {template}"))?;
        Ok(name)
    }

    /// Drops a database with everybody who is connected to it.
    ///
    /// # Errors
    /// The server refuses.
    pub fn drop_database(&self, name: &str) -> Result<()> {
        self.query("postgres", &format!("DROP DATABASE {name} WITH (FORCE)")).map(drop)
    }

    /// Runs statements in a database and answers the rows, each value as text.
    ///
    /// # Errors
    /// The server refuses.
    pub fn query(&self, database: &str, statements: &str) -> Result<Vec<Vec<Option<String>>>> {
        sql::query(&self.url(database), statements)
    }

    /// Starts it again after [`Postgres::stop`], on the same port and with the same data.
    ///
    /// # Errors
    /// It does not start.
    pub fn launch(&self) -> Result<()> {
        let programs = postgres_directory().context("PostgreSQL's programs are gone")?;
        let mut command = as_server_user(&programs.join("postgres"));
        let directory = self.directory.path();
        command.arg("-D").arg(directory.join("data")).current_dir(directory);
        let mut set = |setting: String| {
            command.arg("-c").arg(setting);
        };
        set("listen_addresses=127.0.0.1".into());
        set(format!("port={}", self.port));
        set(format!("unix_socket_directories={}", directory.display()));
        set("max_connections=200".into());
        set("shared_buffers=32MB".into());
        if self.durability == Durability::None {
            for setting in ["fsync", "synchronous_commit", "full_page_writes"] {
                set(format!("{setting}=off"));
            }
        }
        let log = fs::OpenOptions::new().create(true).append(true).open(directory.join("log"))?;
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        let mut slot = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        *slot = Some(Running::new(command)?);
        drop(slot);
        self.wait_until_it_answers()
    }

    /// Stops it at once, with everybody who is connected.
    pub fn stop(&self) {
        let running = self.running.lock().unwrap_or_else(PoisonError::into_inner).take();
        drop(running);
    }

    /// Stops it for good and deletes its data: for one in a static, which is never dropped.
    pub fn destroy(&self) {
        self.stop();
        // What cannot be deleted is left to the system's own sweep of temporary files.
        drop(fs::remove_dir_all(self.directory.path()));
    }

    fn wait_until_it_answers(&self) -> Result<()> {
        for _ in 0..600 {
            if self.query("postgres", "SELECT 1").is_ok() {
                return Ok(());
            }
            let running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
            if running.as_ref().is_none_or(Running::has_ended) {
                break;
            }
            drop(running);
            thread::sleep(Duration::from_millis(50));
        }
        let log = fs::read_to_string(self.directory.path().join("log")).unwrap_or_default();
        self.stop();
        bail!("PostgreSQL does not answer; its log says: {log}")
    }

    fn fresh_name(&self) -> String {
        format!("test_{}", self.databases.fetch_add(1, Relaxed))
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.stop();
    }
}

fn free_port() -> Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

/// Not guessed by another process on this machine.
fn random_text() -> String {
    let word = || RandomState::new().build_hasher().finish();
    format!("{:016x}{:016x}", word(), word())
}
