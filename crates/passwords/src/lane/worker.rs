//! What a hash thread does.

use super::contained;
use super::job::{Done, Job};
use super::queue::Queue;
use crate::hasher::DjangoHasher;
use doorward_domain::hashing::HashError;
use doorward_domain::time::Clock;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

/// What the lane and its threads share.
pub(super) struct Shared {
    pub(super) queue: Queue<Job>,
    pub(super) busy: AtomicUsize,
    pub(super) refused_full: AtomicU64,
    pub(super) refused_late: AtomicU64,
    pub(super) hasher: DjangoHasher,
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
    while let Some(jobs) = shared.queue.pop_alike(shared.hasher.engine().lanes(), Job::goes_with) {
        contained(|| serve(shared, clock, jobs));
    }
}

fn serve(shared: &Shared, clock: &dyn Clock, mut jobs: Vec<Job>) {
    jobs.retain(Job::is_wanted);
    let (late, jobs): (Vec<_>, Vec<_>) =
        jobs.into_iter().partition(|job| clock.now().since(job.queued_at) > shared.deadline);
    for job in late {
        shared.refused_late.fetch_add(1, Ordering::Relaxed);
        send(job.refuse(shared.busy_error()));
    }
    if jobs.is_empty() {
        return;
    }
    let busy = Busy::new(&shared.busy);
    let done = Job::run_all(jobs, &shared.hasher);
    drop(busy);
    done.into_iter().for_each(send);
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
