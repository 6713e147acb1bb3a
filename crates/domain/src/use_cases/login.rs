use super::{Auth, Failure, Verification as AddressVerification};
use crate::hashing::Verification;
use crate::identity::CanonicalName;
use crate::password::{Password, PasswordHash};
use crate::session::{Client, Session, SessionId};
use crate::store::{Lookup, StoreError, Transaction, Verdict};
use crate::time::Timestamp;
use crate::token::TokenPair;
use crate::user::{Credential, User};

/// A login as somebody typed it.
#[derive(Debug, Clone)]
pub struct LoginRequest {
    /// A username or an e-mail address.
    pub name: String,
    /// The password.
    pub password: Password,
    /// Who asks.
    pub client: Client,
}

/// A session that has begun.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoggedIn {
    /// Whose it is.
    pub user: User,
    /// Its first pair of tokens.
    pub tokens: TokenPair,
}

/// Why nobody was logged in.
#[derive(Debug, thiserror::Error)]
pub enum LoginError {
    /// Unknown name, wrong password, no usable password, an account that is not active, or one whose
    /// address has to be verified first: one answer for all, after the same time (ASVS 5.0, 6.3.8).
    #[error("no active account has these credentials")]
    Refused,
    /// Something beneath failed.
    #[error(transparent)]
    Failure(#[from] Failure),
}

/// The hash that replaces one of an outdated scheme or cost.
#[derive(Debug, Clone)]
pub struct PasswordUpgrade {
    /// The hash of the same password under the preferred scheme.
    pub new: PasswordHash,
}

impl Auth {
    /// Logs in: begins a session.
    ///
    /// # Errors
    /// [`LoginError::Refused`], also when the password is changed or the account deactivated while
    /// the password is hashed.
    pub async fn login(&self, request: LoginRequest) -> Result<LoggedIn, LoginError> {
        let LoginRequest { name, password, client } = request;
        let verified = self.policy.addresses.verification == AddressVerification::Required;
        let credential = self.ports.store.query(move |db| find_credential(db, &name, verified)).await;
        let credential = credential.map_err(Failure::from)?;

        // An unknown or inactive account costs the same hash as a wrong password.
        let hash = credential.as_ref().map(|found| found.password.clone());
        let verification = self.ports.hasher.verify(password.clone(), hash).await.map_err(Failure::from)?;
        let (Some(credential), Verification::Match { outdated }) = (credential, verification) else {
            return Err(LoginError::Refused);
        };
        let upgrade = if outdated { self.upgrade(password).await } else { None };

        let now = self.ports.clock.now();
        let id = SessionId::generate(&*self.ports.random, now);
        let session = Session::begin(id, credential.user_id, client, now, &self.policy.sessions);
        let begun = session.clone();
        let user = self
            .ports
            .store
            .transact(move |tx| begin_session(tx, &credential, upgrade.as_ref(), &session, now))
            .await
            .map_err(Failure::from)?
            .ok_or(LoginError::Refused)?;
        let tokens = self.ports.tokens.issue(&begun, &user).map_err(Failure::from)?;
        Ok(LoggedIn { user, tokens })
    }

    /// The password under the preferred scheme. A full hash lane puts that off to the next login.
    async fn upgrade(&self, password: Password) -> Option<PasswordUpgrade> {
        self.ports.hasher.hash(password).await.ok().map(|new| PasswordUpgrade { new })
    }
}

/// First step: what the password is to be compared with; `None` if no active account has the name,
/// and where a verified address is necessary, none whose address is verified.
///
/// # Errors
/// The database failed.
pub fn find_credential(
    db: &mut dyn Lookup,
    name: &str,
    is_verification_required: bool,
) -> Result<Option<Credential>, StoreError> {
    let found = db.credential(&CanonicalName::of(name))?;
    Ok(found.filter(|found| found.is_active && (found.is_verified || !is_verification_required)))
}

/// Second step, once the password has matched: begins the session, unless the account was
/// deactivated or its password changed since the first step.
///
/// # Errors
/// The database failed.
pub fn begin_session(
    tx: &mut dyn Transaction,
    checked: &Credential,
    upgrade: Option<&PasswordUpgrade>,
    session: &Session,
    now: Timestamp,
) -> Result<Verdict<Option<User>>, StoreError> {
    if !tx.record_login(checked.user_id, checked.version, now)? {
        return Ok(Verdict::RollBack(None));
    }
    let Some(user) = tx.user(checked.user_id)? else {
        return Ok(Verdict::RollBack(None));
    };
    if let Some(PasswordUpgrade { new }) = upgrade {
        // Somebody else who logged in at the same time may have replaced it already.
        tx.replace_hash(checked.user_id, &checked.password, new)?;
    }
    tx.insert_session(session)?;
    Ok(Verdict::Commit(Some(user)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hashing::HashError;
    use crate::testing::{World, block_on};
    use std::time::Duration;

    #[test]
    fn a_login_by_username_or_address_begins_a_session_and_is_recorded() {
        let world = World::with_user("alice", "alice@example.com", "pw-of-alice");
        for name in ["alice", "ALICE", "Alice@Example.COM"] {
            world.clock.advance(Duration::from_secs(60));
            let pair = world.login(name, "pw-of-alice").unwrap();
            let caller = block_on(world.auth.authenticate(&pair.access)).unwrap();
            let profile = block_on(world.auth.profile(&caller)).unwrap().unwrap();
            assert_eq!(profile.last_login, Some(world.clock.now_value()), "{name}");
        }
    }

    #[test]
    fn every_refusal_is_the_same_and_costs_one_hash() {
        let world = World::with_user("alice", "alice@example.com", "pw-of-alice");
        let inactive = world.user("idle", "pw-of-idle");
        block_on(world.auth.set_active(inactive.id, false)).unwrap();
        let without_password = world.user("nopw", "x");
        world.make_password_unusable(without_password.id);
        for (name, password) in
            [("alice", "wrong"), ("ghost", "pw-of-alice"), ("idle", "pw-of-idle"), ("nopw", "x"), ("", "")]
        {
            let before = world.hasher.count();
            assert!(matches!(world.login(name, password), Err(LoginError::Refused)), "{name}");
            assert_eq!(world.hasher.count() - before, 1, "{name}");
        }
    }

    #[test]
    fn a_password_change_during_the_hash_means_no_session() {
        let world = World::with_user("alice", "alice@example.com", "pw-of-alice");
        let (auth, alice) = (world.auth.clone(), world.find("alice"));
        world.hasher.before_next(move || {
            block_on(auth.change_password(alice.id, Password::new("Another-pw-1").unwrap())).unwrap();
        });
        assert!(matches!(world.login("alice", "pw-of-alice"), Err(LoginError::Refused)));
        assert_eq!(world.live_sessions("alice"), 0);
    }

    #[test]
    fn a_deactivation_during_the_hash_means_no_session() {
        let world = World::with_user("alice", "alice@example.com", "pw-of-alice");
        let (auth, alice) = (world.auth.clone(), world.find("alice"));
        world.hasher.before_next(move || {
            assert!(block_on(auth.set_active(alice.id, false)).unwrap());
        });
        assert!(matches!(world.login("alice", "pw-of-alice"), Err(LoginError::Refused)));
        assert_eq!(world.live_sessions("alice"), 0);
    }

    #[test]
    fn an_outdated_hash_is_replaced_at_login_and_other_sessions_live_on() {
        let world = World::with_user("alice", "alice@example.com", "pw-of-alice");
        let first = world.login("alice", "pw-of-alice").unwrap();
        world.hasher.prefer_scheme("new");
        world.login("alice", "pw-of-alice").unwrap();
        assert!(world.stored_hash("alice").as_encoded().starts_with("new$"));
        assert!(block_on(world.auth.authenticate(&first.access)).is_ok());
        assert!(world.login("alice", "pw-of-alice").is_ok());
    }

    #[test]
    fn a_full_hash_lane_is_a_failure_and_not_a_refusal() {
        let world = World::with_user("alice", "alice@example.com", "pw-of-alice");
        world.hasher.fail_next(HashError::Busy { retry_after: Duration::from_secs(1) });
        let answer = world.login("alice", "pw-of-alice");
        assert!(matches!(answer, Err(LoginError::Failure(Failure::Hash(HashError::Busy { .. })))));
    }

    #[test]
    fn a_database_outage_is_a_failure_and_not_a_refusal() {
        let world = World::with_user("alice", "alice@example.com", "pw-of-alice");
        world.store.go_down();
        assert!(matches!(world.login("alice", "pw-of-alice"), Err(LoginError::Failure(Failure::Store(_)))));
    }
}
