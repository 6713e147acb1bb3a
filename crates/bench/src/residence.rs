//! Files that stay in memory while something is measured.

use crate::process::{Process, command};
use crate::tools;
use anyhow::{Result, ensure};
use std::path::Path;

/// Keeps files in memory, as a machine does whose memory is larger than its database. Left to itself
/// a kernel may take pages away that were not asked for in a while, with memory to spare (DAMON's
/// `pageout`): then the disk would be measured, and how busy it is.
pub(crate) struct Residence {
    _process: Process,
}

impl Residence {
    /// Reads a file, or all files below a directory, and returns when they are in memory. `place` is
    /// for what it notes, and no other's.
    ///
    /// # Errors
    /// `vmtouch` is not installed, or may not lock as much.
    pub(crate) fn of(files: &Path, place: &Path) -> Result<Self> {
        // It writes its number there when it has locked everything.
        let ready = place.join("vmtouch.pid");
        let mut touch = command(&tools::find("vmtouch", "vmtouch")?, false);
        touch.arg("-l").arg("-P").arg(&ready).arg(files);
        let mut process = Process::start(touch, "vmtouch", &place.join("vmtouch.log"))?;
        process.wait_until(|| {
            ensure!(ready.is_file(), "it is still reading");
            Ok(())
        })?;
        Ok(Self { _process: process })
    }
}
