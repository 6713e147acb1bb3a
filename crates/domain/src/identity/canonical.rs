use icu_casemap::CaseMapper;
use icu_normalizer::ComposingNormalizer;
use std::fmt;

/// The form under which usernames and e-mail addresses are unique and looked up: NFKC, full case
/// folding, NFKC again (the Unicode Standard, section 3.13, D147 without default ignorables).
///
/// `admin`, `Admin` and `ａｄｍｉｎ` are one name; so are an address written with the Kelvin sign and
/// the one written with a `k` (CVE-2019-19844 is what happens otherwise).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CanonicalName(String);

impl CanonicalName {
    /// The canonical form of any text. Total: what was typed at a login is folded like what was
    /// stored, and is then found or not.
    pub fn of(text: &str) -> Self {
        if text.is_ascii() {
            return Self(text.to_ascii_lowercase());
        }
        let nfkc = ComposingNormalizer::new_nfkc();
        let folded = CaseMapper::new().fold_string(&nfkc.normalize(text)).into_owned();
        Self(nfkc.normalize(&folded).into_owned())
    }

    /// The canonical text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for CanonicalName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn look_alikes_of_one_compatibility_class_fold_together() {
        for variant in ["admin", "Admin", "ADMIN", "ａｄｍｉｎ", "ⓐdmin"] {
            assert_eq!(CanonicalName::of(variant).as_str(), "admin", "{variant}");
        }
        assert_eq!(CanonicalName::of("\u{212A}ate"), CanonicalName::of("kate"));
        assert_eq!(CanonicalName::of("straße"), CanonicalName::of("STRASSE"));
        assert_eq!(CanonicalName::of("ﬁ"), CanonicalName::of("fi"));
    }

    #[test]
    fn folding_is_idempotent() {
        for text in ["İstanbul", "ǅ", "ΌΣΟΣ", "ẞ", "ﬃ", "½"] {
            let once = CanonicalName::of(text);
            assert_eq!(CanonicalName::of(once.as_str()), once, "{text}");
        }
    }
}
