//! Where a server's data is put.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// How the servers' directories are called.
pub(crate) const PREFIX: &str = "doorward-postgres-";

/// Where files live in memory, if there is room for the databases of all tests: cloning one takes
/// half the time there.
pub(crate) fn directory_in_memory() -> Option<PathBuf> {
    const ENOUGH_KIB: u64 = 2 * 1024 * 1024;
    let free = Command::new("df").args(["-Pk", "/dev/shm"]).output().ok()?;
    let free = String::from_utf8(free.stdout).ok()?;
    let (_header, values) = free.split_once('\n')?;
    let available: u64 = values.split_whitespace().nth(3)?.parse().ok()?;
    (available >= ENOUGH_KIB).then(|| PathBuf::from("/dev/shm"))
}

/// Deletes what servers left behind whose process was killed; their own server ended with it.
pub(crate) fn sweep(place: &Path) {
    const OLD: Duration = Duration::from_secs(600);
    for entry in fs::read_dir(place).into_iter().flatten().flatten() {
        let is_ours = entry.file_name().to_string_lossy().starts_with(PREFIX);
        let is_old = || Some(entry.metadata().ok()?.modified().ok()?.elapsed().ok()? > OLD);
        let is_running = || entry.path().join("data/postmaster.pid").exists();
        if is_ours && is_old() == Some(true) && !is_running() {
            drop(fs::remove_dir_all(entry.path()));
        }
    }
}
