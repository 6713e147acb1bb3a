//! How wide the lane is, and how long its queue.

use crate::cost::Cost;
use crate::engine::Engine;
use std::ops::RangeInclusive;
use std::thread::available_parallelism;
use std::time::Duration;

/// The lane's settings. The bounds are checked by [`HashLane::start`](super::HashLane::start).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LaneSettings {
    /// The cost of new hashes. Default: [`Cost::DEFAULT`], 12.
    pub cost: Cost,
    /// How many threads compute hashes; 1 to 1024. Default: one a core, which computes as many hashes
    /// a second as the machine can. More only make each of them slower.
    pub threads: usize,
    /// How many jobs may wait beyond those that are being computed; 1 to 65,536. Default: 256.
    pub queue: usize,
    /// How long a job may wait. One that waited longer is refused instead of computed, and one that
    /// would have to is refused at once; 1 ms to 60 s. Default: 2 s,
    /// which with the hash itself stays below what people and proxies wait for.
    pub deadline: Duration,
    /// What computes bcrypt. Default: [`Engine::Interleaved`]; [`Engine::Crate`] switches the
    /// computing of several hashes at once off.
    pub engine: Engine,
}

impl Default for LaneSettings {
    fn default() -> Self {
        Self {
            cost: Cost::DEFAULT,
            threads: available_parallelism().map_or(1, usize::from).min(*THREADS.end()),
            queue: 256,
            deadline: Duration::from_secs(2),
            engine: Engine::default(),
        }
    }
}

const THREADS: RangeInclusive<usize> = 1..=1024;
const QUEUE: RangeInclusive<usize> = 1..=65_536;
const DEADLINE: RangeInclusive<Duration> = Duration::from_millis(1)..=Duration::from_secs(60);

impl LaneSettings {
    pub(super) fn check(&self) -> Result<(), LaneError> {
        if !THREADS.contains(&self.threads) {
            return Err(LaneError::Threads);
        }
        if !QUEUE.contains(&self.queue) {
            return Err(LaneError::Queue);
        }
        if !DEADLINE.contains(&self.deadline) {
            return Err(LaneError::Deadline);
        }
        Ok(())
    }
}

/// Why a lane did not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LaneError {
    /// [`LaneSettings::threads`] is out of bounds.
    #[error("the number of hash threads must be from {} to {}", THREADS.start(), THREADS.end())]
    Threads,
    /// [`LaneSettings::queue`] is out of bounds.
    #[error("the length of the hash queue must be from {} to {}", QUEUE.start(), QUEUE.end())]
    Queue,
    /// [`LaneSettings::deadline`] is out of bounds.
    #[error("the hash deadline must be from {:?} to {:?}", DEADLINE.start(), DEADLINE.end())]
    Deadline,
    /// The operating system gave no thread.
    #[error("a hash thread could not be started")]
    Spawn(#[source] std::io::Error),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_within_the_bounds() {
        assert!(LaneSettings::default().check().is_ok());
    }

    #[test]
    fn an_error_names_the_bounds() {
        let defaults = LaneSettings::default();
        for (settings, message) in [
            (LaneSettings { threads: 0, ..defaults }, "the number of hash threads must be from 1 to 1024"),
            (
                LaneSettings { queue: 65_537, ..defaults },
                "the length of the hash queue must be from 1 to 65536",
            ),
            (
                LaneSettings { deadline: Duration::ZERO, ..defaults },
                "the hash deadline must be from 1ms to 60s",
            ),
        ] {
            assert_eq!(settings.check().unwrap_err().to_string(), message);
        }
    }
}
