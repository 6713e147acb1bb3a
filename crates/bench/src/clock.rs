//! The one place where the time is asked for.

use doorward_domain::time::{Clock, Timestamp};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Measures from when it is made.
pub(crate) struct Stopwatch(Instant);

impl Stopwatch {
    #[expect(clippy::disallowed_methods, reason = "measuring is what this program is for")]
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    pub(crate) fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }

    pub(crate) fn seconds(&self) -> f64 {
        self.elapsed().as_secs_f64()
    }

    pub(crate) fn millis(&self) -> f64 {
        self.seconds() * 1e3
    }
}

/// The present instant.
#[expect(clippy::disallowed_methods, reason = "sessions begin now, and results have a date")]
pub(crate) fn now() -> Timestamp {
    let micros = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_micros();
    Timestamp::from_micros(i64::try_from(micros).unwrap_or(i64::MAX))
}

/// The machine's clock, for use cases that ask for one.
pub(crate) struct MachineClock(Stopwatch);

impl MachineClock {
    pub(crate) fn new() -> Self {
        Self(Stopwatch::start())
    }
}

impl Clock for MachineClock {
    fn now(&self) -> Timestamp {
        now()
    }

    fn monotonic(&self) -> Duration {
        self.0.elapsed()
    }
}
