//! Who holds which access token, as it was found out before.

use crate::history::Since;
use crate::memory::TokenDigest;
use crate::recall::Recall;
use doorward_domain::callers::{Caller, Callers, Gap, Recognition};
use doorward_domain::time::Timestamp;
use sha2::{Digest as _, Sha256};

/// A longer token is not remembered. Ours are shorter, and a stranger's long rubbish is not digested
/// before it is refused.
const MAX_REMEMBERED_BYTES: usize = 2 * 1024;

impl Callers for Recall {
    fn recall(&self, token: &str, now: Timestamp) -> Result<Caller, Gap> {
        // Before anything is looked at: what changes from here on is younger.
        let Since(since) = self.memory.history.now();
        let token = Some(token).filter(|_| self.memory.has_room_for_callers()).and_then(digest_of);
        let known = token.filter(|_| self.is_believed()).and_then(|token| self.memory.caller(&token, now));
        known.ok_or(Gap { token, since })
    }

    fn remember(&self, gap: Gap, found: Recognition) {
        if let Gap { token: Some(token), since } = gap {
            self.memory.remember_caller(Since(since), token, found);
        }
    }
}

/// What stands for a token in memory. It has to resist collisions: with a weaker digest, somebody who
/// has a say in what is signed (their own name, say) could look for a second text with the same one,
/// write another account into it, and have it pass for the first. It also keeps the tokens themselves
/// out of memory.
fn digest_of(token: &str) -> Option<TokenDigest> {
    (token.len() <= MAX_REMEMBERED_BYTES).then(|| Sha256::digest(token).into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recall::Settings;
    use doorward_domain::callers::NoMemory;
    use doorward_domain::password::Password;
    use doorward_domain::session::Client;
    use doorward_domain::testing::{MemoryStore, TestClock, World, block_on, callers_contract, run_named};
    use doorward_domain::token::{TokenPair, TokenRejection};
    use doorward_domain::use_cases::{Auth, AuthenticationError, Policy, Ports};
    use proptest::prelude::*;
    use std::sync::Arc;
    use std::time::Duration;

    /// An instance that remembers, beside another one that does not, on the same database.
    struct Instance {
        world: World,
        recall: Arc<Recall>,
        auth: Auth,
    }

    impl Instance {
        fn new(settings: Settings) -> Self {
            let world = World::with_user("alice", "alice@example.com", "pw-of-alice");
            let recall = Arc::new(Recall::new(world.store.clone(), world.clock.clone(), settings));
            block_on(recall.follow()).unwrap();
            let ports = world.auth.ports().clone();
            let ports = Ports { store: recall.clone(), callers: recall.clone(), ..ports };
            Self { world, recall, auth: Auth::new(ports, Policy::default()) }
        }

        fn login(&self) -> TokenPair {
            self.world.login("alice", "pw-of-alice").unwrap()
        }

        fn username(&self, token: &str) -> Result<String, AuthenticationError> {
            block_on(self.auth.authenticate(token)).map(|caller| caller.user.username.as_str().to_owned())
        }

        /// Whether the instance knows, without a look at anything, who holds a token.
        fn knows(&self, token: &str) -> bool {
            self.recall.recall(token, self.world.clock.now_value()).is_ok()
        }
    }

    fn instance() -> Instance {
        Instance::new(Settings::default())
    }

    #[test]
    fn it_keeps_the_contract_of_callers_believed_or_not() {
        for (name, case) in callers_contract::cases() {
            for lease in [Duration::ZERO, Settings::default().lease] {
                run_named(name, move || {
                    let (store, clock) = (Arc::new(MemoryStore::new()), Arc::<TestClock>::default());
                    let recall = Recall::new(store, clock, Settings { lease, ..Settings::default() });
                    block_on(recall.follow()).unwrap();
                    case(&recall);
                });
            }
        }
    }

    #[test]
    fn the_second_request_with_a_token_looks_neither_at_it_nor_at_the_database() {
        let instance = instance();
        let token = instance.login().access;
        assert!(!instance.knows(&token));
        assert_eq!(instance.username(&token).unwrap(), "alice");
        assert!(instance.knows(&token));
        instance.world.store.go_down();
        assert_eq!(instance.username(&token).unwrap(), "alice");
        assert!(block_on(instance.auth.verify(&token)).is_ok());
        assert_eq!(instance.recall.tokens(), 1);
    }

    #[test]
    fn who_is_refused_is_not_remembered() {
        let instance = instance();
        let pair = instance.login();
        for token in ["", "rubbish", &pair.refresh] {
            for _ in 0..2 {
                assert!(instance.username(token).is_err());
            }
        }
        assert_eq!(instance.recall.tokens(), 0);
    }

    #[test]
    fn a_token_that_expired_is_looked_at_again() {
        let instance = instance();
        let token = instance.login().access;
        assert!(instance.username(&token).is_ok());
        instance.world.clock.advance(Duration::from_secs(300));
        block_on(instance.recall.follow()).unwrap();
        assert!(matches!(
            instance.username(&token),
            Err(AuthenticationError::Token(TokenRejection::Expired))
        ));
    }

    #[test]
    fn other_keys_have_every_token_looked_at_again() {
        let instance = instance();
        let token = instance.login().access;
        assert!(instance.username(&token).is_ok() && instance.knows(&token));
        instance.recall.keys_changed();
        assert!(!instance.knows(&token));
        assert!(instance.username(&token).is_ok() && instance.knows(&token));
    }

    #[test]
    fn who_was_found_before_a_change_is_not_remembered_after_it() {
        let instance = instance();
        let (token, now) = (instance.login().access, instance.world.clock.now_value());
        assert!(instance.username(&token).is_ok());
        let caller = instance.recall.recall(&token, now).unwrap();
        let gap = instance.recall.recall("another", now).unwrap_err();
        block_on(instance.auth.set_active(caller.user.id, false)).unwrap();
        let during = now..now.plus(Duration::from_secs(300));
        instance.recall.remember(gap, Recognition { caller, during });
        assert!(!instance.knows("another") && !instance.knows(&token));
    }

    #[test]
    fn a_long_token_is_looked_at_every_time() {
        let instance = instance();
        let (token, now) = (instance.login().access, instance.world.clock.now_value());
        assert!(instance.username(&token).is_ok());
        let caller = instance.recall.recall(&token, now).unwrap();
        for (length, known) in [(MAX_REMEMBERED_BYTES, true), (MAX_REMEMBERED_BYTES + 1, false)] {
            let token = "a".repeat(length);
            let during = now..now.plus(Duration::from_secs(300));
            let found = Recognition { caller: caller.clone(), during };
            instance.recall.remember(instance.recall.recall(&token, now).unwrap_err(), found);
            assert_eq!(instance.knows(&token), known, "{length}");
        }
    }

    #[test]
    fn without_room_everybody_is_looked_at_every_time() {
        for without in
            [Settings { tokens: 0, ..Settings::default() }, Settings { sessions: 0, ..Settings::default() }]
        {
            let instance = Instance::new(without);
            let token = instance.login().access;
            assert!(instance.username(&token).is_ok() && instance.username(&token).is_ok());
            assert!(!instance.knows(&token));
        }
    }

    #[derive(Debug, Clone)]
    enum Event {
        Shown(prop::sample::Index),
        LoggedIn,
        Refreshed(prop::sample::Index),
        LoggedOut(prop::sample::Index),
        Deactivated,
        Activated,
        PasswordChanged,
        Waited(u64),
    }

    fn event() -> impl Strategy<Value = Event> {
        prop_oneof![
            12 => any::<prop::sample::Index>().prop_map(Event::Shown),
            2 => Just(Event::LoggedIn),
            2 => any::<prop::sample::Index>().prop_map(Event::Refreshed),
            1 => any::<prop::sample::Index>().prop_map(Event::LoggedOut),
            1 => Just(Event::Deactivated),
            2 => Just(Event::Activated),
            1 => Just(Event::PasswordChanged),
            3 => prop_oneof![0_u64..90, 0_u64..40 * 24 * 3600].prop_map(Event::Waited),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 80, failure_persistence: None, ..ProptestConfig::default() })]

        /// Whatever happens, through this instance or, once its changes were followed, through another
        /// one: an instance that remembers answers as one that looks.
        #[test]
        fn remembering_changes_no_answer(
            events in prop::collection::vec((event(), any::<bool>()), 1..120),
            tokens in prop_oneof![Just(0_usize), 1_usize..40],
        ) {
            let instance = Instance::new(Settings { tokens, ..Settings::default() });
            let ports = Ports { callers: Arc::new(NoMemory), ..instance.world.auth.ports().clone() };
            let looking = Auth::new(ports, Policy::default());
            let alice = instance.world.find("alice").id;
            let mut pairs = vec![instance.login()];
            for (event, elsewhere) in events {
                let through = if elsewhere { &looking } else { &instance.auth };
                match event {
                    Event::Shown(which) => {
                        let token = &which.get(&pairs).access;
                        let answer = |auth: &Auth| format!("{:?}", block_on(auth.authenticate(token)));
                        prop_assert_eq!(answer(&instance.auth), answer(&looking));
                        let verified = |auth: &Auth| format!("{:?}", block_on(auth.verify(token)));
                        prop_assert_eq!(verified(&instance.auth), verified(&looking));
                    }
                    Event::LoggedIn => pairs.extend(instance.world.login("alice", "pw-of-alice")),
                    Event::Refreshed(which) => {
                        let token = &which.get(&pairs).refresh;
                        pairs.extend(block_on(through.refresh(token, Client::default())));
                    }
                    Event::LoggedOut(which) => {
                        let token = &which.get(&pairs).refresh;
                        let _ = block_on(through.logout_with(token, Client::default()));
                    }
                    Event::Deactivated => drop(block_on(through.set_active(alice, false)).unwrap()),
                    Event::Activated => drop(block_on(through.set_active(alice, true)).unwrap()),
                    Event::PasswordChanged => {
                        let password = Password::new("pw-of-alice").unwrap();
                        prop_assert!(block_on(through.change_password(alice, password)).is_ok());
                    }
                    Event::Waited(seconds) => instance.world.clock.advance(Duration::from_secs(seconds)),
                }
                block_on(instance.recall.follow()).unwrap();
            }
        }
    }
}
