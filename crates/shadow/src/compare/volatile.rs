//! What two servers must answer differently, and by what it is known.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};

/// Members and claims that hold the id of an account, a session or a token.
const IDS: [&str; 7] = ["id", "jti", "pk", "sid", "sub", "uid", "user_id"];

/// Members and claims that hold a time in seconds (RFC 7519, section 4.1).
const NUMERIC_TIMES: [&str; 4] = ["auth_time", "exp", "iat", "nbf"];

/// Members that hold a token without a structure: those of REST framework and dj-rest-auth.
const OPAQUE_TOKENS: [&str; 2] = ["key", "token"];

/// Whether the member or claim of this name is an id.
pub(super) fn is_id(name: &str) -> bool {
    IDS.contains(&name)
}

/// Whether the member or claim of this name is a time in seconds.
pub(super) fn is_numeric_time(name: &str) -> bool {
    NUMERIC_TIMES.contains(&name)
}

/// Whether both are dates, or both times, that are written alike. Python leaves out the fraction of a
/// second where it is zero.
pub(super) fn is_same_moment_format(one: &str, other: &str) -> bool {
    is_moment(one) && is_moment(other) && shape(one) == shape(other)
}

/// Whether both are tokens of one length under a name that holds such.
pub(super) fn is_opaque_token(name: &str, one: &str, other: &str) -> bool {
    let is_token = |text: &str| text.len() >= 16 && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    OPAQUE_TOKENS.contains(&name) && one.len() == other.len() && is_token(one) && is_token(other)
}

fn is_moment(text: &str) -> bool {
    let starts_with_year = text.bytes().take(4).filter(u8::is_ascii_digit).count() == 4;
    starts_with_year
        && (text.parse::<Timestamp>().is_ok()
            || text.parse::<DateTime>().is_ok()
            || text.parse::<Date>().is_ok())
}

/// The text with its digits made alike and without a fraction.
fn shape(moment: &str) -> String {
    let mut shape = String::with_capacity(moment.len());
    let mut is_fraction = false;
    for character in moment.chars() {
        is_fraction = character == '.' || (is_fraction && character.is_ascii_digit());
        if !is_fraction {
            shape.push(if character.is_ascii_digit() { '0' } else { character });
        }
    }
    shape
}
