//! Bodies as REST framework takes them: JSON, form-encoded and multipart alike, read to a flat
//! [`Body`] of named values. What a field must be is asked by the endpoint.

mod errors;
mod fields;
mod form;
mod json;
mod media_type;
mod multipart;
mod number;
mod read;
mod text;

pub(crate) use errors::FieldErrors;
pub(crate) use fields::{Fields, INVALID_VALUE, email_errors};
pub(crate) use read::{Limits, read};
pub(crate) use text::{Text, Trim, Unfit};

use std::collections::HashMap;

/// The named values of a body. It has no `Debug`: passwords are in it.
#[derive(Default)]
pub(crate) struct Body(HashMap<String, Value>);

/// A value, as far as a string field asks.
enum Value {
    /// JSON's null.
    Null,
    /// A string, or a number in Python's notation.
    Text(Text),
    /// What no string field takes: a boolean, a list, an object, a file.
    Unfit,
}
