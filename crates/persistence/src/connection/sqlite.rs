//! Opening the embedded database.

use diesel::connection::{Connection, SimpleConnection};
use diesel::result::ConnectionError;
use diesel::{ConnectionResult, SqliteConnection};
use std::fs;
use std::io;
use std::path::Path;
use std::time::Duration;

/// What a connection is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// It changes data; there is one of these per process.
    Write,
    /// It only looks.
    Read,
    /// It brings the log into the file.
    Checkpoint,
}

/// How long a statement waits for another process that writes.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// How long a statement waits for another system to have written.
const FOREIGN_BUSY_TIMEOUT: Duration = Duration::from_secs(30);

/// How often, and after which pauses, opening is tried while another process opens the same file.
const OPEN_ATTEMPTS: u32 = 200;
const OPEN_PAUSE: Duration = Duration::from_millis(10);

/// Opens the database file; a writer creates it, readable by its owner alone, where it is missing.
pub(crate) fn open_sqlite(path: &Path, access: Access) -> ConnectionResult<SqliteConnection> {
    if access == Access::Write {
        create(path).map_err(|error| unusable(path, &error))?;
    }
    let name = path.to_str().ok_or_else(|| unusable(path, &"the path is not UTF-8"))?;
    // A leading "file:" would be read as SQLite's own URL.
    let name = if name.starts_with("file:") { format!("./{name}") } else { name.to_owned() };
    let mut connection = SqliteConnection::establish(&name)?;
    let mut attempts = 0;
    loop {
        match connection.batch_execute(&pragmas(access)) {
            Ok(()) => return Ok(connection),
            // Switching a new file to WAL does not wait for another process that does the same.
            Err(error) if error.to_string().contains("locked") && attempts < OPEN_ATTEMPTS => {
                attempts += 1;
                std::thread::sleep(OPEN_PAUSE);
            }
            Err(error) => return Err(unusable(path, &error)),
        }
    }
}

/// Opens the file of another system, without a way to change it. Its `-wal` and `-shm` files beside it,
/// if that system keeps such, may be made or mapped, as by each of its own readers.
pub(crate) fn open_foreign_sqlite(path: &Path) -> ConnectionResult<SqliteConnection> {
    let mut connection = SqliteConnection::establish(&read_only_url(path)?)?;
    let timeout = FOREIGN_BUSY_TIMEOUT.as_millis();
    // The last one reads the file's head: what is no database is told here.
    let settings = format!(
        "PRAGMA busy_timeout = {timeout};
         PRAGMA query_only = ON;
         PRAGMA trusted_schema = OFF;
         PRAGMA cell_size_check = ON;
         PRAGMA schema_version;"
    );
    connection.batch_execute(&settings).map_err(|error| unusable(path, &error))?;
    Ok(connection)
}

/// The path as SQLite's own URL, which alone can say that nothing is written.
fn read_only_url(path: &Path) -> ConnectionResult<String> {
    let absolute = std::path::absolute(path).map_err(|error| unusable(path, &error))?;
    let name = absolute.to_str().ok_or_else(|| unusable(path, &"the path is not UTF-8"))?;
    let name = if cfg!(windows) { format!("/{}", name.replace('\\', "/")) } else { name.to_owned() };
    let name = name.replace('%', "%25").replace('?', "%3f").replace('#', "%23");
    Ok(format!("file://{name}?mode=ro"))
}

/// The settings of every connection. The time-out comes first: switching to WAL is the first
/// statement that can meet another process.
fn pragmas(access: Access) -> String {
    let timeout = BUSY_TIMEOUT.as_millis();
    let common = format!(
        "PRAGMA busy_timeout = {timeout};
         PRAGMA foreign_keys = ON;
         PRAGMA trusted_schema = OFF;
         PRAGMA cell_size_check = ON;
         PRAGMA temp_store = MEMORY;
         PRAGMA cache_size = -16384;"
    );
    match access {
        // FULL: what was answered survives a power cut. A checkpoint, which syncs twice while writers
        // wait, comes every 16 MiB: four times as rare as by default; rarer still gains nothing.
        Access::Write => {
            common
                + "PRAGMA journal_mode = WAL;
                   PRAGMA synchronous = FULL;
                   PRAGMA wal_autocheckpoint = 4000;
                   PRAGMA journal_size_limit = 67108864;"
        }
        Access::Read => common + "PRAGMA query_only = ON;",
        Access::Checkpoint => common + "PRAGMA synchronous = FULL;",
    }
}

fn create(path: &Path) -> io::Result<()> {
    if path.exists() {
        return Ok(());
    }
    if let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty() && !parent.exists()) {
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(parent)?;
    }
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?;
    Ok(())
}

fn unusable(path: &Path, cause: &dyn std::fmt::Display) -> ConnectionError {
    ConnectionError::BadConnection(format!("{}: {cause}", path.display()))
}
