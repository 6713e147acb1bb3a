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
use std::sync::Arc;

/// The most rotations that share one statement. It bounds how long the first waits for the last.
const BATCH: usize = 256;

/// The planner is kept to one look into an index for each rotation, whatever it believes of tables
/// that were small when it looked last.
const PLANNER: &str = "
    SET plan_cache_mode = force_generic_plan;
    SET enable_seqscan = off;
    SET enable_hashjoin = off;
    SET enable_mergejoin = off;
";

/// One thread's work. What waits is rotated together, with one statement and one commit.
pub(crate) struct Rotator {
    link: Link,
    /// Takes the rotations that have to be judged alone.
    others: Arc<Queue>,
}

impl Rotator {
    /// A rotator that is not connected yet.
    pub(crate) fn new(url: PostgresUrl, queue: Arc<Queue>, others: Arc<Queue>, gauges: StoreGauges) -> Self {
        Self { link: Link::new(url, PLANNER, queue, gauges), others }
    }

    /// Rotates until the queue is closed.
    pub(crate) fn run(mut self) {
        loop {
            let batch = self.link.queue.take(BATCH);
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
    fn rotate(&mut self, batch: Vec<Job>) -> Vec<Job> {
        let (mut jobs, mut alone) = one_for_each_session(batch);
        let asked: Vec<&Rotate> = jobs.values().filter_map(|job| job.work.as_rotation()).collect();
        let rotated = self.link.serve(|connection| {
            Run::of_statement(connection, |c| rotate_free(c, &asked).map_err(|error| store_error(&error)))
        });
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
