use crate::time::{Clock, Timestamp};
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

/// A clock that stands still until it is moved. Begins at 2026-01-01T00:00:00 UTC.
#[derive(Debug)]
pub struct TestClock(AtomicI64);

impl Default for TestClock {
    fn default() -> Self {
        Self(AtomicI64::new(Timestamp::from_seconds(1_767_225_600).as_micros()))
    }
}

impl TestClock {
    /// Moves the time forward.
    pub fn advance(&self, by: Duration) {
        let moved = self.now_value().plus(by);
        self.0.store(moved.as_micros(), Ordering::SeqCst);
    }

    /// The time it shows.
    pub fn now_value(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(Ordering::SeqCst))
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        self.now_value()
    }

    fn monotonic(&self) -> Duration {
        self.now_value().since(Timestamp::EPOCH)
    }
}
