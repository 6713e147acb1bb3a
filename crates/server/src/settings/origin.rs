use actix_web::http::Uri;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

/// A scheme, a host and a port, and nothing else: `https://id.example.org` (RFC 6454, section 4).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Origin {
    text: String,
    is_https: bool,
    is_loopback: bool,
}

/// Why a text is not an origin.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OriginError {
    /// It would let every page of the web in.
    #[error("every origin is too many; name those that you know, as in https://app.example.org")]
    Everybody,
    /// Not a scheme, a host and a port alone.
    #[error("\"{0}\" is not a scheme, a host and perhaps a port alone, as in https://id.example.org")]
    Malformed(String),
}

impl Origin {
    /// Where a server answers that nobody configured: `http://127.0.0.1:8000`.
    pub fn local() -> Self {
        Self { text: "http://127.0.0.1:8000".to_owned(), is_https: false, is_loopback: true }
    }

    /// The text, without a slash at its end.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether what is sent there crosses a network in the clear.
    pub fn is_readable_on_the_way(&self) -> bool {
        !self.is_https && !self.is_loopback
    }

    /// Whether it is this machine.
    pub fn is_loopback(&self) -> bool {
        self.is_loopback
    }
}

impl FromStr for Origin {
    type Err = OriginError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        if text == "*" {
            return Err(OriginError::Everybody);
        }
        let malformed = || OriginError::Malformed(without_credentials(text));
        let lower = text.strip_suffix('/').unwrap_or(text).to_ascii_lowercase();
        let uri: Uri = lower.parse().map_err(|_| malformed())?;
        let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
            return Err(malformed());
        };
        let is_https = scheme == "https";
        let (host, port) = (authority.host(), authority.port_u16());
        let plain = match port {
            Some(port) => format!("{scheme}://{host}:{port}"),
            None => format!("{scheme}://{host}"),
        };
        // What is not in the plain form again had a path, a query, credentials or an odd port.
        if host.is_empty() || !matches!(scheme, "http" | "https") || plain != lower {
            return Err(malformed());
        }
        Ok(Self { text: lower, is_https, is_loopback: is_loopback(host) })
    }
}

impl TryFrom<String> for Origin {
    type Error = OriginError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Origin> for String {
    fn from(origin: Origin) -> Self {
        origin.text
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// A URL that is shown in an error must not show a password.
fn without_credentials(text: &str) -> String {
    match (text.split_once("://"), text.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, rest))) => format!("{scheme}://…@{rest}"),
        _ => text.to_owned(),
    }
}

/// Whether a host's name or address is this machine.
pub(super) fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || host.ends_with(".localhost")
        || address.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_a_scheme_a_host_and_perhaps_a_port() {
        for (text, origin) in [
            ("https://id.example.org", "https://id.example.org"),
            ("https://id.example.org/", "https://id.example.org"),
            ("HTTPS://ID.Example.org:8443", "https://id.example.org:8443"),
            ("http://[::1]:8000", "http://[::1]:8000"),
        ] {
            assert_eq!(text.parse::<Origin>().unwrap().as_str(), origin);
        }
        assert_eq!(Origin::local().as_str().parse::<Origin>().unwrap(), Origin::local());
    }

    #[test]
    fn anything_more_or_less_is_refused() {
        for text in [
            "",
            "id.example.org",
            "/api",
            "ftp://id.example.org",
            "https://",
            "https://id.example.org/api",
            "https://id.example.org?x",
            "https://bob@id.example.org",
            "https://id.example.org:99999",
            "null",
            "https://*.example.org:x",
        ] {
            assert_eq!(
                text.parse::<Origin>(),
                Err(OriginError::Malformed(without_credentials(text))),
                "{text}"
            );
        }
        assert_eq!("*".parse::<Origin>(), Err(OriginError::Everybody));
    }

    #[test]
    fn a_password_in_a_url_is_not_repeated() {
        let error = "https://bob:hunter2@id.example.org".parse::<Origin>().unwrap_err();
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }

    #[test]
    fn plain_http_is_readable_on_the_way_except_on_this_machine() {
        for (text, readable) in [
            ("http://id.example.org", true),
            ("http://10.0.0.7", true),
            ("https://id.example.org", false),
            ("http://127.0.0.2:8000", false),
            ("http://[::1]", false),
            ("http://localhost:8000", false),
            ("http://localhost.example.org", true),
        ] {
            assert_eq!(text.parse::<Origin>().unwrap().is_readable_on_the_way(), readable, "{text}");
        }
    }
}
