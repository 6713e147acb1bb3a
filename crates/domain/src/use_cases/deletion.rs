use super::reauthentication::hold_unchanged;
use super::{Auth, Caller, Failure};
use crate::mail::{Desk, Message};
use crate::password::Password;
use crate::store::{StoreError, Transaction, Verdict};
use crate::time::Timestamp;
use crate::user::Credential;

/// Why an account is still there.
#[derive(Debug, thiserror::Error)]
pub enum DeleteAccountError {
    /// The password is not the account's; or the account has changed meanwhile.
    #[error("the password is wrong")]
    WrongPassword,
    /// Something beneath failed.
    #[error(transparent)]
    Failure(#[from] Failure),
}

impl Auth {
    /// Deletes the caller's account and all that hangs on it, and tells its address.
    ///
    /// # Errors
    /// Why the account is still there.
    pub async fn delete_own_account(
        &self,
        caller: &Caller,
        password: Password,
    ) -> Result<(), DeleteAccountError> {
        let checked =
            self.reauthenticate(caller, password).await?.ok_or(DeleteAccountError::WrongPassword)?;
        let (now, desk) = (self.ports.clock.now(), self.desk());
        let step = move |tx: &mut dyn Transaction| delete_own_account(tx, &checked, now, &desk);
        let is_deleted = self.ports.store.transact(step).await.map_err(Failure::from)?;
        if is_deleted { Ok(()) } else { Err(DeleteAccountError::WrongPassword) }
    }
}

/// The step: deletes the account. False if it is not as it was when the password was checked.
///
/// # Errors
/// The database failed.
pub fn delete_own_account(
    tx: &mut dyn Transaction,
    checked: &Credential,
    now: Timestamp,
    desk: &Desk,
) -> Result<Verdict<bool>, StoreError> {
    let Some(held) = hold_unchanged(tx, checked)? else { return Ok(Verdict::RollBack(false)) };
    let user = held.user;
    if let Some(address) = &user.email {
        // About no account: it must outlive this one.
        desk.post(tx, None, address, user.username.as_str(), Message::AccountDeleted, now)?;
    }
    tx.delete_user(user.id)?;
    Ok(Verdict::Commit(true))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{World, block_on};

    #[test]
    fn an_account_is_deleted_with_its_password_alone_and_its_address_is_told() {
        let world = World::with_user("alice", "alice@example.com", "pw-of-alice");
        let tokens = world.login("alice", "pw-of-alice").unwrap();
        let caller = world.caller(&tokens);
        let delete = |password: &str| {
            block_on(world.auth.delete_own_account(&caller, Password::new(password).unwrap()))
        };
        assert!(matches!(delete("other"), Err(DeleteAccountError::WrongPassword)));
        assert!(block_on(world.auth.authenticate(&tokens.access)).is_ok());
        delete("pw-of-alice").unwrap();
        assert!(block_on(world.auth.find_account("alice")).unwrap().is_none());
        assert!(block_on(world.auth.authenticate(&tokens.access)).is_err());
        let [told] = world.mail().try_into().unwrap();
        assert_eq!((told.to.as_str(), told.message), ("alice@example.com", Message::AccountDeleted));
    }
}
