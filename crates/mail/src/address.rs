//! Addresses as they stand in commands and headers: in ASCII.

use lettre::Address;

/// The address as every mail server takes it: its domain in ASCII (RFC 5891), an IPv6 address with
/// its tag (RFC 5321, section 4.1.3).
///
/// # Errors
/// What mail cannot be sent to, in words.
pub(crate) fn deliverable(address: &str) -> Result<Address, &'static str> {
    let (local, domain) = address.rsplit_once('@').ok_or("the address has no @")?;
    if !local.is_ascii() {
        return Err("the address has letters before the @ that only SMTPUTF8 (RFC 6531) could carry");
    }
    let literal = domain.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let domain = match literal {
        Some(ip) if ip.contains(':') && !ip.starts_with("IPv6:") => format!("[IPv6:{ip}]"),
        Some(_) => domain.to_owned(),
        None => idna::domain_to_ascii(domain).map_err(|_| "the address's domain has no ASCII form")?,
    };
    if !domain.is_ascii() {
        return Err("the address's domain has no ASCII form");
    }
    Address::new(local, domain).map_err(|_| "mail cannot be sent to an address of this form")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_written_in_ascii() {
        for (typed, sent) in [
            ("alice@example.org", "alice@example.org"),
            ("al.ice+x@localhost", "al.ice+x@localhost"),
            ("alice@b\u{fc}cher.example", "alice@xn--bcher-kva.example"),
            ("\"a b\"@example.org", "\"a b\"@example.org"),
            ("alice@[127.0.0.1]", "alice@[127.0.0.1]"),
            ("alice@[2001:db8::1]", "alice@[IPv6:2001:db8::1]"),
        ] {
            assert_eq!(deliverable(typed).map(|address| address.to_string()).as_deref(), Ok(sent));
        }
    }

    #[test]
    fn what_could_end_a_command_or_a_header_is_no_address() {
        for typed in [
            "alice",
            "@example.org",
            "\u{e9}lise@example.org",
            "alice@example.org\r\nRCPT TO:<eve@example.org>",
            "alice\r\nBcc: eve@example.org@example.org",
            "\"a\r\nBcc: eve\"@example.org",
            "\"a\\\r\\\nb\"@example.org",
            "alice>@example.org",
            "alice@example.org>",
            "a lice@example.org",
            "alice@exa mple.org",
            "alice@[127.0.0.1\r\n]",
            "alice@",
        ] {
            assert!(deliverable(typed).is_err(), "{typed:?}");
        }
    }
}
