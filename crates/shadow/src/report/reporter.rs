use super::Tally;
use super::line::{self, Told};
use crate::compare::{Comparison, Kind};
use crate::mask::{Mask, cut, template};
use crate::mirror::Skipped;
use crate::options::Options;
use bytes::Bytes;
use http::Request;
use std::collections::HashMap;
use std::io::Write;
use std::sync::Arc;

/// How many differences are told apart; further ones are counted and not told.
const KNOWN: usize = 10_000;

/// What makes two differences the same to a reader.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Fingerprint {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) kind: Kind,
    pub(super) at: String,
}

/// Writes the report. A difference that comes again within an interval is counted, and told with its
/// count at the interval's end.
pub(crate) struct Reporter {
    options: Arc<Options>,
    tally: Arc<Tally>,
    output: Box<dyn Write + Send>,
    /// How often each difference came in this interval after it was told.
    told: HashMap<Fingerprint, u64>,
    settled: u64,
}

impl Reporter {
    /// Writes the first lines.
    pub(crate) fn new(options: Arc<Options>, tally: Arc<Tally>, output: Box<dyn Write + Send>) -> Self {
        let mut reporter = Self { options, tally, output, told: HashMap::new(), settled: 0 };
        let line = line::start(reporter.options.format, reporter.tally.summary().began, &reporter.options);
        reporter.write(&line);
        reporter
    }

    /// Counts what was found, and tells what is new.
    pub(crate) fn report(&mut self, request: &Request<Bytes>, comparison: &Comparison) {
        self.settled += 1;
        let now = self.tally.compared(comparison);
        if comparison.differences.is_empty() {
            return;
        }
        let mask = Mask::of(request);
        let target = mask.target(request);
        let shown = mask.request(request);
        // A client may make up a method, of any length.
        let method = cut(request.method().to_string());
        for difference in &comparison.differences {
            let key = Fingerprint {
                method: method.clone(),
                path: mask.text(&template(request.uri().path())),
                kind: difference.kind,
                at: difference.at.clone(),
            };
            if let Some(times) = self.told.get_mut(&key) {
                *times += 1;
            } else if self.told.len() < KNOWN {
                self.told.insert(key, 0);
                let told = Told { at: now, method: &method, target: &target, request: &shown, difference };
                let line = line::difference(self.options.format, &told);
                self.write(&line);
            }
        }
    }

    /// Counts a request that was sent to the candidate and cannot be compared.
    pub(crate) fn skip_mirrored(&mut self, reason: Skipped) {
        self.settled += 1;
        self.tally.skipped(reason);
    }

    /// How many requests were sent to the candidate and need nothing more.
    pub(crate) fn settled(&self) -> u64 {
        self.settled
    }

    /// Tells what came again, and the figures. What comes from now on is told anew.
    pub(crate) fn end_interval(&mut self) {
        let now = self.tally.summary().now;
        let mut told: Vec<_> = self.told.drain().filter(|(_, times)| *times > 0).collect();
        told.sort_by(|(one, _), (other, _)| {
            (&one.path, &one.method, &one.at).cmp(&(&other.path, &other.method, &other.at))
        });
        for (key, times) in told {
            let line = line::repeated(self.options.format, now, &key, times);
            self.write(&line);
        }
        self.summarize();
    }

    /// Tells the figures.
    pub(crate) fn summarize(&mut self) {
        let line = line::summary(self.options.format, &self.tally.summary());
        self.write(&line);
    }

    fn write(&mut self, line: &str) {
        // Who does not listen misses it; the figures are counted all the same.
        if let Err(error) = writeln!(self.output, "{line}").and_then(|()| self.output.flush()) {
            log::warn!("the report cannot be written: {error}");
        }
    }
}
