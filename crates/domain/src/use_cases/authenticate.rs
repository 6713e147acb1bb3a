use super::{Auth, Failure};
use crate::session::Session;
use crate::store::{Lookup, StoreError};
use crate::time::Timestamp;
use crate::token::{AccessClaims, Claims, TokenRejection};
use crate::user::{User, UserId};

/// Who makes a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The account.
    pub user: User,
    /// The session; `None` for a token that a Django service issued with a shared key.
    pub session: Option<Session>,
}

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
    /// the account before this call is seen by it.
    ///
    /// # Errors
    /// Why the token opens nothing.
    pub async fn authenticate(&self, access_token: &str) -> Result<Caller, AuthenticationError> {
        let now = self.ports.clock.now();
        let claims = self.ports.tokens.access(access_token, now)?;
        self.ports.store.query(move |db| find_caller(db, &claims, now)).await.map_err(Failure::from)?
    }

    /// Whether a token of either type is honoured at present, as simplejwt's verification asks.
    ///
    /// # Errors
    /// Why it is not.
    pub async fn verify(&self, token: &str) -> Result<(), AuthenticationError> {
        let now = self.ports.clock.now();
        let claims = self.ports.tokens.any(token, now)?;
        let honoured = move |db: &mut dyn Lookup| match &claims {
            Claims::Access(claims) => Ok(find_caller(db, claims, now)?.map(drop)),
            Claims::Refresh(claims) => {
                let found = db.session(claims.session_id)?;
                let current = found.is_some_and(|(session, user)| {
                    user.is_active && session.is_live(now) && session.generation == claims.generation
                });
                Ok(if current { Ok(()) } else { Err(TokenRejection::Revoked.into()) })
            }
        };
        self.ports.store.query(honoured).await.map_err(Failure::from)?
    }
}

/// The step: the account and the session behind an access token, if both still stand.
///
/// # Errors
/// The database failed. Why nobody is behind the token is the inner result.
pub fn find_caller(
    db: &mut dyn Lookup,
    claims: &AccessClaims,
    now: Timestamp,
) -> Result<Result<Caller, AuthenticationError>, StoreError> {
    let Some(session_id) = claims.session_id else {
        return Ok(active_user(db, claims.user_id)?.and_then(|user| {
            let outdated = claims.issued_at < user.tokens_valid_after;
            if outdated { Err(TokenRejection::Revoked.into()) } else { Ok(Caller { user, session: None }) }
        }));
    };
    Ok(match db.session(session_id)? {
        // The session went with its account, or was swept.
        None => active_user(db, claims.user_id)?.and_then(|_| Err(TokenRejection::Revoked.into())),
        Some((_, user)) if user.id != claims.user_id => Err(TokenRejection::Invalid.into()),
        Some((_, user)) if !user.is_active => Err(AuthenticationError::UserInactive),
        Some((session, _)) if !session.is_live(now) => Err(TokenRejection::Revoked.into()),
        Some((session, user)) => Ok(Caller { user, session: Some(session) }),
    })
}

fn active_user(db: &mut dyn Lookup, id: UserId) -> Result<Result<User, AuthenticationError>, StoreError> {
    Ok(match db.user(id)? {
        None => Err(AuthenticationError::UserNotFound),
        Some(user) if !user.is_active => Err(AuthenticationError::UserInactive),
        Some(user) => Ok(user),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::password::Password;
    use crate::session::Client;
    use crate::testing::{World, block_on};
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
    fn verification_follows_rotation_and_logout() {
        let world = World::with_user("alice", "alice@example.com", "pw-of-alice");
        let first = world.login("alice", "pw-of-alice").unwrap();
        let verify = |token: &str| block_on(world.auth.verify(token));
        assert!(verify(&first.access).is_ok() && verify(&first.refresh).is_ok());
        let second = block_on(world.auth.refresh(&first.refresh, Client::default())).unwrap();
        assert!(verify(&first.refresh).is_err());
        assert!(verify(&second.refresh).is_ok());
        block_on(world.auth.logout_with(&second.refresh)).unwrap();
        assert!(verify(&second.refresh).is_err() && verify(&second.access).is_err());
    }
}
