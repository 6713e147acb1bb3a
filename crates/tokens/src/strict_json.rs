//! JSON objects in which no member name occurs twice.
//!
//! A parser that takes the last of two equal names and one that takes the first read two different
//! tokens from one signature. RFC 7515, section 4, and RFC 7519, section 4, allow to refuse both.

use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};
use std::fmt;

/// The object that `json` is; `None` if it is none, or if a name in it, at any depth, occurs twice.
pub(crate) fn object(json: &[u8]) -> Option<Map<String, Value>> {
    match serde_json::from_slice(json) {
        Ok(Unambiguous(Value::Object(members))) => Some(members),
        _ => None,
    }
}

/// A value without a repeated name.
struct Unambiguous(Value);

impl<'de> Deserialize<'de> for Unambiguous {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyValue).map(Self)
    }
}

struct AnyValue;

impl<'de> Visitor<'de> for AnyValue {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(Unambiguous(value)) = sequence.next_element()? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some((name, Unambiguous(value))) = members.next_entry::<String, _>()? {
            if object.insert(name, value).is_some() {
                return Err(de::Error::custom("a name occurs twice"));
            }
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_is_read_as_serde_reads_it() {
        let json = r#"{"a":null,"b":[true,-1,2,0.5,18446744073709551615],"c":{"a":"é\n"},"":"x"}"#;
        assert_eq!(object(json.as_bytes()).map(Value::Object), serde_json::from_str(json).ok());
    }

    #[test]
    fn a_repeated_name_is_refused_at_any_depth() {
        for json in [
            r#"{"a":1,"a":1}"#,
            r#"{"a":1,"\u0061":2}"#,
            r#"{"x":{"a":1,"a":2}}"#,
            r#"{"x":[{"a":1,"a":2}]}"#,
        ] {
            assert_eq!(object(json.as_bytes()), None, "{json}");
        }
    }

    #[test]
    fn what_is_not_an_object_is_refused() {
        let deep = "[".repeat(4000);
        let others = ["", "null", "1", "[]", "\"x\"", "{}x", "{", "\u{feff}{}", "{\"a\":NaN}", &deep];
        for json in others {
            assert_eq!(object(json.as_bytes()), None, "{json}");
        }
        assert_eq!(object(b"{\"a\":\"\xff\"}"), None);
    }
}
