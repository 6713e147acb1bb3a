//! Finding PostgreSQL's programs.

use std::env;
use std::path::{Path, PathBuf};

/// The directory with `initdb` and `postgres`: what `DOORWARD_TEST_POSTGRES_BIN` names, else the
/// first on `PATH`, else the newest that Debian's packages put aside.
pub(crate) fn postgres_directory() -> Option<PathBuf> {
    if let Some(named) = env::var_os("DOORWARD_TEST_POSTGRES_BIN") {
        return Some(PathBuf::from(named)).filter(|directory| has_postgres(directory));
    }
    path_directories().find(|directory| has_postgres(directory)).or_else(newest_of_debian)
}

/// Whether a program is on `PATH`.
pub(crate) fn is_on_path(program: &str) -> bool {
    path_directories().any(|directory| directory.join(program).is_file())
}

fn path_directories() -> impl Iterator<Item = PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).collect::<Vec<_>>().into_iter()
}

fn has_postgres(directory: &Path) -> bool {
    ["initdb", "postgres"].iter().all(|program| directory.join(program).is_file())
}

fn newest_of_debian() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").ok()?;
    let number = |path: &Path| path.file_name()?.to_str()?.parse::<u32>().ok();
    versions
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| has_postgres(&path.join("bin")))
        .max_by_key(|path| number(path))
        .map(|path| path.join("bin"))
}
