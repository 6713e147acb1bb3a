//! The binary, started as an operator starts it.

use super::process::{Process, code_within, spawn};
use super::watch::SOON;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

/// The binary in a directory, with an environment of its own: none of the tests' variables reach it.
#[derive(Clone)]
pub(crate) struct Program {
    directory: PathBuf,
    environment: BTreeMap<String, String>,
    wrapper: Vec<String>,
}

impl Program {
    pub(crate) fn in_directory(directory: &Path) -> Self {
        Self { directory: directory.to_owned(), environment: BTreeMap::new(), wrapper: Vec::new() }
    }

    /// With a setting, by its key.
    pub(crate) fn with(self, key: &str, value: impl Into<String>) -> Self {
        let name = format!("DOORWARD__{}", key.to_uppercase().replace('.', "__"));
        self.with_variable(&name, value)
    }

    pub(crate) fn with_variable(mut self, name: &str, value: impl Into<String>) -> Self {
        self.environment.insert(name.to_owned(), value.into());
        self
    }

    /// Started by another program, which gets ours as its last arguments.
    pub(crate) fn under(mut self, wrapper: &[&str]) -> Self {
        self.wrapper = wrapper.iter().map(|&argument| argument.to_owned()).collect();
        self
    }

    /// Serves, and answers once it has said where.
    #[track_caller]
    pub(crate) fn serve(&self) -> Process {
        self.serve_with(&[])
    }

    #[track_caller]
    pub(crate) fn serve_with(&self, arguments: &[&str]) -> Process {
        Process::serving(self.command(arguments))
    }

    /// Runs a command to its end.
    #[track_caller]
    pub(crate) fn run(&self, arguments: &[&str]) -> Outcome {
        let (mut child, output) = spawn(self.command(arguments));
        let code = code_within(&mut child, SOON);
        let [stdout, stderr] = output.map(|transcript| transcript.all());
        let code = code.unwrap_or_else(|| panic!("{arguments:?} does not end: {stdout}{stderr}"));
        Outcome { code, stdout, stderr }
    }

    /// The same of one that must go well; what it says.
    #[track_caller]
    pub(crate) fn done(&self, arguments: &[&str]) -> String {
        let outcome = self.run(arguments);
        assert_eq!(outcome.code, 0, "{arguments:?}: {}{}", outcome.stdout, outcome.stderr);
        outcome.stdout
    }

    /// Starts to serve, and is killed, earlier and later in the course of a start.
    pub(crate) fn kill_starts(&self) {
        for milliseconds in [3, 10, 20, 30, 40, 60, 80] {
            let (mut child, _output) = spawn(self.command(&[]));
            // However fast it is: killed in time, it has no code.
            let code = code_within(&mut child, Duration::from_millis(milliseconds));
            assert_eq!(code, None, "it ended by itself");
        }
    }

    /// Runs a command, and kills it once it has run that long; whether it was still running.
    #[track_caller]
    pub(crate) fn killed_after(&self, arguments: &[&str], limit: Duration) -> bool {
        let (mut child, output) = spawn(self.command(arguments));
        match code_within(&mut child, limit) {
            None => true,
            Some(0) => false,
            Some(code) => panic!("{arguments:?} ended with {code}: {}", output[1].all()),
        }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let binary = env!("CARGO_BIN_EXE_doorward");
        let mut command = match self.wrapper.split_first() {
            Some((first, rest)) => {
                let mut command = Command::new(first);
                command.args(rest).arg(binary);
                command
            }
            None => Command::new(binary),
        };
        command.args(arguments).current_dir(&self.directory).env_clear().envs(&self.environment);
        if let Some(path) = std::env::var_os("PATH") {
            command.env("PATH", path);
        }
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }
}

/// How a command ended, and what it said.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Outcome {
    /// Fails unless the command failed with this exit code and said all of this on standard error.
    #[track_caller]
    pub(crate) fn must_refuse(&self, code: i32, said: &[&str]) {
        assert_eq!(self.code, code, "{self:?}");
        for part in said {
            assert!(self.stderr.contains(part), "{part:?} is not in {self:?}");
        }
    }
}
