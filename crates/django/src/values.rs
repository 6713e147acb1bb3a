//! What a database's JSON says, as values.

use crate::catalog::Kind;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use doorward_domain::time::Timestamp;
use jiff::SignedDuration;
use jiff::civil::{DateTime, date};
use serde_json::{Number, Value};

const EPOCH: DateTime = date(1970, 1, 1).at(0, 0, 0, 0);

/// An instant: microseconds as PostgreSQL is asked for, or Django's text on SQLite, in UTC. Only years
/// that Django has, 1 to 9999.
pub(crate) fn instant(value: &Value) -> Option<Timestamp> {
    let timestamp = match value {
        Value::Number(micros) => Timestamp::from_micros(micros.as_i64()?),
        Value::String(text) => written_instant(text)?,
        _ => return None,
    };
    civil(timestamp).map(|_| timestamp)
}

fn written_instant(text: &str) -> Option<Timestamp> {
    let text = text.strip_suffix('Z').or_else(|| text.strip_suffix("+00:00")).unwrap_or(text);
    // jiff would read an offset and ignore it.
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit() || b"-: .T".contains(&byte))
        && text.matches('-').count() == 2;
    let read: DateTime = is_plain.then(|| text.parse().ok()).flatten()?;
    let micros = read.duration_since(EPOCH).as_micros();
    i64::try_from(micros).ok().map(Timestamp::from_micros)
}

/// The date and the time in UTC, if it is in a year from 1 to 9999.
fn civil(timestamp: Timestamp) -> Option<DateTime> {
    let civil = EPOCH.checked_add(SignedDuration::from_micros(timestamp.as_micros())).ok()?;
    (civil.year() >= 1).then_some(civil)
}

/// An instant as Django's JSON has it, but with all its microseconds. Outside of Django's years, `None`.
pub(crate) fn iso(timestamp: Timestamp) -> Option<String> {
    civil(timestamp).map(|civil| format!("{civil}Z"))
}

/// An instant as a literal that SQLite's texts and PostgreSQL can be compared with.
pub(crate) fn written(timestamp: Timestamp) -> Option<String> {
    civil(timestamp).map(|civil| civil.strftime("%Y-%m-%d %H:%M:%S%.6f").to_string())
}

/// A flag, however a database writes it. What is not known to be true is not: so does Python read NULL.
pub(crate) fn flag(value: &Value) -> Option<bool> {
    match value {
        Value::Null => Some(false),
        Value::Bool(flag) => Some(*flag),
        Value::Number(number) => number.as_i64().map(|number| number != 0),
        _ => None,
    }
}

/// A UUID as Python's `str` writes it, from that or from its hexadecimal digits.
pub(crate) fn uuid(text: &str) -> Option<String> {
    let digits = text.replace('-', "").to_ascii_lowercase();
    if digits.len() != 32 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let part = |range| digits.get(range).unwrap_or_default();
    let parts = [part(0..8), part(8..12), part(12..16), part(16..20), part(20..32)];
    Some(parts.join("-"))
}

/// An attribute as Django's JSON serialiser would write it, whatever the database. What cannot be
/// read as the column's kind stays as it is.
pub(crate) fn attribute(kind: Kind, value: Value) -> Value {
    let read = match (kind, &value) {
        (_, Value::Null) => None,
        (Kind::Flag, value) => flag(value).map(Value::Bool),
        (Kind::Instant, value) => instant(value).and_then(iso).map(Value::String),
        (Kind::Uuid, Value::String(text)) => uuid(text).map(Value::String),
        (Kind::Binary, Value::String(hex)) => bytes(hex).map(|bytes| Value::String(STANDARD.encode(bytes))),
        (Kind::Fraction, Value::String(digits)) => {
            digits.parse().ok().and_then(Number::from_f64).map(Value::Number)
        }
        (Kind::JsonText, Value::String(json)) => member(json),
        _ => None,
    };
    read.unwrap_or(value)
}

/// JSON that can be read as a part of something else, which costs a level.
fn member(json: &str) -> Option<Value> {
    serde_json::from_str(&format!("[{json}]")).ok().map(|[value]: [Value; 1]| value)
}

fn bytes(hex: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> = hex.chars().map(|c| c.to_digit(16)?.try_into().ok()).collect::<Option<_>>()?;
    let (pairs, rest) = digits.as_chunks::<2>();
    rest.is_empty().then(|| pairs.iter().map(|[high, low]| high << 4 | low).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn micros(value: &Value) -> Option<i64> {
        instant(value).map(Timestamp::as_micros)
    }

    #[test]
    fn instants_are_exact_to_the_microsecond() {
        for (text, expected) in [
            ("2024-05-01 12:00:00.123456", 1_714_564_800_123_456),
            ("2024-05-01 12:00:00", 1_714_564_800_000_000),
            ("2024-05-01T12:00:00.1Z", 1_714_564_800_100_000),
            ("2024-05-01 12:00:00+00:00", 1_714_564_800_000_000),
            ("1969-12-31 23:59:59.999999", -1),
            ("0001-01-01 00:00:00", -62_135_596_800_000_000),
            ("9999-12-31 23:59:59.999999", 253_402_300_799_999_999),
        ] {
            assert_eq!(micros(&json!(text)), Some(expected), "{text}");
            assert_eq!(micros(&json!(expected)), Some(expected));
            assert_eq!(micros(&json!(iso(Timestamp::from_micros(expected)).unwrap())), Some(expected));
            assert_eq!(micros(&json!(written(Timestamp::from_micros(expected)).unwrap())), Some(expected));
        }
    }

    #[test]
    fn what_is_no_instant_of_django_is_refused() {
        for value in [
            json!("infinity"),
            json!("2024-05-01 12:00:00+02:00"),
            json!("2024-05-01 12:00:00-02:00"),
            json!("2024-13-01 12:00:00"),
            json!("0000-12-31 12:00:00"),
            json!("yesterday"),
            json!(""),
            json!(253_402_300_800_000_000_i64),
            json!(i64::MAX),
            json!(i64::MIN),
            json!(1.5),
            json!(true),
        ] {
            assert_eq!(micros(&value), None, "{value}");
        }
    }

    #[test]
    fn a_uuid_is_written_as_python_does() {
        let dashed = "01234567-89ab-cdef-0123-456789abcdef";
        assert_eq!(uuid("0123456789abcdef0123456789abcdef").as_deref(), Some(dashed));
        assert_eq!(uuid(dashed).as_deref(), Some(dashed));
        for other in ["", "0123", "g123456789abcdef0123456789abcdef", "é123456789abcdef0123456789abcde"] {
            assert_eq!(uuid(other), None, "{other}");
        }
    }

    #[test]
    fn json_that_cannot_be_read_or_written_again_stays_a_text() {
        let levels = |count| format!("{}{}", "[".repeat(count), "]".repeat(count));
        for json in ["9".repeat(400), levels(127), r#""\ud800""#.to_owned(), "1,2".to_owned()] {
            assert_eq!(attribute(Kind::JsonText, json!(json)), json!(json));
        }
        let deepest = attribute(Kind::JsonText, json!(levels(126)));
        assert!(deepest.is_array());
        let kept = crate::attributes::write([("x".to_owned(), deepest.clone())].into());
        assert_eq!(crate::attributes::read(&kept).get("x"), Some(&deepest));
    }

    #[test]
    fn attributes_read_the_same_from_either_database() {
        for (kind, sqlite, postgres) in [
            (Kind::Flag, json!(1), json!(true)),
            (Kind::Instant, json!("2024-05-01 12:00:00.5"), json!(1_714_564_800_500_000_i64)),
            (
                Kind::Uuid,
                json!("0123456789abcdef0123456789abcdef"),
                json!("01234567-89ab-cdef-0123-456789abcdef"),
            ),
            (Kind::Binary, json!("00FF"), json!("00ff")),
            (Kind::JsonText, json!("{\"a\": [1, null]}"), json!({"a": [1, null]})),
            (Kind::Fraction, json!("0.33333333333333331"), json!(1.0 / 3.0)),
            (Kind::Fraction, json!(7), json!(7)),
            (Kind::Flag, json!(null), json!(null)),
        ] {
            assert_eq!(attribute(kind, sqlite), attribute(kind, postgres));
        }
        assert_eq!(attribute(Kind::JsonText, json!("\"a\"")), json!("a"));
        assert_eq!(attribute(Kind::Binary, json!("00FF")), json!("AP8="));
        assert_eq!(attribute(Kind::Fraction, json!("Inf")), json!("Inf"));
        assert_eq!(attribute(Kind::Instant, json!("soon")), json!("soon"));
    }
}
