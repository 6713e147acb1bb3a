//! What OPTIONS tells about a path, in REST framework's form.

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

/// A path's name and what it takes. simplejwt's clients find simplejwt's words here.
#[derive(Serialize)]
pub(crate) struct Offer {
    name: &'static str,
    description: &'static str,
    renders: [&'static str; 1],
    parses: [&'static str; 3],
    #[serde(skip_serializing_if = "Option::is_none")]
    actions: Option<Actions>,
}

/// A field that a body may or an answer does have.
#[derive(Clone, Copy, Serialize)]
pub(crate) struct OfferedField {
    #[serde(skip)]
    name: &'static str,
    #[serde(rename = "type")]
    kind: &'static str,
    required: bool,
    read_only: bool,
    label: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    help_text: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_length: Option<u16>,
}

#[derive(Serialize)]
struct Actions {
    #[serde(rename = "POST", serialize_with = "by_name")]
    post: &'static [OfferedField],
}

impl Offer {
    pub(crate) const fn new(name: &'static str) -> Self {
        Self {
            name,
            description: "",
            renders: ["application/json"],
            parses: ["application/json", "application/x-www-form-urlencoded", "multipart/form-data"],
            actions: None,
        }
    }

    pub(crate) const fn describe(self, description: &'static str) -> Self {
        Self { description, ..self }
    }

    /// The fields of POST.
    pub(crate) const fn takes(self, post: &'static [OfferedField]) -> Self {
        Self { actions: Some(Actions { post }), ..self }
    }
}

impl OfferedField {
    /// A string that must be there.
    pub(crate) const fn required(name: &'static str, label: &'static str) -> Self {
        Self {
            name,
            kind: "string",
            required: true,
            read_only: false,
            label,
            help_text: None,
            max_length: None,
        }
    }

    /// A string that only answers have.
    pub(crate) const fn answered(name: &'static str, label: &'static str) -> Self {
        Self { required: false, read_only: true, ..Self::required(name, label) }
    }

    pub(crate) const fn of_kind(self, kind: &'static str) -> Self {
        Self { kind, ..self }
    }

    pub(crate) const fn at_most(self, characters: u16) -> Self {
        Self { max_length: Some(characters), ..self }
    }

    pub(crate) const fn help(self, text: &'static str) -> Self {
        Self { help_text: Some(text), ..self }
    }
}

fn by_name<S: Serializer>(fields: &&'static [OfferedField], serializer: S) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(Some(fields.len()))?;
    for field in *fields {
        map.serialize_entry(field.name, field)?;
    }
    map.end()
}
