//! Programs of the machine.

use anyhow::{Context as _, Result, bail};
use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The program of that name on `PATH`.
///
/// # Errors
/// It is not installed; the text says which package has it.
pub(crate) fn find(name: &str, package: &str) -> Result<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let found = env::split_paths(&path).map(|directory| directory.join(name)).find(|file| file.is_file());
    found.with_context(|| format!("{name} is not installed (Debian: {package})"))
}

/// Runs a program to its end and answers what it printed.
///
/// # Errors
/// It cannot be run, or it failed; the text has the end of what it said.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let name = command.get_program().display().to_string();
    let output = command.output().with_context(|| format!("{name} cannot be run"))?;
    if !output.status.success() {
        let said = [output.stdout, output.stderr].concat();
        bail!("{name} failed: {}", last_lines(&String::from_utf8_lossy(&said)));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The first line that a program says about its version, be it in refusing the option.
pub(crate) fn version(program: &Path) -> String {
    let said = Command::new(program).arg("--version").output();
    let said = said.map(|output| [output.stdout, output.stderr].concat()).unwrap_or_default();
    String::from_utf8_lossy(&said).lines().next().unwrap_or("unknown").trim().to_owned()
}

/// A command that gets nothing of this process' environment but `PATH`, so that settings of the
/// person who measures do not get into the figures.
pub(crate) fn bare(program: &Path) -> Command {
    let mut command = Command::new(program);
    command.env_clear().env("PATH", env::var_os("PATH").unwrap_or_default());
    command
}

/// A [`bare`] command for a client that asks as fast as it is answered, on the machine that serves. It
/// waits for its turn (`SCHED_BATCH`, sched(7)): one that wakes with every few answers would take the
/// processor from the server each time, as no client on another machine can.
///
/// # Errors
/// `chrt` is not there.
pub(crate) fn patient(program: &Path) -> Result<Command> {
    let mut command = bare(&find("chrt", "util-linux")?);
    command.args(["--batch", "0"]).arg(program);
    Ok(command)
}

/// The end of a text, for errors.
pub(crate) fn last_lines(text: &str) -> String {
    let lines: Vec<_> = text.lines().rev().take(8).collect();
    lines.into_iter().rev().collect::<Vec<_>>().join("\n")
}
