use super::words::is_uuid;

/// From this length on, a segment with a digit is taken for a token.
const LONG: usize = 20;

/// The path with what varies in it replaced: numbers, UUIDs, addresses, and long segments, which may
/// be one-time tokens.
pub(crate) fn template(path: &str) -> String {
    let segments: Vec<_> = path.split('/').map(placeholder).collect();
    segments.join("/")
}

fn placeholder(segment: &str) -> &str {
    let has_digit = segment.bytes().any(|byte| byte.is_ascii_digit());
    if !segment.is_empty() && segment.bytes().all(|byte| byte.is_ascii_digit()) {
        "{id}"
    } else if is_uuid(segment) {
        "{uuid}"
    } else if segment.contains('@') || segment.contains("%40") {
        "{email}"
    } else if segment.contains("eyJ") || (segment.len() >= LONG && has_digit) || segment.len() > 2 * LONG {
        "{token}"
    } else {
        segment
    }
}
