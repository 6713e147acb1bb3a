//! A bounded queue of jobs.

use super::{Job, StoreGauges};
use doorward_domain::store::StoreError;
use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Jobs that wait for a thread. Once closed, it takes no more, and its threads end when it is empty.
///
/// Of the threads that wait for a job, the one that ran a job last is called first: it has its
/// connection already, and its memory is the warmest.
pub(crate) struct Queue {
    state: Mutex<State>,
    bound: usize,
    gauges: StoreGauges,
}

#[derive(Default)]
struct State {
    jobs: VecDeque<Job>,
    /// The threads that wait; the last to come is the first to be called.
    idle: Vec<Idle>,
    closed: bool,
}

/// A thread that waits.
struct Idle {
    call: Arc<Condvar>,
    /// It is called once as many jobs wait.
    wants: usize,
}

impl Queue {
    /// An empty queue for at most `bound` jobs.
    pub(crate) fn new(bound: usize, gauges: &StoreGauges) -> Self {
        Self { state: Mutex::default(), bound, gauges: gauges.clone() }
    }

    /// Puts a job at the end, or answers it at once where the queue is full or closed.
    pub(crate) fn push(&self, job: Job) {
        if let Err(job) = self.offer(job) {
            let is_closed = self.lock().closed;
            let refusal =
                if is_closed { "the store was closed" } else { "too many jobs are waiting for the database" };
            self.gauges.job_refused();
            job.answer(Err(StoreError::unavailable(refusal)));
        }
    }

    /// Puts a job at the end, or gives it back where the queue is full or closed.
    pub(crate) fn offer(&self, job: Job) -> Result<(), Job> {
        let mut state = self.lock();
        if state.closed || state.jobs.len() >= self.bound {
            return Err(job);
        }
        self.gauges.job_waits();
        state.jobs.push_back(job);
        let waiting = state.jobs.len();
        let called = state.idle.pop_if(|idle| idle.wants <= waiting);
        drop(state);
        if let Some(idle) = called {
            idle.call.notify_one();
        }
        Ok(())
    }

    /// Waits for jobs and takes the first ones, at most `limit`. Empty when the queue is closed.
    pub(crate) fn take(&self, limit: usize) -> Vec<Job> {
        self.gather(0, Duration::ZERO, limit)
    }

    /// Takes as [`take`](Self::take) does, once as many as `enough` wait or `patience` has run out.
    pub(crate) fn gather(&self, enough: usize, patience: Duration, limit: usize) -> Vec<Job> {
        let mut state = self.lock();
        if state.lacks(enough) {
            state = Self::wait(state, enough, Some(patience));
        }
        while state.lacks(1) {
            state = Self::wait(state, 1, None);
        }
        let count = state.jobs.len().min(limit);
        let taken: Vec<Job> = state.jobs.drain(..count).collect();
        self.gauges.jobs_left_the_queue(taken.len());
        taken
    }

    /// How many jobs wait.
    pub(crate) fn len(&self) -> usize {
        self.lock().jobs.len()
    }

    /// Waits for a call, at most for `limit`.
    fn wait(
        mut state: MutexGuard<'_, State>,
        wants: usize,
        limit: Option<Duration>,
    ) -> MutexGuard<'_, State> {
        let call = Arc::new(Condvar::new());
        state.idle.push(Idle { call: Arc::clone(&call), wants });
        let mut state = match limit {
            None => call.wait(state).unwrap_or_else(PoisonError::into_inner),
            Some(limit) => call.wait_timeout(state, limit).unwrap_or_else(PoisonError::into_inner).0,
        };
        // It is not there any more, unless it woke without a call.
        state.idle.retain(|idle| !Arc::ptr_eq(&idle.call, &call));
        state
    }

    /// Waits for a job and takes it. `None` when the queue is closed.
    pub(crate) fn pop(&self) -> Option<Job> {
        self.take(1).pop()
    }

    /// Answers everything that waits with `error`.
    pub(crate) fn fail_all(&self, error: &StoreError) {
        let jobs = std::mem::take(&mut self.lock().jobs);
        self.gauges.jobs_left_the_queue(jobs.len());
        for job in jobs {
            job.answer(Err(error.clone()));
        }
    }

    /// Takes no more jobs; those that wait are still run.
    pub(crate) fn close(&self) {
        let mut state = self.lock();
        state.closed = true;
        for idle in state.idle.drain(..) {
            idle.call.notify_one();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Whether fewer jobs wait than somebody wants who can still hope for more.
    fn lacks(&self, wanted: usize) -> bool {
        self.jobs.len() < wanted && !self.closed
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runner::Work;
    use std::thread::{scope, yield_now};

    const FOR_EVER: Duration = Duration::MAX;

    fn queue(jobs: usize) -> Queue {
        let queue = Queue::new(10, &StoreGauges::default());
        (0..jobs).for_each(|_| queue.push(job()));
        queue
    }

    fn job() -> Job {
        Job::new(Work::Health).0
    }

    fn until_idle(queue: &Queue, threads: usize) {
        while queue.lock().idle.len() < threads {
            yield_now();
        }
    }

    #[test]
    fn jobs_are_taken_together_once_enough_wait() {
        let queue = queue(1);
        let taken = scope(|scope| {
            let taker = scope.spawn(|| queue.gather(3, FOR_EVER, 10));
            until_idle(&queue, 1);
            queue.push(job());
            queue.push(job());
            taker.join().unwrap()
        });
        assert_eq!(taken.len(), 3);
    }

    #[test]
    fn who_waits_for_more_goes_without_them_in_the_end() {
        assert_eq!(queue(2).gather(3, Duration::from_millis(1), 10).len(), 2);
    }

    #[test]
    fn who_waited_in_vain_waits_for_one() {
        let queue = queue(0);
        let taken = scope(|scope| {
            let taker = scope.spawn(|| queue.gather(3, Duration::ZERO, 10));
            while queue.lock().idle.first().is_none_or(|idle| idle.wants > 1) {
                yield_now();
            }
            queue.push(job());
            taker.join().unwrap()
        });
        assert_eq!(taken.len(), 1);
    }

    #[test]
    fn the_limit_holds_for_those_who_waited_too() {
        let queue = queue(3);
        assert_eq!((queue.gather(3, FOR_EVER, 2).len(), queue.len()), (2, 1));
    }

    #[test]
    fn closing_ends_every_wait() {
        let queue = queue(0);
        scope(|scope| {
            let takers = [3, 0].map(|enough| {
                let queue = &queue;
                scope.spawn(move || queue.gather(enough, FOR_EVER, 10))
            });
            until_idle(&queue, 2);
            queue.close();
            for taker in takers {
                assert!(taker.join().unwrap().is_empty());
            }
        });
    }
}
