//! A bounded queue of jobs.

use super::{Job, StoreGauges};
use doorward_domain::store::StoreError;
use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

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
    /// Where the threads wait that have nothing to do; the last to come is the first to be called.
    idle: Vec<Arc<Condvar>>,
    closed: bool,
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
        let called = state.idle.pop();
        drop(state);
        if let Some(called) = called {
            called.notify_one();
        }
        Ok(())
    }

    /// Waits for jobs and takes the first ones, at most `limit`. Empty when the queue is closed.
    pub(crate) fn take(&self, limit: usize) -> Vec<Job> {
        let mut state = self.lock();
        if state.jobs.is_empty() {
            let call = Arc::new(Condvar::new());
            while state.jobs.is_empty() && !state.closed {
                state.idle.push(Arc::clone(&call));
                state = call.wait(state).unwrap_or_else(PoisonError::into_inner);
                // It is not there any more, unless it woke without a call.
                state.idle.retain(|waits| !Arc::ptr_eq(waits, &call));
            }
        }
        let count = state.jobs.len().min(limit);
        let taken: Vec<Job> = state.jobs.drain(..count).collect();
        self.gauges.jobs_left_the_queue(taken.len());
        taken
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
            idle.notify_one();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
