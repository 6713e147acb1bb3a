//! The threads that rotate sessions, many with one statement.

use super::link::{Link, Run};
use super::worker;
use crate::error::store_error;
use crate::queries::{Rotate, rotate_free};
use crate::runner::{Job, Queue, StoreGauges, Work};
use crate::url::PostgresUrl;
use doorward_domain::session::SessionId;
use doorward_domain::store::StoreError;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The most rotations that share one statement. It bounds how long the first waits for the last.
const BATCH: usize = 256;

/// How many rotations are worth waiting for. Sixteen cost the server about as much as the commit that they
/// share, so that more save little; fewer than eight save too little to keep anybody waiting.
const COMPANY: RangeInclusive<usize> = 8..=16;

/// The longest that rotations wait for others to share their commit with.
const LONGEST_WAIT: Duration = Duration::from_millis(1);

/// The planner is kept to one look into an index for each rotation, whatever it believes of tables
/// that were small when it looked last.
const PLANNER: &str = "
    SET plan_cache_mode = force_generic_plan;
    SET enable_seqscan = off;
    SET enable_hashjoin = off;
    SET enable_mergejoin = off;
";

/// One thread's work. What waits is rotated together, with one statement and one commit.
///
/// Left alone, half of the clients wait for a commit while the other half are answered by theirs. Where half
/// is few, because several processes share the clients and the server, commits come to be most of what there
/// is to do. So those who were just answered are given a moment to come again. While there are hardly any,
/// nobody is kept waiting.
pub(crate) struct Rotator {
    link: Link,
    /// Takes the rotations that have to be judged alone.
    others: Arc<Queue>,
    expected: Expected,
}

/// What is waited for before the next batch is taken.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Expected {
    rotations: usize,
    within: Duration,
}

impl Rotator {
    /// A rotator that is not connected yet.
    pub(crate) fn new(url: PostgresUrl, queue: Arc<Queue>, others: Arc<Queue>, gauges: StoreGauges) -> Self {
        Self { link: Link::new(url, PLANNER, queue, gauges), others, expected: Expected::default() }
    }

    /// Rotates until the queue is closed.
    pub(crate) fn run(mut self) {
        loop {
            let Expected { rotations, within } = self.expected;
            let batch = self.link.queue.gather(rotations, within, BATCH);
            if batch.is_empty() {
                return;
            }
            let in_use = self.link.gauges.in_use();
            let alone = self.rotate(batch);
            for job in alone {
                self.hand_on(job);
            }
            drop(in_use);
        }
    }

    /// Rotates and answers what can be rotated together; answers the rest.
    #[expect(clippy::disallowed_methods, reason = "it decides when rotations are made, not as of when")]
    fn rotate(&mut self, batch: Vec<Job>) -> Vec<Job> {
        let (mut jobs, mut alone) = one_for_each_session(batch);
        let asked: Vec<&Rotate> = jobs.values().filter_map(|job| job.work.as_rotation()).collect();
        let began = Instant::now();
        let rotated = self.link.serve(|connection| {
            Run::of_statement(connection, |c| rotate_free(c, &asked).map_err(|error| store_error(&error)))
        });
        self.expected = Expected::after(jobs.len(), self.link.queue.len(), began.elapsed());
        match rotated {
            Ok(sessions) => {
                self.link.gauges.batch_of_writes(sessions.len());
                for session in sessions {
                    if let Some(job) = jobs.remove(&session.id) {
                        job.answer(Ok(Some(session)));
                    }
                }
                alone.extend(jobs.into_values());
            }
            // Nothing has happened. It may be the fault of one, which is not to be that of the others.
            Err(StoreError::Failed(_)) => alone.extend(jobs.into_values()),
            Err(error) => jobs.into_values().for_each(|job| job.answer(Err(error.clone()))),
        }
        alone
    }

    /// A guard refused it, or somebody else was changing its session: asked alone, it waits for them.
    fn hand_on(&mut self, job: Job) {
        if let Err(mut job) = self.others.offer(job) {
            let result = self.link.serve(|connection| worker::run(connection, &mut job.work));
            job.answer(result);
        }
    }
}

impl Expected {
    /// After a batch, which took its time while others began to wait: that all of them come together.
    fn after(batch: usize, waiting: usize, took: Duration) -> Self {
        let all = batch + waiting;
        let rotations = if all < *COMPANY.start() { 0 } else { all.min(*COMPANY.end()) };
        Self { rotations, within: took.min(LONGEST_WAIT) }
    }
}

/// The first rotation of each session, and the others.
fn one_for_each_session(batch: Vec<Job>) -> (HashMap<SessionId, Job>, Vec<Job>) {
    let (mut first, mut others) = (HashMap::with_capacity(batch.len()), Vec::new());
    for job in batch {
        match job.work.as_rotation().map(|asked| first.entry(asked.id)) {
            Some(Entry::Vacant(free)) => {
                free.insert(job);
            }
            _ => others.push(job),
        }
    }
    (first, others)
}

impl Work {
    fn as_rotation(&self) -> Option<&Rotate> {
        match self {
            Self::Rotate(rotate) => Some(rotate),
            Self::Write(_) | Self::Read(_) | Self::Health => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MILLISECOND: Duration = Duration::from_millis(1);
    const COMMIT: Duration = Duration::from_micros(300);

    #[test]
    fn those_who_were_answered_and_those_who_wait_are_expected_together() {
        assert_eq!(Expected::after(7, 4, COMMIT), Expected { rotations: 11, within: COMMIT });
    }

    #[test]
    fn few_are_not_waited_for_nor_more_than_save_much() {
        let expected = |batch, waiting| Expected::after(batch, waiting, COMMIT).rotations;
        assert_eq!([expected(1, 0), expected(4, 3), expected(4, 4), expected(26, 38)], [0, 0, 8, 16]);
    }

    #[test]
    fn nobody_waits_for_others_longer_than_a_commit_takes_nor_than_a_millisecond() {
        assert_eq!(Expected::after(7, 4, COMMIT).within, COMMIT);
        assert_eq!(Expected::after(7, 4, 5 * MILLISECOND).within, MILLISECOND);
    }
}
