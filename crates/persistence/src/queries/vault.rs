//! The domain's [`Vault`] on a unit of work.

use super::unit::Unit;
use super::{attempts, secrets};
use doorward_domain::identity::CanonicalName;
use doorward_domain::one_time::{Attempts, OneTimeSecret, Purpose, SecretDigest};
use doorward_domain::store::{StoreError, Vault};
use doorward_domain::time::Timestamp;
use doorward_domain::user::UserId;

impl Vault for Unit<'_> {
    fn put_secret(&mut self, secret: &OneTimeSecret) -> Result<(), StoreError> {
        self.run(|c| secrets::put(c, secret))
    }

    fn take_secret(
        &mut self,
        user: UserId,
        purpose: Purpose,
        digest: &SecretDigest,
    ) -> Result<Option<OneTimeSecret>, StoreError> {
        self.run(|c| secrets::take(c, user, purpose, digest))
    }

    fn drop_secrets(&mut self, user: UserId) -> Result<(), StoreError> {
        self.run(|c| secrets::drop_most(c, user))
    }

    fn drop_undo_secrets(&mut self, user: UserId, since: Timestamp) -> Result<(), StoreError> {
        self.run(|c| secrets::drop_undo(c, user, since))
    }

    fn hold_attempts(
        &mut self,
        purpose: Purpose,
        address: &CanonicalName,
    ) -> Result<Option<Attempts>, StoreError> {
        self.run(|c| attempts::hold(c, purpose, address))
    }

    fn put_attempts(
        &mut self,
        purpose: Purpose,
        address: &CanonicalName,
        attempts: Attempts,
    ) -> Result<(), StoreError> {
        self.run(|c| attempts::put(c, purpose, address, attempts))
    }

    fn sweep_secrets(&mut self, before: Timestamp, limit: u32) -> Result<u64, StoreError> {
        let secrets = self.run(|c| secrets::sweep(c, before, limit))?;
        let attempts = self.run(|c| attempts::sweep(c, before, limit))?;
        Ok(secrets.saturating_add(attempts))
    }
}
