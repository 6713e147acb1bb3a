//! What a hash thread does.

use super::job::{Done, Job};
use super::pace::Pace;
use super::queue::{Queue, Taken};
use super::settings::LaneSettings;
use super::{contained, priority};
use crate::hasher::DjangoHasher;
use doorward_domain::hashing::HashError;
use doorward_domain::time::Clock;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

/// What the lane and its threads share.
pub(super) struct Shared {
    pub(super) queue: Queue<Job>,
    pub(super) capacity: usize,
    pub(super) busy: AtomicUsize,
    pub(super) refused_full: AtomicU64,
    pub(super) refused_late: AtomicU64,
    pub(super) hasher: DjangoHasher,
    pub(super) clock: Arc<dyn Clock>,
    pace: Pace,
    deadline: Duration,
}

impl Shared {
    pub(super) fn new(settings: &LaneSettings, hasher: DjangoHasher, clock: Arc<dyn Clock>) -> Self {
        let at_once = settings.threads.saturating_mul(hasher.engine().lanes());
        Self {
            queue: Queue::new(),
            capacity: settings.queue,
            busy: AtomicUsize::new(0),
            refused_full: AtomicU64::new(0),
            refused_late: AtomicU64::new(0),
            hasher,
            clock,
            pace: Pace::new(at_once),
            deadline: settings.deadline,
        }
    }

    /// Queues the job if it may wait and would not wait for nothing, else refuses it.
    pub(super) fn submit(&self, job: Job) {
        let in_time = self.pace.room(self.deadline);
        if let Err(job) = self.queue.push(job, self.capacity.min(in_time), Job::is_wanted) {
            let counter = if in_time < self.capacity { &self.refused_late } else { &self.refused_full };
            self.refuse(job, counter);
        }
    }

    /// Serves the queue until it is closed.
    pub(super) fn work(&self) {
        priority::step_back();
        while let Some(taken) = self.take() {
            contained(|| self.serve(taken));
        }
    }

    fn take(&self) -> Option<Taken<Job>> {
        let is_live = |job: &Job| job.is_wanted() && !self.is_late(job);
        self.queue.pop_alike(self.hasher.engine().lanes(), is_live, Job::goes_with)
    }

    fn serve(&self, Taken { lapsed, together }: Taken<Job>) {
        for job in lapsed.into_iter().filter(Job::is_wanted) {
            self.refuse(job, &self.refused_late);
        }
        if together.is_empty() {
            return;
        }
        let begun = self.clock.monotonic();
        let busy = Busy::new(&self.busy);
        let done = Job::run_all(together, &self.hasher);
        drop(busy);
        self.pace.took(self.clock.monotonic().saturating_sub(begun));
        done.into_iter().for_each(send);
    }

    fn is_late(&self, job: &Job) -> bool {
        self.clock.monotonic().saturating_sub(job.queued_at) > self.deadline
    }

    /// Whatever waits now is computed or refused within the deadline: then it is worth to come
    /// back. A whole second at least, since HTTP's `Retry-After` knows no less.
    fn refuse(&self, job: Job, counter: &AtomicU64) {
        counter.fetch_add(1, Ordering::Relaxed);
        send(job.refuse(HashError::Busy { retry_after: self.deadline.max(Duration::from_secs(1)) }));
    }
}

/// Hands a result over. Whom it wakes may panic: that is no matter of the others.
fn send(done: Done) {
    contained(|| done.send());
}

/// Counts one thread as busy for as long as it lives.
struct Busy<'a>(&'a AtomicUsize);

impl<'a> Busy<'a> {
    fn new(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
