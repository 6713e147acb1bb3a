//! In which order things were looked at and changed.

use doorward_domain::user::UserId;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};

/// The fewest and the most counters that tell accounts' changes apart, both powers of two. Accounts that
/// share one are forgotten together. Each takes 8 bytes.
const COUNTERS: [usize; 2] = [1 << 12, 1 << 20];

/// How many remembered sessions share a counter, where so many are remembered that it is not the fewest.
const SESSIONS_TO_A_COUNTER: usize = 8;

/// Puts changes in order with the looks that may have missed them: each change gets a stamp, and what
/// was found stands if no stamp that concerns it is younger than the beginning of the look.
pub(crate) struct History {
    /// The last stamp that was given.
    last: AtomicU64,
    /// The stamps of the last changes to accounts, by [`counter`].
    accounts: Box<[AtomicU64]>,
    /// The stamp of the last change to the keys.
    keys: AtomicU64,
    /// The stamp of the last change that may have been to anything.
    everything: AtomicU64,
}

/// The moment at which a look began.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Since(pub(crate) u64);

impl History {
    /// Of what is found of about so many sessions.
    pub(crate) fn new(sessions: usize) -> Self {
        let [fewest, most] = COUNTERS;
        let counters = (sessions / SESSIONS_TO_A_COUNTER).clamp(fewest, most).next_power_of_two();
        let counters = std::iter::repeat_with(AtomicU64::default).take(counters);
        Self {
            last: AtomicU64::new(0),
            accounts: counters.collect(),
            keys: AtomicU64::new(0),
            everything: AtomicU64::new(0),
        }
    }

    /// The present moment, for a look that is about to begin.
    pub(crate) fn now(&self) -> Since {
        Since(self.last.load(SeqCst))
    }

    /// Stamps changes to accounts, which are over.
    pub(crate) fn accounts_changed(&self, users: &[UserId]) {
        for changed in users.iter().filter_map(|user| self.counter(*user)) {
            self.stamp(changed);
        }
    }

    /// Stamps a change to the keys, which is over.
    pub(crate) fn keys_changed(&self) {
        self.stamp(&self.keys);
    }

    /// Stamps changes that nobody can tell.
    pub(crate) fn everything_changed(&self) {
        self.stamp(&self.everything);
    }

    /// The last change that may have been to anything: what was found before it does not stand.
    pub(crate) fn last_change_to_everything(&self) -> u64 {
        self.everything.load(SeqCst)
    }

    /// Whether what was found about an account still stands.
    pub(crate) fn account_stands(&self, user: UserId, since: Since) -> bool {
        self.counter(user).is_some_and(|changed| is_before(changed, since))
            && is_before(&self.everything, since)
    }

    /// Whether what was found about a token's signature still stands.
    pub(crate) fn keys_stand(&self, since: Since) -> bool {
        is_before(&self.keys, since)
    }

    /// Where the changes of an account are stamped: by the lower bits, since numbers grow one by one.
    fn counter(&self, user: UserId) -> Option<&AtomicU64> {
        let lower = usize::try_from(user.0 & i64::from(u32::MAX)).unwrap_or_default();
        // They are a power of two.
        self.accounts.get(lower & self.accounts.len().wrapping_sub(1))
    }

    fn stamp(&self, changed: &AtomicU64) {
        let stamp = self.last.fetch_add(1, SeqCst) + 1;
        // Another change may have come by with a later one.
        changed.fetch_max(stamp, SeqCst);
    }
}

fn is_before(changed: &AtomicU64, since: Since) -> bool {
    changed.load(SeqCst) <= since.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_found_stands_until_it_changes_and_then_never_again() {
        let (history, alice) = (History::new(0), UserId(7));
        let before = history.now();
        assert!(history.account_stands(alice, before) && history.keys_stand(before));
        history.accounts_changed(&[alice]);
        assert!(!history.account_stands(alice, before) && history.keys_stand(before));
        let after = history.now();
        assert!(history.account_stands(alice, after));
        history.keys_changed();
        assert!(history.account_stands(alice, after) && !history.keys_stand(after));
        history.everything_changed();
        assert!(!history.account_stands(alice, after));
        assert!(history.account_stands(alice, history.now()) && history.keys_stand(history.now()));
    }

    #[test]
    fn who_is_far_from_a_changed_account_stands() {
        for sessions in [0, 100_000, usize::MAX] {
            assert_who_is_far_stands(sessions);
        }
    }

    fn assert_who_is_far_stands(sessions: usize) {
        let (history, before) = (History::new(sessions), Since(0));
        let far = i64::try_from(history.accounts.len()).unwrap();
        history.accounts_changed(&[UserId(far)]);
        let stands = [0, 1, far - 1, far, 2 * far, -1].map(|id| history.account_stands(UserId(id), before));
        assert_eq!(stands, [false, true, true, false, false, true]);
    }
}
