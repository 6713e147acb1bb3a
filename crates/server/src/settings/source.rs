use super::{Problem, Settings};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs;
use zeroize::Zeroizing;

/// The environment variables of a process that concern the server: those that begin with
/// `DOORWARD_`.
///
/// `DOORWARD__TOKENS__ACCESS_LIFETIME` is the setting `tokens.access_lifetime`, and
/// `DOORWARD__SECRET__KEY_FILE` names a file that holds the setting `secret.key`. The values of a
/// list are separated by commas.
#[derive(Clone, Default)]
pub struct Environment(BTreeMap<String, Zeroizing<String>>);

const PREFIX: &str = "DOORWARD_";
const SETTING: &str = "DOORWARD__";
const FILE: &str = "_file";

impl Environment {
    /// The variables of this process. One that is not UTF-8 is passed over.
    pub fn of_process() -> Self {
        let text = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        };
        Self::from_pairs(std::env::vars_os().filter_map(text))
    }

    /// These variables.
    pub fn from_pairs<N: Into<String>, V: Into<String>>(pairs: impl IntoIterator<Item = (N, V)>) -> Self {
        let pairs = pairs.into_iter().map(|(name, value)| (name.into(), Zeroizing::new(value.into())));
        Self(pairs.filter(|(name, _)| name.starts_with(PREFIX)).collect())
    }

    /// The value of a variable, if it is set and not empty.
    pub fn var(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(|value| value.as_str()).filter(|value| !value.is_empty())
    }

    /// The settings among the variables, by their keys, with those that cannot be read.
    pub(super) fn settings(&self, known: &KnownKeys) -> (Vec<(String, config::Value)>, Vec<Problem>) {
        let (mut values, mut problems) = (BTreeMap::new(), Vec::new());
        for (name, value) in &self.0 {
            let Some(rest) = name.strip_prefix(SETTING) else { continue };
            let key = rest.to_ascii_lowercase().replace("__", ".");
            let found = match (known.kind(&key), key.strip_suffix(FILE)) {
                (Some(kind), _) => Ok((key.clone(), kind.value(value))),
                (None, Some(key)) if known.kind(key).is_some() => known.in_file(key, value),
                (None, _) => Err(known.unknown(&key)),
            };
            match found {
                Ok((key, value)) => {
                    if values.insert(key.clone(), value).is_some() {
                        problems.push(Problem::new(
                            key,
                            format!("{name} is set, and the same without _FILE too; set one"),
                        ));
                    }
                }
                Err(what) => problems.push(Problem::new(name, what)),
            }
        }
        (values.into_iter().collect(), problems)
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// Whether a setting is one value or a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    One,
    List,
}

impl Kind {
    fn value(self, text: &str) -> config::Value {
        match self {
            Self::One => config::Value::new(None, text),
            Self::List => {
                let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
                config::Value::new(None, parts.map(config::Value::from).collect::<Vec<_>>())
            }
        }
    }
}

/// Every key that there is, read off the defaults.
pub(super) struct KnownKeys(BTreeMap<String, Kind>);

impl KnownKeys {
    pub(super) fn new() -> Self {
        let defaults = serde_json::to_value(Settings::default()).unwrap_or_default();
        let sections = defaults.as_object().into_iter().flatten();
        let keys = sections.flat_map(|(section, keys)| {
            keys.as_object().into_iter().flatten().map(move |(key, value)| {
                (format!("{section}.{key}"), if value.is_array() { Kind::List } else { Kind::One })
            })
        });
        Self(keys.collect())
    }

    pub(super) fn kind(&self, key: &str) -> Option<Kind> {
        self.0.get(key).copied()
    }

    #[cfg(test)]
    pub(super) fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// What to say of a key that there is not.
    pub(super) fn unknown(&self, key: &str) -> String {
        let section = key.split('.').next().unwrap_or_default();
        let split = || self.0.keys().filter_map(|known| known.split_once('.'));
        let siblings: Vec<_> = split().filter(|(of, _)| *of == section).map(|(_, name)| name).collect();
        if siblings.is_empty() {
            let sections: BTreeSet<_> = split().map(|(section, _)| section).collect();
            let sections: Vec<_> = sections.into_iter().collect();
            format!("there is no such setting; the sections are {}", sections.join(", "))
        } else {
            format!("there is no such setting; [{section}] has {}", siblings.join(", "))
        }
    }

    fn in_file(&self, key: &str, path: &str) -> Result<(String, config::Value), String> {
        let text = fs::read_to_string(path).map_err(|error| format!("{path} cannot be read: {error}"))?;
        let text = Zeroizing::new(text);
        let kind = self.kind(key).unwrap_or(Kind::One);
        Ok((key.to_owned(), kind.value(text.trim_end_matches(['\r', '\n']))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_names_alone() {
        let environment = Environment::from_pairs([("DOORWARD__SECRET__KEY", "hunter2"), ("HOME", "/root")]);
        assert_eq!(format!("{environment:?}"), r#"{"DOORWARD__SECRET__KEY"}"#);
    }
}
