//! Load by `wrk`, and what it saw.

use crate::statistics::{float, whole};
use crate::tools;
use anyhow::{Context as _, Result, ensure};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};

/// The password of every account that is made for a measurement.
pub(crate) const PASSWORD: &str = "Corr3ct-horse!";

/// What is asked for; each is a script in `lua/`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Script {
    /// The dashboard; lines are access tokens.
    Dashboard,
    /// Rotations; lines are refresh tokens.
    Refresh,
    /// Logins; lines are usernames.
    Login,
}

impl Script {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Dashboard => "dashboard",
            Self::Refresh => "refresh",
            Self::Login => "login",
        }
    }

    /// Threads of `wrk`. One alone is slower than what answers dashboards, and would be what is
    /// measured; the other scripts hand what they were answered from one request to the next.
    fn threads(self) -> u32 {
        if self == Self::Dashboard { 2 } else { 1 }
    }
}

/// A load: `wrk` with a script.
#[derive(Debug, Clone)]
pub(crate) struct Load<'a> {
    /// What is asked for.
    pub(crate) script: Script,
    /// The server.
    pub(crate) base: &'a str,
    /// Connections, each with one request at a time.
    pub(crate) connections: u32,
    /// How long.
    pub(crate) seconds: u32,
    /// The file with the script's lines.
    pub(crate) lines: PathBuf,
    /// Requests a second; as many as there are answers where it is not set.
    pub(crate) rate: Option<f64>,
}

/// A load that runs.
pub(crate) struct Running(Child);

impl Load<'_> {
    /// Runs it to its end.
    ///
    /// # Errors
    /// `wrk` or `chrt` is not there, or failed.
    pub(crate) fn run(&self) -> Result<Seen> {
        self.start()?.end()
    }

    /// Starts it, so that it runs beside others.
    ///
    /// # Errors
    /// `wrk` or `chrt` is not there.
    pub(crate) fn start(&self) -> Result<Running> {
        let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("lua");
        let wrk = tools::find("wrk", "wrk")?;
        // Where it has time to spare, latencies are measured: it must see an answer when it is there.
        let mut command = if self.rate.is_some() { tools::bare(&wrk) } else { tools::patient(&wrk)? };
        command
            .args(["--latency", "--timeout", "60s"])
            .arg(format!("-t{}", self.script.threads()))
            .arg(format!("-c{}", self.connections))
            .arg(format!("-d{}s", self.seconds))
            .arg("-s")
            .arg(scripts.join(self.script.name()).with_extension("lua"))
            .arg(self.base)
            .env("BENCH_LUA", scripts)
            .env("BENCH_THREADS", self.script.threads().to_string())
            .env("BENCH_LINES", &self.lines)
            .env("BENCH_PASSWORD", PASSWORD);
        if let Some(rate) = self.rate {
            command.env("BENCH_PAUSE_MS", (f64::from(self.connections) * 1e3 / rate).to_string());
        }
        let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        Ok(Running(child))
    }
}

impl Running {
    /// Waits for its end.
    ///
    /// # Errors
    /// `wrk` failed.
    pub(crate) fn end(mut self) -> Result<Seen> {
        let mut said = String::new();
        let mut complaints = String::new();
        // Both are short: neither pipe fills up while the other is read.
        if let (Some(mut out), Some(mut err)) = (self.0.stdout.take(), self.0.stderr.take()) {
            std::io::Read::read_to_string(&mut out, &mut said)?;
            std::io::Read::read_to_string(&mut err, &mut complaints)?;
        }
        self.0.wait()?;
        Seen::parse(&said)
            .with_context(|| format!("wrk failed: {}", tools::last_lines(&(said + &complaints))))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // One that has ended cannot be killed, and need not be.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What `wrk` saw of a load.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Seen {
    /// Answers.
    pub(crate) requests: u64,
    /// How long it took.
    pub(crate) seconds: f64,
    /// The median of the latencies, in milliseconds.
    pub(crate) p50: f64,
    /// Their 99th percentile, likewise.
    pub(crate) p99: f64,
    /// The latest answer, likewise.
    pub(crate) max: f64,
    /// Answers that the script takes for a success, where it looks at them.
    pub(crate) ok: u64,
    /// Answers of 503 that say when to come again, where the script looks at them.
    pub(crate) unavailable: u64,
    /// Answers of 400 and above.
    pub(crate) refused: u64,
    /// Answers that the script did not expect, connections that broke, answers that did not come.
    pub(crate) failed: u64,
}

impl Seen {
    /// Reads the line that `lua/common.lua` prints at the end.
    fn parse(said: &str) -> Result<Self> {
        let line =
            said.lines().find_map(|line| line.strip_prefix("bench ")).context("it printed no figures")?;
        let pairs: HashMap<_, _> = line.split_whitespace().filter_map(|pair| pair.split_once('=')).collect();
        let count = |name: &str| -> Result<u64> {
            let text = pairs.get(name).with_context(|| format!("it printed no {name}"))?;
            text.parse().with_context(|| format!("{name} is {text}"))
        };
        let millis = |name: &str| Ok::<_, anyhow::Error>(float(count(name)?) / 1e3);
        let failures = ["connect", "read", "write", "timeout", "unexpected", "starved"];
        Ok(Self {
            requests: count("requests")?,
            seconds: float(count("duration_us")?) / 1e6,
            p50: millis("p50_us")?,
            p99: millis("p99_us")?,
            max: millis("max_us")?,
            ok: count("ok")?,
            unavailable: count("unavailable")?,
            refused: count("status")?,
            failed: failures.iter().map(|name| count(name)).sum::<Result<u64>>()?,
        })
    }

    /// Answers a second.
    pub(crate) fn rate(&self) -> f64 {
        float(self.requests) / self.seconds
    }

    /// This, if every answer was a success: figures of refusals are worth nothing.
    ///
    /// # Errors
    /// There was none, or another answer.
    pub(crate) fn successful(self) -> Result<Self> {
        let Self { requests, refused, failed, .. } = self;
        ensure!(requests > 0, "there was no answer");
        ensure!(refused + failed == 0, "of {requests} answers {refused} were refusals, and {failed} failed");
        Ok(self)
    }
}

/// How many tokens a load needs, if each is presented once.
pub(crate) fn tokens_for(rate: f64, seconds: u32) -> u32 {
    // The pauses are random: somewhat more than the mean comes.
    whole(rate * f64::from(seconds) * 1.25) + 64
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAID: &str = "Running 1s test @ http://127.0.0.1:8000\n  1 threads and 4 connections\n\
        bench requests=1200 duration_us=1500000 p50_us=250 p99_us=1750 max_us=20000 status=3 connect=0 \
        read=1 write=0 timeout=2 ok=1197 unavailable=2 unexpected=1 starved=0\n";

    #[test]
    fn the_figures_are_read_from_the_line_among_others() {
        let seen = Seen::parse(SAID).unwrap();
        let expected = Seen {
            requests: 1200,
            seconds: 1.5,
            p50: 0.25,
            p99: 1.75,
            max: 20.0,
            ok: 1197,
            unavailable: 2,
            refused: 3,
            failed: 4,
        };
        assert_eq!(seen, expected);
        assert!((seen.rate() - 800.0).abs() < 1e-9);
    }

    #[test]
    fn a_run_without_figures_is_an_error_and_not_a_zero() {
        for said in ["", "unable to connect to 127.0.0.1:8000\n", &SAID.replace("p99_us=1750 ", "")] {
            assert!(Seen::parse(said).is_err(), "{said}");
        }
    }

    #[test]
    fn refusals_and_failures_spoil_a_run() {
        let seen = Seen::parse(SAID).unwrap();
        assert!(seen.clone().successful().is_err());
        let clean = Seen { refused: 0, failed: 0, ..seen };
        assert!(clean.clone().successful().is_ok());
        assert!(Seen { refused: 1, ..clean.clone() }.successful().is_err());
        assert!(Seen { failed: 1, ..clean.clone() }.successful().is_err());
        assert!(Seen { requests: 0, ..clean }.successful().is_err());
    }
}
