use super::exchange::{Exchange, exchange};
use super::{Auth, Failure};
use crate::mail::{Desk, Message};
use crate::session::{
    Client, End, EndReason, Presentation, ReusePolicy, Rotation, Session, SessionId, SessionPolicy,
};
use crate::standing::Standing;
use crate::store::{StoreError, Transaction, Verdict};
use crate::time::Timestamp;
use crate::token::{PresentedRefresh, RefreshClaims, TokenPair, TokenRejection};
use crate::user::User;
use std::sync::Arc;

/// A refresh token of ours that is presented.
#[derive(Debug, Clone)]
pub struct Refresh {
    /// What it says.
    pub claims: RefreshClaims,
    /// Who presents it.
    pub client: Client,
    /// When.
    pub now: Timestamp,
    /// Under which policy.
    pub policy: SessionPolicy,
    /// Where its owner is told of reuse.
    pub desk: Desk,
}

/// What presenting a refresh token came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refreshed {
    /// The session as it now is: just rotated, or rotated a moment ago for the same token.
    Current(Box<(Session, User)>),
    /// The session is over, or the token was used before.
    Revoked,
    /// The session has reached the end of its time.
    Expired,
    /// The account is gone or not active.
    NoActiveAccount,
}

/// Why there are no new tokens.
#[derive(Debug, thiserror::Error)]
pub enum RefreshError {
    /// The token is refused.
    #[error(transparent)]
    Token(#[from] TokenRejection),
    /// Its account is gone or not active.
    #[error("no active account has this token")]
    NoActiveAccount,
    /// Something beneath failed.
    #[error(transparent)]
    Failure(#[from] Failure),
}

impl Auth {
    /// Exchanges a refresh token for the next pair. One that another system issued is exchanged for a
    /// session, once.
    ///
    /// # Errors
    /// Why it is refused. With [`ReusePolicy::Revoke`], a token that was used before has then
    /// ended its session.
    pub async fn refresh(&self, token: &str, client: Client) -> Result<TokenPair, RefreshError> {
        let refreshed = match self.presented(token, client)? {
            Presented::Own(request) => {
                if let Some((session, user)) = self.rotate_at_once(&request).await? {
                    return Ok(self.ports.tokens.issue(&session, &user).map_err(Failure::from)?);
                }
                self.ports.store.transact(move |tx| rotate(tx, &request)).await
            }
            Presented::Foreign(request) => self.ports.store.transact(move |tx| exchange(tx, &request)).await,
        };
        match refreshed.map_err(Failure::from)? {
            Refreshed::Current(current) => {
                let (session, user) = *current;
                Ok(self.ports.tokens.issue(&session, &user).map_err(Failure::from)?)
            }
            Refreshed::Revoked => Err(TokenRejection::Revoked.into()),
            Refreshed::Expired => Err(TokenRejection::Expired.into()),
            Refreshed::NoActiveAccount => Err(RefreshError::NoActiveAccount),
        }
    }

    /// The rotation as it nearly always goes: one statement, which says itself what must be true. `None`
    /// if something was not; nothing has happened then.
    async fn rotate_at_once(&self, request: &Refresh) -> Result<Option<(Session, Arc<User>)>, Failure> {
        let store = &self.ports.store;
        let RefreshClaims { user_id, session_id, generation } = request.claims;
        let standing = store.standing(user_id, Some(session_id), request.now).await?;
        let Some(Standing { user, session_until: Some(_) }) = standing else { return Ok(None) };
        let rotation = Rotation::of(generation, request.client.clone(), request.now, &request.policy);
        Ok(store.rotate(user_id, session_id, rotation).await?.map(|session| (session, user)))
    }

    /// Reads a refresh token and joins it with what a step needs to judge it.
    pub(super) fn presented(&self, token: &str, client: Client) -> Result<Presented, TokenRejection> {
        let now = self.ports.clock.now();
        let (policy, desk) = (self.policy.sessions.clone(), self.desk());
        Ok(match self.ports.tokens.refresh(token, now)? {
            PresentedRefresh::Own(claims) => Presented::Own(Refresh { claims, client, now, policy, desk }),
            PresentedRefresh::Foreign(claims) => {
                let session = SessionId::generate(&*self.ports.random, now);
                Presented::Foreign(Exchange { claims, session, client, now, policy, desk })
            }
        })
    }
}

/// What a step is given to judge.
pub(super) enum Presented {
    Own(Refresh),
    Foreign(Exchange),
}

/// The step: rotates the session, or says why not.
///
/// # Errors
/// The database failed.
pub fn rotate(tx: &mut dyn Transaction, request: &Refresh) -> Result<Verdict<Refreshed>, StoreError> {
    let Refresh { claims, client, now, policy, desk } = request;
    // Whoever loses the compare-and-swap looks again: the winner's row is there now. Nobody can
    // lose twice, since a session never returns to an earlier generation.
    for _ in 0..2 {
        let Some((session, user)) = tx.session(claims.session_id)? else {
            return Ok(Verdict::RollBack(without_session(tx, claims)?));
        };
        if !user.is_active || user.id != claims.user_id {
            return Ok(Verdict::RollBack(Refreshed::NoActiveAccount));
        }
        match session.present(claims.generation, client.clone(), *now, policy) {
            Presentation::Rotate(rotation) => {
                if let Some(rotated) = tx.rotate_session(user.id, session.id, &rotation)? {
                    return Ok(Verdict::Commit(Refreshed::Current(Box::new((rotated, user)))));
                }
            }
            Presentation::Repeat => {
                return Ok(Verdict::RollBack(Refreshed::Current(Box::new((session, user)))));
            }
            Presentation::Reused => {
                return punish_reuse(tx, (&session, &user), client, *now, policy, desk);
            }
            Presentation::Ended => return Ok(Verdict::RollBack(Refreshed::Revoked)),
            Presentation::Expired => return Ok(Verdict::RollBack(Refreshed::Expired)),
        }
    }
    Ok(Verdict::RollBack(Refreshed::Revoked))
}

/// A token whose session is not there: swept, or deleted with its account.
pub(super) fn without_session(
    tx: &mut dyn Transaction,
    claims: &RefreshClaims,
) -> Result<Refreshed, StoreError> {
    let account = tx.user(claims.user_id)?.filter(|user| user.is_active);
    Ok(account.map_or(Refreshed::NoActiveAccount, |_| Refreshed::Revoked))
}

/// What a replay costs. Where it ends the session that must be committed, although the caller gets
/// an error; and the owner is told.
pub(super) fn punish_reuse(
    tx: &mut dyn Transaction,
    (session, user): (&Session, &User),
    client: &Client,
    now: Timestamp,
    policy: &SessionPolicy,
    desk: &Desk,
) -> Result<Verdict<Refreshed>, StoreError> {
    match policy.reuse {
        ReusePolicy::Refuse => Ok(Verdict::RollBack(Refreshed::Revoked)),
        ReusePolicy::Revoke => {
            // Of several at once, one tells.
            if tx.end_session(user.id, session.id, End { at: now, reason: EndReason::Reuse })? {
                desk.warn(tx, user, Message::TokenReused { client: client.clone() }, now)?;
            }
            Ok(Verdict::Commit(Refreshed::Revoked))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{World, block_on};
    use std::time::Duration;

    fn refresh(world: &World, token: &str) -> Result<TokenPair, RefreshError> {
        block_on(world.auth.refresh(token, Client::default()))
    }

    fn assert_revoked(answer: &Result<TokenPair, RefreshError>) {
        assert!(matches!(answer, Err(RefreshError::Token(TokenRejection::Revoked))), "{answer:?}");
    }

    #[test]
    fn a_chain_of_rotations_gives_a_new_pair_each_time() {
        let world = World::with_user("alice", "alice@example.com", "pw-of-alice");
        let mut pair = world.login("alice", "pw-of-alice").unwrap();
        for _ in 0..5 {
            world.clock.advance(Duration::from_secs(300));
            let next = refresh(&world, &pair.refresh).unwrap();
            assert_ne!(next, pair);
            assert!(block_on(world.auth.authenticate(&next.access)).is_ok());
            pair = next;
        }
        assert_eq!(world.live_sessions("alice"), 1);
    }

    #[test]
    fn a_repetition_within_the_grace_answers_the_identical_pair() {
        let world = World::with_user("alice", "alice@example.com", "pw-of-alice");
        let login = world.login("alice", "pw-of-alice").unwrap();
        let first = refresh(&world, &login.refresh).unwrap();
        world.clock.advance(Duration::from_secs(9));
        assert_eq!(refresh(&world, &login.refresh).unwrap(), first);
        assert!(refresh(&world, &first.refresh).is_ok());
    }

    #[test]
    fn reuse_after_the_grace_ends_the_session_for_thief_and_owner() {
        let world = World::with_user("alice", "alice@example.com", "pw-of-alice");
        let login = world.login("alice", "pw-of-alice").unwrap();
        let successor = refresh(&world, &login.refresh).unwrap();
        world.clock.advance(Duration::from_secs(10));
        assert_revoked(&refresh(&world, &login.refresh));
        assert_revoked(&refresh(&world, &successor.refresh));
        assert!(block_on(world.auth.authenticate(&successor.access)).is_err());
    }

    #[test]
    fn where_reuse_is_refused_the_successor_lives_on() {
        let policy =
            SessionPolicy { grace: Duration::ZERO, reuse: ReusePolicy::Refuse, ..Default::default() };
        let world = World::with_policy(policy);
        world.user("alice", "pw-of-alice");
        let login = world.login("alice", "pw-of-alice").unwrap();
        let successor = refresh(&world, &login.refresh).unwrap();
        assert_revoked(&refresh(&world, &login.refresh));
        assert!(refresh(&world, &successor.refresh).is_ok());
    }

    #[test]
    fn a_deactivated_or_deleted_account_refreshes_nothing() {
        let world = World::with_user("alice", "alice@example.com", "pw-of-alice");
        let bob = world.user("bob", "pw-of-bob");
        let alice = world.login("alice", "pw-of-alice").unwrap();
        let of_bob = world.login("bob", "pw-of-bob").unwrap();
        block_on(world.auth.set_active(world.find("alice").id, false)).unwrap();
        block_on(world.auth.delete_account(bob.id)).unwrap();
        for token in [&alice.refresh, &of_bob.refresh] {
            assert!(matches!(refresh(&world, token), Err(RefreshError::NoActiveAccount)));
        }
    }

    #[test]
    fn a_swept_session_refreshes_nothing() {
        let world = World::with_user("alice", "alice@example.com", "pw-of-alice");
        let login = world.login("alice", "pw-of-alice").unwrap();
        world.store.clear_sessions();
        assert_revoked(&refresh(&world, &login.refresh));
    }

    #[test]
    fn the_last_client_is_kept() {
        let world = World::with_user("alice", "alice@example.com", "pw-of-alice");
        let login = world.login("alice", "pw-of-alice").unwrap();
        let pair = block_on(world.auth.refresh(&login.refresh, Client::new("192.0.2.7", "curl"))).unwrap();
        let caller = block_on(world.auth.authenticate(&pair.access)).unwrap();
        let sessions = block_on(world.auth.sessions(&caller)).unwrap();
        assert_eq!(sessions[0].client, Client::new("192.0.2.7", "curl"));
    }
}
