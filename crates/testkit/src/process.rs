//! A server process that ends with the test process.

use crate::programs::is_on_path;
use anyhow::{Result, ensure};
use std::path::Path;
use std::process::{Child, Command};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// How long a server may take to stop.
const PATIENCE: Duration = Duration::from_secs(10);

/// How often it is asked meanwhile.
const LOOK: Duration = Duration::from_millis(5);

/// A server process, and the thread that started it. The kernel tells a child of the death of that
/// very thread, so it must live as long as the server should.
pub(crate) struct Running {
    stop: Option<Sender<()>>,
    keeper: Option<JoinHandle<()>>,
    ended: Arc<AtomicBool>,
}

impl Running {
    pub(crate) fn new(mut command: Command) -> Result<Self> {
        let (stop, stopped) = channel();
        let (started, outcome) = channel();
        let ended = Arc::new(AtomicBool::new(false));
        let end = Arc::clone(&ended);
        let keeper = thread::Builder::new().name("process-keeper".into()).spawn(move || {
            let spawned = command.spawn();
            // Whoever reads what it says is told when it ends: its end of a pipe is the only one.
            drop(command);
            match spawned {
                Ok(child) => {
                    drop(started.send(Ok(())));
                    keep(child, &stopped, &end);
                }
                Err(error) => drop(started.send(Err(error))),
            }
        })?;
        outcome.recv()??;
        Ok(Self { stop: Some(stop), keeper: Some(keeper), ended })
    }

    /// Whether it ended by itself.
    pub(crate) fn has_ended(&self) -> bool {
        self.ended.load(Relaxed)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(keeper) = self.keeper.take() {
            drop(keeper.join());
        }
    }
}

/// Waits until the server shall stop, and stops it.
fn keep(mut child: Child, stopped: &Receiver<()>, ended: &AtomicBool) {
    // Nothing is ever sent: the other end goes away.
    while let Err(RecvTimeoutError::Timeout) = stopped.recv_timeout(Duration::from_millis(50)) {
        if child.try_wait().is_ok_and(|status| status.is_some()) {
            ended.store(true, Relaxed);
            return;
        }
    }
    // A fast shutdown; there is no signal but SIGKILL in the standard library.
    let told = Command::new("sh").arg("-c").arg(format!("kill -INT {}", child.id())).status();
    if !told.is_ok_and(|status| status.success()) || !ends_in_time(&mut child) {
        drop(child.kill());
    }
    drop(child.wait());
}

/// Waits for a server that was told to stop. Whatever a shell began in its background may ignore that.
fn ends_in_time(child: &mut Child) -> bool {
    let looks = PATIENCE.as_millis() / LOOK.as_millis();
    (0..looks).any(|_| {
        let has_ended = child.try_wait().is_ok_and(|status| status.is_some());
        if !has_ended {
            thread::sleep(LOOK);
        }
        has_ended
    })
}

/// A command that runs as somebody who may run PostgreSQL, which refuses root, and that ends when
/// this process does, be it by SIGKILL.
pub(crate) fn as_server_user(program: &Path) -> Command {
    if !is_on_path("setpriv") {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    if is_root() {
        command.args(["--reuid=nobody", "--regid=nogroup", "--clear-groups"]);
    }
    command.args(["--pdeathsig", "INT", "--"]).arg(program);
    command
}

/// A command that ends when this process does, be it by SIGKILL.
pub(crate) fn tied(program: &Path) -> Command {
    if !is_on_path("setpriv") {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL", "--"]).arg(program);
    command
}

/// Lets the server's user own a directory.
pub(crate) fn give_away(directory: &Path) -> Result<()> {
    if is_root() {
        let given = Command::new("chown").arg("nobody:nogroup").arg(directory).status()?;
        ensure!(given.success(), "chown failed");
    }
    Ok(())
}

#[cfg(unix)]
fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    // What a process makes is its user's.
    tempfile::tempfile().and_then(|file| file.metadata()).is_ok_and(|metadata| metadata.uid() == 0)
}

#[cfg(not(unix))]
fn is_root() -> bool {
    false
}
