use super::reauthentication::find_account;
use super::{Auth, Failure};
use crate::identity::{CanonicalName, EmailAddress};
use crate::one_time::{Attempts, Code, OneTimeSecret, Purpose, SecretDigests, SecretText};
use crate::store::{Lookup, StoreError, Transaction, Verdict};
use crate::time::Timestamp;
use crate::user::{Credential, User, UserId};
use std::sync::Arc;

/// What somebody presents to prove that they read an address's mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Proof {
    /// The secret of a link.
    Link(SecretText),
    /// A code, with the address that it was sent to: of the account, or, for a change of address, of
    /// the account as it still is.
    Code {
        /// The account's address.
        address: EmailAddress,
        /// The code.
        code: Code,
    },
}

/// Why nothing was proven.
#[derive(Debug, thiserror::Error)]
pub enum ProofError {
    /// Never sent, used, replaced by a newer one, expired, of an account that has changed since, or a
    /// code that was tried too often: one answer for all.
    #[error("the link or code does not work, or not any more")]
    Refused,
    /// Something beneath failed.
    #[error(transparent)]
    Failure(#[from] Failure),
}

impl Auth {
    /// The secret that a proof names and that works now. Nothing of it is used up; a wrong code counts
    /// as a try.
    pub(super) async fn proven(&self, purpose: Purpose, proof: Proof) -> Result<OneTimeSecret, ProofError> {
        let (digests, now) = (Arc::clone(&self.ports.digests), self.ports.clock.now());
        let found = match proof {
            Proof::Link(secret) => {
                let look = move |db: &mut dyn Lookup| find_linked(db, purpose, &secret, &*digests, now);
                self.ports.store.query(look).await
            }
            code @ Proof::Code { .. } => {
                let step = move |tx: &mut dyn Transaction| find_proven(tx, purpose, &code, &*digests, now);
                self.ports.store.transact(step).await
            }
        };
        found.map_err(Failure::from)?.ok_or(ProofError::Refused)
    }

    /// The account that a link works for now; `None` if it does not. Nothing is used up: mail scanners open
    /// links, too.
    ///
    /// # Errors
    /// The database failed.
    pub async fn account_behind(
        &self,
        purpose: Purpose,
        secret: SecretText,
    ) -> Result<Option<User>, Failure> {
        let (digests, now) = (Arc::clone(&self.ports.digests), self.ports.clock.now());
        let look = move |db: &mut dyn Lookup| {
            let Some(found) = find_linked(db, purpose, &secret, &*digests, now)? else { return Ok(None) };
            let account = find_account(db, found.user)?;
            let works =
                |(user, credential): &(User, Credential)| found.is_bound_to(user, credential.version, now);
            Ok(account.filter(works).map(|(user, _)| user))
        };
        Ok(self.ports.store.query(look).await?)
    }
}

/// The step: the secret that a proof names, if it works now.
///
/// The try of a code is counted for its address, be there an account or not, so that neither the answer
/// nor its time tells whether there is one. A right code counts as none.
///
/// # Errors
/// The database failed.
pub fn find_proven(
    tx: &mut dyn Transaction,
    purpose: Purpose,
    proof: &Proof,
    digests: &dyn SecretDigests,
    now: Timestamp,
) -> Result<Verdict<Option<OneTimeSecret>>, StoreError> {
    let (address, code) = match proof {
        Proof::Link(secret) => return find_linked(tx, purpose, secret, digests, now).map(Verdict::RollBack),
        Proof::Code { address, code } => (address.canonical(), code),
    };
    let run = tx.vault().hold_attempts(purpose, address)?;
    let Some(run) = Attempts::one_more(run, now) else { return Ok(Verdict::RollBack(None)) };
    if let Some(secret) = find_coded(tx, purpose, address, code, digests, now)? {
        return Ok(Verdict::RollBack(Some(secret)));
    }
    tx.vault().put_attempts(purpose, address, run)?;
    Ok(Verdict::Commit(None))
}

/// Takes a secret that was found by [`find_proven`] away, if it still works; with its account, which
/// nobody else changes meanwhile.
pub(super) fn take_proven(
    tx: &mut dyn Transaction,
    found: &OneTimeSecret,
    now: Timestamp,
) -> Result<Option<User>, StoreError> {
    let Some(held) = tx.hold(found.user)? else { return Ok(None) };
    let taken = tx.vault().take_secret(found.user, found.purpose, &found.digest)?;
    let works = taken.is_some_and(|secret| secret.is_bound_to(&held.user, held.version, now));
    Ok(works.then_some(held.user))
}

fn find_linked(
    db: &mut dyn Lookup,
    purpose: Purpose,
    secret: &SecretText,
    digests: &dyn SecretDigests,
    now: Timestamp,
) -> Result<Option<OneTimeSecret>, StoreError> {
    let found = db.one_time_secret(purpose, &digests.of_secret(purpose, secret))?;
    Ok(found.filter(|secret| now < secret.expires_at))
}

fn find_coded(
    db: &mut dyn Lookup,
    purpose: Purpose,
    address: &CanonicalName,
    code: &Code,
    digests: &dyn SecretDigests,
    now: Timestamp,
) -> Result<Option<OneTimeSecret>, StoreError> {
    // The number of no account. A stranger's address is looked up with it all the same: one question less
    // would be a shorter answer.
    const NOBODY: UserId = UserId(0);
    let owner = db.user_by_login_name(address)?.filter(|user| user.has_address(address));
    let owner = owner.map_or(NOBODY, |user| user.id);
    let accepted = digests.of_code(purpose, owner, code);
    let is_meant = |secret: &OneTimeSecret| {
        secret.purpose == purpose
            && secret.code.is_some_and(|code| now < code.expires_at && accepted.contains(&code.digest))
    };
    Ok(db.one_time_secrets(owner)?.into_iter().find(is_meant))
}
