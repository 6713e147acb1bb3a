/// Why a word is not one of those that a setting may have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{found}\" is none of {}", words.join(", "))]
pub struct WordError {
    found: String,
    words: &'static [&'static str],
}

impl WordError {
    pub(super) fn new(found: String, words: &'static [&'static str]) -> Self {
        Self { found, words }
    }
}

/// An enum whose variants are words in files and in the environment.
macro_rules! words {
    ($(#[$about:meta])* $name:ident { $($(#[$meaning:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub enum $name { $($(#[$meaning])* $variant,)+ }

        impl TryFrom<String> for $name {
            type Error = $crate::settings::WordError;

            fn try_from(text: String) -> Result<Self, $crate::settings::WordError> {
                match text.as_str() {
                    $($word => Ok(Self::$variant),)+
                    _ => Err($crate::settings::WordError::new(text, &[$($word),+])),
                }
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> Self {
                match value { $($name::$variant => $word,)+ }.to_owned()
            }
        }
    };
}

pub(super) use words;
