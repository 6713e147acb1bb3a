//! The store that remembers.

use crate::memory::Memory;
use doorward_domain::session::{Rotation, SessionId};
use doorward_domain::standing::{ChangeNumber, SignedIn, Standing};
use doorward_domain::store::{Done, Found, ReadJob, Rotated, Store, StoreError, Transaction, WriteJob};
use doorward_domain::time::{Clock, Timestamp};
use doorward_domain::user::UserId;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// How much is remembered, and for how long without news.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// About how many sessions are remembered, each with its account; the least used go first. Each
    /// takes some 500 bytes, for short names. 0 remembers nothing at all.
    pub sessions: usize,
    /// About how many access tokens are remembered with who holds them, so that the next request with
    /// the same token costs a digest in place of a signature. Each takes some 200 bytes beside its
    /// account. 0 finds the holder out every time.
    pub tokens: usize,
    /// How long after the beginning of the last successful [`Recall::follow`] memory is believed: the
    /// longest that a change by another instance can stay unseen.
    pub lease: Duration,
}

impl Default for Settings {
    /// Fifty thousand sessions, twice as many tokens, and 0.8 s: what is revoked anywhere is refused
    /// everywhere within a second.
    fn default() -> Self {
        Self { sessions: 50_000, tokens: 100_000, lease: Duration::from_millis(800) }
    }
}

/// A [`Store`] that remembers the standings that another one told, and passes everything on to it;
/// and [`Callers`](doorward_domain::callers::Callers), kept true by what goes through it.
pub struct Recall {
    inner: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    pub(crate) memory: Arc<Memory>,
    lease: Duration,
    /// The last change that memory was told of.
    seen: Mutex<ChangeNumber>,
    /// How many sessions memory has room for.
    room: usize,
    warming: Mutex<Warming>,
}

/// How far memory was filled from the database.
#[derive(Clone, Copy)]
struct Warming {
    /// The change to everything after which it was begun.
    since: u64,
    /// The account that was read last.
    before: UserId,
    /// The sessions that were read.
    sessions: usize,
    is_over: bool,
}

/// The accounts that are read into memory at once: some milliseconds of a database's time.
const PAGE: u32 = 1_000;

impl Recall {
    /// Remembers nothing yet, and is not believed before the first [`follow`](Self::follow).
    pub fn new(inner: Arc<dyn Store>, clock: Arc<dyn Clock>, settings: Settings) -> Self {
        let Settings { sessions, tokens, lease } = settings;
        let lease = if sessions == 0 { Duration::ZERO } else { lease };
        let memory = Arc::new(Memory::new(sessions, tokens));
        let seen = Mutex::new(ChangeNumber::NOTHING_SEEN);
        let warming = Mutex::new(Warming::begun(&memory, sessions));
        Self { inner, clock, memory, lease, seen, room: sessions, warming }
    }

    /// Asks the database what has changed, forgets that, and extends the lease. To be called several
    /// times within each lease, one call after the other.
    ///
    /// # Errors
    /// The database failed. What is remembered is believed until the lease ends.
    pub async fn follow(&self) -> Result<(), StoreError> {
        let began = self.clock.monotonic();
        let seen = *self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let changes = self.inner.query(move |db| db.changes_since(seen)).await?;
        match changes.accounts {
            Some(accounts) => self.memory.history.accounts_changed(&accounts),
            None => self.memory.forget_all(),
        }
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = changes.last;
        self.memory.believe_until(began.saturating_add(self.lease));
        Ok(())
    }

    /// Reads the next thousand accounts with their live sessions into memory, those with the highest
    /// numbers first. Answers whether there is no more to do: all are remembered, or there is no more room.
    /// It begins anew once [`follow`](Self::follow) has forgotten everything, and does nothing before the
    /// first.
    ///
    /// It is for memory that has room for all who are signed in, or nearly: else most of what it reads is
    /// of no use, and those who come are remembered anyway.
    ///
    /// # Errors
    /// The database failed. The same accounts are read by the next call.
    pub async fn warm_up(&self) -> Result<bool, StoreError> {
        let mut warming = *self.warming.lock().unwrap_or_else(PoisonError::into_inner);
        if warming.since != self.memory.history.last_change_to_everything() {
            warming = Warming::begun(&self.memory, self.room);
        }
        if !warming.is_over && self.is_believed() {
            self.read_page(&mut warming).await?;
        }
        *self.warming.lock().unwrap_or_else(PoisonError::into_inner) = warming;
        Ok(warming.is_over)
    }

    async fn read_page(&self, warming: &mut Warming) -> Result<(), StoreError> {
        let since = self.memory.history.now();
        let (before, now) = (warming.before, self.clock.now());
        let page = self.inner.query(move |db| db.signed_in_before(before, PAGE, now)).await?;
        for SignedIn { user, sessions } in &page {
            for (session, until) in sessions {
                let found = Standing { user: Arc::clone(user), session_until: Some(*until) };
                self.memory.remember_standing(since, Some(*session), &found);
            }
            warming.before = user.id;
            warming.sessions += sessions.len();
        }
        warming.is_over = page.is_empty() || warming.sessions >= self.room;
        Ok(())
    }

    /// Forgets who holds which token. To be called once the keys that vouch for tokens are replaced; and
    /// just before too, where nobody may see the new keys and still find whom the old ones vouched for.
    pub fn keys_changed(&self) {
        self.memory.history.keys_changed();
    }

    /// How many sessions are remembered, for a gauge. Some may have expired or been forgotten: they go
    /// when others need their place.
    pub fn sessions(&self) -> usize {
        self.memory.sessions()
    }

    /// How many access tokens are remembered, likewise.
    pub fn tokens(&self) -> usize {
        self.memory.tokens()
    }

    /// Whether memory is recent enough to answer from it.
    pub(crate) fn is_believed(&self) -> bool {
        self.memory.is_believed(self.clock.monotonic())
    }
}

impl Warming {
    fn begun(memory: &Memory, room: usize) -> Self {
        let since = memory.history.last_change_to_everything();
        Self { since, before: UserId(i64::MAX), sessions: 0, is_over: room == 0 }
    }
}

impl Store for Recall {
    fn run_write(&self, mut job: WriteJob) -> Done {
        let changed = Changed::default();
        let noted = changed.clone();
        let written = self.inner.run_write(Box::new(move |tx: &mut dyn Transaction| {
            let ending = job(tx);
            noted.note(tx.changed_accounts());
            ending
        }));
        let memory = Arc::clone(&self.memory);
        Box::pin(async move {
            let result = written.await;
            // After a failure too: where a connection broke, nobody knows whether it was committed.
            memory.history.accounts_changed(&changed.take());
            result
        })
    }

    fn rotate(&self, user: UserId, id: SessionId, rotation: Rotation) -> Rotated {
        // Standing does not change by it: the session lives on, longer than is remembered.
        self.inner.rotate(user, id, rotation)
    }

    fn remembered(&self, user: UserId, session: Option<SessionId>, now: Timestamp) -> Option<Standing> {
        self.is_believed().then(|| self.memory.standing(user, session, now)).flatten()
    }

    fn run_read(&self, job: ReadJob) -> Done {
        self.inner.run_read(job)
    }

    fn run_glance(&self, job: ReadJob) -> Done {
        self.inner.run_glance(job)
    }

    fn find_standing(&self, user: UserId, session: Option<SessionId>) -> Found {
        let since = self.memory.history.now();
        let looked = self.inner.find_standing(user, session);
        let memory = Arc::clone(&self.memory);
        Box::pin(async move {
            let found = looked.await?;
            if let Some(standing) = &found {
                memory.remember_standing(since, session, standing);
            }
            Ok(found)
        })
    }

    fn health(&self) -> Done {
        self.inner.health()
    }
}

/// The accounts that a unit of work changed, carried from where it runs to where it is answered.
#[derive(Clone, Default)]
struct Changed(Arc<Mutex<Vec<UserId>>>);

impl Changed {
    /// Adds to what was noted before: a unit of work that was run again may have changed others.
    fn note(&self, users: &[UserId]) {
        if !users.is_empty() {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(users);
        }
    }

    fn take(&self) -> Vec<UserId> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use doorward_domain::session::{Client, Session, SessionPolicy};
    use doorward_domain::store::Verdict;
    use doorward_domain::testing::{MemoryStore, TestClock, World, block_on, run_named, store_contract};

    const LEASE: Duration = Duration::from_millis(800);

    /// An instance that remembers, beside another one on the same database.
    struct Instance {
        world: World,
        recall: Recall,
        user: UserId,
        session: SessionId,
    }

    impl Instance {
        fn new() -> Self {
            let world = World::with_user("alice", "alice@example.com", "pw-of-alice");
            let recall = Recall::new(world.store.clone(), world.clock.clone(), Settings::default());
            let user = world.find("alice").id;
            let (id, now) = (SessionId::from_bytes([7; 16]), world.clock.now_value());
            let session = Session::begin(id, user, Client::default(), now, &SessionPolicy::default());
            let store: &dyn Store = &*world.store;
            block_on(store.transact(move |tx| tx.insert_session(&session).map(Verdict::Commit))).unwrap();
            block_on(recall.follow()).unwrap();
            Self { world, recall, user, session: id }
        }

        fn standing(&self) -> Result<Option<Standing>, StoreError> {
            let store: &dyn Store = &self.recall;
            block_on(store.standing(self.user, Some(self.session), self.world.clock.now_value()))
        }

        fn is_active(&self) -> bool {
            self.standing().unwrap().unwrap().user.is_active
        }

        /// Deactivates the account, through this instance or through another one.
        fn deactivate(&self, through: &dyn Store) {
            let user = self.user;
            block_on(through.transact(move |tx| tx.set_active(user, false).map(Verdict::Commit))).unwrap();
        }
    }

    #[test]
    fn it_keeps_the_contract_of_a_store_believed_or_not() {
        for (name, case) in store_contract::cases() {
            for lease in [Duration::ZERO, LEASE] {
                run_named(name, move || {
                    let settings = Settings { lease, ..Settings::default() };
                    let recall =
                        Recall::new(Arc::new(MemoryStore::new()), Arc::<TestClock>::default(), settings);
                    block_on(recall.follow()).unwrap();
                    case(&recall);
                });
            }
        }
    }

    #[test]
    fn the_second_request_does_not_ask_the_database() {
        let instance = Instance::new();
        let first = instance.standing().unwrap();
        instance.world.store.go_down();
        assert_eq!(instance.standing().unwrap(), first);
        assert_eq!(instance.recall.sessions(), 1);
    }

    #[test]
    fn what_is_changed_through_it_is_seen_at_once() {
        let instance = Instance::new();
        assert!(instance.is_active());
        instance.deactivate(&instance.recall);
        assert!(!instance.is_active());
    }

    #[test]
    fn what_another_instance_changed_is_seen_after_the_next_look_at_the_changes() {
        let instance = Instance::new();
        assert!(instance.is_active());
        instance.deactivate(&*instance.world.store);
        assert!(instance.is_active());
        block_on(instance.recall.follow()).unwrap();
        assert!(!instance.is_active());
    }

    #[test]
    fn what_another_instance_changed_is_seen_when_the_lease_ends_without_any_look() {
        let instance = Instance::new();
        assert!(instance.is_active());
        instance.deactivate(&*instance.world.store);
        instance.world.clock.advance(LEASE.checked_sub(Duration::from_micros(1)).unwrap());
        assert!(instance.is_active());
        instance.world.clock.advance(Duration::from_micros(1));
        assert!(!instance.is_active());
    }

    #[test]
    fn while_the_database_is_away_nobody_is_let_in_for_longer_than_the_lease() {
        let instance = Instance::new();
        assert!(instance.is_active());
        instance.world.store.go_down();
        assert!(block_on(instance.recall.follow()).is_err());
        assert!(instance.is_active());
        instance.world.clock.advance(LEASE);
        assert!(instance.standing().is_err());
    }

    #[test]
    fn an_instance_that_missed_too_much_forgets_everything() {
        let instance = Instance::new();
        assert!(instance.is_active());
        instance.deactivate(&*instance.world.store);
        let store: &dyn Store = &*instance.world.store;
        block_on(store.transact(|tx| tx.sweep_changes(0).map(Verdict::Commit))).unwrap();
        block_on(instance.recall.follow()).unwrap();
        assert!(!instance.is_active());
    }

    #[test]
    fn without_room_it_asks_every_time() {
        let instance = Instance::new();
        let settings = Settings { sessions: 0, ..Settings::default() };
        let recall = Recall::new(instance.world.store.clone(), instance.world.clock.clone(), settings);
        block_on(recall.follow()).unwrap();
        let instance = Instance { recall, ..instance };
        assert!(instance.is_active());
        instance.world.store.go_down();
        assert!(instance.standing().is_err());
    }

    /// Calls [`Recall::warm_up`] until there is no more to do, and tells how often.
    fn warm_up(recall: &Recall) -> usize {
        (1..100).find(|_| block_on(recall.warm_up()).unwrap()).unwrap()
    }

    #[test]
    fn who_is_signed_in_is_remembered_before_they_come() {
        let instance = Instance::new();
        assert_eq!(warm_up(&instance.recall), 2);
        instance.world.store.go_down();
        assert!(instance.standing().unwrap().unwrap().session_until.is_some());
        assert_eq!(block_on(instance.recall.warm_up()).ok(), Some(true));
    }

    #[test]
    fn what_was_read_ahead_is_forgotten_with_a_change_and_read_again_after_all_was_forgotten() {
        let instance = Instance::new();
        warm_up(&instance.recall);
        instance.deactivate(&*instance.world.store);
        block_on(instance.recall.follow()).unwrap();
        let known = || {
            let now = instance.world.clock.now_value();
            instance.recall.remembered(instance.user, Some(instance.session), now).is_some()
        };
        assert!(block_on(instance.recall.warm_up()).unwrap() && !known());
        instance.recall.memory.forget_all();
        assert!(!block_on(instance.recall.warm_up()).unwrap() && known());
    }

    #[test]
    fn nothing_is_read_ahead_before_changes_are_followed_or_from_a_database_that_is_away() {
        let followed = Instance::new();
        let (store, clock) = (followed.world.store.clone(), followed.world.clock.clone());
        let recall = Recall::new(store, clock, Settings::default());
        for _ in 0..3 {
            assert!(!block_on(recall.warm_up()).unwrap());
        }
        assert_eq!(recall.sessions(), 0);
        block_on(recall.follow()).unwrap();
        followed.world.store.go_down();
        assert!(block_on(recall.warm_up()).is_err());
        followed.world.store.come_back();
        warm_up(&recall);
        assert_eq!(recall.sessions(), 1);
    }

    #[test]
    fn no_more_is_read_ahead_than_there_is_room_for() {
        let instance = Instance::new();
        for sessions in [0, 1] {
            let (store, clock) = (instance.world.store.clone(), instance.world.clock.clone());
            let recall = Recall::new(store, clock, Settings { sessions, ..Settings::default() });
            block_on(recall.follow()).unwrap();
            assert_eq!((warm_up(&recall), recall.sessions()), (1, sessions));
        }
    }

    #[test]
    fn a_session_that_was_rotated_beyond_what_is_remembered_lives_on() {
        let instance = Instance::new();
        let remembered = instance.standing().unwrap().unwrap().session_until.unwrap();
        let rotation = Rotation {
            from: doorward_domain::session::Generation::FIRST,
            at: instance.world.clock.now_value(),
            expires_at: remembered.plus(Duration::from_secs(3600)),
            client: Client::default(),
        };
        let expected = rotation.expires_at;
        block_on(instance.recall.rotate(instance.user, instance.session, rotation)).unwrap().unwrap();
        instance.world.clock.advance(remembered.since(instance.world.clock.now_value()));
        block_on(instance.recall.follow()).unwrap();
        assert_eq!(instance.standing().unwrap().unwrap().session_until, Some(expected));
    }

    #[test]
    fn a_token_of_a_session_that_is_over_is_not_remembered_as_good() {
        let instance = Instance::new();
        assert!(instance.standing().unwrap().unwrap().session_until.is_some());
        instance.world.clock.advance(Duration::from_secs(40 * 24 * 3600));
        block_on(instance.recall.follow()).unwrap();
        let until = instance.standing().unwrap().unwrap().session_until.unwrap();
        assert!(until < instance.world.clock.now_value() && until > Timestamp::EPOCH);
    }
}
