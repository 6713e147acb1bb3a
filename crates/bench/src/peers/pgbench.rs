//! `pgbench` with one indexed update and commit.

use crate::cluster::Cluster;
use crate::lab::{CLIENTS, SESSIONS};
use crate::tools;
use anyhow::{Context as _, Result};
use std::fs;
use std::path::Path;

const SCRIPT: &str = "\\set id random(1, 10000)\n\
    UPDATE plain SET generation = generation + 1, rotated_at = rotated_at + 1 WHERE id = :id;\n";

/// Makes the database with its table, as large as that of the sessions.
pub(crate) fn prepare(cluster: &Cluster, database: &str) -> Result<()> {
    cluster.create(database)?;
    let table = format!(
        "CREATE TABLE plain (id bigint PRIMARY KEY, generation bigint NOT NULL, rotated_at bigint NOT NULL,
            address text NOT NULL, user_agent text NOT NULL);
         INSERT INTO plain SELECT n, 0, 0, '127.0.0.1', 'wrk' FROM generate_series(1, {SESSIONS}) AS n;
         VACUUM ANALYZE plain;"
    );
    cluster.sql(database, &table).map(drop)
}

/// Updates a second.
pub(crate) fn rate(cluster: &Cluster, database: &str, place: &Path, seconds: u32) -> Result<f64> {
    let script = place.join("pgbench.sql");
    fs::write(&script, SCRIPT)?;
    let mut pgbench = tools::patient(&tools::find("pgbench", "postgresql-contrib")?)?;
    pgbench
        .args(["--no-vacuum", "--protocol=prepared", "--jobs=2"])
        .arg(format!("--client={CLIENTS}"))
        .arg(format!("--time={seconds}"))
        .arg("--file")
        .arg(script)
        .envs(cluster.variables(database));
    parse(&tools::output(&mut pgbench)?)
}

/// The rate without the time that connecting took.
fn parse(said: &str) -> Result<f64> {
    let line =
        said.lines().find_map(|line| line.strip_prefix("tps = ")).context("pgbench printed no rate")?;
    line.split_whitespace().next().unwrap_or_default().parse().context("pgbench printed no number")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_is_read_from_among_the_figures() {
        let said = "pgbench (15.18 (Debian 15.18-0+deb12u1))\ntransaction type: pgbench.sql\n\
            latency average = 6.035 ms\ninitial connection time = 150.1 ms\n\
            tps = 10605.337412 (without initial connection time)\n";
        assert!((parse(said).unwrap() - 10_605.337_412).abs() < 1e-6);
        assert!(parse("pgbench: error: connection failed").is_err());
    }
}
