use super::{Auth, Failure};
use crate::identity::CanonicalName;
use crate::mail::{Desk, Message};
use crate::password::{Password, PasswordError, PasswordHash};
use crate::session::{End, EndReason};
use crate::store::{StoreError, Transaction, Verdict};
use crate::time::Timestamp;
use crate::user::{User, UserId};

/// Why a password was not changed.
#[derive(Debug, thiserror::Error)]
pub enum ChangePasswordError {
    /// The new password breaks these rules.
    #[error("the password is not acceptable")]
    Invalid(Vec<PasswordError>),
    /// There is no such account.
    #[error("there is no such account")]
    NotFound,
    /// Something beneath failed.
    #[error(transparent)]
    Failure(#[from] Failure),
}

impl Auth {
    /// The account with this username or e-mail address.
    ///
    /// # Errors
    /// The database failed.
    pub async fn find_account(&self, name: &str) -> Result<Option<User>, Failure> {
        let name = CanonicalName::of(name);
        Ok(self.ports.store.query(move |db| db.user_by_login_name(&name)).await?)
    }

    /// Gives an account a new password, as an operator does, ends its sessions and tells its owner by mail.
    ///
    /// # Errors
    /// The rules that the new password breaks, or that there is no such account.
    pub async fn change_password(&self, id: UserId, new: Password) -> Result<(), ChangePasswordError> {
        let user = self.ports.store.query(move |db| db.user(id)).await.map_err(Failure::from)?;
        let user = user.ok_or(ChangePasswordError::NotFound)?;
        let broken = self.broken_rules(&user, &new);
        if !broken.is_empty() {
            return Err(ChangePasswordError::Invalid(broken));
        }
        let hash = self.ports.hasher.hash(new).await.map_err(Failure::from)?;
        let (now, desk) = (self.ports.clock.now(), self.desk());
        let step = move |tx: &mut dyn Transaction| change_password(tx, id, &hash, now, &desk);
        let changed = self.ports.store.transact(step).await;
        if changed.map_err(Failure::from)? { Ok(()) } else { Err(ChangePasswordError::NotFound) }
    }

    /// Activates an account, or deactivates it and ends its sessions. False if there is none.
    ///
    /// # Errors
    /// The database failed.
    pub async fn set_active(&self, id: UserId, is_active: bool) -> Result<bool, Failure> {
        let now = self.ports.clock.now();
        Ok(self.ports.store.transact(move |tx| set_account_active(tx, id, is_active, now)).await?)
    }

    /// Marks an account's address as verified: an operator vouches for it. False if there is no such
    /// account, or it has no address.
    ///
    /// # Errors
    /// The database failed.
    pub async fn vouch_for_address(&self, id: UserId) -> Result<bool, Failure> {
        let now = self.ports.clock.now();
        let step = move |tx: &mut dyn Transaction| {
            let address = tx.user(id)?.and_then(|user| user.email);
            let is_marked = match address {
                Some(address) => tx.verify_email(id, &address, now)?,
                None => false,
            };
            Ok(if is_marked { Verdict::Commit(true) } else { Verdict::RollBack(false) })
        };
        Ok(self.ports.store.transact(step).await?)
    }

    /// Deletes an account with its sessions. False if there is none.
    ///
    /// # Errors
    /// The database failed.
    pub async fn delete_account(&self, id: UserId) -> Result<bool, Failure> {
        Ok(self.ports.store.transact(move |tx| delete_account(tx, id)).await?)
    }
}

// Each step writes the account's row first. That row is what a login writes too, so on a database
// with concurrent writers the two come one after the other, and no session slips in between.

/// The step: stores the hash of a new password, ends the account's sessions and tells its owner.
///
/// # Errors
/// The database failed.
pub fn change_password(
    tx: &mut dyn Transaction,
    id: UserId,
    hash: &PasswordHash,
    now: Timestamp,
    desk: &Desk,
) -> Result<Verdict<bool>, StoreError> {
    if !tx.set_password(id, hash, now)? {
        return Ok(Verdict::RollBack(false));
    }
    tx.end_sessions(id, None, End { at: now, reason: EndReason::PasswordChange })?;
    tx.vault().drop_secrets(id)?;
    if let Some(user) = tx.user(id)? {
        desk.warn(tx, &user, Message::PasswordChanged { client: None }, now)?;
    }
    Ok(Verdict::Commit(true))
}

/// The step: activates an account, or deactivates it, ends its sessions and refuses its tokens and the
/// links that it was sent.
///
/// # Errors
/// The database failed.
pub fn set_account_active(
    tx: &mut dyn Transaction,
    id: UserId,
    is_active: bool,
    now: Timestamp,
) -> Result<Verdict<bool>, StoreError> {
    if !tx.set_active(id, is_active)? {
        return Ok(Verdict::RollBack(false));
    }
    if !is_active {
        tx.invalidate_tokens(id, now)?;
        tx.vault().drop_secrets(id)?;
        tx.end_sessions(id, None, End { at: now, reason: EndReason::Deactivation })?;
    }
    Ok(Verdict::Commit(true))
}

/// The step: deletes an account with its sessions.
///
/// # Errors
/// The database failed.
pub fn delete_account(tx: &mut dyn Transaction, id: UserId) -> Result<Verdict<bool>, StoreError> {
    Ok(if tx.delete_user(id)? { Verdict::Commit(true) } else { Verdict::RollBack(false) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{World, block_on};

    #[test]
    fn a_new_password_replaces_the_old_one_and_ends_every_session() {
        let world = World::with_user("alice", "alice@example.com", "pw-of-alice");
        world.login("alice", "pw-of-alice").unwrap();
        let alice = world.find("alice").id;
        block_on(world.auth.change_password(alice, Password::new("Another-pw-1").unwrap())).unwrap();
        assert_eq!(world.live_sessions("alice"), 0);
        assert!(world.login("alice", "pw-of-alice").is_err());
        assert!(world.login("alice", "Another-pw-1").is_ok());
    }

    #[test]
    fn a_password_that_breaks_the_rules_changes_nothing() {
        let world = World::with_user("alice", "alice@example.com", "pw-of-alice");
        let alice = world.find("alice").id;
        let refused = block_on(world.auth.change_password(alice, Password::new("alice").unwrap()));
        let Err(ChangePasswordError::Invalid(broken)) = refused else { panic!("{refused:?}") };
        assert_eq!(broken.first(), Some(&PasswordError::TooSimilar { attribute: "username" }));
        assert!(world.login("alice", "pw-of-alice").is_ok());
    }

    #[test]
    fn what_is_done_to_nobody_says_so() {
        let world = World::new();
        let nobody = UserId(404);
        let changed = block_on(world.auth.change_password(nobody, Password::new("Another-pw-1").unwrap()));
        assert!(matches!(changed, Err(ChangePasswordError::NotFound)));
        assert!(!block_on(world.auth.set_active(nobody, true)).unwrap());
        assert!(!block_on(world.auth.delete_account(nobody)).unwrap());
        assert_eq!(block_on(world.auth.find_account("nobody")).unwrap(), None);
    }
}
