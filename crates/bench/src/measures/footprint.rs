//! What a server takes: time to start, memory, space.

use crate::clock::Stopwatch;
use crate::doorward::{Server, Site};
use crate::finding::{Finding, Question, Target, Unit, answer_all};
use crate::lab::{CLIENTS, Database, Lab, SESSIONS};
use crate::load::{Load, Script};
use crate::statistics::{Series, float};
use anyhow::Result;
use std::fs;
use std::thread;
use std::time::Duration;

const STARTS: u32 = 21;

const REQUESTS: u64 = 1_000_000;

pub(super) fn measure(lab: &Lab) -> Vec<Finding> {
    let size = Question::new("size of the binary", None, Target::at_most(20.0, Unit::Mebibytes));
    let size = size.answered(binary(lab));
    lab.databases.iter().flat_map(|database| measure_on(lab, *database)).chain([size]).collect()
}

fn binary(lab: &Lab) -> Result<(f64, String)> {
    let bytes = fs::metadata(lab.program())?.len();
    Ok((mebibytes(bytes), format!("{bytes} bytes")))
}

fn measure_on(lab: &Lab, database: Database) -> Vec<Finding> {
    let question = |what: &str, target| Question::new(what, database, target);
    let questions = [
        question("start to first answer", Target::at_most(50.0, Unit::Millis)),
        question("memory when idle", Target::at_most(20.0, Unit::Mebibytes)),
        question("memory after a million requests", Target::at_most(64.0, Unit::Mebibytes)),
    ];
    answer_all(questions, || {
        let site = lab.site(database, SESSIONS)?;
        Ok([starts(&site, if lab.quick { 3 } else { STARTS })?, idle(&site)?, busy(lab, &site)?])
    })
}

fn starts(site: &Site, count: u32) -> Result<(f64, String)> {
    let mut starts = Series::default();
    for _ in 0..count {
        let since = Stopwatch::start();
        // It returns with the first answer of /readyz.
        let server = site.serve(&[])?;
        starts.push(since.millis());
        drop(server);
    }
    Ok((
        starts.median(),
        format!("the median of {count} starts; the slowest took {:.0} ms", starts.largest()),
    ))
}

fn idle(site: &Site) -> Result<(f64, String)> {
    let server = site.serve(&[])?;
    thread::sleep(Duration::from_secs(2));
    Ok((
        resident(&server)?,
        format!("resident two seconds after its start, {SESSIONS} sessions in the database"),
    ))
}

/// Half of the requests are dashboards, half refreshes.
fn busy(lab: &Lab, site: &Site) -> Result<(f64, String)> {
    let server = site.serve(&[])?;
    let wanted = if lab.quick { REQUESTS / 50 } else { REQUESTS };
    let (mut dashboards, mut refreshes) = (0, 0);
    let ask = |script, lines| -> Result<u64> {
        let load = Load {
            script,
            base: server.base(),
            connections: CLIENTS,
            seconds: lab.seconds,
            lines,
            rate: None,
        };
        Ok(load.run()?.successful()?.requests)
    };
    while dashboards < wanted / 2 {
        dashboards += ask(Script::Dashboard, site.access_tokens(0..SESSIONS)?)?;
    }
    while refreshes < wanted / 2 {
        refreshes += ask(Script::Refresh, site.refresh_tokens(CLIENTS + 32)?)?;
    }
    let detail =
        format!("resident after {dashboards} dashboards and {refreshes} refreshes by {SESSIONS} sessions");
    Ok((resident(&server)?, detail))
}

fn resident(server: &Server) -> Result<f64> {
    server.process().resident_bytes().map(mebibytes)
}

fn mebibytes(bytes: u64) -> f64 {
    float(bytes) / (1024.0 * 1024.0)
}
