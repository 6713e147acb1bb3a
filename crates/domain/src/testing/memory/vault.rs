use super::{Tables, size};
use crate::identity::CanonicalName;
use crate::one_time::{Attempts, OneTimeSecret, Purpose, SecretDigest};
use crate::store::{StoreError, Vault};
use crate::time::Timestamp;
use crate::user::UserId;

impl Vault for Tables {
    fn put_secret(&mut self, secret: &OneTimeSecret) -> Result<(), StoreError> {
        if !self.users.contains_key(&secret.user) {
            return Err(StoreError::failed("a secret needs an account"));
        }
        let is_undo = secret.purpose == Purpose::UndoEmailChange;
        self.secrets.retain(|old| {
            let gives_way = old.user == secret.user
                && old.purpose == secret.purpose
                && (!is_undo || old.address.canonical() == secret.address.canonical());
            !gives_way
        });
        self.secrets.push(secret.clone());
        Ok(())
    }

    fn take_secret(
        &mut self,
        user: UserId,
        purpose: Purpose,
        digest: &SecretDigest,
    ) -> Result<Option<OneTimeSecret>, StoreError> {
        let is_meant =
            |secret: &OneTimeSecret| (secret.user, secret.purpose, secret.digest) == (user, purpose, *digest);
        let index = self.secrets.iter().position(is_meant);
        Ok(index.map(|index| self.secrets.remove(index)))
    }

    fn drop_secrets(&mut self, user: UserId) -> Result<(), StoreError> {
        self.secrets.retain(|secret| secret.user != user || secret.purpose == Purpose::UndoEmailChange);
        Ok(())
    }

    fn drop_undo_secrets(&mut self, user: UserId, since: Timestamp) -> Result<(), StoreError> {
        self.secrets.retain(|secret| {
            let goes = secret.user == user
                && secret.purpose == Purpose::UndoEmailChange
                && secret.created_at >= since;
            !goes
        });
        Ok(())
    }

    fn hold_attempts(
        &mut self,
        purpose: Purpose,
        address: &CanonicalName,
    ) -> Result<Option<Attempts>, StoreError> {
        Ok(self.attempts.get(&(purpose, address.clone())).copied())
    }

    fn put_attempts(
        &mut self,
        purpose: Purpose,
        address: &CanonicalName,
        attempts: Attempts,
    ) -> Result<(), StoreError> {
        self.attempts.insert((purpose, address.clone()), attempts);
        Ok(())
    }

    fn sweep_secrets(&mut self, before: Timestamp, limit: u32) -> Result<u64, StoreError> {
        let expired = self.secrets.iter().filter(|secret| secret.expires_at < before);
        let expired: Vec<_> = expired.map(|secret| secret.digest).take(size(limit)).collect();
        let old = self.attempts.iter().filter(|(_, attempts)| attempts.last_at < before);
        let old: Vec<_> = old.map(|(key, _)| key.clone()).take(size(limit)).collect();
        self.secrets.retain(|secret| !expired.contains(&secret.digest));
        for key in &old {
            self.attempts.remove(key);
        }
        Ok(u64::try_from(expired.len() + old.len()).unwrap())
    }
}
