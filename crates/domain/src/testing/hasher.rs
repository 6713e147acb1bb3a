use crate::hashing::{HashError, Hashing, PasswordHasher, Verification};
use crate::password::{Password, PasswordHash};
use std::future::ready;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A hasher that costs nothing and hides nothing: `scheme$plaintext`. It counts its work, can
/// fail, and can let something happen while it "hashes".
pub struct TestHasher {
    scheme: Mutex<String>,
    count: AtomicUsize,
    fail: Mutex<Option<HashError>>,
    meanwhile: Mutex<Option<Box<dyn FnOnce() + Send>>>,
}

impl Default for TestHasher {
    fn default() -> Self {
        Self {
            scheme: Mutex::new("plain".into()),
            count: AtomicUsize::new(0),
            fail: Mutex::new(None),
            meanwhile: Mutex::new(None),
        }
    }
}

impl TestHasher {
    /// Prefers another scheme from now on: hashes of other ones are outdated.
    pub fn prefer_scheme(&self, scheme: &str) {
        *self.scheme.lock().unwrap() = scheme.into();
    }

    /// How many passwords it has hashed or compared.
    pub fn count(&self) -> usize {
        self.count.load(Ordering::SeqCst)
    }

    /// Fails the next time.
    pub fn fail_next(&self, error: HashError) {
        *self.fail.lock().unwrap() = Some(error);
    }

    /// Does this while the next password is hashed.
    pub fn before_next(&self, meanwhile: impl FnOnce() + Send + 'static) {
        *self.meanwhile.lock().unwrap() = Some(Box::new(meanwhile));
    }

    fn work(&self) -> Result<String, HashError> {
        // Taken out first: what happens meanwhile may hash as well.
        let meanwhile = self.meanwhile.lock().unwrap().take();
        if let Some(meanwhile) = meanwhile {
            meanwhile();
        }
        self.count.fetch_add(1, Ordering::SeqCst);
        let failure = self.fail.lock().unwrap().take();
        failure.map_or_else(|| Ok(self.scheme.lock().unwrap().clone()), Err)
    }
}

impl PasswordHasher for TestHasher {
    fn hash(&self, password: Password) -> Hashing<PasswordHash> {
        let hashed = self.work().map(|scheme| format!("{scheme}${}", password.expose()));
        Box::pin(ready(hashed.map(PasswordHash::from_encoded)))
    }

    fn verify(&self, password: Password, hash: Option<PasswordHash>) -> Hashing<Verification> {
        let verified = self.work().map(|preferred| {
            let hash = hash.filter(PasswordHash::is_usable);
            match hash.as_ref().and_then(|hash| hash.as_encoded().split_once('$')) {
                Some((scheme, plain)) if plain == password.expose() => {
                    Verification::Match { outdated: scheme != preferred }
                }
                _ => Verification::Mismatch,
            }
        });
        Box::pin(ready(verified))
    }
}
