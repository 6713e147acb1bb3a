//! Letters as files.

use doorward_domain::mail::LetterId;
use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// A folder of letters.
#[derive(Debug, Clone)]
pub(crate) struct Directory(PathBuf);

impl Directory {
    /// The folder, made if it is not there.
    pub(crate) fn open(path: PathBuf) -> io::Result<Self> {
        fs::create_dir_all(&path)?;
        Ok(Self(path))
    }

    /// Whether a letter could be written.
    pub(crate) fn probe(&self) -> io::Result<()> {
        let path = self.0.join(".probe");
        private_file(&path)?;
        fs::remove_file(path)
    }

    /// Writes a letter: whoever sees the file sees all of it, also after a crash. A letter of the same
    /// id is replaced.
    pub(crate) fn write(&self, id: LetterId, letter: &[u8]) -> io::Result<()> {
        let unfinished = self.0.join(format!(".{id}.tmp"));
        let mut file = private_file(&unfinished)?;
        file.write_all(letter)?;
        file.sync_all()?;
        fs::rename(&unfinished, self.0.join(format!("{id}.eml")))?;
        File::open(&self.0)?.sync_all()
    }
}

impl fmt::Display for Directory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.display().fmt(f)
    }
}

/// A file that nobody else may read: a letter opens an account.
fn private_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}
