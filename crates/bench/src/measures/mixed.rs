//! Dashboards and refreshes at a moderate rate, while far too many log in.

use crate::doorward::{Server, Site};
use crate::finding::{Finding, Question, Target, Unit, answer_all};
use crate::lab::{CLIENTS, Database, Lab, SESSIONS};
use crate::load::{Load, Running, Script, Seen};
use crate::measures::login;
use crate::statistics::{Series, float};
use anyhow::{Result, ensure};

/// Dashboards a second, and refreshes a second.
const RATE: f64 = 300.0;

/// How many times more logins come than the machine can hash.
const TOO_MANY: f64 = 10.0;

/// Enough clients to come that often, although hundreds of them wait.
const LOGIN_CLIENTS: u32 = 900;

/// What a login waits for a thread at most, by default, and what then remains to be done.
const IN_TIME: f64 = 3000.0;

pub(super) fn measure(lab: &Lab) -> Vec<Finding> {
    lab.databases.iter().flat_map(|database| measure_on(lab, *database)).collect()
}

fn measure_on(lab: &Lab, database: Database) -> Vec<Finding> {
    let question = |what: &str, target| Question::new(what, database, target);
    let questions = [
        question(
            "too many logins: successes among dashboards and refreshes",
            Target::at_least(100.0, Unit::Percent),
        ),
        question("dashboard's p99 among too many logins, against without", Target::at_most(5.0, Unit::Times)),
        question("dashboard's p99 among too many logins", Target::at_most(50.0, Unit::Millis)),
        question("refresh's p99 among too many logins, against without", Target::at_most(5.0, Unit::Times)),
        question("refresh's p99 among too many logins", Target::at_most(50.0, Unit::Millis)),
        question(
            "too many logins: those answered 200, or 503 with Retry-After",
            Target::at_least(100.0, Unit::Percent),
        ),
        question("too many logins: the latest answer", Target::at_most(IN_TIME, Unit::Millis)),
    ];
    answer_all(questions, || compare(lab, database))
}

/// Figures of the moderate load.
#[derive(Default)]
struct Moderate {
    dashboard: [Series; 2],
    refresh: [Series; 2],
    asked: u64,
    succeeded: u64,
}

/// Percentiles of a load's windows: the median, then the 99th.
fn add(series: &mut [Series; 2], seen: &Seen) {
    let [p50, p99] = series;
    p50.push(seen.p50);
    p99.push(seen.p99);
}

fn compare(lab: &Lab, database: Database) -> Result<[(f64, String); 7]> {
    let site = lab.site(database, SESSIONS)?;
    let names = site.names(0..SESSIONS)?;
    let patient = site.serve(&login::PATIENT)?;
    let possible = login::rate(patient.base(), names.clone(), lab.seconds)?;
    drop(patient);

    let server = site.serve(&[])?;
    let (mut without, mut among) = (Moderate::default(), Moderate::default());
    let (mut answers, mut right, mut latest, mut offered) = (0, 0, Series::default(), Series::default());
    for _ in 0..lab.rounds {
        server.process().settle();
        moderate(lab, &server, &site, &mut without)?;
        let logins = Load {
            script: Script::Login,
            base: server.base(),
            connections: LOGIN_CLIENTS,
            seconds: lab.seconds + 2,
            lines: names.clone(),
            // Those who wait do not come again meanwhile, so that the rate asked for is higher.
            rate: Some(possible * TOO_MANY * 2.0),
        };
        let logins = logins.start()?;
        moderate(lab, &server, &site, &mut among)?;
        let seen = logins.end()?;
        answers += seen.requests + seen.failed;
        right += seen.ok + seen.unavailable;
        latest.push(seen.max);
        offered.push(seen.rate());
    }
    let times = offered.median() / possible;
    ensure!(
        lab.quick || times >= TOO_MANY * 0.9,
        "only {times:.1} times as many logins came as the machine can hash"
    );
    let [dashboard, refresh] = [(&among.dashboard, &without.dashboard), (&among.refresh, &without.refresh)];
    let latency = |(among, without): (&[Series; 2], &[Series; 2])| {
        let ([among_p50, among_p99], [p50, p99]) = (among, without);
        let detail = format!(
            "p50 {:.2} ms, p99 {:.2} ms; without logins {:.2} ms and {:.2} ms",
            among_p50.median(),
            among_p99.median(),
            p50.median(),
            p99.median()
        );
        [(among_p99.over(p99), detail.clone()), (among_p99.largest(), detail)]
    };
    let [dashboard_ratio, dashboard_p99] = latency(dashboard);
    let [refresh_ratio, refresh_p99] = latency(refresh);
    let share = |part: u64, of: u64| 100.0 * float(part) / float(of);
    Ok([
        (
            share(among.succeeded, among.asked),
            format!("{} of {}, at {RATE:.0} a second of each", among.succeeded, among.asked),
        ),
        dashboard_ratio,
        dashboard_p99,
        refresh_ratio,
        refresh_p99,
        (
            share(right, answers),
            format!(
                "{right} of {answers}; {:.0} a second came, {possible:.1} can be hashed",
                offered.median()
            ),
        ),
        (latest.largest(), "a login waits 2 s for its hash at most".to_owned()),
    ])
}

/// Both loads at once.
fn moderate(lab: &Lab, server: &Server, site: &Site, figures: &mut Moderate) -> Result<()> {
    let (seconds, rounds) = (lab.seconds, lab.rounds);
    let load = |script, lines| -> Result<Running> {
        let rate = Some(RATE);
        Load { script, base: server.base(), connections: CLIENTS / 2, seconds, lines, rate }.start()
    };
    // All rounds, with and without logins, share the sessions.
    let tokens = SESSIONS / (2 * rounds + 1);
    let refresh = load(Script::Refresh, site.refresh_tokens(tokens)?)?;
    let dashboard = load(Script::Dashboard, site.access_tokens(0..SESSIONS)?)?;
    for (running, series) in [(dashboard, &mut figures.dashboard), (refresh, &mut figures.refresh)] {
        let seen = running.end()?;
        add(series, &seen);
        figures.asked += seen.requests + seen.failed;
        figures.succeeded += seen.requests.saturating_sub(seen.refused);
    }
    Ok(())
}
