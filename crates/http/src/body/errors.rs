use serde::ser::{Serialize, SerializeMap, Serializer};
use std::fmt::Display;

/// What is wrong with a body, field by field, in the order in which the fields are declared.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct FieldErrors(Vec<(&'static str, Vec<String>)>);

impl FieldErrors {
    /// One error of one field.
    pub(crate) fn one(field: &'static str, text: impl Into<String>) -> Self {
        Self(vec![(field, vec![text.into()])])
    }

    /// Whether nothing is wrong.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds the errors of a field; a field without errors is not mentioned.
    pub(crate) fn add<E: Display>(&mut self, field: &'static str, errors: impl IntoIterator<Item = E>) {
        let told: Vec<_> = errors.into_iter().map(|error| error.to_string()).collect();
        if !told.is_empty() {
            self.0.push((field, told));
        }
    }
}

impl Serialize for FieldErrors {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (field, errors) in &self.0 {
            map.serialize_entry(field, errors)?;
        }
        map.end()
    }
}
