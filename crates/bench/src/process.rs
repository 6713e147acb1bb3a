//! Processes that end with what they were started for.

use crate::clock::Stopwatch;
use crate::tools;
use anyhow::{Context as _, Result, bail};
use std::fs::{self, File, OpenOptions};
use std::net::TcpListener;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

/// A process with all its children, stopped when dropped.
pub(crate) struct Process {
    child: Child,
    log: PathBuf,
    name: &'static str,
}

/// How long a process may take to end when it is asked to.
const PATIENCE: Duration = Duration::from_secs(10);

const PAUSE: Duration = Duration::from_millis(10);

impl Process {
    /// Starts a [`command`] in a process group of its own; what it says is appended to the file `log`.
    pub(crate) fn start(mut command: Command, name: &'static str, log: &Path) -> Result<Self> {
        let file = || -> Result<File> { Ok(OpenOptions::new().create(true).append(true).open(log)?) };
        let child = command
            .stdin(Stdio::null())
            .stdout(file()?)
            .stderr(file()?)
            .process_group(0)
            .spawn()
            .with_context(|| format!("{name} cannot be started"))?;
        Ok(Self { child, log: log.to_owned(), name })
    }

    /// Its number.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Returns when `ready` does so with success.
    ///
    /// # Errors
    /// The process ended, or was not ready within a minute; with what it said.
    pub(crate) fn wait_until<T>(&mut self, ready: impl Fn() -> Result<T>) -> Result<T> {
        let since = Stopwatch::start();
        loop {
            match ready() {
                Ok(value) => return Ok(value),
                Err(error) => {
                    let ended = self.child.try_wait()?.is_some();
                    if ended || since.elapsed() > Duration::from_secs(60) {
                        let said = fs::read_to_string(&self.log).unwrap_or_default();
                        bail!("{} is not ready ({error:#}): {}", self.name, tools::last_lines(&said));
                    }
                }
            }
            thread::sleep(Duration::from_millis(1));
        }
    }

    /// Returns when the process and its children do nothing more: what is left of one load must not
    /// be in the figures of the next.
    pub(crate) fn settle(&self) {
        const LOOK: Duration = Duration::from_millis(250);
        let since = Stopwatch::start();
        let mut before = self.ticks();
        while since.elapsed() < Duration::from_secs(120) {
            thread::sleep(LOOK);
            let now = self.ticks();
            // One hundredth of a second within a quarter of one is what waiting costs.
            if now.saturating_sub(before) <= 1 {
                return;
            }
            before = now;
        }
    }

    /// Memory that the process itself has in RAM, in bytes.
    pub(crate) fn resident_bytes(&self) -> Result<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
        let kib: u64 = line.trim().trim_end_matches("kB").trim().parse()?;
        Ok(kib * 1024)
    }

    /// Processor time of the whole group, in the kernel's ticks.
    fn ticks(&self) -> u64 {
        let group = self.id().to_string();
        let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
        let of_group = |entry: fs::DirEntry| -> Option<u64> {
            let stat = fs::read_to_string(entry.path().join("stat")).ok()?;
            // After the name, which may hold anything: state, parent, group, …, user, system.
            let (_, fields) = stat.rsplit_once(')')?;
            let fields: Vec<_> = fields.split_whitespace().collect();
            let number = |index: usize| fields.get(index)?.parse::<u64>().ok();
            (*fields.get(2)? == group).then(|| Some(number(11)? + number(12)?))?
        };
        processes.filter_map(of_group).sum()
    }

    fn signal(&self, signal: &str) {
        let group = format!("-{}", self.id());
        // It may have ended already.
        let _ = Command::new("kill").args([signal, "--", &group]).stderr(Stdio::null()).status();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.signal("-TERM");
        let since = Stopwatch::start();
        while since.elapsed() < PATIENCE {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            thread::sleep(PAUSE);
        }
        self.signal("-KILL");
        let _ = self.child.wait();
    }
}

/// A port that nobody listens on at this moment.
pub(crate) fn free_port() -> Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

/// A command for [`Process::start`]: under `setpriv`, where there is one, which has the kernel end it
/// when this process dies. `as_nobody` is for a program that refuses to be run by root.
pub(crate) fn command(program: &Path, as_nobody: bool) -> Command {
    let Ok(setpriv) = tools::find("setpriv", "util-linux") else { return tools::bare(program) };
    let mut command = tools::bare(&setpriv);
    if as_nobody {
        command.args(["--reuid=nobody", "--regid=nogroup", "--clear-groups"]);
    }
    command.args(["--pdeathsig", "TERM", "--"]).arg(program);
    command
}
