use doorward_domain::time::{Clock, Timestamp};
use std::time::{SystemTime, UNIX_EPOCH};

/// The machine's wall clock. The one place where the time is asked for.
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
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_later_than_this_was_written() {
        assert!(SystemClock.now() > Timestamp::from_seconds(1_750_000_000));
    }
}
