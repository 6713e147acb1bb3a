//! The work factor of bcrypt.

/// A bcrypt cost: the binary logarithm of the number of its rounds. One more doubles the work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cost(u32);

impl Cost {
    /// The least cost that bcrypt is defined for. Fit for tests only.
    pub const MIN: Self = Self(4);

    /// The highest cost taken from settings or from a stored hash: about four seconds of a core.
    pub const MAX: Self = Self(16);

    /// Django's default for `bcrypt_sha256`: about a quarter of a second of a core.
    pub const DEFAULT: Self = Self(12);

    /// Takes a cost from [`Cost::MIN`] to [`Cost::MAX`].
    pub fn new(cost: u32) -> Result<Self, CostError> {
        let taken = Self(cost);
        (Self::MIN..=Self::MAX).contains(&taken).then_some(taken).ok_or(CostError(cost))
    }

    /// The cost as a number.
    pub const fn as_u32(self) -> u32 {
        self.0
    }

    /// The costs from this one up to, but without, `end`.
    pub(crate) fn up_to(self, end: Self) -> impl Iterator<Item = Self> {
        (self.0..end.0).map(Self)
    }
}

impl Default for Cost {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// A cost is out of bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a bcrypt cost is a number from {min} to {max}, not {0}", min = Cost::MIN.0, max = Cost::MAX.0)]
pub struct CostError(u32);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn costs_from_4_to_16_are_taken() {
        assert_eq!(Cost::new(4), Ok(Cost::MIN));
        assert_eq!(Cost::new(16), Ok(Cost::MAX));
        assert_eq!(Cost::new(3).unwrap_err().to_string(), "a bcrypt cost is a number from 4 to 16, not 3");
        assert_eq!(Cost::new(17), Err(CostError(17)));
    }
}
