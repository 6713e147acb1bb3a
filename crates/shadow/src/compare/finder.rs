use super::{Comparison, Difference, Expected, Kind, Tolerance};
use crate::mask::Mask;

/// What is told of something that one side does not have.
pub(super) const ABSENT: &str = "none";

/// Collects what differs.
pub(super) struct Finder<'a> {
    pub(super) mask: &'a Mask,
    tolerance: &'a Tolerance,
    found: Comparison,
}

impl<'a> Finder<'a> {
    pub(super) fn new(mask: &'a Mask, tolerance: &'a Tolerance) -> Self {
        Self { mask, tolerance, found: Comparison::default() }
    }

    pub(super) fn into_found(self) -> Comparison {
        self.found
    }

    /// Notes an expected difference; whether it is tolerated.
    pub(super) fn expects(&mut self, expected: Expected) -> bool {
        let is_tolerated = self.tolerance.tolerates(expected);
        if is_tolerated {
            self.found.expected.insert(expected);
        }
        is_tolerated
    }

    /// Notes a difference, whose texts are masked.
    pub(super) fn differ(&mut self, kind: Kind, at: &str, upstream: String, mut candidate: String) {
        if upstream == candidate {
            // What differs is behind the masks.
            candidate.push_str(" (another)");
        }
        self.found.differences.push(Difference { kind, at: self.mask.text(at), upstream, candidate });
    }
}
