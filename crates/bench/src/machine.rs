//! The machine that is measured on, and the programs on it.

use crate::clock;
use crate::cluster::{self, Cluster};
use crate::lab::root;
use crate::peers::django;
use crate::tools;
use std::fs;
use std::thread;

/// The day, in UTC.
pub(crate) fn date() -> String {
    let now = jiff::Timestamp::from_second(clock::now().as_seconds()).unwrap_or_default();
    now.strftime("%Y-%m-%d").to_string()
}

/// How many processes ran or wanted to, in the last minute's mean.
pub(crate) fn load() -> String {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split_whitespace().next().unwrap_or("unknown").to_owned()
}

/// Where a kernel keeps whether each login session shares the processors as one.
const AUTOGROUP: &str = "/proc/sys/kernel/sched_autogroup_enabled";

/// While it lives, processes share the processors by what each wants, as on a server.
///
/// Linux may weigh whole login sessions against each other, for the sake of desktops; each backend of
/// PostgreSQL counts as one. Then a thread that steps back does so before its own process alone. Where
/// this program may not switch that off, it stays, and the description says so.
pub(crate) struct Evenly(Option<String>);

impl Evenly {
    pub(crate) fn arrange() -> Self {
        let before = fs::read_to_string(AUTOGROUP).ok().filter(|value| value.trim() != "0");
        Self(before.filter(|_| fs::write(AUTOGROUP, "0").is_ok()))
    }
}

impl Drop for Evenly {
    fn drop(&mut self) {
        if let Some(before) = &self.0 {
            // It could be written before; if it cannot now, nothing here can mend it.
            let _ = fs::write(AUTOGROUP, before);
        }
    }
}

/// The machine in a sentence.
pub(crate) fn described() -> String {
    let value = |file: &str, name: &str| {
        let text = fs::read_to_string(file).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
        line.trim_start_matches([' ', '\t', ':', '=']).trim_matches('"').to_owned()
    };
    let memory = value("/proc/meminfo", "MemTotal");
    let memory: u64 = memory.trim_end_matches(" kB").parse().unwrap_or_default();
    format!(
        "{} cores ({}), {} GiB, {}, Linux {}, `sched_autogroup_enabled={}`",
        thread::available_parallelism().map_or(0, std::num::NonZero::get),
        value("/proc/cpuinfo", "model name"),
        memory / (1024 * 1024),
        value("/etc/os-release", "PRETTY_NAME"),
        fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default().trim(),
        fs::read_to_string(AUTOGROUP).unwrap_or_default().trim()
    )
}

/// What Doorward is measured with and against, with versions.
pub(crate) fn versions() -> Vec<String> {
    let program = |name: &str| {
        let found = tools::find(name, name).map(|path| tools::version(&path));
        found.unwrap_or_else(|_| format!("{name} is not installed"))
    };
    // Its banner goes on with its author and the kernel's interface.
    let wrk = program("wrk").split(" [").next().unwrap_or_default().to_owned();
    let strace = program("strace").replace("-- version ", "");
    let mut versions = vec![wrk, Cluster::version(), strace, program("perf"), program("python3")];
    versions.extend(django::versions().into_iter().map(|package| format!("{package} (Python)")));
    let lock = fs::read_to_string(root().join("Cargo.lock")).unwrap_or_default();
    versions.extend(["actix-web", "bcrypt", "libsqlite3-sys"].map(|name| locked(&lock, name) + " (Rust)"));
    versions
}

/// What PostgreSQL is told beyond its defaults.
pub(crate) fn postgres_settings() -> String {
    cluster::SETTINGS.map(|setting| format!("`{setting}`")).join(", ")
}

/// A crate with its version, as the lock file has it.
fn locked(lock: &str, name: &str) -> String {
    let mut lines = lock.lines().skip_while(|line| *line != format!("name = \"{name}\""));
    let version = lines.nth(1).and_then(|line| line.strip_prefix("version = ")).unwrap_or("unknown");
    format!("{name} {}", version.trim_matches('"'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_read_from_the_lock_file() {
        let lock = "[[package]]\nname = \"bcrypt-pbkdf\"\nversion = \"0.1.0\"\n\n\
            [[package]]\nname = \"bcrypt\"\nversion = \"0.19.3\"\nsource = \"registry\"\n";
        assert_eq!(locked(lock, "bcrypt"), "bcrypt 0.19.3");
        assert_eq!(locked(lock, "blowfish"), "blowfish unknown");
    }
}
