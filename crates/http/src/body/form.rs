use super::{Body, Text, Value};

/// Reads a form-encoded body. It cannot be malformed: what is not an escape stands for itself, and
/// what is not UTF-8 becomes U+FFFD.
pub(super) fn parse(bytes: &[u8]) -> Body {
    let pairs: Vec<(String, String)> = serde_urlencoded::from_bytes(bytes).unwrap_or_default();
    Body(pairs.into_iter().map(|(name, value)| (name, Value::Text(Text::new(value)))).collect())
}
