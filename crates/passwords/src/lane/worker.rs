//! What a hash thread does.

use super::job::Job;
use super::queue::Queue;
use crate::hasher::DjangoHasher;
use doorward_domain::hashing::HashError;
use doorward_domain::time::Clock;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

/// What the lane and its threads share.
pub(super) struct Shared {
    pub(super) queue: Queue<Job>,
    pub(super) busy: AtomicUsize,
    pub(super) refused_full: AtomicU64,
    pub(super) refused_late: AtomicU64,
    hasher: DjangoHasher,
    deadline: Duration,
}

impl Shared {
    pub(super) fn new(hasher: DjangoHasher, capacity: usize, deadline: Duration) -> Self {
        Self {
            queue: Queue::new(capacity),
            busy: AtomicUsize::new(0),
            refused_full: AtomicU64::new(0),
            refused_late: AtomicU64::new(0),
            hasher,
            deadline,
        }
    }

    /// Whatever waits now is computed or refused within the deadline: then it is worth to come
    /// back. A whole second at least, since HTTP's `Retry-After` knows no less.
    pub(super) fn busy_error(&self) -> HashError {
        HashError::Busy { retry_after: self.deadline.max(Duration::from_secs(1)) }
    }
}

/// Serves the queue until it is closed.
pub(super) fn work(shared: &Shared, clock: &dyn Clock) {
    while let Some(job) = shared.queue.pop() {
        // The payload was printed by the panic hook; the job answers `Failed` as it is dropped, and
        // the hasher keeps nothing from one call to the next.
        let _ = catch_unwind(AssertUnwindSafe(|| serve(shared, clock, job)));
    }
}

fn serve(shared: &Shared, clock: &dyn Clock, job: Job) {
    if !job.is_wanted() {
        return;
    }
    if clock.now().since(job.queued_at) > shared.deadline {
        shared.refused_late.fetch_add(1, Ordering::Relaxed);
        job.refuse(shared.busy_error()).send();
        return;
    }
    let busy = Busy::new(&shared.busy);
    let done = job.run(&shared.hasher);
    drop(busy);
    done.send();
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
