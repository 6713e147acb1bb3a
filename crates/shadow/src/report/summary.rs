use crate::compare::{Expected, Kind};
use crate::mirror::Skipped;
use doorward_domain::time::Timestamp;
use std::collections::BTreeMap;

/// What was seen until a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// When it began.
    pub began: Timestamp,
    /// The moment.
    pub now: Timestamp,
    /// Requests of clients.
    pub requests: u64,
    /// Requests that were put into the queue for the candidate.
    pub mirrored: u64,
    /// Requests whose answers were compared, or that the candidate failed to answer.
    pub compared: u64,
    /// Requests that were not compared, by the reason.
    pub skipped: BTreeMap<Skipped, u64>,
    /// Differences, by kind.
    pub differences: BTreeMap<Kind, u64>,
    /// Requests with expected differences, which were tolerated.
    pub expected: BTreeMap<Expected, u64>,
    /// When the last difference was found, or when it began.
    pub clean_since: Timestamp,
}

impl Summary {
    pub(crate) fn beginning(now: Timestamp) -> Self {
        Self {
            began: now,
            now,
            requests: 0,
            mirrored: 0,
            compared: 0,
            skipped: BTreeMap::new(),
            differences: BTreeMap::new(),
            expected: BTreeMap::new(),
            clean_since: now,
        }
    }

    /// Whether no difference was found. Where nothing was [compared](Self::compared) that says nothing.
    pub fn is_clean(&self) -> bool {
        self.differences.is_empty()
    }
}
