//! What is remembered, and the rules by which it is forgotten.

use doorward_domain::session::SessionId;
use doorward_domain::standing::Standing;
use doorward_domain::time::Timestamp;
use doorward_domain::user::{User, UserId};
use quick_cache::unsync::Cache;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Accounts are spread over stripes by their numbers, each under a lock of its own that is held for
/// a look-up in a table: threads that serve different accounts do not meet.
const STRIPES: u8 = 64;

/// Standings by account, each true as of the last change that was heard of.
pub(crate) struct Memory {
    stripes: Box<[Mutex<Stripe>]>,
    /// Counts what was forgotten and what was remembered: the time by which reads and changes are
    /// put in order.
    stamps: AtomicU64,
    /// Until when memory may be believed, in microseconds of the monotonic clock.
    believed_until: AtomicU64,
}

/// A part of the accounts with all of their sessions.
struct Stripe {
    /// The stamp of the last change to any of its accounts.
    changed: u64,
    accounts: Cache<UserId, Known<Arc<User>>>,
    sessions: Cache<SessionId, Known<Timestamp>>,
}

/// Something that was remembered with an account. A session counts only beside the very account
/// that it was remembered with: who forgets the account has forgotten its sessions.
#[derive(Clone)]
struct Known<T> {
    with: u64,
    what: T,
}

/// The moment at which a read began.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Since(u64);

impl Memory {
    /// An empty memory for about `sessions` sessions and as many accounts.
    pub(crate) fn new(sessions: usize) -> Self {
        let each = sessions.div_ceil(usize::from(STRIPES));
        let stripe =
            || Mutex::new(Stripe { changed: 0, accounts: Cache::new(each), sessions: Cache::new(each) });
        Self {
            stripes: std::iter::repeat_with(stripe).take(usize::from(STRIPES)).collect(),
            stamps: AtomicU64::new(0),
            believed_until: AtomicU64::new(0),
        }
    }

    /// Whether it may be believed at `now` of the monotonic clock.
    pub(crate) fn is_believed(&self, now: Duration) -> bool {
        micros(now) < self.believed_until.load(SeqCst)
    }

    /// Lets it be believed until `end` of the monotonic clock.
    pub(crate) fn believe_until(&self, end: Duration) {
        self.believed_until.fetch_max(micros(end), SeqCst);
    }

    /// What `user` and `session` stand on, if it is remembered and the session has not expired.
    pub(crate) fn recall(
        &self,
        user: UserId,
        session: Option<SessionId>,
        now: Timestamp,
    ) -> Option<Standing> {
        let stripe = self.stripe(user)?;
        let account = stripe.accounts.get(&user)?;
        let session_until = match session {
            None => None,
            Some(id) => {
                let known = stripe.sessions.get(&id).filter(|known| known.with == account.with)?;
                // A rotation may have moved the end on.
                if now >= known.what {
                    return None;
                }
                Some(known.what)
            }
        };
        Some(Standing { user: Arc::clone(&account.what), session_until })
    }

    /// The present moment, for a read that is about to begin.
    pub(crate) fn since(&self) -> Since {
        Since(self.stamps.load(SeqCst))
    }

    /// Remembers what a read found that began at `since`, if nothing has changed since.
    pub(crate) fn remember(&self, since: Since, session: Option<SessionId>, found: &Standing) {
        let Some(mut stripe) = self.stripe(found.user.id) else { return };
        if stripe.changed > since.0 {
            return;
        }
        let id = found.user.id;
        let with = if let Some(account) = stripe.accounts.get(&id) {
            account.with
        } else {
            let with = self.next_stamp();
            stripe.accounts.insert(id, Known { with, what: Arc::clone(&found.user) });
            with
        };
        if let (Some(session), Some(until)) = (session, found.session_until) {
            stripe.sessions.insert(session, Known { with, what: until });
        }
    }

    /// Forgets what stands on an account.
    pub(crate) fn forget(&self, user: UserId) {
        if let Some(mut stripe) = self.stripe(user) {
            stripe.changed = self.next_stamp();
            stripe.accounts.remove(&user);
        }
    }

    /// Forgets everything.
    pub(crate) fn forget_all(&self) {
        for stripe in &self.stripes {
            let mut stripe = lock(stripe);
            stripe.changed = self.next_stamp();
            stripe.accounts.clear();
            stripe.sessions.clear();
        }
    }

    /// How many accounts are remembered.
    pub(crate) fn accounts(&self) -> usize {
        self.stripes.iter().map(|stripe| lock(stripe).accounts.len()).sum()
    }

    fn next_stamp(&self) -> u64 {
        self.stamps.fetch_add(1, SeqCst) + 1
    }

    fn stripe(&self, user: UserId) -> Option<MutexGuard<'_, Stripe>> {
        let number = usize::try_from(user.0.unsigned_abs() % u64::from(STRIPES)).ok()?;
        self.stripes.get(number).map(lock)
    }
}

fn lock(stripe: &Mutex<Stripe>) -> MutexGuard<'_, Stripe> {
    stripe.lock().unwrap_or_else(PoisonError::into_inner)
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use doorward_domain::testing::World;

    const NOW: Timestamp = Timestamp::from_seconds(1_000);
    const END: Timestamp = Timestamp::from_seconds(2_000);

    fn standing(name: &str) -> Standing {
        let world = World::with_user(name, "alice@example.com", "pw-of-alice");
        Standing { user: Arc::new(world.find(name)), session_until: Some(END) }
    }

    fn session(number: u8) -> SessionId {
        SessionId::from_bytes([number; 16])
    }

    #[test]
    fn what_is_remembered_is_recalled_until_the_session_expires() {
        let (memory, alice) = (Memory::new(100), standing("alice"));
        let id = alice.user.id;
        memory.remember(memory.since(), Some(session(1)), &alice);
        assert_eq!(memory.recall(id, Some(session(1)), NOW), Some(alice.clone()));
        assert_eq!(memory.recall(id, None, NOW), Some(Standing { session_until: None, ..alice }));
        assert_eq!(memory.recall(id, Some(session(2)), NOW), None);
        assert_eq!(memory.recall(UserId(65), Some(session(1)), NOW), None);
        assert_eq!(memory.recall(id, Some(session(1)), END), None);
    }

    #[test]
    fn who_forgets_an_account_has_forgotten_all_of_its_sessions_for_good() {
        let (memory, alice) = (Memory::new(100), standing("alice"));
        let id = alice.user.id;
        memory.remember(memory.since(), Some(session(1)), &alice);
        memory.remember(memory.since(), Some(session(2)), &alice);
        memory.forget(id);
        assert_eq!(memory.recall(id, Some(session(1)), NOW), None);
        memory.remember(memory.since(), Some(session(2)), &alice);
        assert_eq!(memory.recall(id, Some(session(1)), NOW), None);
        assert_eq!(memory.recall(id, Some(session(2)), NOW), Some(alice));
    }

    #[test]
    fn what_was_read_before_a_change_is_not_remembered_after_it() {
        let (memory, alice) = (Memory::new(100), standing("alice"));
        let id = alice.user.id;
        let before = memory.since();
        memory.forget(id);
        memory.remember(before, Some(session(1)), &alice);
        assert_eq!(memory.recall(id, Some(session(1)), NOW), None);
        let before = memory.since();
        memory.forget_all();
        memory.remember(before, Some(session(1)), &alice);
        assert_eq!(memory.recall(id, Some(session(1)), NOW), None);
        memory.remember(memory.since(), Some(session(1)), &alice);
        assert!(memory.recall(id, Some(session(1)), NOW).is_some());
    }

    #[test]
    fn a_session_that_is_not_live_is_not_remembered() {
        let (memory, alice) = (Memory::new(100), standing("alice"));
        let ended = Standing { session_until: None, ..alice };
        memory.remember(memory.since(), Some(session(1)), &ended);
        assert_eq!(memory.recall(ended.user.id, Some(session(1)), NOW), None);
        assert_eq!(memory.accounts(), 1);
    }

    #[test]
    fn it_holds_no_more_than_it_was_made_for() {
        let (memory, alice) = (Memory::new(640), standing("alice"));
        for number in 0..10_000 {
            let user = User { id: UserId(number), ..User::clone(&alice.user) };
            let found = Standing { user: Arc::new(user), ..alice };
            memory.remember(memory.since(), None, &found);
        }
        assert!(memory.accounts() <= 704, "{}", memory.accounts());
    }

    #[test]
    fn it_is_believed_for_as_long_as_it_was_said() {
        let memory = Memory::new(1);
        let second = Duration::from_secs(1);
        assert!(!memory.is_believed(Duration::ZERO));
        memory.believe_until(second);
        assert!(memory.is_believed(Duration::ZERO) && !memory.is_believed(second));
        memory.believe_until(Duration::ZERO);
        assert!(memory.is_believed(Duration::ZERO));
    }
}
