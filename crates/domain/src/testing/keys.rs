use crate::keys::{Algorithm, KeyId, KeyMaker, NewKey};
use crate::sealing::{DoesNotOpen, Fingerprint, SealedAs, Sealer};
use std::sync::atomic::{AtomicU64, Ordering};
use zeroize::Zeroizing;

/// Makes keys named `key-0`, `key-1`, …
#[derive(Debug, Default)]
pub struct TestKeyMaker(AtomicU64);

impl KeyMaker for TestKeyMaker {
    fn make(&self, algorithm: Algorithm) -> NewKey {
        let number = self.0.fetch_add(1, Ordering::SeqCst);
        let material = format!("{} secret {number}", algorithm.name()).into_bytes();
        NewKey { id: KeyId(format!("key-{number}")), material: Zeroizing::new(material) }
    }
}

/// Seals by writing root, place and value one after the other: it tells apart what a sealer must.
#[derive(Debug)]
pub struct TestSealer(pub &'static str);

impl TestSealer {
    fn prefix(&self, place: SealedAs<'_>) -> Vec<u8> {
        format!("{}|{}|{}|{}|", self.0, place.table, place.row, place.purpose).into_bytes()
    }
}

impl Sealer for TestSealer {
    fn fingerprint(&self) -> Fingerprint {
        Fingerprint(self.0.into())
    }

    fn seal(&self, place: SealedAs<'_>, plain: &[u8]) -> Vec<u8> {
        [&self.prefix(place), plain].concat()
    }

    fn open(&self, place: SealedAs<'_>, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, DoesNotOpen> {
        let plain = sealed.strip_prefix(self.prefix(place).as_slice()).ok_or(DoesNotOpen)?;
        Ok(Zeroizing::new(plain.to_vec()))
    }
}
