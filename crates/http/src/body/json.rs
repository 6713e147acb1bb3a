use super::{Body, Text, Value, number::python_str};
use crate::problem::Problem;
use serde_json::value::RawValue;
use std::collections::HashMap;

/// Reads a JSON object. Of a name that comes twice the last value counts, as in Python.
///
/// Values stay raw until they are known to be of interest, so that a number keeps its digits and
/// nesting costs no stack.
pub(super) fn parse(text: &str) -> Result<Body, Problem> {
    let whole: &RawValue = serde_json::from_str(text).map_err(|error| malformed(&error))?;
    match whole.get().as_bytes().first() {
        Some(b'{') => object(whole.get()),
        Some(b'n') => Err(Problem::non_field("No data provided")),
        _ => {
            let found = python_type(whole.get());
            Err(Problem::non_field(format!("Invalid data. Expected a dictionary, but got {found}.")))
        }
    }
}

fn object(text: &str) -> Result<Body, Problem> {
    let values: HashMap<String, &RawValue> = serde_json::from_str(text).map_err(|error| malformed(&error))?;
    Ok(Body(values.into_iter().map(|(name, raw)| (name, value(raw.get()))).collect()))
}

fn malformed(error: &serde_json::Error) -> Problem {
    Problem::Malformed(format!("JSON parse error - {error}"))
}

fn value(raw: &str) -> Value {
    match raw.as_bytes().first() {
        Some(b'"') => string(raw),
        Some(b'n') => Value::Null,
        Some(b'-' | b'0'..=b'9') => Value::Text(Text::new(python_str(raw))),
        _ => Value::Unfit,
    }
}

/// What Python's `type()` calls a value that is no dictionary.
fn python_type(raw: &str) -> &'static str {
    match raw.as_bytes().first() {
        Some(b'[') => "list",
        Some(b'"') => "str",
        Some(b't' | b'f') => "bool",
        _ if raw.contains(['.', 'e', 'E']) => "float",
        _ => "int",
    }
}

fn string(raw: &str) -> Value {
    let (mended, surrogate) = mend_surrogates(raw);
    match serde_json::from_str::<String>(&mended) {
        Ok(value) => Value::Text(Text { value, surrogate }),
        Err(_) => Value::Unfit,
    }
}

/// Puts U+FFFD for escaped halves of surrogate pairs that stand alone, which JSON can write and
/// Unicode text cannot hold. Answers the first such half as well.
fn mend_surrogates(raw: &str) -> (String, Option<u16>) {
    let (mut mended, mut first) = (String::with_capacity(raw.len()), None);
    let mut rest = raw;
    while let Some((before, after)) = rest.split_once('\\') {
        mended.push_str(before);
        let unit = code_unit(after);
        let (escape, next) = match unit {
            Some(0xD800..=0xDBFF) if follows_low_half(after) => split(after, 11),
            Some(0xD800..=0xDFFF) => {
                first = first.or(unit);
                ("ufffd", split(after, 5).1)
            }
            // Also steps over an escaped backslash, so that what follows it is no escape.
            _ => split(after, 1),
        };
        mended.push('\\');
        mended.push_str(escape);
        rest = next;
    }
    mended.push_str(rest);
    (mended, first)
}

/// The code unit of an escape `uXXXX`.
fn code_unit(escape: &str) -> Option<u16> {
    u16::from_str_radix(escape.strip_prefix('u')?.get(..4)?, 16).ok()
}

fn follows_low_half(escape: &str) -> bool {
    let next = escape.get(5..).and_then(|rest| rest.strip_prefix('\\'));
    matches!(next.and_then(code_unit), Some(0xDC00..=0xDFFF))
}

fn split(text: &str, at: usize) -> (&str, &str) {
    text.split_at_checked(at).unwrap_or((text, ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(body: &str) -> (String, Option<u16>) {
        match parse(body).unwrap_or_else(|problem| panic!("{problem:?}")).0.remove("a") {
            Some(Value::Text(Text { value, surrogate })) => (value, surrogate),
            _ => panic!("no text in {body}"),
        }
    }

    #[test]
    fn halves_of_surrogate_pairs_are_found_and_whole_pairs_are_left() {
        assert_eq!(field(r#"{"a":"x\ud83d\ude00\n"}"#), ("x😀\n".into(), None));
        assert_eq!(field(r#"{"a":"\ud83dx\udc00"}"#), ("\u{fffd}x\u{fffd}".into(), Some(0xD83D)));
        assert_eq!(field(r#"{"a":"\ud83d\ud83d\ude00"}"#), ("\u{fffd}😀".into(), Some(0xD83D)));
        assert_eq!(field(r#"{"a":"\\ud83d\\"}"#), (r"\ud83d\".into(), None));
        assert_eq!(field(r#"{"a":"\\\ud83d"}"#), ("\\\u{fffd}".into(), Some(0xD83D)));
    }

    #[test]
    fn of_a_name_that_comes_twice_the_last_value_counts() {
        assert_eq!(field(r#"{"a":"first","\u0061":"last"}"#).0, "last");
    }

    #[test]
    fn depth_costs_no_stack() {
        let deep = format!(r#"{{"a":"x","b":{}{}}}"#, "[".repeat(30_000), "]".repeat(30_000));
        assert_eq!(field(&deep).0, "x");
        assert!(matches!(parse(&"[".repeat(60_000)), Err(Problem::Malformed(_))));
    }
}
