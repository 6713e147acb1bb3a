//! The adapter of [`PasswordHasher`]: threads, a queue, a deadline.

mod job;
mod oneshot;
mod pace;
mod priority;
mod queue;
mod settings;
mod worker;

pub use settings::{LaneError, LaneSettings};

use crate::hasher::DjangoHasher;
use doorward_domain::hashing::{HashError, Hashing, PasswordHasher, Verification};
use doorward_domain::password::{Password, PasswordHash};
use doorward_domain::random::Random;
use doorward_domain::time::Clock;
use job::Job;
use oneshot::{Sender, oneshot};
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::{self, JoinHandle};
use std::time::Duration;
use worker::Shared;

/// Hashes and verifies on threads of its own, a bounded number at a time.
///
/// A job is queued when [`hash`](PasswordHasher::hash) or [`verify`](PasswordHasher::verify) is
/// called, not when its future is first polled. It is refused with [`HashError::Busy`] at once when
/// the queue is full, or so long that at the pace of the last hashes no thread would come to the job
/// before its deadline; and later, when a thread comes to it only after the deadline all the same.
/// So nobody waits longer than the deadline and one hash, and hardly anybody waits in vain. A job whose future was dropped before it began is skipped. A
/// panic in a hash function answers its job with [`HashError::Failed`], at worst also those that are
/// computed with it, and harms no other.
///
/// With [`Engine::Interleaved`](crate::Engine::Interleaved), a thread that comes to a bcrypt hash
/// takes its share of those of the same cost that wait as well, four in all at most, and computes
/// them at once. Nobody waits for more to come. The jobs of one such group end together.
///
/// Dropping the lane fails what still waits and returns when the hashes under way are done.
///
/// On Linux the threads have a lower priority than the rest of the process (they are nicer by 10):
/// what needs no hash hardly waits for those that are computed. The operating system weighs the
/// two only within one control group. Elsewhere the threads run at the process's priority.
///
/// ```
/// # use doorward_domain::{random::Random, time::{Clock, Timestamp}};
/// # use std::{future::Future, pin::pin, sync::Arc, task::{Context, Poll, Waker}};
/// # struct Machine;
/// # impl Random for Machine { fn fill(&self, bytes: &mut [u8]) { bytes.fill(7) } }
/// # impl Clock for Machine {
/// #     fn now(&self) -> Timestamp { Timestamp::EPOCH }
/// #     fn monotonic(&self) -> std::time::Duration { std::time::Duration::ZERO }
/// # }
/// # fn block_on<F: Future>(future: F) -> F::Output {
/// #     let mut future = pin!(future);
/// #     loop {
/// #         match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
/// #             Poll::Ready(output) => return output,
/// #             Poll::Pending => std::thread::yield_now(),
/// #         }
/// #     }
/// # }
/// # let (random, clock) = (Arc::new(Machine), Arc::new(Machine));
/// use doorward_domain::hashing::{PasswordHasher, Verification};
/// use doorward_domain::password::Password;
/// use doorward_passwords::{Cost, HashLane, LaneSettings};
///
/// let settings = LaneSettings { cost: Cost::new(4)?, ..LaneSettings::default() };
/// let lane = HashLane::start(settings, random, clock)?;
/// let password = Password::new("correct horse battery staple").ok_or("too long")?;
///
/// // In an async function: `.await` in the place of `block_on`.
/// let hash = block_on(lane.hash(password.clone()))?;
/// let verification = block_on(lane.verify(password, Some(hash)))?;
/// assert_eq!(verification, Verification::Match { outdated: false });
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct HashLane {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

/// How many jobs a lane has refused since it started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refused {
    /// Because the queue was full.
    pub full: u64,
    /// Because their deadline had passed, or would have before a thread came to them.
    pub late: u64,
}

impl HashLane {
    /// Starts the threads. Salts come from `random`; `clock` tells how long a job has waited.
    pub fn start(
        settings: LaneSettings,
        random: Arc<dyn Random>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, LaneError> {
        settings.check()?;
        let hasher = DjangoHasher::new(settings.cost, random).with_engine(settings.engine);
        let shared = Arc::new(Shared::new(&settings, hasher, clock));
        let mut lane = Self { shared, threads: Vec::new() };
        for number in 0..settings.threads {
            let shared = Arc::clone(&lane.shared);
            let thread = thread::Builder::new()
                .name(format!("hash-{number}"))
                .spawn(move || shared.work())
                .map_err(LaneError::Spawn)?;
            lane.threads.push(thread);
        }
        Ok(lane)
    }

    /// How many jobs wait.
    pub fn waiting(&self) -> usize {
        self.shared.queue.len()
    }

    /// How many jobs may wait.
    pub fn capacity(&self) -> usize {
        self.shared.capacity
    }

    /// How many threads compute a hash right now.
    pub fn busy(&self) -> usize {
        self.shared.busy.load(Ordering::Relaxed)
    }

    /// How many threads there are.
    pub fn threads(&self) -> usize {
        self.threads.len()
    }

    /// How many jobs were refused so far.
    pub fn refused(&self) -> Refused {
        Refused {
            full: self.shared.refused_full.load(Ordering::Relaxed),
            late: self.shared.refused_late.load(Ordering::Relaxed),
        }
    }

    fn hasher(&self) -> &DjangoHasher {
        &self.shared.hasher
    }

    fn submit<T: Send + 'static>(
        &self,
        job: impl FnOnce(Sender<Result<T, HashError>>, Duration) -> Job,
    ) -> Hashing<T> {
        let (answer, result) = oneshot();
        self.shared.submit(job(answer, self.shared.clock.monotonic()));
        Box::pin(async { result.await.unwrap_or(Err(HashError::Failed)) })
    }
}

impl PasswordHasher for HashLane {
    fn hash(&self, password: Password) -> Hashing<PasswordHash> {
        self.submit(|answer, now| Job::hash(self.hasher(), password, answer, now))
    }

    fn verify(&self, password: Password, hash: Option<PasswordHash>) -> Hashing<Verification> {
        self.submit(|answer, now| Job::verify(self.hasher(), password, hash.as_ref(), answer, now))
    }
}

impl Drop for HashLane {
    fn drop(&mut self) {
        self.shared.queue.close();
        for thread in self.threads.drain(..) {
            // A future that is woken on a hash thread may own the last handle of the lane.
            if thread.thread().id() != thread::current().id() {
                // A thread that panicked has ended too.
                let _ = thread.join();
            }
        }
    }
}

impl fmt::Debug for HashLane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HashLane")
            .field("waiting", &self.waiting())
            .field("busy", &self.busy())
            .field("refused", &self.refused())
            .finish_non_exhaustive()
    }
}

/// What `action` returns, unless it panics. The panic hook has told of it then, what `action` owned
/// is dropped, which answers `Failed`, and nothing else is left half-done: the hasher keeps nothing
/// from one call to the next.
fn contained<T>(action: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(action)).ok()
}

#[cfg(test)]
mod tests;
