use super::Failure;
use crate::keys::{Algorithm, KeyId, KeyMaker, KeyRecord, KeyTimes, RotationPlan, SigningKey, signer_at};
use crate::sealing::{DoesNotOpen, Fingerprint, SealedAs, Sealer};
use crate::store::{Store, StoreError, Transaction, Verdict};
use crate::time::{Clock, Timestamp};
use std::sync::Arc;
use std::time::Duration;

/// How long a key that is no longer honoured is still listed.
const KEPT: Duration = Duration::from_secs(30 * 24 * 3600);

/// The use cases of signing keys and of the root secret that seals them.
#[derive(Clone)]
pub struct Keys {
    /// The database.
    pub store: Arc<dyn Store>,
    /// Seals keys under the current root secret.
    pub sealer: Arc<dyn Sealer>,
    /// Makes keys.
    pub maker: Arc<dyn KeyMaker>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// How long keys overlap.
    pub plan: RotationPlan,
}

/// The keys as they stood at one version of the key ring.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenKeys {
    /// The version, to be compared with [`Keys::version`].
    pub version: i64,
    /// The keys that are honoured, or will be.
    pub keys: Vec<SigningKey>,
}

/// Why keys were not changed.
#[derive(Debug, Clone, thiserror::Error)]
pub enum KeyChangeError {
    /// Somebody else changed them at the same time.
    #[error("the keys were changed by somebody else at the same time; look at them and try again")]
    Raced,
    /// A successor is there already and waits for its time.
    #[error("key {0} is already waiting to take over; retire it first to replace it by another one")]
    SuccessorWaits(KeyId),
    /// There is no such key.
    #[error("there is no key {0}")]
    NotFound(KeyId),
    /// It signs at present.
    #[error("key {0} signs at present; rotate first")]
    Signs(KeyId),
    /// The key does not open: another root secret sealed it.
    #[error("key {0} does not open under this root secret")]
    DoesNotOpen(KeyId),
    /// Something beneath failed.
    #[error(transparent)]
    Failure(#[from] Failure),
}

impl From<StoreError> for KeyChangeError {
    fn from(error: StoreError) -> Self {
        Self::Failure(error.into())
    }
}

/// What came of adopting a root secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RootAdoption {
    /// The database was sealed under it before.
    Known,
    /// Nothing was sealed yet; from now on it is this one.
    First,
    /// Everything was sealed under the previous one and is now sealed under this one.
    Resealed,
}

/// Why a root secret is not the database's.
#[derive(Debug, Clone, thiserror::Error)]
pub enum AdoptRootError {
    /// The database is sealed under another one.
    #[error("the database is sealed under the root secret {0}, and this is another one")]
    Foreign(Fingerprint),
    /// A sealed key does not open, although the fingerprint fits.
    #[error("key {0} does not open under the root secret that it should be sealed under")]
    Damaged(KeyId),
    /// Something beneath failed.
    #[error(transparent)]
    Failure(#[from] Failure),
}

impl Keys {
    /// The number of the keys' last change.
    ///
    /// # Errors
    /// The database failed.
    pub async fn version(&self) -> Result<i64, Failure> {
        Ok(self.store.query(|db| db.key_ring_version()).await?)
    }

    /// Every key, sealed as it is, the first made first.
    ///
    /// # Errors
    /// The database failed.
    pub async fn list(&self) -> Result<Vec<KeyRecord>, Failure> {
        Ok(self.store.query(|db| db.keys()).await?)
    }

    /// The keys that are honoured now or later, opened.
    ///
    /// # Errors
    /// A key does not open, or the database failed.
    pub async fn open(&self) -> Result<OpenKeys, KeyChangeError> {
        let now = self.clock.now();
        let (version, records) = self.store.query(|db| Ok((db.key_ring_version()?, db.keys()?))).await?;
        let honoured = records.into_iter().filter(|record| record.times.is_honoured(now));
        let keys = honoured.map(|record| self.opened(record)).collect::<Result<_, _>>()?;
        Ok(OpenKeys { version, keys })
    }

    fn opened(&self, record: KeyRecord) -> Result<SigningKey, KeyChangeError> {
        let KeyRecord { id, algorithm, times, sealed } = record;
        match self.sealer.open(sealed_as(&id), &sealed) {
            Ok(material) => Ok(SigningKey { id, algorithm, times, material }),
            Err(DoesNotOpen) => Err(KeyChangeError::DoesNotOpen(id)),
        }
    }

    /// Makes the first key of an algorithm, unless there is one that signs or will.
    ///
    /// # Errors
    /// The database failed.
    pub async fn ensure(&self, algorithm: Algorithm) -> Result<(), KeyChangeError> {
        let now = self.clock.now();
        let there = move |keys: &[KeyRecord]| {
            keys.iter().any(|key| key.algorithm == algorithm && key.times.is_honoured(now))
        };
        // Every start but the first finds one.
        if there(&self.list().await?) {
            return Ok(());
        }
        // It signs from the past on: clocks of other instances, and whole seconds, run behind.
        let activates_at = now.minus(RotationPlan::CLOCK_SKEW);
        let fresh = self.fresh(algorithm, KeyTimes { created_at: now, activates_at, retires_at: None });
        let step = move |tx: &mut dyn Transaction| {
            let version = tx.key_ring_version()?;
            if there(&tx.keys()?) {
                return Ok(Verdict::RollBack(Some(())));
            }
            if !tx.advance_key_ring(version)? {
                return Ok(Verdict::RollBack(None));
            }
            tx.put_key(&fresh)?;
            Ok(Verdict::Commit(Some(())))
        };
        match self.store.transact(step.clone()).await? {
            Some(()) => Ok(()),
            // Another instance was first: what it made is there now.
            None => self.store.transact(step).await?.ok_or(KeyChangeError::Raced),
        }
    }

    /// Makes the successor of the key that signs: it is published at once, signs when the plan's
    /// lead is over, and the present key is honoured until its last token has expired.
    ///
    /// # Errors
    /// A successor waits already, somebody else was faster, or the database failed.
    pub async fn rotate(&self, algorithm: Algorithm) -> Result<KeyId, KeyChangeError> {
        let now = self.clock.now();
        let plan = self.plan;
        let activates_at = plan.activation(now);
        let fresh = self.fresh(algorithm, KeyTimes { created_at: now, activates_at, retires_at: None });
        let step = move |tx: &mut dyn Transaction| {
            let version = tx.key_ring_version()?;
            let keys = tx.keys()?;
            let of_algorithm = || keys.iter().filter(|key| key.algorithm == algorithm);
            if let Some(waiting) = of_algorithm().find(|key| now < key.times.activates_at) {
                return Ok(Verdict::RollBack(Err(KeyChangeError::SuccessorWaits(waiting.id.clone()))));
            }
            if !tx.advance_key_ring(version)? {
                return Ok(Verdict::RollBack(Err(KeyChangeError::Raced)));
            }
            for key in of_algorithm().filter(|key| key.times.retires_at.is_none()) {
                tx.put_key(&retiring(key, Some(plan.retirement(activates_at))))?;
            }
            for key in keys.iter().filter(|key| !key.times.is_honoured(now.minus(KEPT))) {
                tx.delete_key(&key.id)?;
            }
            tx.put_key(&fresh)?;
            Ok(Verdict::Commit(Ok(fresh.id.clone())))
        };
        self.store.transact(step).await?
    }

    /// Retires a key. One that waits to take over is deleted, and its predecessor stays. One that
    /// signed before is honoured until its last token has expired; with `at_once` its tokens are
    /// refused from now on.
    ///
    /// # Errors
    /// There is no such key, it signs at present, somebody else was faster, or the database failed.
    pub async fn retire(&self, id: KeyId, signs: Algorithm, at_once: bool) -> Result<(), KeyChangeError> {
        let (now, plan) = (self.clock.now(), self.plan);
        let step = move |tx: &mut dyn Transaction| {
            let version = tx.key_ring_version()?;
            let keys = tx.keys()?;
            let Some(key) = keys.iter().find(|key| key.id == id) else {
                return Ok(Verdict::RollBack(Err(KeyChangeError::NotFound(id.clone()))));
            };
            let signer = signer_at(&keys, now, signs, |key| (key.algorithm, key.times));
            if signer.is_some_and(|signer| signer.id == id) {
                return Ok(Verdict::RollBack(Err(KeyChangeError::Signs(id.clone()))));
            }
            if !tx.advance_key_ring(version)? {
                return Ok(Verdict::RollBack(Err(KeyChangeError::Raced)));
            }
            if now < key.times.activates_at {
                tx.delete_key(&key.id)?;
                let predecessor = signer_at(&keys, now, key.algorithm, |key| (key.algorithm, key.times));
                if let Some(predecessor) = predecessor {
                    tx.put_key(&retiring(predecessor, None))?;
                }
            } else {
                let end = if at_once { now } else { plan.retirement(now) };
                let end = key.times.retires_at.map_or(end, |planned| planned.min(end));
                tx.put_key(&retiring(key, Some(end)))?;
            }
            Ok(Verdict::Commit(Ok(())))
        };
        self.store.transact(step).await?
    }

    /// Makes this root secret the database's, or finds that it is. With `previous`, what is sealed
    /// under that one is sealed anew.
    ///
    /// # Errors
    /// The database is sealed under another root secret, or it failed.
    pub async fn adopt_root(
        &self,
        previous: Option<Arc<dyn Sealer>>,
    ) -> Result<RootAdoption, AdoptRootError> {
        let sealer = Arc::clone(&self.sealer);
        // Every start but the first finds it.
        let recorded = self.store.query(|db| db.root_fingerprint()).await.map_err(Failure::from)?;
        if recorded == Some(sealer.fingerprint()) {
            return Ok(RootAdoption::Known);
        }
        let adopted = self.store.transact(move |tx| adopt_root(tx, &*sealer, previous.as_deref())).await;
        adopted.map_err(Failure::from)?
    }

    fn fresh(&self, algorithm: Algorithm, times: KeyTimes) -> KeyRecord {
        let made = self.maker.make(algorithm);
        let sealed = self.sealer.seal(sealed_as(&made.id), &made.material);
        KeyRecord { id: made.id, algorithm, times, sealed }
    }
}

fn adopt_root(
    tx: &mut dyn Transaction,
    sealer: &dyn Sealer,
    previous: Option<&dyn Sealer>,
) -> Result<Verdict<Result<RootAdoption, AdoptRootError>>, StoreError> {
    let ours = sealer.fingerprint();
    let recorded = tx.root_fingerprint()?;
    let adoption = match &recorded {
        Some(recorded) if *recorded == ours => return Ok(Verdict::RollBack(Ok(RootAdoption::Known))),
        None => RootAdoption::First,
        Some(recorded) => {
            let Some(previous) = previous.filter(|previous| previous.fingerprint() == *recorded) else {
                return Ok(Verdict::RollBack(Err(AdoptRootError::Foreign(recorded.clone()))));
            };
            for key in tx.keys()? {
                let Ok(plain) = previous.open(sealed_as(&key.id), &key.sealed) else {
                    return Ok(Verdict::RollBack(Err(AdoptRootError::Damaged(key.id))));
                };
                let again = sealer.seal(sealed_as(&key.id), &plain);
                tx.put_key(&KeyRecord { sealed: again, ..key })?;
            }
            RootAdoption::Resealed
        }
    };
    if tx.set_root_fingerprint(recorded.as_ref(), &ours)? {
        return Ok(Verdict::Commit(Ok(adoption)));
    }
    // Another instance adopted a root secret at the same moment. It may have been the same one.
    Ok(Verdict::RollBack(match tx.root_fingerprint()? {
        Some(now) if now == ours => Ok(RootAdoption::Known),
        now => Err(AdoptRootError::Foreign(now.unwrap_or(ours))),
    }))
}

fn sealed_as(id: &KeyId) -> SealedAs<'_> {
    SealedAs { table: "signing_keys", row: &id.0, purpose: "signing" }
}

fn retiring(key: &KeyRecord, retires_at: Option<Timestamp>) -> KeyRecord {
    KeyRecord { times: KeyTimes { retires_at, ..key.times }, ..key.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{KeyWorld, block_on};

    const ED: Algorithm = Algorithm::EdDsa;

    fn signer(world: &KeyWorld) -> KeyId {
        let keys = block_on(world.keys.open()).unwrap().keys;
        signer_at(&keys, world.clock.now_value(), ED, |key| (key.algorithm, key.times)).unwrap().id.clone()
    }

    #[test]
    fn the_first_key_is_made_once_and_signs_at_once() {
        let world = KeyWorld::new();
        block_on(world.keys.ensure(ED)).unwrap();
        let first = signer(&world);
        block_on(world.keys.ensure(ED)).unwrap();
        assert_eq!(signer(&world), first);
        assert_eq!(block_on(world.keys.version()).unwrap(), 1);
    }

    #[test]
    fn a_successor_is_published_before_it_signs_and_its_predecessor_is_honoured_after() {
        let world = KeyWorld::new();
        block_on(world.keys.ensure(ED)).unwrap();
        let first = signer(&world);
        let second = block_on(world.keys.rotate(ED)).unwrap();
        let ids = |world: &KeyWorld| -> Vec<KeyId> {
            block_on(world.keys.open()).unwrap().keys.into_iter().map(|key| key.id).collect()
        };
        assert_eq!(ids(&world), [first.clone(), second.clone()]);
        assert_eq!(signer(&world), first);
        world.clock.advance(world.keys.plan.lead);
        assert_eq!(signer(&world), second);
        world.clock.advance(world.keys.plan.access_lifetime);
        assert_eq!(ids(&world), [first, second.clone()]);
        world.clock.advance(RotationPlan::CLOCK_SKEW);
        assert_eq!(ids(&world), [second]);
    }

    #[test]
    fn a_second_rotation_waits_for_the_first() {
        let world = KeyWorld::new();
        block_on(world.keys.ensure(ED)).unwrap();
        let waiting = block_on(world.keys.rotate(ED)).unwrap();
        let refused = block_on(world.keys.rotate(ED));
        assert!(matches!(refused, Err(KeyChangeError::SuccessorWaits(id)) if id == waiting));
    }

    #[test]
    fn retiring_the_waiting_successor_keeps_the_present_key_for_good() {
        let world = KeyWorld::new();
        block_on(world.keys.ensure(ED)).unwrap();
        let first = signer(&world);
        let second = block_on(world.keys.rotate(ED)).unwrap();
        block_on(world.keys.retire(second, ED, false)).unwrap();
        world.clock.advance(Duration::from_secs(365 * 24 * 3600));
        assert_eq!(signer(&world), first);
    }

    #[test]
    fn the_key_that_signs_cannot_be_retired_and_an_old_one_can_at_once() {
        let world = KeyWorld::new();
        block_on(world.keys.ensure(ED)).unwrap();
        let first = signer(&world);
        let refused = block_on(world.keys.retire(first.clone(), ED, true));
        assert!(matches!(refused, Err(KeyChangeError::Signs(_))));
        block_on(world.keys.rotate(ED)).unwrap();
        world.clock.advance(world.keys.plan.lead);
        block_on(world.keys.retire(first.clone(), ED, true)).unwrap();
        assert_eq!(block_on(world.keys.open()).unwrap().keys.len(), 1);
        let unknown = block_on(world.keys.retire(KeyId("none".into()), ED, true));
        assert!(matches!(unknown, Err(KeyChangeError::NotFound(_))));
    }

    #[test]
    fn a_key_that_is_long_retired_is_forgotten_at_the_next_rotation() {
        let world = KeyWorld::new();
        block_on(world.keys.ensure(ED)).unwrap();
        for _ in 0..4 {
            block_on(world.keys.rotate(ED)).unwrap();
            world.clock.advance(KEPT * 2);
        }
        assert_eq!(block_on(world.keys.list()).unwrap().len(), 2);
    }

    #[test]
    fn another_root_secret_is_refused_and_changes_nothing() {
        let world = KeyWorld::new();
        assert_eq!(block_on(world.keys.adopt_root(None)).unwrap(), RootAdoption::First);
        assert_eq!(block_on(world.keys.adopt_root(None)).unwrap(), RootAdoption::Known);
        let other = world.with_root("other");
        assert!(matches!(block_on(other.adopt_root(None)), Err(AdoptRootError::Foreign(_))));
        assert_eq!(block_on(world.keys.adopt_root(None)).unwrap(), RootAdoption::Known);
    }

    #[test]
    fn a_root_secret_is_replaced_by_naming_the_previous_one() {
        let world = KeyWorld::new();
        block_on(world.keys.adopt_root(None)).unwrap();
        block_on(world.keys.ensure(ED)).unwrap();
        let before = block_on(world.keys.open()).unwrap();
        let other = world.with_root("other");
        let previous = Some(Arc::clone(&world.keys.sealer));
        assert_eq!(block_on(other.adopt_root(previous)).unwrap(), RootAdoption::Resealed);
        assert_eq!(block_on(other.open()).unwrap(), before);
        assert!(matches!(block_on(world.keys.open()), Err(KeyChangeError::DoesNotOpen(_))));
    }
}
