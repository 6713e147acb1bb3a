//! Logins a second at the default cost, and one alone.

use crate::clock::Stopwatch;
use crate::doorward::Server;
use crate::finding::{Finding, Question, Target, Unit};
use crate::lab::{CLIENTS, Database, Lab, SESSIONS};
use crate::load::{Load, PASSWORD, Script};
use crate::peers::bcrypt;
use crate::peers::django::Django;
use crate::statistics::Series;
use anyhow::Result;
use std::path::PathBuf;

/// All clients may wait as long as it takes.
pub(super) const PATIENT: [(&str, &str); 2] =
    [("DOORWARD__PASSWORDS__HASH_QUEUE", "1024"), ("DOORWARD__PASSWORDS__HASH_DEADLINE", "60s")];

pub(super) fn measure(lab: &Lab) -> Vec<Finding> {
    lab.databases.iter().flat_map(|database| measure_on(lab, *database)).collect()
}

fn measure_on(lab: &Lab, database: Database) -> Vec<Finding> {
    let question = |what: &str, target| Question::new(what, database, target);
    vec![
        question("logins, against the bcrypt crate on all cores", Target::at_least(2.5, Unit::Times))
            .answered(against_the_crate(lab, database)),
        question("logins, against Django", Target::at_least(2.5, Unit::Times))
            .answered(against_django(lab, database)),
        question("one login alone, beyond the bcrypt crate's function", Target::at_most(5.0, Unit::Millis))
            .answered(alone(lab, database)),
    ]
}

/// Logins a second by all clients.
pub(super) fn rate(base: &str, names: PathBuf, seconds: u32) -> Result<f64> {
    let (script, connections, lines) = (Script::Login, CLIENTS, names);
    Ok(Load { script, base, connections, seconds, lines, rate: None }.run()?.successful()?.rate())
}

/// A window holds few logins: it is longer than others.
fn seconds(lab: &Lab) -> u32 {
    lab.seconds * 2
}

fn against_the_crate(lab: &Lab, database: Database) -> Result<(f64, String)> {
    let site = lab.site(database, SESSIONS)?;
    let server = site.serve(&PATIENT)?;
    let names = site.names(0..SESSIONS)?;
    let (mut ours, mut theirs) = (Series::default(), Series::default());
    for _ in 0..lab.rounds {
        server.process().settle();
        theirs.push(bcrypt::rate(seconds(lab))?);
        ours.push(rate(server.base(), names.clone(), seconds(lab))?);
    }
    Ok((ours.over(&theirs), detail(&ours, &theirs)))
}

fn against_django(lab: &Lab, database: Database) -> Result<(f64, String)> {
    let mut django = Django::start(lab, database, Script::Login)?;
    let site = lab.site(database, SESSIONS)?;
    let server = site.serve(&PATIENT)?;
    let names = site.names(0..SESSIONS)?;
    let (mut ours, mut theirs) = (Series::default(), Series::default());
    for _ in 0..lab.rounds {
        theirs.push(django.rate(Script::Login, seconds(lab))?);
        // What it has accepted it computes, although nobody waits any more.
        django.process().settle();
        ours.push(rate(server.base(), names.clone(), seconds(lab))?);
        server.process().settle();
    }
    Ok((ours.over(&theirs), format!("{} ({})", detail(&ours, &theirs), django.described())))
}

fn alone(lab: &Lab, database: Database) -> Result<(f64, String)> {
    let site = lab.site(database, 1000)?;
    let server = site.serve(&[])?;
    let agent = ureq::Agent::new_with_defaults();
    let (mut ours, mut theirs) = (Series::default(), Series::default());
    for number in 0..if lab.quick { 3 } else { 20 } {
        let name = crate::population::username(number);
        ours.push(login(&server, &agent, &name)?);
        let since = Stopwatch::start();
        bcrypt::once();
        theirs.push(since.millis());
    }
    let detail = format!("{:.1} ms and {:.1} ms, medians", ours.median(), theirs.median());
    Ok((ours.median() - theirs.median(), detail))
}

/// How long a login takes, in milliseconds.
fn login(server: &Server, agent: &ureq::Agent, name: &str) -> Result<f64> {
    let body = serde_json::json!({ "username": name, "password": PASSWORD });
    let since = Stopwatch::start();
    agent.post(format!("{}/api/auth/login/", server.base())).send_json(body)?.body_mut().read_to_vec()?;
    Ok(since.millis())
}

fn detail(ours: &Series, theirs: &Series) -> String {
    format!("{:.1} and {:.1} a second", ours.median(), theirs.median())
}
