//! How many jobs may wait if all of them are to be begun in time.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// How long the threads are busy with what they take at once.
///
/// A queue that is served before its deadline has no use for more jobs than that: those would wait
/// for nothing but their refusal. Told from the past, it is a guess, and made to err on the side of
/// the one who asks. What it lets in wrongly is refused as late.
pub(super) struct Pace {
    /// How many jobs all threads together take at once.
    at_once: usize,
    /// Microseconds, the later ones weighing more; 0 until the first was measured.
    recent: AtomicU64,
}

impl Pace {
    pub(super) fn new(at_once: usize) -> Self {
        Self { at_once, recent: AtomicU64::new(0) }
    }

    /// A thread was busy for so long.
    pub(super) fn took(&self, busy: Duration) {
        let sample = u64::try_from(busy.as_micros()).unwrap_or(u64::MAX);
        // Of two threads that end together, one may overwrite the other's: that is as good.
        let recent = match self.recent.load(Ordering::Relaxed) {
            0 => sample,
            recent => recent - recent / 4 + sample / 4,
        };
        self.recent.store(recent, Ordering::Relaxed);
    }

    /// How many jobs may wait if a thread is to come to the last of them before `deadline`. What the
    /// threads are busy with now counts as done, so that there is always room for one more round:
    /// however slow the last ones were, new ones will be measured.
    pub(super) fn room(&self, deadline: Duration) -> usize {
        let rounds = deadline.as_micros().checked_div(self.recent.load(Ordering::Relaxed).into());
        let rounds = rounds.map_or(usize::MAX, |rounds| usize::try_from(rounds).unwrap_or(usize::MAX));
        rounds.saturating_add(1).saturating_mul(self.at_once)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEADLINE: Duration = Duration::from_secs(2);

    #[test]
    fn there_is_room_without_bounds_before_anything_was_measured() {
        assert_eq!(Pace::new(8).room(DEADLINE), usize::MAX);
    }

    #[test]
    fn there_is_room_for_what_begins_within_the_deadline() {
        let pace = Pace::new(8);
        pace.took(Duration::from_millis(250));
        // Eight rounds are begun while another eight end, and one when the threads come back.
        assert_eq!(pace.room(DEADLINE), 9 * 8);
    }

    #[test]
    fn there_is_room_for_one_round_however_slow_the_last_ones_were() {
        let pace = Pace::new(8);
        pace.took(Duration::from_secs(3600));
        assert_eq!(pace.room(DEADLINE), 8);
    }

    #[test]
    fn one_slow_round_among_fast_ones_weighs_a_fourth_and_is_forgotten() {
        let pace = Pace::new(1);
        pace.took(Duration::from_millis(100));
        pace.took(Duration::from_millis(500));
        assert_eq!(pace.room(DEADLINE), 11, "200 ms");
        for _ in 0..40 {
            pace.took(Duration::from_millis(100));
        }
        assert_eq!(pace.room(DEADLINE), 20, "a little over 100 ms");
    }
}
