//! The members of an account's attributes.

use doorward_domain::takeover::Attributes;
use serde_json::Value;
use std::collections::BTreeMap;

/// In the order of their names, so that the same members are the same text.
pub(crate) type Members = BTreeMap<String, Value>;

/// The same attributes with the member `email`: for an account that comes in without its address,
/// so that an export gives it back.
///
/// ```
/// use doorward_django::keep_address;
/// use doorward_domain::takeover::Attributes;
///
/// let kept = keep_address(&Attributes::from_json(r#"{"phone":"1"}"#), "ada@example.com");
/// assert_eq!(kept.as_json(), r#"{"email":"ada@example.com","phone":"1"}"#);
/// ```
#[must_use]
pub fn keep_address(attributes: &Attributes, address: &str) -> Attributes {
    let mut members = read(attributes);
    members.insert("email".to_owned(), Value::String(address.to_owned()));
    write(members)
}

/// The members; none of what is no object.
pub(crate) fn read(attributes: &Attributes) -> Members {
    serde_json::from_str(attributes.as_json()).unwrap_or_default()
}

pub(crate) fn write(members: Members) -> Attributes {
    Attributes::from_json(Value::Object(members.into_iter().collect()).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_replaces_one_that_was_kept() {
        let kept = keep_address(&Attributes::from_json(r#"{"email":null,"a":[1]}"#), "x@y.z");
        assert_eq!(kept.as_json(), r#"{"a":[1],"email":"x@y.z"}"#);
        assert_eq!(keep_address(&Attributes::default(), "\"").as_json(), r#"{"email":"\""}"#);
    }
}
