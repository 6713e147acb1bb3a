//! Latency with ten million users and sessions against a thousand, at an equal rate, where the machine
//! has memory for either database.

use crate::clock::Stopwatch;
use crate::doorward::{Server, Site};
use crate::finding::{Finding, Question, Target, Unit, answer_all};
use crate::lab::{Database, Lab, say};
use crate::load::{Load, Script, Seen, tokens_for};
use crate::population::Draw;
use crate::residence::Residence;
use crate::statistics::Series;
use crate::tools;
use anyhow::{Context as _, Result, ensure};
use std::path::PathBuf;
use std::process::Command;
use std::thread;
use std::time::Duration;

/// The small database.
const FEW: u32 = 1000;

/// Requests a second: far from what the machine can do, so that nothing but the work shows.
const DASHBOARDS: f64 = 500.0;
const REFRESHES: f64 = 300.0;
const LOGINS: f64 = 4.0;

const CONNECTIONS: u32 = 32;

/// Few enough that none waits with its first request for as long as the server waits for it.
const CONNECTIONS_OF_LOGINS: u32 = 4;

/// How long a server may take to read all sessions into its memory, in seconds.
const WARM_WITHIN: f64 = 1800.0;

/// What an account with its session takes on the disk, with its indexes and the log of writing it.
const BYTES_PER_USER: u64 = 2048;

pub(super) fn measure(lab: &Lab) -> Vec<Finding> {
    lab.databases.iter().flat_map(|database| measure_on(lab, *database)).collect()
}

fn measure_on(lab: &Lab, database: Database) -> Vec<Finding> {
    let many = lab.users;
    let question = |what: &str, target| {
        Question::new(
            &format!("{what}'s p99 with {many} users, against {FEW}"),
            database,
            Target::at_most(target, Unit::Times),
        )
    };
    let questions = [question("login", 1.2), question("refresh", 2.0), question("dashboard", 2.0)];
    answer_all(questions, || {
        room(lab)?;
        say(&format!("filling {database} with {many} users and sessions"));
        let few = Place::make(lab, database, FEW)?;
        let many = Place::make(lab, database, many)?;
        let compare = |script| compare(lab, &few, &many, script);
        Ok([compare(Script::Login)?, compare(Script::Refresh)?, compare_dashboards(lab, &few, &many)?])
    })
}

/// Whether the large database has room: a full disk helps nobody.
fn room(lab: &Lab) -> Result<()> {
    let df = tools::output(Command::new("df").args(["-Pk"]).arg(lab.place()))?;
    let free: u64 =
        df.lines().nth(1).and_then(|line| line.split_whitespace().nth(3)).context("df")?.parse()?;
    let (free, needed) = (free * 1024, u64::from(lab.users) * BYTES_PER_USER);
    ensure!(free > needed, "{needed} bytes are needed on the disk, and {free} are free");
    Ok(())
}

/// A database, a server on it, and its accounts in random order.
struct Place {
    // Before the site, whose database it uses.
    server: Server,
    // Before its files are deleted.
    _residence: Residence,
    site: Site,
    order: Vec<u32>,
}

impl Place {
    fn make(lab: &Lab, database: Database, users: u32) -> Result<Self> {
        let site = lab.site(database, users)?;
        let residence = site.in_memory()?;
        let server = site.serve(&super::login::PATIENT)?;
        Ok(Self { server, _residence: residence, site, order: Draw::new(u64::from(users)).shuffled(users) })
    }

    /// Another server, with memory for so many sessions, once it has read ahead who is signed in; and how
    /// many seconds that took.
    fn warm(&self, sessions: u32) -> Result<(Server, f64)> {
        let sessions = sessions.to_string();
        let settings =
            [("DOORWARD__MEMORY__SESSIONS", sessions.as_str()), ("DOORWARD__MEMORY__WARM_UP", "true")];
        let server = self.site.serve(&settings)?;
        let since = Stopwatch::start();
        while server.remembered_sessions()? < f64::from(self.site.size()) {
            ensure!(since.seconds() < WARM_WITHIN, "the server is not warm after {WARM_WITHIN} s");
            thread::sleep(Duration::from_millis(100));
        }
        Ok((server, since.seconds()))
    }

    /// Has a server see everybody who has a session once, or as many as come in a window: how much it
    /// remembers must not depend on how many rounds there were.
    fn acquaint(&self, lab: &Lab, server: &Server) -> Result<()> {
        let seconds = seconds(lab, Script::Dashboard);
        let numbers = (0..tokens_for(DASHBOARDS, seconds)).map(|number| number % self.site.size());
        let lines = self.site.access_tokens(numbers)?;
        load(server, Script::Dashboard, CONNECTIONS, seconds, lines, DASHBOARDS).map(drop)
    }

    /// A window's p99 on a server, in milliseconds; every key is drawn from all.
    fn p99(&self, lab: &Lab, server: &Server, script: Script, round: u32) -> Result<f64> {
        let Self { site, order, .. } = self;
        let mut draw = Draw::new(u64::from(round) + 7);
        let mut drawn = |rate| {
            let numbers = (0..tokens_for(rate, seconds(lab, script))).map(|_| draw.below(site.size()));
            numbers.collect::<Vec<_>>().into_iter()
        };
        let (rate, lines) = match script {
            Script::Login => (LOGINS, site.names(drawn(LOGINS))?),
            Script::Dashboard => (DASHBOARDS, site.access_tokens(drawn(DASHBOARDS))?),
            Script::Refresh => {
                // Each once where there are enough; else an equal part of them in every round.
                let part = site.size() / (lab.rounds + 1);
                let count = tokens_for(REFRESHES, seconds(lab, script)).min(part);
                let place =
                    |number| usize::try_from(number).ok().and_then(|at: usize| order.get(at)).copied();
                (REFRESHES, site.refresh_tokens_of(count, |number| place(number).unwrap_or(number))?)
            }
        };
        let connections = if script == Script::Login { CONNECTIONS_OF_LOGINS } else { CONNECTIONS };
        Ok(load(server, script, connections, seconds(lab, script), lines, rate)?.p99)
    }
}

fn load(
    server: &Server,
    script: Script,
    connections: u32,
    seconds: u32,
    lines: PathBuf,
    rate: f64,
) -> Result<Seen> {
    server.process().settle();
    Load { script, base: server.base(), connections, seconds, lines, rate: Some(rate) }.run()?.successful()
}

/// A window holds few logins: it is longer than others.
fn seconds(lab: &Lab, script: Script) -> u32 {
    if script == Script::Login { lab.seconds * 3 } else { lab.seconds }
}

fn compare(lab: &Lab, few: &Place, many: &Place, script: Script) -> Result<(f64, String)> {
    let [of_few, of_many] = in_turn(lab, script, [(few, &few.server), (many, &many.server)])?;
    let rate = if script == Script::Login { LOGINS } else { REFRESHES };
    let detail =
        format!("p99 {:.2} ms and {:.2} ms, at {rate:.0} a second", of_many.median(), of_few.median());
    Ok((of_many.over(&of_few), detail))
}

/// On servers that have memory for all who are signed in, and beside them on one that has not and asks
/// the database.
fn compare_dashboards(lab: &Lab, few: &Place, many: &Place) -> Result<(f64, String)> {
    // Its table has parts, which fill the less evenly the smaller they are.
    let room = many.site.size() / 5 * 6 + 10_000;
    let ((few_warm, _), (many_warm, seconds)) = (few.warm(room)?, many.warm(room)?);
    let sides = [(few, &few_warm), (many, &many_warm), (many, &many.server)];
    for (place, server) in sides {
        place.acquaint(lab, server)?;
    }
    let [of_few, of_many, of_strangers] = in_turn(lab, Script::Dashboard, sides)?;
    let mebibytes = |server: &Server| Ok::<_, anyhow::Error>(server.process().resident_bytes()? >> 20);
    let detail = format!(
        "p99 {:.2} ms and {:.2} ms, at {DASHBOARDS:.0} a second, by {} MiB that were filled in {seconds:.0} s; \
         {:.2} ms by {} MiB, where the database is asked",
        of_many.median(),
        of_few.median(),
        mebibytes(&many_warm)?,
        of_strangers.median(),
        mebibytes(&many.server)?,
    );
    Ok((of_many.over(&of_few), detail))
}

/// The p99s of several servers on their databases, taken in turn.
fn in_turn<const N: usize>(lab: &Lab, script: Script, sides: [(&Place, &Server); N]) -> Result<[Series; N]> {
    let mut series = [(); N].map(|()| Series::default());
    for round in 0..lab.rounds {
        for (series, (place, server)) in series.iter_mut().zip(sides) {
            series.push(place.p99(lab, server, script, round)?);
        }
    }
    Ok(series)
}
