use super::reauthentication::hold_unchanged;
use super::{Auth, Failure};
use crate::callers::Caller;
use crate::mail::{Desk, Message};
use crate::one_time::{OneTimeSecret, Purpose};
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
    /// Deletes the caller's account and all that hangs on it, and tells its address; and those that could
    /// still undo a change of it.
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
    let undoes =
        |secret: &OneTimeSecret| secret.purpose == Purpose::UndoEmailChange && now < secret.expires_at;
    let former = tx.one_time_secrets(user.id)?.into_iter().filter(undoes).map(|secret| secret.address);
    // A thief who has changed the address is told, and so is whoever they took the account from.
    for address in user.email.clone().into_iter().chain(former) {
        // About no account: it must outlive this one.
        desk.warn_at(tx, (None, &user), &address, Message::AccountDeleted, now)?;
    }
    tx.delete_user(user.id)?;
    Ok(Verdict::Commit(true))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::EmailAddress;
    use crate::testing::{World, block_on, secret_of};
    use crate::use_cases::Proof;

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

    #[test]
    fn whoever_had_the_account_before_its_address_was_changed_is_told_too() {
        let world = World::with_user("alice", "alice@example.com", "pw-of-alice");
        assert!(block_on(world.auth.vouch_for_address(world.find("alice").id)).unwrap());
        let caller = world.caller(&world.login("alice", "pw-of-alice").unwrap());
        let password = || Password::new("pw-of-alice").unwrap();
        let new = EmailAddress::parse("thief@example.com").unwrap();
        block_on(world.auth.request_email_change(&caller, new, password())).unwrap();
        let [asked] = world.mail().try_into().unwrap();
        let proof = Proof::Link(secret_of(&asked).unwrap());
        block_on(world.auth.confirm_email_change(proof)).unwrap();
        world.mail();
        block_on(world.auth.delete_own_account(&caller, password())).unwrap();
        let mut told: Vec<_> = world.mail().into_iter().map(|letter| letter.to.to_string()).collect();
        told.sort();
        assert_eq!(told, ["alice@example.com", "thief@example.com"]);
    }
}
