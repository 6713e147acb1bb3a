//! Where the time goes: flame graphs of dashboards and refreshes.

use crate::lab::{CLIENTS, Database, Lab, SESSIONS};
use crate::load::{Load, Script};
use crate::tools;
use anyhow::{Result, anyhow};
use inferno::collapse::Collapse as _;
use inferno::collapse::perf::Folder;
use inferno::flamegraph;
use std::fs::File;
use std::path::Path;
use std::thread;
use std::time::Duration;

/// Samples a second.
const FREQUENCY: &str = "999";

/// How long it has answered before anything is recorded, in seconds: who shows a token is looked up once, which
/// would be much of the first.
const WARM_UP: u32 = 2;

pub(super) fn measure(lab: &Lab, results: &Path) -> Vec<String> {
    [Script::Dashboard, Script::Refresh].map(|script| note(lab, script, results)).into()
}

/// Draws one, and says where it is, or why it is not there.
fn note(lab: &Lab, script: Script, results: &Path) -> String {
    let name = script.name();
    let file = format!("flame-{name}.svg");
    match draw(lab, script, &results.join(&file)) {
        Ok(rate) => {
            format!("[Flame graph of {name} on SQLite](results/{file}), at {rate:.0} a second under perf.")
        }
        Err(why) => format!("Flame graph of {name}: not drawn: {why:#}"),
    }
}

fn draw(lab: &Lab, script: Script, picture: &Path) -> Result<f64> {
    let perf = tools::find("perf", "linux-perf")?;
    // Stacks are followed by frame pointers, which C and Rust must be told to keep.
    let variables = [("RUSTFLAGS", "-C force-frame-pointers=yes"), ("CFLAGS", "-fno-omit-frame-pointer")];
    let program = lab.build("profiling", &variables)?;
    let site = lab.site(Database::Sqlite, SESSIONS)?.with_program(&program);
    let server = site.serve(&[])?;
    let lines = match script {
        Script::Refresh => site.refresh_tokens(CLIENTS + 32)?,
        Script::Dashboard | Script::Login => site.access_tokens(0..SESSIONS)?,
    };
    let load = Load {
        script,
        base: server.base(),
        connections: CLIENTS,
        seconds: lab.seconds + WARM_UP + 1,
        lines,
        rate: None,
    };
    let load = load.start()?;
    thread::sleep(Duration::from_secs(WARM_UP.into()));
    let data = lab.place().join("perf.data");
    let mut record = tools::bare(&perf);
    record.args(["record", "--quiet", "-g", "-F", FREQUENCY, "-p", &server.process().id().to_string()]);
    record.arg("-o").arg(&data).args(["--", "sleep", &lab.seconds.to_string()]);
    tools::output(&mut record)?;
    let seen = load.end()?.successful()?;

    let text = tools::output(tools::bare(&perf).args(["script", "--no-inline", "-i"]).arg(&data))?;
    let mut folded = Vec::new();
    Folder::default().collapse(text.as_bytes(), &mut folded).map_err(|error| anyhow!(error))?;
    let mut options = flamegraph::Options::default();
    options.title = format!("{} on SQLite", script.name());
    options.subtitle = Some(format!("{:.0} a second under perf, {CLIENTS} clients", seen.rate()));
    let picture = File::create(picture)?;
    flamegraph::from_reader(&mut options, folded.as_slice(), picture).map_err(|error| anyhow!(error))?;
    Ok(seen.rate())
}
