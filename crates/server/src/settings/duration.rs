//! Durations as people write them: `10s`, `5m`, `12h`, `30d`.

use serde::{Deserialize, Deserializer, Serializer, de::Error as _};
use std::time::Duration;

/// Units and their length in milliseconds, the longest first.
const UNITS: [(&str, u64); 5] =
    [("d", 24 * 3600 * 1000), ("h", 3600 * 1000), ("m", 60 * 1000), ("s", 1000), ("ms", 1)];

/// Why a text is not a duration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is not a duration: write a whole number and a unit, as in 500ms, 10s, 5m, 12h or 30d")]
pub struct DurationError(String);

/// Parses a whole number and a unit: `ms`, `s`, `m`, `h` or `d`.
///
/// # Errors
/// There is no number, no unit, or the product is beyond all measure.
pub fn parse(text: &str) -> Result<Duration, DurationError> {
    let broken = || DurationError(text.to_owned());
    let trimmed = text.trim();
    let end = trimmed.find(|c: char| !c.is_ascii_digit()).ok_or_else(broken)?;
    let (number, unit) = trimmed.split_at_checked(end).ok_or_else(broken)?;
    let number: u64 = number.parse().map_err(|_| broken())?;
    let millis = UNITS.iter().find(|(name, _)| *name == unit).map(|(_, millis)| millis).ok_or_else(broken)?;
    number.checked_mul(*millis).map(Duration::from_millis).ok_or_else(broken)
}

/// Writes a duration in the longest unit that leaves a whole number.
pub fn format(duration: Duration) -> String {
    let millis = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    if millis == 0 {
        return "0s".to_owned();
    }
    let fits = UNITS.iter().find(|(_, unit)| millis % unit == 0);
    fits.map_or_else(|| format!("{millis}ms"), |(name, unit)| format!("{}{name}", millis / unit))
}

pub(super) fn serialize<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&format(*duration))
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    parse(&String::deserialize(deserializer)?).map_err(D::Error::custom)
}

/// A duration, or the word `none`.
pub(super) mod or_none {
    use serde::{Deserialize, Deserializer, Serializer, de::Error as _};
    use std::time::Duration;

    const NONE: &str = "none";

    #[expect(clippy::ref_option, reason = "serde calls it so")]
    pub(crate) fn serialize<S: Serializer>(
        duration: &Option<Duration>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&duration.map_or_else(|| NONE.to_owned(), super::format))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Duration>, D::Error> {
        match String::deserialize(deserializer)?.trim() {
            NONE => Ok(None),
            text => super::parse(text).map(Some).map_err(D::Error::custom),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_unit_is_read_and_written_back() {
        for (text, seconds) in [("0s", 0), ("10s", 10), ("5m", 300), ("12h", 43_200), ("30d", 2_592_000)] {
            assert_eq!(parse(text), Ok(Duration::from_secs(seconds)), "{text}");
            assert_eq!(format(Duration::from_secs(seconds)), text);
        }
        assert_eq!(parse(" 1500ms "), Ok(Duration::from_millis(1500)));
        assert_eq!(format(Duration::from_millis(1500)), "1500ms");
        assert_eq!(format(Duration::from_secs(90)), "90s");
    }

    #[test]
    fn what_has_no_number_no_unit_or_no_measure_is_refused() {
        for text in
            ["", "10", "s", "-1s", "1.5h", "10 s", "10S", "10y", "99999999999999999999s", "9999999999999999d"]
        {
            assert_eq!(parse(text), Err(DurationError(text.to_owned())), "{text}");
        }
    }
}
