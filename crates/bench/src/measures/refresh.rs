//! Durable rotations a second.

use crate::doorward::{Server, Site};
use crate::finding::{Finding, Question, Target, Unit};
use crate::lab::{CLIENTS, Database, Lab, SESSIONS};
use crate::load::{Load, Script};
use crate::peers::django::Django;
use crate::peers::{commits, pgbench};
use crate::statistics::Series;
use crate::tools;
use anyhow::Result;

/// How long a sync is made to take where a slow disk is imitated, in microseconds.
const DELAY: u32 = 5000;

/// How many tokens are handed to a load: more than clients, since `wrk` asks for one more request
/// than it sends, and has the next one ready before it has read an answer.
const TOKENS: u32 = CLIENTS + 32;

pub(super) fn measure(lab: &Lab) -> Vec<Finding> {
    lab.databases
        .iter()
        .flat_map(|database| match database {
            Database::Sqlite => vec![
                Question::new(
                    "refresh, against one writer's commits",
                    *database,
                    Target::at_least(1.5, Unit::Times),
                )
                .answered(against_commits(lab, &[])),
                Question::new(
                    "refresh, against one writer's commits where a sync takes 5 ms longer",
                    *database,
                    Target::at_least(20.0, Unit::Times),
                )
                .answered(watcher().and_then(|watcher| against_commits(lab, &watcher))),
                against_django(lab, *database),
            ],
            Database::Postgres => vec![
                Question::new(
                    "refresh, against pgbench's updates",
                    *database,
                    Target::at_least(0.4, Unit::Times),
                )
                .answered(against_pgbench(lab)),
                against_django(lab, *database),
            ],
        })
        .collect()
}

/// Rotations a second by all clients.
pub(super) fn rate(server: &Server, site: &Site, seconds: u32) -> Result<f64> {
    let (base, script, connections) = (server.base(), Script::Refresh, CLIENTS);
    let lines = site.refresh_tokens(TOKENS)?;
    Ok(Load { script, base, connections, seconds, lines, rate: None }.run()?.successful()?.rate())
}

/// `strace`, as it is told to make every sync slower, and nothing else: it stops a new thread at every
/// system call until it has seen one that it was to trace, and so is told of one that Rust's threads
/// make as they begin. Without, it took half a core from what it watched.
fn watcher() -> Result<Vec<String>> {
    let strace = tools::find("strace", "strace")?.display().to_string();
    let (traced, delay) =
        ("trace=fsync,fdatasync,sigaltstack", format!("inject=fsync,fdatasync:delay_exit={DELAY}"));
    let arguments = ["-f", "--seccomp-bpf", "-qq", "-o", "/dev/null", "-e", traced, "-e", &delay];
    Ok([strace].into_iter().chain(arguments.map(str::to_owned)).collect())
}

fn against_commits(lab: &Lab, under: &[String]) -> Result<(f64, String)> {
    let site = lab.site(Database::Sqlite, SESSIONS)?;
    let server = site.serve_under(&[], under)?;
    rate(&server, &site, 1)?;
    let (mut ours, mut theirs) = (Series::default(), Series::default());
    for _ in 0..lab.rounds {
        server.process().settle();
        theirs.push(commits::rate(lab.place(), lab.seconds, under)?);
        ours.push(rate(&server, &site, lab.seconds)?);
    }
    Ok((ours.over(&theirs), detail(&ours, &theirs)))
}

fn against_pgbench(lab: &Lab) -> Result<(f64, String)> {
    let cluster = lab.cluster()?;
    cluster.remove("plain")?;
    pgbench::prepare(&cluster, "plain")?;
    let site = lab.site(Database::Postgres, SESSIONS)?;
    let server = site.serve(&[])?;
    rate(&server, &site, 1)?;
    let (mut ours, mut theirs) = (Series::default(), Series::default());
    for _ in 0..lab.rounds {
        server.process().settle();
        theirs.push(pgbench::rate(&cluster, "plain", lab.place(), lab.seconds)?);
        ours.push(rate(&server, &site, lab.seconds)?);
    }
    cluster.remove("plain")?;
    Ok((ours.over(&theirs), detail(&ours, &theirs)))
}

fn against_django(lab: &Lab, database: Database) -> Finding {
    let question = Question::new("refresh, against Django", database, Target::at_least(20.0, Unit::Times));
    let compare = || -> Result<(f64, String)> {
        let mut django = Django::start(lab, database, Script::Refresh)?;
        let site = lab.site(database, SESSIONS)?;
        let server = site.serve(&[])?;
        rate(&server, &site, 1)?;
        let (mut ours, mut theirs) = (Series::default(), Series::default());
        for _ in 0..lab.rounds {
            django.process().settle();
            theirs.push(django.rate(Script::Refresh, lab.seconds)?);
            django.process().settle();
            ours.push(rate(&server, &site, lab.seconds)?);
        }
        let peer = django.described();
        Ok((ours.over(&theirs), format!("{} ({peer})", detail(&ours, &theirs))))
    };
    question.answered(compare())
}

fn detail(ours: &Series, theirs: &Series) -> String {
    format!("{:.0} and {:.0} a second", ours.median(), theirs.median())
}
