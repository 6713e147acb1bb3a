//! Masks what looks like a secret by itself.

use super::MASK;

/// From this length on, a word of letters and digits is taken for a token.
const LONG: usize = 32;

/// The text, with tokens and the local parts of e-mail addresses masked.
pub(super) fn masked(text: &str) -> String {
    let mut masked = String::with_capacity(text.len());
    let mut word = String::new();
    for character in text.chars() {
        if is_separator(character) {
            masked.push_str(&without_secret(&word));
            masked.push(character);
            word.clear();
        } else {
            word.push(character);
        }
    }
    masked.push_str(&without_secret(&word));
    masked
}

/// Whether a word is a UUID.
pub(super) fn is_uuid(word: &str) -> bool {
    word.len() == 36
        && word.bytes().enumerate().all(|(index, byte)| {
            if matches!(index, 8 | 13 | 18 | 23) { byte == b'-' } else { byte.is_ascii_hexdigit() }
        })
}

fn is_separator(character: char) -> bool {
    character.is_whitespace() || "\"'`<>()[]{},;:=&|\\/?!".contains(character)
}

fn without_secret(word: &str) -> String {
    if is_token(word) {
        return MASK.to_owned();
    }
    match word.rsplit_once('@').or_else(|| word.rsplit_once("%40")) {
        Some((local, domain)) if !local.is_empty() && !domain.is_empty() => format!("{MASK}@{domain}"),
        _ => word.to_owned(),
    }
}

/// A JWT begins with `{"` in base64; other tokens are long, and no words.
fn is_token(word: &str) -> bool {
    let is_jwt = word.len() >= 16 && word.contains("eyJ");
    let is_long = word.len() >= LONG && word.bytes().any(|byte| byte.is_ascii_digit()) && !word.contains('@');
    is_jwt || (is_long && !is_uuid(word))
}
