use doorward_domain::time::{Clock, Timestamp};
use std::sync::LazyLock;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// The machine's clocks. The one place where the time is asked for.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the adapter of the port")]
    fn now(&self) -> Timestamp {
        let micros = match SystemTime::now().duration_since(UNIX_EPOCH) {
            Ok(after) => i64::try_from(after.as_micros()),
            Err(before) => i64::try_from(before.duration().as_micros()).map(|micros| -micros),
        };
        Timestamp::from_micros(micros.unwrap_or(i64::MAX))
    }

    #[expect(clippy::disallowed_methods, reason = "this is the adapter of the port")]
    fn monotonic(&self) -> Duration {
        static START: LazyLock<Instant> = LazyLock::new(Instant::now);
        START.elapsed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_later_than_this_was_written() {
        assert!(SystemClock.now() > Timestamp::from_seconds(1_750_000_000));
    }
}
