//! One, two and four server processes on one PostgreSQL.

use crate::clock::Stopwatch;
use crate::doorward::{Server, Site};
use crate::finding::{Finding, Question, Target, Unit, answer_all};
use crate::lab::{CLIENTS, Database, Lab, SESSIONS};
use crate::load::{Load, Script};
use crate::statistics::Series;
use anyhow::{Context as _, Result, ensure};
use std::thread;
use std::time::Duration;

/// How many servers are measured together.
const TOGETHER: [usize; 3] = [1, 2, MOST];
const MOST: usize = 4;

/// How many programs make the load, however many servers they are for.
const LOADS: u32 = 4;

pub(super) fn measure(lab: &Lab) -> Vec<Finding> {
    if !lab.databases.contains(&Database::Postgres) {
        return Vec::new();
    }
    let of = |what: &str| Question::new(what, Database::Postgres, Target::at_least(0.9, Unit::Times));
    let soon = Target::at_most(1000.0, Unit::Millis);
    let questions = [
        of("dashboards by two processes, against one"),
        of("dashboards by four processes, against one"),
        of("refreshes by two processes, against one"),
        of("refreshes by four processes, against one"),
        Question::new("a logout on one process is known to three others", Database::Postgres, soon),
    ];
    answer_all(questions, || {
        let site = lab.site(Database::Postgres, SESSIONS)?;
        let servers = (0..MOST).map(|_| site.serve(&[])).collect::<Result<Vec<_>>>()?;
        let [two, four] = compare(lab, &site, &servers, Script::Dashboard)?;
        let [two_refresh, four_refresh] = compare(lab, &site, &servers, Script::Refresh)?;
        Ok([two, four, two_refresh, four_refresh, revocation(lab, &site, &servers)?])
    })
}

fn compare(lab: &Lab, site: &Site, servers: &[Server], script: Script) -> Result<[(f64, String); 2]> {
    let mut series = [Series::default(), Series::default(), Series::default()];
    together(site, servers, script, 1)?;
    for _ in 0..lab.rounds {
        for (series, count) in series.iter_mut().zip(TOGETHER) {
            let some = servers.get(..count).context("too few servers")?;
            series.push(together(site, some, script, lab.seconds)?);
        }
    }
    let [one, two, four] = series;
    let answer = |several: &Series| {
        (several.over(&one), format!("{:.0} and {:.0} a second together", several.median(), one.median()))
    };
    Ok([answer(&two), answer(&four)])
}

/// Answers a second of all servers together. The load is the same for one as for several: it comes
/// from as many programs, each with its part of the clients and one server.
fn together(site: &Site, servers: &[Server], script: Script, seconds: u32) -> Result<f64> {
    let connections = CLIENTS / LOADS;
    let start = |server: &Server| {
        let lines = match script {
            Script::Refresh => site.refresh_tokens(connections + 32)?,
            Script::Dashboard | Script::Login => site.access_tokens(0..SESSIONS)?,
        };
        Load { script, base: server.base(), connections, seconds, lines, rate: None }.start()
    };
    let turns = servers.iter().cycle().zip(0..LOADS).map(|(server, _)| server);
    let running = turns.map(start).collect::<Result<Vec<_>>>()?;
    let seen = running.into_iter().map(|load| load.end()?.successful());
    Ok(seen.collect::<Result<Vec<_>>>()?.iter().map(crate::load::Seen::rate).sum())
}

/// How long a token is honoured elsewhere after its session has ended, at most, in milliseconds.
fn revocation(lab: &Lab, site: &Site, servers: &[Server]) -> Result<(f64, String)> {
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
    let rounds = if lab.quick { 5 } else { 50 };
    let (first, others) = servers.split_first().context("no server")?;
    let mut delays = Series::default();
    for round in 0..rounds {
        // From the end: none that a load has refreshed, though that would not matter.
        let token = site.access_token(SESSIONS - 1 - round)?;
        for server in servers {
            ensure!(server.dashboard(&agent, &token)? == 200, "a token was refused before its logout");
        }
        let logout = agent.post(format!("{}/api/auth/logout/", first.base()));
        let answer = logout.header("Authorization", format!("Bearer {token}")).send_empty()?;
        ensure!(answer.status() == 200, "the logout was answered {}", answer.status());
        let since = Stopwatch::start();
        for server in others {
            while server.dashboard(&agent, &token)? != 401 {
                ensure!(since.seconds() < 10.0, "a token was honoured ten seconds after its logout");
                thread::sleep(Duration::from_millis(1));
            }
        }
        delays.push(since.millis());
    }
    Ok((delays.largest(), format!("the longest of {rounds}; the median is {:.0} ms", delays.median())))
}
