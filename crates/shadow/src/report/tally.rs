use super::Summary;
use crate::compare::Comparison;
use crate::mirror::Skipped;
use doorward_domain::time::{Clock, Timestamp};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The figures, which the threads that serve and the mirror count together.
pub(crate) struct Tally {
    clock: Arc<dyn Clock>,
    figures: Mutex<Summary>,
}

impl Tally {
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        let figures = Mutex::new(Summary::beginning(clock.now()));
        Self { clock, figures }
    }

    /// A request came.
    pub(crate) fn seen(&self) {
        self.figures().requests += 1;
    }

    /// A request will not be compared.
    pub(crate) fn skipped(&self, reason: Skipped) {
        self.skipped_times(reason, 1);
    }

    /// That many requests will not be compared.
    pub(crate) fn skipped_times(&self, reason: Skipped, times: u64) {
        if times > 0 {
            *self.figures().skipped.entry(reason).or_default() += times;
        }
    }

    /// A request will be sent to the candidate.
    pub(crate) fn mirrored(&self) {
        self.figures().mirrored += 1;
    }

    /// A request was compared. Returns when.
    pub(crate) fn compared(&self, comparison: &Comparison) -> Timestamp {
        let now = self.clock.now();
        let mut figures = self.figures();
        figures.compared += 1;
        for expected in &comparison.expected {
            *figures.expected.entry(*expected).or_default() += 1;
        }
        for difference in &comparison.differences {
            *figures.differences.entry(difference.kind).or_default() += 1;
            figures.clean_since = now;
        }
        now
    }

    /// The figures at this moment.
    pub(crate) fn summary(&self) -> Summary {
        let mut summary = self.figures().clone();
        summary.now = self.clock.now();
        summary
    }

    fn figures(&self) -> MutexGuard<'_, Summary> {
        self.figures.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
