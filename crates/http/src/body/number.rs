//! Numbers where a string is due become what Python's `str()` makes of them.

/// The JSON number `literal` in Python's notation. Integers keep every digit; floats get the
/// shortest digits that read back the same, with an exponent from 1e16 up and below 1e-4.
pub(super) fn python_str(literal: &str) -> String {
    if !literal.contains(['.', 'e', 'E']) {
        return if literal == "-0" { "0".to_owned() } else { literal.to_owned() };
    }
    let value: f64 = literal.parse().unwrap_or(f64::NAN);
    let scientific = format!("{value:e}");
    let Some((mantissa, exponent)) = scientific.split_once('e') else {
        return scientific; // inf and -inf, as in Python
    };
    let exponent: i32 = exponent.parse().unwrap_or_default();
    if (-4..16).contains(&exponent) {
        // Debug writes "1.0" where Display writes "1", but has an exponent from 1e16 up only.
        let plain = value.to_string();
        if plain.contains('.') { plain } else { plain + ".0" }
    } else {
        let sign = if exponent < 0 { '-' } else { '+' };
        format!("{mantissa}e{sign}{:02}", exponent.unsigned_abs())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_as_in_python() {
        for (literal, told) in [
            ("0", "0"),
            ("-0", "0"),
            ("-7", "-7"),
            ("123456789012345678901234567890", "123456789012345678901234567890"),
            ("1.0", "1.0"),
            ("-0.0", "-0.0"),
            ("1E5", "100000.0"),
            ("1.50", "1.5"),
            ("1e15", "1000000000000000.0"),
            ("1e16", "1e+16"),
            ("1.25e22", "1.25e+22"),
            ("0.0001", "0.0001"),
            ("0.00001", "1e-05"),
            ("1.5e-7", "1.5e-07"),
            ("1e-100", "1e-100"),
            ("123456789.123456789", "123456789.12345679"),
            ("1e400", "inf"),
            ("-1e400", "-inf"),
        ] {
            assert_eq!(python_str(literal), told, "{literal}");
        }
    }
}
