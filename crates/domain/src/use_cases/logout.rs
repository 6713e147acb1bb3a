use super::exchange::{find_honoured_holder, spent, successor};
use super::refresh::{Presented, punish_reuse, without_session};
use super::{Auth, Exchange, Failure, Refresh, RefreshError, Refreshed};
use crate::callers::Caller;
use crate::mail::Desk;
use crate::session::{Client, End, EndReason, Generation, Presentation, Session, SessionPolicy};
use crate::store::{StoreError, Transaction, Verdict};
use crate::time::Timestamp;
use crate::token::TokenRejection;
use crate::user::User;

/// What presenting a refresh token for a logout came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Logout {
    /// The session is over, or the token that would have begun one is spent.
    Ended,
    /// The token is refused, as a refresh would refuse it.
    Refused(Refreshed),
}

impl Auth {
    /// Ends the session of a refresh token. One that another system issued can then be exchanged no more.
    ///
    /// # Errors
    /// Why the token is refused: it is then of no use to anybody, but its session may live.
    pub async fn logout_with(&self, refresh_token: &str, client: Client) -> Result<(), RefreshError> {
        let ended = match self.presented(refresh_token, client)? {
            Presented::Own(request) => {
                self.ports.store.transact(move |tx| end_presented_session(tx, &request)).await
            }
            Presented::Foreign(request) => {
                self.ports.store.transact(move |tx| end_foreign_token(tx, &request)).await
            }
        };
        match ended.map_err(Failure::from)? {
            Logout::Ended => Ok(()),
            Logout::Refused(Refreshed::NoActiveAccount) => Err(RefreshError::NoActiveAccount),
            Logout::Refused(Refreshed::Expired) => Err(TokenRejection::Expired.into()),
            Logout::Refused(_) => Err(TokenRejection::Revoked.into()),
        }
    }

    /// Ends the caller's session. For a token without one, every such token of the account.
    ///
    /// # Errors
    /// The database failed.
    pub async fn logout(&self, caller: &Caller) -> Result<(), Failure> {
        let now = self.ports.clock.now();
        let (user, session) = (caller.user.id, caller.session);
        let end = End { at: now, reason: EndReason::Logout };
        let step = move |tx: &mut dyn Transaction| {
            match session {
                Some(id) => tx.end_session(user, id, end)?,
                None => tx.invalidate_tokens(user, now)?,
            };
            Ok(Verdict::Commit(()))
        };
        Ok(self.ports.store.transact(step).await?)
    }

    /// Ends every session of the caller, this one included, and refuses its session-less tokens.
    ///
    /// # Errors
    /// The database failed.
    pub async fn logout_everywhere(&self, caller: &Caller) -> Result<u64, Failure> {
        let (user, now) = (caller.user.id, self.ports.clock.now());
        let step = move |tx: &mut dyn Transaction| {
            // First, since it locks the account's row: no login slips in between.
            tx.invalidate_tokens(user, now)?;
            Ok(Verdict::Commit(tx.end_sessions(user, None, End { at: now, reason: EndReason::Revoked })?))
        };
        Ok(self.ports.store.transact(step).await?)
    }
}

/// The step: ends the session if the token is its current one, or its previous one within the
/// grace; any other token is reuse.
///
/// # Errors
/// The database failed.
pub fn end_presented_session(
    tx: &mut dyn Transaction,
    request: &Refresh,
) -> Result<Verdict<Logout>, StoreError> {
    let Refresh { claims, client, now, policy, desk } = request;
    match tx.session(claims.session_id)? {
        Some(found) => end_presented(tx, &found, claims.generation, client, *now, policy, desk),
        None => Ok(Verdict::RollBack(Logout::Refused(without_session(tx, claims)?))),
    }
}

/// The step for another system's refresh token: spends it, or does with the session that it was
/// exchanged for as [`end_presented_session`] does.
///
/// # Errors
/// The database failed.
pub fn end_foreign_token(
    tx: &mut dyn Transaction,
    request: &Exchange,
) -> Result<Verdict<Logout>, StoreError> {
    let Exchange { claims, client, now, policy, desk, .. } = request;
    if let Err(refused) = find_honoured_holder(tx, claims)? {
        return Ok(Verdict::RollBack(Logout::Refused(refused)));
    }
    if tx.spend_foreign_token(&spent(claims, *now, None))? {
        return Ok(Verdict::Commit(Logout::Ended));
    }
    match successor(tx, claims)? {
        Some(found) => end_presented(tx, &found, Generation::BEFORE_FIRST, client, *now, policy, desk),
        None => Ok(Verdict::RollBack(Logout::Refused(Refreshed::Revoked))),
    }
}

fn end_presented(
    tx: &mut dyn Transaction,
    (session, user): &(Session, User),
    generation: Generation,
    client: &Client,
    now: Timestamp,
    policy: &SessionPolicy,
    desk: &Desk,
) -> Result<Verdict<Logout>, StoreError> {
    let refused = |refreshed| Ok(Verdict::RollBack(Logout::Refused(refreshed)));
    match session.present(generation, client.clone(), now, policy) {
        Presentation::Rotate(_) | Presentation::Repeat => {
            // Not guarded by the generation: a rotation that runs at the same time must not save
            // the session from its logout.
            let end = End { at: now, reason: EndReason::Logout };
            if tx.end_session(session.user_id, session.id, end)? {
                Ok(Verdict::Commit(Logout::Ended))
            } else {
                refused(Refreshed::Revoked)
            }
        }
        Presentation::Reused => Ok(match punish_reuse(tx, (session, user), client, now, policy, desk)? {
            Verdict::Commit(refreshed) => Verdict::Commit(Logout::Refused(refreshed)),
            Verdict::RollBack(refreshed) => Verdict::RollBack(Logout::Refused(refreshed)),
        }),
        Presentation::Ended => refused(Refreshed::Revoked),
        Presentation::Expired => refused(Refreshed::Expired),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{World, block_on};
    use std::time::Duration;

    #[test]
    fn after_a_logout_no_token_of_the_session_works() {
        let world = World::with_user("alice", "alice@example.com", "pw-of-alice");
        let first = world.login("alice", "pw-of-alice").unwrap();
        let second = block_on(world.auth.refresh(&first.refresh, Client::default())).unwrap();
        block_on(world.auth.logout_with(&second.refresh, Client::default())).unwrap();
        for pair in [first, second] {
            assert!(block_on(world.auth.refresh(&pair.refresh, Client::default())).is_err());
            assert!(block_on(world.auth.authenticate(&pair.access)).is_err());
            assert!(block_on(world.auth.logout_with(&pair.refresh, Client::default())).is_err());
        }
    }

    #[test]
    fn the_previous_token_logs_out_within_the_grace() {
        let world = World::with_user("alice", "alice@example.com", "pw-of-alice");
        let first = world.login("alice", "pw-of-alice").unwrap();
        let second = block_on(world.auth.refresh(&first.refresh, Client::default())).unwrap();
        block_on(world.auth.logout_with(&first.refresh, Client::default())).unwrap();
        assert!(block_on(world.auth.authenticate(&second.access)).is_err());
    }

    #[test]
    fn a_replayed_token_at_logout_is_reuse_and_ends_the_session_all_the_same() {
        let world = World::with_user("alice", "alice@example.com", "pw-of-alice");
        let first = world.login("alice", "pw-of-alice").unwrap();
        let second = block_on(world.auth.refresh(&first.refresh, Client::default())).unwrap();
        world.clock.advance(Duration::from_secs(60));
        assert!(block_on(world.auth.logout_with(&first.refresh, Client::default())).is_err());
        assert!(block_on(world.auth.authenticate(&second.access)).is_err());
    }

    #[test]
    fn a_bearer_ends_its_own_session_and_no_other() {
        let world = World::with_user("alice", "alice@example.com", "pw-of-alice");
        let pairs = [1, 2].map(|_| world.login("alice", "pw-of-alice").unwrap());
        let caller = block_on(world.auth.authenticate(&pairs[0].access)).unwrap();
        block_on(world.auth.logout(&caller)).unwrap();
        assert!(block_on(world.auth.authenticate(&pairs[0].access)).is_err());
        assert!(block_on(world.auth.authenticate(&pairs[1].access)).is_ok());
    }

    #[test]
    fn logging_out_everywhere_ends_all_sessions_of_the_caller_and_of_nobody_else() {
        let world = World::with_user("alice", "alice@example.com", "pw-of-alice");
        world.user("bob", "pw-of-bob");
        let of_bob = world.login("bob", "pw-of-bob").unwrap();
        let of_alice = [1, 2, 3].map(|_| world.login("alice", "pw-of-alice").unwrap());
        let foreign = world.tokens.without_session(world.find("alice").id, world.clock.now_value());
        world.clock.advance(Duration::from_secs(1));
        let caller = block_on(world.auth.authenticate(&of_alice[0].access)).unwrap();
        assert_eq!(block_on(world.auth.logout_everywhere(&caller)).unwrap(), 3);
        for token in of_alice.iter().map(|pair| &pair.access).chain([&foreign]) {
            assert!(block_on(world.auth.authenticate(token)).is_err());
        }
        assert!(block_on(world.auth.authenticate(&of_bob.access)).is_ok());
    }

    #[test]
    fn logging_out_a_token_without_a_session_refuses_it() {
        let world = World::with_user("alice", "alice@example.com", "pw-of-alice");
        let token = world.tokens.without_session(world.find("alice").id, world.clock.now_value());
        world.clock.advance(Duration::from_millis(1));
        let caller = block_on(world.auth.authenticate(&token)).unwrap();
        block_on(world.auth.logout(&caller)).unwrap();
        assert!(block_on(world.auth.authenticate(&token)).is_err());
    }
}
