//! Medians and ratios.

/// The middle value; the mean of the two middle ones of an even number; `NaN` of none.
pub(crate) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    let at = |index: usize| sorted.get(index).copied().unwrap_or(f64::NAN);
    if sorted.len().is_multiple_of(2) {
        f64::midpoint(at(middle.wrapping_sub(1)), at(middle))
    } else {
        at(middle)
    }
}

/// The largest value; `NaN` of none.
pub(crate) fn largest(values: &[f64]) -> f64 {
    values.iter().copied().fold(f64::NAN, f64::max)
}

/// Figures that were taken in turn: one value of each round.
#[derive(Debug, Clone, Default)]
pub(crate) struct Series(Vec<f64>);

impl Series {
    pub(crate) fn push(&mut self, value: f64) {
        self.0.push(value);
    }

    pub(crate) fn median(&self) -> f64 {
        median(&self.0)
    }

    pub(crate) fn largest(&self) -> f64 {
        largest(&self.0)
    }

    /// How many times `base` this is: the median of the rounds' ratios, since what slows a round
    /// down slows both down.
    pub(crate) fn over(&self, base: &Self) -> f64 {
        let ratios: Vec<_> = self.0.iter().zip(&base.0).map(|(ours, theirs)| ours / theirs).collect();
        median(&ratios)
    }
}

/// A count as a figure.
#[expect(
    clippy::as_conversions,
    clippy::cast_precision_loss,
    reason = "no count here comes near 2^53, from where on a float rounds"
)]
pub(crate) fn float(count: u64) -> f64 {
    count as f64
}

/// A figure as a whole count; 0 if it is negative or no number.
#[expect(
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "such a cast saturates, which is what is wanted"
)]
pub(crate) fn whole(figure: f64) -> u32 {
    figure as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(values: &[f64]) -> Series {
        Series(values.to_vec())
    }

    fn assert_is(found: f64, expected: f64) {
        assert!((found - expected).abs() < 1e-9, "{found} is not {expected}");
    }

    #[test]
    fn the_median_is_the_middle_whatever_the_order() {
        assert_is(median(&[9.0, 1.0, 2.0]), 2.0);
        assert_is(median(&[4.0, 1.0, 3.0, 2.0]), 2.5);
        assert_is(median(&[7.0]), 7.0);
        assert!(median(&[]).is_nan());
    }

    #[test]
    fn a_ratio_compares_what_was_measured_in_the_same_round() {
        // The second round was slow for both, and the third for ours alone.
        let (ours, base) = (series(&[20.0, 2.0, 5.0]), series(&[10.0, 1.0, 10.0]));
        assert_is(ours.over(&base), 2.0);
        assert_is(base.over(&ours), 0.5);
    }

    #[test]
    fn the_largest_of_none_is_no_number() {
        assert_is(largest(&[1.0, 3.0, 2.0]), 3.0);
        assert!(largest(&[]).is_nan());
    }

    #[test]
    fn figures_become_counts_without_surprises() {
        assert_eq!((whole(2.9), whole(-1.0), whole(f64::NAN)), (2, 0, 0));
        assert_is(float(3), 3.0);
    }
}
