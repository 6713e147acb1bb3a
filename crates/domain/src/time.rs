//! Time is told, never asked: a [`Timestamp`] is an argument of every rule, a [`Clock`] a port of
//! every service.

use std::time::Duration;

/// An instant: microseconds since 1970-01-01T00:00:00 UTC, leap seconds not counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

const MICROS_PER_SECOND: i64 = 1_000_000;

impl Timestamp {
    /// The Unix epoch.
    pub const EPOCH: Self = Self(0);

    /// From microseconds since the epoch.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// From whole seconds since the epoch, the unit of JWT's `NumericDate` (RFC 7519, section 2).
    /// Saturates at the ends of the range.
    pub const fn from_seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(MICROS_PER_SECOND))
    }

    /// Microseconds since the epoch.
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// Whole seconds since the epoch, rounded down.
    pub const fn as_seconds(self) -> i64 {
        self.0.div_euclid(MICROS_PER_SECOND)
    }

    /// This instant without its fraction of a second.
    #[must_use]
    pub const fn floor_to_second(self) -> Self {
        Self::from_seconds(self.as_seconds())
    }

    /// The instant `duration` later; saturates.
    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(micros(duration)))
    }

    /// The instant `duration` earlier; saturates.
    #[must_use]
    pub fn minus(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(micros(duration)))
    }

    /// How long ago `earlier` was; zero if it is not in the past of `self`.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

/// Tells the time. The server hands in the machine's clock, a test one that it moves.
pub trait Clock: Send + Sync {
    /// The present instant. It need not be monotonic: wall clocks are corrected.
    fn now(&self) -> Timestamp;

    /// How long some fixed instant is past. It never goes back and nobody corrects it: for leases
    /// and deadlines.
    fn monotonic(&self) -> Duration;
}
