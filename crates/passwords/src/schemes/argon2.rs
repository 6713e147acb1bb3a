//! `argon2$argon2id$v=19$m=<KiB>,t=<passes>,p=<lanes>$<base64 salt>$<base64 hash>`.

use super::decimal;
use argon2::{Algorithm, Params, Version};
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use doorward_domain::hashing::HashError;
use doorward_domain::password::Password;
use std::ops::RangeInclusive;
use subtle::ConstantTimeEq;

/// Django's own is 100 MiB.
const MAX_MEMORY_KIB: u32 = 1 << 20;

/// Memory times passes: 4 GiB, about three seconds. Django's own is 200 MiB.
const MAX_WORK_KIB: u64 = 4 << 20;

const MAX_LANES: u32 = 64;

/// A shorter one would be guessed; Django's has 32 bytes.
const HASH_BYTES: RangeInclusive<usize> = 16..=64;

/// At least what RFC 9106 (section 3.1) asks; Django's has 22 bytes.
const SALT_BYTES: RangeInclusive<usize> = 8..=64;

/// A stored Argon2 hash.
pub(crate) struct Argon2 {
    function: argon2::Argon2<'static>,
    salt: Vec<u8>,
    expected: Vec<u8>,
}

impl Argon2 {
    /// Parses what follows the name and its `$`, in the one order of fields that the reference
    /// implementation, which Django uses, reads and writes.
    pub(crate) fn parse(rest: &str) -> Option<Self> {
        let mut fields = rest.split('$');
        let algorithm = Algorithm::new(fields.next()?).ok()?;
        let version: Version = decimal(fields.next()?.strip_prefix("v=")?)?.try_into().ok()?;
        let costs = fields.next()?;
        let salt = STANDARD_NO_PAD.decode(fields.next()?).ok()?;
        let expected = STANDARD_NO_PAD.decode(fields.next()?).ok()?;
        let well_formed = fields.next().is_none()
            && SALT_BYTES.contains(&salt.len())
            && HASH_BYTES.contains(&expected.len());
        well_formed.then_some(())?;
        let function = argon2::Argon2::new(algorithm, version, params(costs, expected.len())?);
        Some(Self { function, salt, expected })
    }

    pub(crate) fn matches(&self, password: &Password) -> Result<bool, HashError> {
        let mut computed = vec![0; self.expected.len()];
        self.function
            .hash_password_into(password.expose().as_bytes(), &self.salt, &mut computed)
            .map_err(|_| HashError::Failed)?;
        Ok(computed.ct_eq(&self.expected).into())
    }
}

fn params(costs: &str, output_bytes: usize) -> Option<Params> {
    let mut costs = costs.split(',');
    let memory = decimal(costs.next()?.strip_prefix("m=")?)?;
    let passes = decimal(costs.next()?.strip_prefix("t=")?)?;
    let lanes = decimal(costs.next()?.strip_prefix("p=")?)?;
    let within_bounds = costs.next().is_none()
        && memory <= MAX_MEMORY_KIB
        && u64::from(memory) * u64::from(passes) <= MAX_WORK_KIB
        && lanes <= MAX_LANES;
    within_bounds.then_some(())?;
    Params::new(memory, passes, lanes, Some(output_bytes)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SALT: &str = "aWdJb0tsNHBibWF6NVZIWVZGZVpCeg";
    const HASH: &str = "NqGS35CIi0Cm2izYLCCqh714hVP6/PlsulBs9wPjdR0";

    #[test]
    fn memory_work_and_lanes_are_bounded() {
        for costs in ["m=102400,t=2,p=8", "m=1048576,t=4,p=1", "m=512,t=8192,p=64"] {
            assert!(params(costs, 32).is_some(), "{costs}");
        }
        for costs in [
            "m=1048577,t=1,p=1",
            "m=1048576,t=5,p=1",
            "m=64,t=4294967295,p=1",
            "m=4294967295,t=4294967295,p=1",
            "m=102400,t=2,p=65",
            "m=102400,t=2,p=4294967295",
            "m=63,t=2,p=8",
            "m=64,t=0,p=8",
            "m=64,t=2,p=0",
            "t=2,m=64,p=8",
            "m=64,t=2",
            "m=64,t=2,p=8,keyid=AA",
        ] {
            assert!(params(costs, 32).is_none(), "{costs}");
        }
    }

    #[test]
    fn hashes_outside_of_the_form_are_refused() {
        let costs = "m=64,t=1,p=8";
        assert!(Argon2::parse(&format!("argon2id$v=19${costs}${SALT}${HASH}")).is_some());
        for rest in [
            format!("argon2$v=19${costs}${SALT}${HASH}"),
            format!("argon2id$v=20${costs}${SALT}${HASH}"),
            format!("argon2id$19${costs}${SALT}${HASH}"),
            format!("argon2id${costs}${SALT}${HASH}"),
            format!("argon2id$v=19${costs}${SALT}${HASH}$"),
            format!("argon2id$v=19${costs}${SALT}${HASH}="),
            format!("argon2id$v=19${costs}$AAAA${HASH}"),
            format!("argon2id$v=19${costs}${SALT}$AAAA"),
            format!("argon2id$v=19${costs}${SALT}"),
            String::new(),
        ] {
            assert!(Argon2::parse(&rest).is_none(), "{rest}");
        }
    }
}
