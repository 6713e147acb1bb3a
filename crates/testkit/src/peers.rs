use crate::process::{Running, tied};
use anyhow::{Context, Result};
use std::env;
use std::io::{BufRead, BufReader, PipeWriter, pipe};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A release of simplejwt, on the same Django and REST framework.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SimpleJwt {
    /// The one whose answers are recorded.
    V5_4,
    /// The one that changed texts and the type of `user_id`.
    V5_5,
}

impl SimpleJwt {
    /// Both.
    pub const ALL: [Self; 2] = [Self::V5_4, Self::V5_5];

    /// Its number, as in the settings of a server that does as it does.
    pub fn number(self) -> &'static str {
        match self {
            Self::V5_4 => "5.4",
            Self::V5_5 => "5.5",
        }
    }
}

/// Environments of Python with Django, one for each [`SimpleJwt`].
#[derive(Debug, Clone)]
pub struct Peers(PathBuf);

impl Peers {
    /// Those in the directory that `DOORWARD_DJANGO_PEERS` names, else in `target/peers`, if they are
    /// there.
    ///
    /// # Panics
    /// If they are not, and `DOORWARD_REQUIRE_PEERS=1` says that they must be.
    pub fn find() -> Option<Self> {
        let named = env::var_os("DOORWARD_DJANGO_PEERS").map(PathBuf::from);
        let place = named.unwrap_or_else(|| target().join("peers"));
        // The list of what is installed is written last.
        let is_whole = |simplejwt| environment(&place, simplejwt).join("requirements.txt").is_file();
        let there = SimpleJwt::ALL.into_iter().all(is_whole);
        let required = env::var_os("DOORWARD_REQUIRE_PEERS").is_some_and(|value| value == "1");
        assert!(
            there || !required,
            "DOORWARD_REQUIRE_PEERS=1, but the environments are not all in {}",
            place.display()
        );
        there.then_some(Self(place))
    }

    /// Python in the environment with that release. It ends when this process does, writes nothing
    /// beside the sources that it runs, and is told nothing of this process' own environment.
    pub fn python(&self, simplejwt: SimpleJwt) -> Command {
        let environment = environment(&self.0, simplejwt);
        let mut command = tied(&environment.join("bin/python"));
        command.env_clear().env("PYTHONPYCACHEPREFIX", environment.join("cache")).env("PYTHONUTF8", "1");
        if let Some(path) = env::var_os("PATH") {
            command.env("PATH", path);
        }
        command.stdin(Stdio::null());
        command
    }
}

/// A server that runs until this is dropped.
pub struct Listening {
    _running: Running,
    port: u16,
    /// It closes when this process ends, however that ends.
    _life: PipeWriter,
}

impl Listening {
    /// Starts a command that says on its first line on which port of 127.0.0.1 it listens, and waits
    /// for that. It should end with its standard input: where this process is killed in the very moment
    /// of the start, nothing else tells it.
    ///
    /// # Errors
    /// It does not start, or says something else.
    pub fn start(mut command: Command) -> Result<Self> {
        let (reader, writer) = pipe()?;
        let (input, held) = pipe()?;
        command.stdin(input).stdout(writer);
        let running = Running::new(command)?;
        let mut line = String::new();
        BufReader::new(reader).read_line(&mut line)?;
        let port = line.trim().parse().with_context(|| format!("not a port: {line:?}"))?;
        Ok(Self { _running: running, port, _life: held })
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.port
    }
}

fn environment(place: &Path, simplejwt: SimpleJwt) -> PathBuf {
    place.join(format!("django-{}", simplejwt.number()))
}

fn target() -> PathBuf {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    env::var_os("CARGO_TARGET_DIR").map_or_else(|| workspace.join("target"), |named| workspace.join(named))
}
