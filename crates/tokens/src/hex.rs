//! Lower-case hexadecimal digits.

/// Two digits for each byte.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    let mut text = String::with_capacity(bytes.len() * 2);
    text.extend(digits.filter_map(|digit| char::from_digit(u32::from(digit), 16)));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_has_the_digits_that_the_standard_library_writes() {
        for byte in 0..=u8::MAX {
            assert_eq!(hex(&[byte, 0]), format!("{byte:02x}00"));
        }
    }
}
