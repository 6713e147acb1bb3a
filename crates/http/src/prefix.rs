use std::fmt;

/// Where a group of paths begins, as in `/auth/`: slashes at both ends, and names between them.
///
/// ```
/// use doorward_http::PathPrefix;
///
/// assert_eq!(PathPrefix::parse("/dj-rest-auth/").unwrap().as_str(), "/dj-rest-auth/");
/// assert!(PathPrefix::parse("auth").is_err());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathPrefix(String);

/// Why a text is not the beginning of paths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PathPrefixError {
    /// It does not begin and end with a slash.
    #[error("must begin and end with a slash, as in /auth/")]
    NoSlash,
    /// A name in it is empty, is a step (`.`, `..`), or has a character that paths would escape.
    #[error("must be names of letters, digits and -._~ between single slashes, as in /auth/")]
    NotPlain,
}

impl PathPrefix {
    /// Reads a prefix.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, PathPrefixError> {
        let inside = text.strip_prefix('/').ok_or(PathPrefixError::NoSlash)?;
        let is_plain = |name: &str| {
            let unreserved = |c: char| c.is_ascii_alphanumeric() || "-._~".contains(c);
            !matches!(name, "" | "." | "..") && name.chars().all(unreserved)
        };
        match inside.strip_suffix('/') {
            None if !inside.is_empty() => Err(PathPrefixError::NoSlash),
            Some(names) if !names.split('/').all(is_plain) => Err(PathPrefixError::NotPlain),
            _ => Ok(Self(text.to_owned())),
        }
    }

    /// The text, with both slashes.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// A path with this prefix in place of its first placeholder, which it begins with.
    pub(crate) fn fill(&self, path: &str) -> String {
        format!("{self}{}", path.split_once('}').map_or(path, |(_, rest)| rest))
    }
}

impl fmt::Display for PathPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_is_plain_names_between_slashes() {
        for text in ["/", "/auth/", "/api/v1/auth/", "/dj-rest-auth/", "/~a.b_c/"] {
            assert_eq!(PathPrefix::parse(text).unwrap().as_str(), text);
        }
        for text in ["", "auth", "auth/", "/auth", " /auth/"] {
            assert_eq!(PathPrefix::parse(text), Err(PathPrefixError::NoSlash), "{text}");
        }
        for text in ["//", "/a//b/", "/a/../b/", "/./", "/{a}/", "/a b/", "/ä/", "/a%2F/", "/a?b/"] {
            assert_eq!(PathPrefix::parse(text), Err(PathPrefixError::NotPlain), "{text}");
        }
    }
}
