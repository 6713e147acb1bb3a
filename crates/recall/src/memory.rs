//! What is remembered, and the rules by which it is forgotten.

use doorward_domain::session::SessionId;
use doorward_domain::standing::Standing;
use doorward_domain::time::Timestamp;
use doorward_domain::user::UserId;
use quick_cache::unsync::Cache;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Accounts are spread over stripes by their numbers, each under a lock of its own that is held for
/// one look-up in a table: threads that serve different accounts do not meet.
const STRIPES: usize = 64;

/// The counters of a stripe that tell accounts' changes apart. Accounts that share one are forgotten
/// together: of all that is remembered, a change takes away one part in 4096.
const COUNTERS: usize = 64;

/// Standings, each true as of the last change that was heard of.
pub(crate) struct Memory {
    stripes: Box<[Mutex<Stripe>]>,
    /// Counts what was forgotten: the time by which reads and changes are put in order.
    stamps: AtomicU64,
    /// Until when memory may be believed, in microseconds of the monotonic clock.
    believed_until: AtomicU64,
}

/// A part of the accounts with all of their sessions.
struct Stripe {
    /// The stamps of the last changes to accounts, by [`Place::counter`].
    changed: [u64; COUNTERS],
    known: Cache<(UserId, Option<SessionId>), Known>,
}

/// What an account and a session stand on, as a read found it that began at `since`. It counts until
/// a change of the account is stamped: what is forgotten is not looked for, and makes room in time.
struct Known {
    since: Since,
    standing: Standing,
}

/// Where an account is found.
struct Place {
    stripe: usize,
    counter: usize,
}

/// The moment at which a read began.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Since(u64);

impl Memory {
    /// An empty memory for about `sessions` sessions, each with its account.
    pub(crate) fn new(sessions: usize) -> Self {
        let each = sessions.div_ceil(STRIPES);
        let stripe = || Mutex::new(Stripe { changed: [0; COUNTERS], known: Cache::new(each) });
        Self {
            stripes: std::iter::repeat_with(stripe).take(STRIPES).collect(),
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
        let place = Place::of(user);
        let stripe = self.stripe(&place)?;
        let Known { since, standing } = stripe.known.get(&(user, session))?;
        // A rotation may have moved the end on.
        let has_expired = standing.session_until.is_some_and(|end| now >= end);
        (!has_expired && !stripe.has_changed(&place, *since)).then(|| standing.clone())
    }

    /// The present moment, for a read that is about to begin.
    pub(crate) fn since(&self) -> Since {
        Since(self.stamps.load(SeqCst))
    }

    /// Remembers what a read found that began at `since`, if nothing has changed since. A session
    /// that is not live is asked for again.
    pub(crate) fn remember(&self, since: Since, session: Option<SessionId>, found: &Standing) {
        if session.is_some() && found.session_until.is_none() {
            return;
        }
        let place = Place::of(found.user.id);
        let Some(mut stripe) = self.stripe(&place) else { return };
        if !stripe.has_changed(&place, since) {
            let standing = found.clone();
            stripe.known.insert((found.user.id, session), Known { since, standing });
        }
    }

    /// Forgets what stands on an account.
    pub(crate) fn forget(&self, user: UserId) {
        let place = Place::of(user);
        if let Some(mut stripe) = self.stripe(&place) {
            let stamp = self.next_stamp();
            if let Some(changed) = stripe.changed.get_mut(place.counter) {
                *changed = stamp;
            }
        }
    }

    /// Forgets everything.
    pub(crate) fn forget_all(&self) {
        for stripe in &self.stripes {
            let mut stripe = lock(stripe);
            stripe.changed = [self.next_stamp(); COUNTERS];
            stripe.known.clear();
        }
    }

    /// How many sessions it holds, forgotten and expired ones included.
    pub(crate) fn len(&self) -> usize {
        self.stripes.iter().map(|stripe| lock(stripe).known.len()).sum()
    }

    fn next_stamp(&self) -> u64 {
        self.stamps.fetch_add(1, SeqCst) + 1
    }

    fn stripe(&self, place: &Place) -> Option<MutexGuard<'_, Stripe>> {
        self.stripes.get(place.stripe).map(lock)
    }
}

impl Stripe {
    /// Whether a change was stamped after `since`.
    fn has_changed(&self, place: &Place, since: Since) -> bool {
        self.changed.get(place.counter).is_none_or(|changed| *changed > since.0)
    }
}

impl Place {
    fn of(user: UserId) -> Self {
        // The lower bits: numbers grow one by one.
        let bits = usize::try_from(user.0 & i64::from(u32::MAX)).unwrap_or_default();
        Self { stripe: bits % STRIPES, counter: bits / STRIPES % COUNTERS }
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
    use doorward_domain::user::User;
    use std::sync::Arc;

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
        assert_eq!(memory.recall(id, None, NOW), None);
        let alone = Standing { session_until: None, ..alice };
        memory.remember(memory.since(), None, &alone);
        assert_eq!(memory.recall(id, None, NOW), Some(alone));
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
    fn who_is_far_from_a_changed_account_is_still_remembered() {
        let (memory, alice) = (Memory::new(10_000), standing("alice"));
        let number = |step: usize| UserId(alice.user.id.0 + i64::try_from(step).unwrap());
        let others = [number(0), number(1), number(STRIPES), number(STRIPES * COUNTERS)];
        for id in others {
            let user = Arc::new(User { id, ..User::clone(&alice.user) });
            memory.remember(memory.since(), None, &Standing { user, session_until: None });
        }
        memory.forget(number(0));
        let remembered = others.map(|id| memory.recall(id, None, NOW).is_some());
        assert_eq!(remembered, [false, true, true, false]);
        assert!(memory.recall(UserId(-1), None, NOW).is_none());
    }

    #[test]
    fn a_session_that_is_not_live_is_not_remembered() {
        let (memory, alice) = (Memory::new(100), standing("alice"));
        let ended = Standing { session_until: None, ..alice };
        memory.remember(memory.since(), Some(session(1)), &ended);
        assert_eq!(memory.recall(ended.user.id, Some(session(1)), NOW), None);
        assert_eq!(memory.len(), 0);
    }

    #[test]
    fn it_holds_no_more_than_it_was_made_for() {
        let (memory, alice) = (Memory::new(640), standing("alice"));
        for number in 0..10_000 {
            let user = User { id: UserId(number), ..User::clone(&alice.user) };
            let found = Standing { user: Arc::new(user), ..alice };
            memory.remember(memory.since(), None, &found);
        }
        assert!(memory.len() <= 704, "{}", memory.len());
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
