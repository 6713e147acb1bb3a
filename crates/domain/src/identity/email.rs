use super::{CanonicalName, TextError, text_errors};
use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

/// An e-mail address that Django's `EmailValidator` accepts, stored as Django does: what was typed,
/// with the domain in lower case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmailAddress {
    stored: String,
    canonical: CanonicalName,
}

/// Why a text is not an e-mail address. `Display` is the sentence that Django answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EmailError {
    /// Another account has this address, or has it as its username.
    #[error("A user with that email already exists.")]
    Taken,
    /// Too long, or not storable.
    #[error(transparent)]
    Text(#[from] TextError),
    /// Not of the form `local@domain`.
    #[error("Enter a valid email address.")]
    Invalid,
}

impl EmailAddress {
    /// The most code points of an address, Django's limit.
    pub const MAX_CHARS: usize = 254;

    /// Parses what was typed.
    ///
    /// # Errors
    /// Every rule that is broken, in REST framework's order; never an empty list.
    pub fn parse(typed: &str) -> Result<Self, Vec<EmailError>> {
        let mut errors: Vec<_> = text_errors(typed, Self::MAX_CHARS).map(EmailError::Text).collect();
        let parts = typed.rsplit_once('@');
        let parts = parts.filter(|(local, domain)| is_local_part(local) && is_domain_part(domain));
        match parts {
            Some((local, domain)) if errors.is_empty() => {
                Ok(Self::from_stored(format!("{local}@{}", normal_domain(domain))))
            }
            Some(_) => Err(errors),
            None => {
                errors.push(EmailError::Invalid);
                Err(errors)
            }
        }
    }

    /// An address as a database holds it, not checked again.
    pub fn from_stored(stored: String) -> Self {
        Self { canonical: CanonicalName::of(&stored), stored }
    }

    /// The text as stored and shown.
    pub fn as_str(&self) -> &str {
        &self.stored
    }

    /// The form under which it is unique.
    pub fn canonical(&self) -> &CanonicalName {
        &self.canonical
    }
}

impl fmt::Display for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.stored)
    }
}

/// In lower case, as Django stores it. What is not ASCII can be written in many ways that lead to one
/// mailbox, of which the normal one is stored (UTS 46).
fn normal_domain(domain: &str) -> String {
    if domain.is_ascii() { domain.to_ascii_lowercase() } else { idna::domain_to_unicode(domain).0 }
}

/// A dot-atom or a quoted string (RFC 5321, section 4.1.2).
fn is_local_part(text: &str) -> bool {
    is_dot_atom(text) || is_quoted_string(text)
}

fn is_dot_atom(text: &str) -> bool {
    let atom = |c: char| c.is_ascii_alphanumeric() || "-!#$%&'*+/=?^_`{}|~".contains(c);
    text.split('.').all(|part| !part.is_empty() && part.chars().all(atom))
}

fn is_quoted_string(text: &str) -> bool {
    let Some(inner) = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) else {
        return false;
    };
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        let valid = if c == '\\' {
            chars.next().is_some_and(|c| matches!(c, '\x01'..='\x09' | '\x0B' | '\x0C' | '\x0E'..='\x7F'))
        } else {
            matches!(c, '\x01'..='\x08' | '\x0B' | '\x0C' | '\x0E'..='\x1F' | '!' | '#'..='[' | ']'..='\x7F')
        };
        if !valid {
            return false;
        }
    }
    true
}

/// A host name of two labels at least, `localhost`, an address literal, or a name that becomes one
/// of these in its ASCII form (UTS 46).
fn is_domain_part(text: &str) -> bool {
    text == "localhost"
        || is_host_name(text)
        || is_address_literal(text)
        || (!text.is_ascii() && idna::domain_to_ascii(text).is_ok_and(|ascii| is_host_name(&ascii)))
}

fn is_host_name(text: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !label.ends_with('-')
    };
    let Some((labels, top)) = text.rsplit_once('.') else { return false };
    labels.split('.').all(|l| label(l) && !l.starts_with('-')) && label(top) && top.len() >= 2
}

fn is_address_literal(text: &str) -> bool {
    let inner = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    inner.is_some_and(|a| a.parse::<Ipv4Addr>().is_ok() || a.parse::<Ipv6Addr>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_django_accepts_are_accepted() {
        for address in [
            "email@here.com",
            "weirder-email@here.and.there.com",
            "!def!xyz%abc@example.com",
            "email@[127.0.0.1]",
            "email@[2001:db8::1]",
            "example@valid-----hyphens.com",
            "test@domain.with.idn.tld.उदाहरण.परीक्षा",
            "email@localhost",
            "\"\\\x09\"@here.com",
            "x@y.a-b",
        ] {
            assert!(EmailAddress::parse(address).is_ok(), "{address:?}");
        }
    }

    #[test]
    fn addresses_that_django_refuses_are_refused() {
        for address in [
            "",
            "abc",
            "abc@",
            "abc@bar",
            "a @x.cz",
            "abc@.com",
            "a@b,c@d.com",
            "a b@c.com",
            "a;b@c.com",
            "something@@somewhere.com",
            "email@127.0.0.1",
            "email@[127.0.0.256]",
            "email@[::ffff::1]",
            "example@invalid-.com",
            "example@-invalid.com",
            "example@inv-.alid-.com",
            "a@b.c-",
            "\"\\\x0A\"@here.com",
            "a\r\nBcc:b@c.com",
            "trailingdot@shouldfail.com.",
            "Bob <bob@x.org>",
            ".a@b.com",
            "a..b@c.com",
            "victim＠example.com",
            "a@b.c",
        ] {
            assert_eq!(EmailAddress::parse(address).unwrap_err(), [EmailError::Invalid], "{address:?}");
        }
    }

    #[test]
    fn only_the_domain_is_lower_cased_and_the_canonical_form_folds_all() {
        let address = EmailAddress::parse("Alice@EXAMPLE.Com").unwrap();
        assert_eq!(address.as_str(), "Alice@example.com");
        assert_eq!(address.canonical().as_str(), "alice@example.com");
    }

    #[test]
    fn spellings_of_a_domain_that_reach_one_mailbox_are_one_address() {
        let canonical = |typed| EmailAddress::parse(typed).unwrap().canonical().clone();
        for typed in ["a@ex\u{200B}ample.org", "a@example\u{3002}org", "a@ｅxample.org"] {
            assert_eq!(canonical(typed).as_str(), "a@example.org", "{typed}");
        }
        assert_eq!(EmailAddress::parse("a@BÜCHER.example").unwrap().as_str(), "a@bücher.example");
    }

    #[test]
    fn the_limit_is_254_code_points() {
        let of_length = |n: usize| format!("{}@example.com", "a".repeat(n - 12));
        assert!(EmailAddress::parse(&of_length(254)).is_ok());
        assert_eq!(
            EmailAddress::parse(&of_length(255)).unwrap_err(),
            [TextError::TooLong { limit: 254 }.into()]
        );
    }
}
