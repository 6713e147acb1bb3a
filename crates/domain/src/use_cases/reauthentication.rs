use super::{Auth, Failure};
use crate::callers::Caller;
use crate::hashing::Verification;
use crate::password::Password;
use crate::store::{Held, Lookup, StoreError, Transaction};
use crate::user::{Credential, User, UserId};

impl Auth {
    /// The caller's credential, if `password` is the account's (ASVS 5.0, 7.5.1): what changes who can
    /// get in asks for it again, since a borrowed token must not be enough.
    pub(super) async fn reauthenticate(
        &self,
        caller: &Caller,
        password: Password,
    ) -> Result<Option<Credential>, Failure> {
        let id = caller.user.id;
        let account = self.ports.store.query(move |db| find_account(db, id)).await?;
        let credential = account.map(|(_, credential)| credential).filter(|found| found.is_active);
        let hash = credential.as_ref().map(|found| found.password.clone());
        let verification = self.ports.hasher.verify(password, hash).await?;
        Ok(credential.filter(|_| matches!(verification, Verification::Match { .. })))
    }
}

/// The account of that number, with what its password is checked against.
pub(super) fn find_account(
    db: &mut dyn Lookup,
    id: UserId,
) -> Result<Option<(User, Credential)>, StoreError> {
    let Some(user) = db.user(id)? else { return Ok(None) };
    let credential = db.credential(user.username.canonical())?;
    Ok(credential.filter(|found| found.user_id == id).map(|credential| (user, credential)))
}

/// The account, held, if it is as it was when its password was checked.
pub(super) fn hold_unchanged(
    tx: &mut dyn Transaction,
    checked: &Credential,
) -> Result<Option<Held>, StoreError> {
    let unchanged = |held: &Held| held.user.is_active && held.version == checked.version;
    Ok(tx.hold(checked.user_id)?.filter(unchanged))
}
