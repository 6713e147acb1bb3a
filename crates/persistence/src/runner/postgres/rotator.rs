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
const LONGEST_WAIT: Duration = Duration::from_millis(2);

/// A server is busy while statements take, on average, as many times as long as they can.
const BUSY: u32 = 2;

/// How many statements the average is mostly of. One that was slow alone says nothing.
const LATEST: u32 = 16;

/// In about as many statements the quickest is forgotten: tens of seconds, where there is much to do.
const FORGOTTEN: u32 = 65_536;

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
/// is to do. So where the server is busy, those who were just answered are given a moment to come again. An
/// idle one would gain nothing by that, and nobody is kept waiting.
pub(crate) struct Rotator {
    link: Link,
    /// Takes the rotations that have to be judged alone.
    others: Arc<Queue>,
    pace: Pace,
    expected: Expected,
}

/// How long statements take.
#[derive(Debug)]
struct Pace {
    /// The quickest of those that are remembered.
    quickest: Duration,
    /// An average, in which the latest count most.
    average: Duration,
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
        Self {
            link: Link::new(url, PLANNER, queue, gauges),
            others,
            pace: Pace::unknown(),
            expected: Expected::default(),
        }
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
        if rotated.is_ok() {
            self.pace.learn(began.elapsed());
        }
        self.expected = Expected::after(jobs.len(), self.link.queue.len(), &self.pace);
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

impl Pace {
    /// Nothing has been seen yet.
    fn unknown() -> Self {
        Self { quickest: Duration::MAX, average: Duration::ZERO }
    }

    /// Learns from a statement that `took` so long.
    fn learn(&mut self, took: Duration) {
        let forgotten = self.quickest / FORGOTTEN + Duration::from_nanos(1);
        self.quickest = took.min(self.quickest.saturating_add(forgotten));
        self.average = (self.average / LATEST * (LATEST - 1)).saturating_add(took / LATEST);
    }

    fn is_busy(&self) -> bool {
        self.average / BUSY >= self.quickest
    }
}

impl Expected {
    /// After a batch, while which others began to wait, on a busy server: that all of them come together, in as
    /// long as two statements take at most.
    fn after(batch: usize, waiting: usize, pace: &Pace) -> Self {
        let all = batch + waiting;
        if all < *COMPANY.start() || !pace.is_busy() {
            return Self::default();
        }
        Self { rotations: all.min(*COMPANY.end()), within: pace.average.saturating_mul(2).min(LONGEST_WAIT) }
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

    const COMMIT: Duration = Duration::from_micros(300);

    /// Of a server that was quick, and then took so long for a while.
    fn slowed_to(took: Duration) -> Pace {
        let mut pace = Pace::unknown();
        pace.learn(COMMIT);
        (0..8 * LATEST).for_each(|_| pace.learn(took));
        pace
    }

    #[test]
    fn those_who_were_answered_and_those_who_wait_are_expected_together() {
        assert_eq!(Expected::after(7, 4, &slowed_to(3 * COMMIT)).rotations, 11);
    }

    #[test]
    fn few_are_not_waited_for_nor_more_than_save_much() {
        let pace = slowed_to(3 * COMMIT);
        let expected = |batch, waiting| Expected::after(batch, waiting, &pace).rotations;
        assert_eq!([expected(1, 0), expected(4, 3), expected(4, 4), expected(26, 38)], [0, 0, 8, 16]);
    }

    #[test]
    fn nobody_waits_for_others_longer_than_two_statements_take_nor_than_two_milliseconds() {
        let within = |took| Expected::after(7, 4, &slowed_to(took)).within;
        let usual = within(3 * COMMIT);
        assert!((5 * COMMIT..=6 * COMMIT).contains(&usual), "{usual:?}");
        assert_eq!(within(10 * COMMIT), Duration::from_millis(2));
        assert_eq!(within(Duration::MAX / 2), Duration::from_millis(2));
    }

    #[test]
    fn nobody_waits_for_others_on_a_server_that_is_not_busy() {
        let nothing = Expected::default();
        assert_eq!(Expected::after(26, 38, &Pace::unknown()), nothing, "nothing is known of it");
        assert_eq!(
            Expected::after(26, 38, &slowed_to(3 * COMMIT / 2)),
            nothing,
            "larger batches take longer"
        );
    }

    #[test]
    fn one_slow_statement_does_not_make_a_server_busy() {
        let mut pace = slowed_to(COMMIT);
        pace.learn(10 * COMMIT);
        assert!(!pace.is_busy());
    }

    #[test]
    fn a_server_that_became_slower_is_not_taken_for_busy_for_ever() {
        let mut pace = slowed_to(4 * COMMIT);
        let believed = (0..4 * FORGOTTEN).find(|_| {
            pace.learn(4 * COMMIT);
            !pace.is_busy()
        });
        assert!(believed.is_some_and(|after| (1..2 * FORGOTTEN).contains(&after)), "after {believed:?}");
    }
}
