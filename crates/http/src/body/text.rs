use super::{Body, Value};

/// The value of a string field.
#[derive(Clone)]
pub(crate) struct Text {
    /// The text; where half of a surrogate pair stood alone, it has U+FFFD.
    pub(crate) value: String,
    /// The first such half: no text may hold one.
    pub(crate) surrogate: Option<u16>,
}

/// Whether white space around a value is taken off.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trim {
    /// As REST framework does.
    Yes,
    /// The value is taken as it is sent.
    No,
}

/// Why a value is no text, in REST framework's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unfit {
    #[error("This field is required.")]
    Missing,
    #[error("This field may not be null.")]
    Null,
    #[error("This field may not be blank.")]
    Blank,
    #[error("Not a valid string.")]
    NotAString,
}

impl Text {
    pub(super) fn new(value: impl Into<String>) -> Self {
        Self { value: value.into(), surrogate: None }
    }

    /// What no string field may hold.
    pub(crate) fn forbidden_characters(&self) -> impl Iterator<Item = String> + '_ {
        let null = self.value.contains('\0').then(|| "Null characters are not allowed.".to_owned());
        null.into_iter().chain(self.forbidden_surrogate())
    }

    /// The half of a surrogate pair, if it has one.
    pub(crate) fn forbidden_surrogate(&self) -> Option<String> {
        let told = |half| format!("Surrogate characters are not allowed: U+{half:X}.");
        self.surrogate.map(told)
    }
}

impl Body {
    /// Whether the body names this field at all.
    pub(crate) fn has(&self, field: &str) -> bool {
        self.0.contains_key(field)
    }

    /// The field as a text that is not blank.
    pub(crate) fn text(&self, field: &str, trim: Trim) -> Result<Text, Unfit> {
        let text = self.text_or_blank(field, trim)?;
        if text.value.is_empty() { Err(Unfit::Blank) } else { Ok(text) }
    }

    /// The field as a text.
    pub(crate) fn text_or_blank(&self, field: &str, trim: Trim) -> Result<Text, Unfit> {
        match (self.0.get(field), trim) {
            (None, _) => Err(Unfit::Missing),
            (Some(Value::Null), _) => Err(Unfit::Null),
            (Some(Value::Unfit), _) => Err(Unfit::NotAString),
            (Some(Value::Text(text)), Trim::No) => Ok(text.clone()),
            (Some(Value::Text(text)), Trim::Yes) => {
                Ok(Text { value: strip(&text.value).to_owned(), surrogate: text.surrogate })
            }
        }
    }
}

/// Python's `str.strip`: to Python the four separators before the space are white space too.
fn strip(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_space_is_what_python_calls_so() {
        assert_eq!(strip("\u{a0}\u{2003}\t x y\n\u{1c}\u{1f}\u{85}"), "x y");
        assert_eq!(strip("\u{200b}x\u{feff}"), "\u{200b}x\u{feff}");
    }
}
