//! One writer that changes one row of an indexed table and commits, over and over: as fast as this
//! machine's disk makes single commits durable.

use crate::clock::Stopwatch;
use crate::lab::SESSIONS;
use crate::population::Draw;
use crate::process::command;
use crate::statistics::float;
use crate::tools;
use anyhow::{Context as _, Result};
use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use std::env;
use std::io::Write as _;
use std::path::Path;

diesel::table! {
    plain (id) {
        id -> BigInt,
        generation -> BigInt,
    }
}

/// Commits for so many seconds, and prints how many that were in one.
///
/// # Errors
/// SQLite fails.
pub(crate) fn run(path: &Path, seconds: u32) -> Result<()> {
    let mut connection = SqliteConnection::establish(path.to_str().context("the path is not UTF-8")?)?;
    connection.batch_execute(&format!(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
         CREATE TABLE IF NOT EXISTS plain (id INTEGER PRIMARY KEY, generation INTEGER NOT NULL) STRICT;
         WITH RECURSIVE numbers (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n + 1 < {SESSIONS})
         INSERT OR IGNORE INTO plain SELECT n, 0 FROM numbers;"
    ))?;
    let mut draw = Draw::new(1);
    let mut commits = 0;
    let since = Stopwatch::start();
    while since.elapsed().as_secs() < u64::from(seconds) {
        let row = plain::table.find(i64::from(draw.below(SESSIONS)));
        // A statement by itself is a transaction, with the fewest calls.
        diesel::update(row).set(plain::generation.eq(plain::generation + 1)).execute(&mut connection)?;
        commits += 1;
    }
    writeln!(std::io::stdout(), "{}", float(commits) / since.seconds())?;
    Ok(())
}

/// Commits a second to a file below `place`, by a process of its own under a program that watches
/// it, if one is given.
pub(crate) fn rate(place: &Path, seconds: u32, under: &[String]) -> Result<f64> {
    let own = env::current_exe()?;
    let mut writer = match under.split_first() {
        None => command(&own, false),
        Some((watcher, arguments)) => {
            let mut command = command(Path::new(watcher), false);
            command.args(arguments).arg(&own);
            command
        }
    };
    writer.arg("commits").arg(place.join("commits.db")).arg(seconds.to_string());
    tools::output(&mut writer)?.trim().parse().context("no rate")
}
