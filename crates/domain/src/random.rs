//! Randomness and the identifiers that are drawn from it.

use crate::time::Timestamp;
use uuid::Uuid;

/// A source of random bytes. An implementation MUST be a cryptographically secure generator that
/// the operating system seeded, except in tests.
pub trait Random: Send + Sync {
    /// Fills `bytes` with random bytes.
    fn fill(&self, bytes: &mut [u8]);
}

/// A `UUIDv7` (RFC 9562, section 5.7): 48 bits of milliseconds, 74 random bits.
///
/// Its order in time keeps the indexes of a large table local; nothing relies on it being secret.
pub fn uuid_v7(random: &dyn Random, now: Timestamp) -> Uuid {
    let mut bytes = [0; 10];
    random.fill(&mut bytes);
    let millis = u64::try_from(now.as_micros() / 1000).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(millis, &bytes).into_uuid()
}
