//! What is remembered, and when it counts.

use crate::history::{History, Since};
use doorward_domain::callers::{Caller, Recognition};
use doorward_domain::session::SessionId;
use doorward_domain::standing::Standing;
use doorward_domain::time::Timestamp;
use doorward_domain::user::UserId;
use quick_cache::sync::{Cache, DefaultLifecycle};
use quick_cache::{DefaultHashBuilder, OptionsBuilder, UnitWeighter};
use std::hash::Hash;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::time::Duration;

/// Each table is spread over so many, each under a lock of its own: threads seldom meet.
const SHARDS: usize = 64;

/// The SHA-256 of a token.
pub(crate) type TokenDigest = [u8; 32];

/// Standings, and who holds which token, each true as of the last change that was heard of. What is
/// forgotten is not looked for: it does not count any more, and makes room in time.
pub(crate) struct Memory {
    pub(crate) history: History,
    standings: Option<Table<(UserId, Option<SessionId>), Standing>>,
    callers: Option<Table<TokenDigest, Holder>>,
    /// Until when memory may be believed, in microseconds of the monotonic clock.
    believed_until: AtomicU64,
}

type Table<K, T> = Cache<K, Known<T>>;

/// What was found by a look that began at `since`.
#[derive(Clone)]
struct Known<T> {
    since: Since,
    found: T,
}

/// Who holds a token.
#[derive(Clone)]
struct Holder {
    /// The account's number again: asking the account for it means to wait for its memory.
    user: UserId,
    found: Recognition,
}

impl Memory {
    /// An empty memory for about so many sessions, each with its account, and so many tokens.
    pub(crate) fn new(sessions: usize, tokens: usize) -> Self {
        Self {
            history: History::new(sessions),
            standings: table(sessions, &mut OptionsBuilder::new()),
            // Every token dies within minutes, however often it was used: half the room is for those
            // that came last. With the usual 3 % a token would be displaced before it is used again
            // once the rest is full of expired ones.
            callers: table(tokens, OptionsBuilder::new().hot_allocation(0.5)),
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
    pub(crate) fn standing(
        &self,
        user: UserId,
        session: Option<SessionId>,
        now: Timestamp,
    ) -> Option<Standing> {
        let Known { since, found } = self.standings.as_ref()?.get(&(user, session))?;
        // A rotation may have moved the end on.
        let has_expired = found.session_until.is_some_and(|end| now >= end);
        (!has_expired && self.history.account_stands(user, since)).then_some(found)
    }

    /// Remembers what a look found that began at `since`. A session that is not live is asked for
    /// again.
    pub(crate) fn remember_standing(&self, since: Since, session: Option<SessionId>, found: &Standing) {
        let user = found.user.id;
        let is_over = session.is_some() && found.session_until.is_none();
        if let Some(standings) = &self.standings
            && !is_over
            && self.history.account_stands(user, since)
        {
            standings.insert((user, session), Known { since, found: found.clone() });
        }
    }

    /// Whether there is room for anybody who holds a token.
    pub(crate) fn has_room_for_callers(&self) -> bool {
        self.callers.is_some()
    }

    /// Who holds a token, if it is remembered and holds at `now`.
    pub(crate) fn caller(&self, token: &TokenDigest, now: Timestamp) -> Option<Caller> {
        let Known { since, found: Holder { user, found } } = self.callers.as_ref()?.get(token)?;
        let stands = self.history.keys_stand(since) && self.history.account_stands(user, since);
        (stands && found.during.contains(&now)).then_some(found.caller)
    }

    /// Remembers whom a look found that began at `since`.
    pub(crate) fn remember_caller(&self, since: Since, token: TokenDigest, found: Recognition) {
        if let Some(callers) = &self.callers {
            let user = found.caller.user.id;
            callers.insert(token, Known { since, found: Holder { user, found } });
        }
    }

    /// Forgets everything.
    pub(crate) fn forget_all(&self) {
        self.history.everything_changed();
        self.standings.iter().for_each(Cache::clear);
        self.callers.iter().for_each(Cache::clear);
    }

    /// How many sessions it holds, forgotten and expired ones included.
    pub(crate) fn sessions(&self) -> usize {
        self.standings.as_ref().map_or(0, Cache::len)
    }

    /// How many tokens it holds, likewise.
    pub(crate) fn tokens(&self) -> usize {
        self.callers.as_ref().map_or(0, Cache::len)
    }
}

/// An empty table for about `room` entries; none where there is no room.
fn table<K: Eq + Hash, T: Clone>(room: usize, options: &mut OptionsBuilder) -> Option<Table<K, T>> {
    let weight = u64::try_from(room).unwrap_or(u64::MAX);
    let options = options.shards(SHARDS).estimated_items_capacity(room).weight_capacity(weight).build();
    let cache = |options| {
        Cache::with_options(options, UnitWeighter, DefaultHashBuilder::default(), DefaultLifecycle::default())
    };
    options.ok().filter(|_| room > 0).map(cache)
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

    fn memory() -> Memory {
        Memory::new(100, 100)
    }

    fn standing(name: &str) -> Standing {
        let world = World::with_user(name, "alice@example.com", "pw-of-alice");
        Standing { user: Arc::new(world.find(name)), session_until: Some(END) }
    }

    fn session(number: u8) -> SessionId {
        SessionId::from_bytes([number; 16])
    }

    fn recognition(standing: &Standing) -> Recognition {
        let caller = Caller { user: Arc::clone(&standing.user), session: Some(session(1)) };
        Recognition { caller, during: NOW..END }
    }

    fn token(number: u16) -> TokenDigest {
        let mut digest = [0; 32];
        digest[..2].copy_from_slice(&number.to_be_bytes());
        digest
    }

    #[test]
    fn what_is_remembered_is_recalled_until_the_session_expires() {
        let (memory, alice) = (memory(), standing("alice"));
        let id = alice.user.id;
        memory.remember_standing(memory.history.now(), Some(session(1)), &alice);
        assert_eq!(memory.standing(id, Some(session(1)), NOW), Some(alice.clone()));
        assert_eq!(memory.standing(id, None, NOW), None);
        let alone = Standing { session_until: None, ..alice };
        memory.remember_standing(memory.history.now(), None, &alone);
        assert_eq!(memory.standing(id, None, NOW), Some(alone));
        assert_eq!(memory.standing(id, Some(session(2)), NOW), None);
        assert_eq!(memory.standing(UserId(65), Some(session(1)), NOW), None);
        assert_eq!(memory.standing(id, Some(session(1)), END), None);
    }

    #[test]
    fn who_forgets_an_account_has_forgotten_all_of_its_sessions_and_tokens_for_good() {
        let (memory, alice) = (memory(), standing("alice"));
        let id = alice.user.id;
        let before = memory.history.now();
        for number in [1, 2] {
            memory.remember_standing(before, Some(session(number)), &alice);
            memory.remember_caller(before, token(number.into()), recognition(&alice));
        }
        memory.history.accounts_changed(&[id]);
        let after = memory.history.now();
        memory.remember_standing(after, Some(session(2)), &alice);
        memory.remember_caller(after, token(2), recognition(&alice));
        assert_eq!(
            [1, 2].map(|number| memory.standing(id, Some(session(number)), NOW)),
            [None, Some(alice.clone())]
        );
        let caller = recognition(&alice).caller;
        assert_eq!([1, 2].map(|number| memory.caller(&token(number), NOW)), [None, Some(caller)]);
    }

    #[test]
    fn what_was_looked_at_before_a_change_is_not_remembered_after_it() {
        let (memory, alice) = (memory(), standing("alice"));
        let changes: [fn(&Memory, UserId); 2] =
            [|memory, id| memory.history.accounts_changed(&[id]), |memory, _| memory.forget_all()];
        for change in changes {
            let before = memory.history.now();
            change(&memory, alice.user.id);
            memory.remember_standing(before, Some(session(1)), &alice);
            memory.remember_caller(before, token(1), recognition(&alice));
            assert_eq!(memory.standing(alice.user.id, Some(session(1)), NOW), None);
            assert_eq!(memory.caller(&token(1), NOW), None);
        }
        memory.remember_standing(memory.history.now(), Some(session(1)), &alice);
        assert!(memory.standing(alice.user.id, Some(session(1)), NOW).is_some());
    }

    #[test]
    fn other_keys_make_it_forget_who_holds_tokens_and_nothing_else() {
        let (memory, alice) = (memory(), standing("alice"));
        let before = memory.history.now();
        memory.remember_standing(before, Some(session(1)), &alice);
        memory.remember_caller(before, token(1), recognition(&alice));
        memory.history.keys_changed();
        assert_eq!(memory.caller(&token(1), NOW), None);
        assert!(memory.standing(alice.user.id, Some(session(1)), NOW).is_some());
        memory.remember_caller(before, token(1), recognition(&alice));
        assert_eq!(memory.caller(&token(1), NOW), None);
        memory.remember_caller(memory.history.now(), token(1), recognition(&alice));
        assert!(memory.caller(&token(1), NOW).is_some());
    }

    #[test]
    fn a_session_that_is_not_live_is_not_remembered() {
        let (memory, alice) = (memory(), standing("alice"));
        let ended = Standing { session_until: None, ..alice };
        memory.remember_standing(memory.history.now(), Some(session(1)), &ended);
        assert_eq!(memory.standing(ended.user.id, Some(session(1)), NOW), None);
        assert_eq!(memory.sessions(), 0);
    }

    #[test]
    fn it_holds_no_more_than_it_was_made_for() {
        let (memory, alice) = (Memory::new(640, 320), standing("alice"));
        for number in 0..10_000 {
            let user = User { id: UserId(number.into()), ..User::clone(&alice.user) };
            let found = Standing { user: Arc::new(user), ..alice };
            memory.remember_standing(memory.history.now(), None, &found);
            memory.remember_caller(memory.history.now(), token(number), recognition(&found));
        }
        assert!((600..=640).contains(&memory.sessions()), "{}", memory.sessions());
        assert!((280..=320).contains(&memory.tokens()), "{}", memory.tokens());
    }

    #[test]
    fn without_room_nothing_is_remembered() {
        let (memory, alice) = (Memory::new(0, 0), standing("alice"));
        memory.remember_standing(memory.history.now(), Some(session(1)), &alice);
        memory.remember_caller(memory.history.now(), token(1), recognition(&alice));
        assert_eq!(memory.standing(alice.user.id, Some(session(1)), NOW), None);
        assert_eq!(memory.caller(&token(1), NOW), None);
        assert_eq!((memory.sessions(), memory.tokens()), (0, 0));
    }

    /// Of ten tokens in turn each is used ten times and then followed by another, for as long as it
    /// takes to fill the table many times over with tokens that are dead.
    #[test]
    fn dead_tokens_do_not_crowd_out_living_ones() {
        let (memory, alice) = (Memory::new(0, 32), standing("alice"));
        let looks = |generation: u16| {
            let uses = (0..10).flat_map(|_| 0..10).map(|session| token(generation * 10 + session));
            let unknown = uses.filter(|token| memory.caller(token, NOW).is_none());
            unknown.map(|token| memory.remember_caller(Since(0), token, recognition(&alice))).count()
        };
        assert_eq!((0..100).map(looks).sum::<usize>(), 1000);
    }

    #[test]
    fn it_is_believed_for_as_long_as_it_was_said() {
        let memory = Memory::new(1, 1);
        let second = Duration::from_secs(1);
        assert!(!memory.is_believed(Duration::ZERO));
        memory.believe_until(second);
        assert!(memory.is_believed(Duration::ZERO) && !memory.is_believed(second));
        memory.believe_until(Duration::ZERO);
        assert!(memory.is_believed(Duration::ZERO));
    }
}
