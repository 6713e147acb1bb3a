//! `scrypt$<N>$<salt>$<r>$<p>$<base64 of 64 bytes>`.

use super::decimal;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use doorward_domain::hashing::HashError;
use doorward_domain::password::Password;
use scrypt::Params;
use subtle::ConstantTimeEq;

/// Twice what OWASP's dearest setting needs (N = 2¹⁷, r = 8); Django itself needs 16 MiB.
const MAX_MEMORY_BYTES: u64 = 256 << 20;

/// N·r·p: about three seconds. Django's own is 2¹⁴ · 8 · 5.
const MAX_WORK: u64 = 1 << 23;

const HASH_BYTES: usize = 64;

/// A stored scrypt hash.
pub(crate) struct Scrypt {
    params: Params,
    salt: String,
    expected: Vec<u8>,
}

impl Scrypt {
    /// Parses what follows the name and its `$`.
    pub(crate) fn parse(rest: &str) -> Option<Self> {
        let mut fields = rest.split('$');
        let n = decimal(fields.next()?)?;
        let salt = fields.next()?;
        let r = decimal(fields.next()?)?;
        let p = decimal(fields.next()?)?;
        let expected = STANDARD.decode(fields.next()?).ok()?;
        let well_formed = fields.next().is_none() && !salt.is_empty() && expected.len() == HASH_BYTES;
        (well_formed && within_bounds(n, r, p)).then_some(())?;
        let log_n = u8::try_from(n.ilog2()).ok()?;
        Some(Self { params: Params::new(log_n, r, p).ok()?, salt: salt.to_owned(), expected })
    }

    pub(crate) fn matches(&self, password: &Password) -> Result<bool, HashError> {
        let mut computed = [0; HASH_BYTES];
        scrypt::scrypt(password.expose().as_bytes(), self.salt.as_bytes(), &self.params, &mut computed)
            .map_err(|_| HashError::Failed)?;
        Ok(computed.ct_eq(self.expected.as_slice()).into())
    }
}

/// N is a power of two above 1 (RFC 7914, section 2); memory is N blocks of 128·r bytes, and p more.
fn within_bounds(n: u32, r: u32, p: u32) -> bool {
    let (n, r, p) = (u64::from(n), u64::from(r), u64::from(p));
    let memory = (n + p).checked_mul(128 * r);
    let work = (n * r).checked_mul(p);
    n > 1
        && n.is_power_of_two()
        && r > 0
        && p > 0
        && memory.is_some_and(|bytes| bytes <= MAX_MEMORY_BYTES)
        && work.is_some_and(|work| work <= MAX_WORK)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_and_work_are_bounded() {
        for (n, r, p) in [(1 << 14, 8, 5), (1 << 17, 8, 1), (1 << 17, 8, 8), (2, 1, 1)] {
            assert!(within_bounds(n, r, p), "{n} {r} {p}");
        }
        for (n, r, p) in [
            (0, 8, 5),
            (1, 8, 5),
            (3, 8, 5),
            (16, 0, 5),
            (16, 8, 0),
            (1 << 18, 8, 1),
            (1 << 17, 8, 9),
            (2, 1, 1 << 23),
            (u32::MAX, u32::MAX, u32::MAX),
            (1 << 31, u32::MAX, u32::MAX),
        ] {
            assert!(!within_bounds(n, r, p), "{n} {r} {p}");
        }
    }

    #[test]
    fn hashes_outside_of_the_form_are_refused() {
        let hash = STANDARD.encode([0; HASH_BYTES]);
        assert!(Scrypt::parse(&format!("16$salt$8$5${hash}")).is_some());
        for rest in [
            format!("16$$8$5${hash}"),
            format!("16$salt$8$5${hash}$"),
            format!("17$salt$8$5${hash}"),
            format!("16$salt$8${hash}"),
            format!("16$salt$8$5${}", STANDARD.encode([0; 63])),
            String::new(),
        ] {
            assert!(Scrypt::parse(&rest).is_none(), "{rest}");
        }
    }
}
