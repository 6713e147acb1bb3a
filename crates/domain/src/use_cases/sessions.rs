use super::{Auth, Failure};
use crate::callers::Caller;
use crate::session::{End, EndReason, Session, SessionId};
use crate::store::{StoreError, Transaction, Verdict};
use crate::user::UserId;

impl Auth {
    /// The caller's live sessions, the last used first.
    ///
    /// # Errors
    /// The database failed.
    pub async fn sessions(&self, caller: &Caller) -> Result<Vec<Session>, Failure> {
        let (user, now) = (caller.user.id, self.ports.clock.now());
        Ok(self.ports.store.query(move |db| db.live_sessions(user, now)).await?)
    }

    /// Ends one of the caller's sessions; false if the caller has no such live session, be it
    /// because it is somebody else's.
    ///
    /// # Errors
    /// The database failed.
    pub async fn end_session(&self, caller: &Caller, id: SessionId) -> Result<bool, Failure> {
        let owner = caller.user.id;
        let end = End { at: self.ports.clock.now(), reason: EndReason::Revoked };
        Ok(self.ports.store.transact(move |tx| end_own_session(tx, owner, id, end)).await?)
    }
}

/// The step: ends the session if it is the owner's.
///
/// # Errors
/// The database failed.
pub fn end_own_session(
    tx: &mut dyn Transaction,
    owner: UserId,
    id: SessionId,
    end: End,
) -> Result<Verdict<bool>, StoreError> {
    let lives = tx.session(id)?.is_some_and(|(session, _)| session.is_live(end.at));
    Ok(if lives && tx.end_session(owner, id, end)? {
        Verdict::Commit(true)
    } else {
        Verdict::RollBack(false)
    })
}

#[cfg(test)]
mod tests {
    use crate::session::SessionId;
    use crate::testing::{World, block_on};
    use std::time::Duration;

    #[test]
    fn the_list_has_the_live_sessions_of_the_caller_the_last_used_first() {
        let world = World::with_user("alice", "alice@example.com", "pw-of-alice");
        world.user("bob", "pw-of-bob");
        world.login("bob", "pw-of-bob").unwrap();
        let pairs = [1, 2, 3].map(|_| {
            world.clock.advance(Duration::from_secs(1));
            world.login("alice", "pw-of-alice").unwrap()
        });
        let callers = pairs.map(|pair| block_on(world.auth.authenticate(&pair.access)).unwrap());
        block_on(world.auth.logout(&callers[1])).unwrap();
        let listed = block_on(world.auth.sessions(&callers[0])).unwrap();
        let expected = [&callers[2], &callers[0]].map(|caller| caller.session.unwrap());
        assert_eq!(listed.iter().map(|session| session.id).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn nobody_ends_a_session_of_somebody_else() {
        let world = World::with_user("alice", "alice@example.com", "pw-of-alice");
        world.user("bob", "pw-of-bob");
        let [alice, bob] = [("alice", "pw-of-alice"), ("bob", "pw-of-bob")].map(|(name, password)| {
            let pair = world.login(name, password).unwrap();
            block_on(world.auth.authenticate(&pair.access)).unwrap()
        });
        let of_alice = alice.session.unwrap();
        assert!(!block_on(world.auth.end_session(&bob, of_alice)).unwrap());
        assert!(!block_on(world.auth.end_session(&alice, SessionId::from_bytes([0; 16]))).unwrap());
        assert!(block_on(world.auth.end_session(&alice, of_alice)).unwrap());
        assert!(!block_on(world.auth.end_session(&alice, of_alice)).unwrap());
        assert_eq!(world.live_sessions("alice"), 0);
        assert_eq!(world.live_sessions("bob"), 1);
    }
}
