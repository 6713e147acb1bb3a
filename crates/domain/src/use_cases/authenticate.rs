use super::exchange::find_honoured_holder;
use super::holder::{find_number, is_known_as};
use super::{Auth, Failure};
use crate::callers::{Caller, Gap, Recognition};
use crate::standing::Standing;
use crate::time::Timestamp;
use crate::token::{AccessClaims, Claims, ForeignRefreshClaims, Holder, PresentedRefresh, TokenRejection};

/// Why a request is nobody's.
#[derive(Debug, thiserror::Error)]
pub enum AuthenticationError {
    /// The access token is refused, or its session is over.
    #[error(transparent)]
    Token(#[from] TokenRejection),
    /// Its account is gone.
    #[error("the account of this token does not exist")]
    UserNotFound,
    /// Its account is not active.
    #[error("the account of this token is not active")]
    UserInactive,
    /// Something beneath failed. The request is then refused, never let through.
    #[error(transparent)]
    Failure(#[from] Failure),
}

impl Auth {
    /// Who holds this access token. What ended the session, changed the password or deactivated
    /// the account before this call is seen by it; where another instance did it, a second later at
    /// the latest ([`Callers`](crate::callers::Callers),
    /// [`Store::remembered`](crate::store::Store::remembered)).
    ///
    /// # Errors
    /// Why the token opens nothing.
    pub async fn authenticate(&self, access_token: &str) -> Result<Caller, AuthenticationError> {
        let now = self.ports.clock.now();
        let gap = match self.ports.callers.recall(access_token, now) {
            Ok(caller) => return Ok(caller),
            Err(gap) => gap,
        };
        let claims = self.ports.tokens.access(access_token, now)?;
        self.recognise(gap, &claims, now).await
    }

    /// Whether a token of either type is honoured at present, as simplejwt's verification asks.
    ///
    /// # Errors
    /// Why it is not.
    pub async fn verify(&self, token: &str) -> Result<(), AuthenticationError> {
        let now = self.ports.clock.now();
        let Err(gap) = self.ports.callers.recall(token, now) else { return Ok(()) };
        let claims = match self.ports.tokens.any(token, now)? {
            Claims::Access(claims) => return self.recognise(gap, &claims, now).await.map(drop),
            Claims::Refresh(PresentedRefresh::Own(claims)) => claims,
            Claims::Refresh(PresentedRefresh::Foreign(claims)) => return self.verify_foreign(claims).await,
        };
        let found = self.ports.store.glance(move |db| db.session(claims.session_id)).await;
        let is_current = found.map_err(Failure::from)?.is_some_and(|(session, user)| {
            user.is_active && session.is_live(now) && session.generation == claims.generation
        });
        if is_current { Ok(()) } else { Err(TokenRejection::Revoked.into()) }
    }

    async fn verify_foreign(&self, claims: ForeignRefreshClaims) -> Result<(), AuthenticationError> {
        let look = self.ports.store.query(move |db| {
            let spent = db.foreign_token(&claims.id)?.and_then(|token| token.spent);
            Ok(spent.is_none() && find_honoured_holder(db, &claims)?.is_ok())
        });
        if look.await.map_err(Failure::from)? { Ok(()) } else { Err(TokenRejection::Revoked.into()) }
    }

    /// Finds out who holds an access token, and has it remembered.
    async fn recognise(
        &self,
        gap: Gap,
        claims: &AccessClaims,
        now: Timestamp,
    ) -> Result<Caller, AuthenticationError> {
        let store = &self.ports.store;
        let user = match &claims.holder {
            Holder::Account(id) => Some(*id),
            holder @ Holder::Subject(_) => {
                let holder = holder.clone();
                store.glance(move |db| find_number(db, &holder)).await.map_err(Failure::from)?
            }
        };
        let user = user.ok_or(AuthenticationError::UserNotFound)?;
        let standing = store.standing(user, claims.session_id, now).await;
        let found = judge(standing.map_err(Failure::from)?, claims, now)?;
        let caller = found.caller.clone();
        self.ports.callers.remember(gap, found);
        Ok(caller)
    }
}

/// Whose an access token is, given what it stands on.
///
/// # Errors
/// Why nobody is behind it.
pub fn judge(
    standing: Option<Standing>,
    claims: &AccessClaims,
    now: Timestamp,
) -> Result<Recognition, AuthenticationError> {
    let Standing { user, session_until } = standing.ok_or(AuthenticationError::UserNotFound)?;
    // What we issued carries the number; others know an account by what it is known by.
    if claims.session_id.is_none() && !is_known_as(&user, &claims.holder, claims.issuer) {
        return Err(AuthenticationError::UserNotFound);
    }
    if !user.is_active {
        return Err(AuthenticationError::UserInactive);
    }
    let honoured_until = match claims.session_id {
        Some(_) => session_until.filter(|end| now < *end),
        None => (claims.issued_at >= user.tokens_valid_after).then_some(claims.accepted.end),
    };
    let end = honoured_until.ok_or(TokenRejection::Revoked)?.min(claims.accepted.end);
    let caller = Caller { user, session: claims.session_id };
    Ok(Recognition { caller, during: claims.accepted.start..end })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::password::Password;
    use crate::session::Client;
    use crate::testing::{World, block_on, foreign};
    use std::time::Duration;

    fn authenticate(world: &World, token: &str) -> Result<Caller, AuthenticationError> {
        block_on(world.auth.authenticate(token))
    }

    #[test]
    fn an_access_token_opens_until_it_expires() {
        let world = World::with_user("alice", "alice@example.com", "pw-of-alice");
        let pair = world.login("alice", "pw-of-alice").unwrap();
        assert_eq!(authenticate(&world, &pair.access).unwrap().user.username.as_str(), "alice");
        world.clock.advance(Duration::from_secs(300));
        assert!(matches!(
            authenticate(&world, &pair.access),
            Err(AuthenticationError::Token(TokenRejection::Expired))
        ));
    }

    #[test]
    fn a_refresh_token_opens_nothing() {
        let world = World::with_user("alice", "alice@example.com", "pw-of-alice");
        let pair = world.login("alice", "pw-of-alice").unwrap();
        assert!(matches!(
            authenticate(&world, &pair.refresh),
            Err(AuthenticationError::Token(TokenRejection::WrongType))
        ));
    }

    #[test]
    fn deactivation_deletion_and_password_change_bite_at_once() {
        let world = World::new();
        let [idle, gone, changed] = ["idle", "gone", "changed"].map(|name| world.user(name, "pw-of-all"));
        let tokens = ["idle", "gone", "changed"].map(|name| world.login(name, "pw-of-all").unwrap().access);
        block_on(world.auth.set_active(idle.id, false)).unwrap();
        block_on(world.auth.delete_account(gone.id)).unwrap();
        block_on(world.auth.change_password(changed.id, Password::new("Another-pw-1").unwrap())).unwrap();
        assert!(matches!(authenticate(&world, &tokens[0]), Err(AuthenticationError::UserInactive)));
        assert!(matches!(authenticate(&world, &tokens[1]), Err(AuthenticationError::UserNotFound)));
        assert!(matches!(
            authenticate(&world, &tokens[2]),
            Err(AuthenticationError::Token(TokenRejection::Revoked))
        ));
    }

    #[test]
    fn a_deactivated_account_that_is_activated_again_has_to_log_in() {
        let world = World::with_user("alice", "alice@example.com", "pw-of-alice");
        let pair = world.login("alice", "pw-of-alice").unwrap();
        let alice = world.find("alice").id;
        block_on(world.auth.set_active(alice, false)).unwrap();
        block_on(world.auth.set_active(alice, true)).unwrap();
        assert!(authenticate(&world, &pair.access).is_err());
        assert!(world.login("alice", "pw-of-alice").is_ok());
    }

    #[test]
    fn a_token_without_a_session_is_honoured_until_the_account_invalidates_it() {
        let world = World::with_user("alice", "alice@example.com", "pw-of-alice");
        let alice = world.find("alice").id;
        let token = world.tokens.without_session(alice, world.clock.now_value());
        assert!(authenticate(&world, &token).unwrap().session.is_none());
        world.clock.advance(Duration::from_millis(1));
        block_on(world.auth.change_password(alice, Password::new("Another-pw-1").unwrap())).unwrap();
        assert!(matches!(
            authenticate(&world, &token),
            Err(AuthenticationError::Token(TokenRejection::Revoked))
        ));
    }

    #[test]
    fn a_token_of_a_service_that_was_replaced_opens_no_account_that_was_made_here() {
        let world = World::new();
        let (root, now) = (world.user("root", "pw-of-root"), world.clock.now_value());
        let foreign = world.tokens.foreign_access(&root.id.to_string(), now);
        assert!(matches!(authenticate(&world, &foreign), Err(AuthenticationError::UserNotFound)));
        assert!(matches!(block_on(world.auth.verify(&foreign)), Err(AuthenticationError::UserNotFound)));
        let shared = world.tokens.without_session(root.id, now);
        assert_eq!(authenticate(&world, &shared).unwrap().user.id, root.id);
    }

    #[test]
    fn a_token_of_a_service_that_was_replaced_opens_the_account_that_came_from_it() {
        let world = World::new();
        let alice = world.imported(foreign(7, "alice", None));
        let token = world.tokens.foreign_access("7", world.clock.now_value());
        assert_eq!(authenticate(&world, &token).unwrap().user.id, alice.id);
        assert!(block_on(world.auth.verify(&token)).is_ok());
    }

    #[test]
    fn verification_follows_rotation_and_logout() {
        let world = World::with_user("alice", "alice@example.com", "pw-of-alice");
        let first = world.login("alice", "pw-of-alice").unwrap();
        let verify = |token: &str| block_on(world.auth.verify(token));
        assert!(verify(&first.access).is_ok() && verify(&first.refresh).is_ok());
        let second = block_on(world.auth.refresh(&first.refresh, Client::default())).unwrap();
        assert!(verify(&first.refresh).is_err());
        assert!(verify(&second.refresh).is_ok());
        block_on(world.auth.logout_with(&second.refresh, Client::default())).unwrap();
        assert!(verify(&second.refresh).is_err() && verify(&second.access).is_err());
    }
}
