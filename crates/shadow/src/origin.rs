use http::uri::{Authority, PathAndQuery, Scheme};
use http::{HeaderValue, Uri};
use std::fmt;
use std::str::FromStr;

/// Where a server is: `http` or `https`, a host, perhaps a port (RFC 6454).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    scheme: Scheme,
    authority: Authority,
}

/// A text that is no origin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidOrigin {
    /// It is no URL.
    #[error("not a URL like http://127.0.0.1:8001")]
    NotAUrl,
    /// It is not reached by HTTP.
    #[error("neither http:// nor https://")]
    Scheme,
    /// It holds a name or a password.
    #[error("credentials do not belong into it")]
    Credentials,
    /// It goes on after the host and port. Paths are the same on both servers.
    #[error("it must end after the host and port, since paths are passed on as they are")]
    Path,
}

impl Origin {
    /// Whether it is reached with TLS.
    pub fn is_secure(&self) -> bool {
        self.scheme == Scheme::HTTPS
    }

    /// The URL of a path and query there.
    pub(crate) fn uri(&self, path_and_query: PathAndQuery) -> Result<Uri, http::Error> {
        Uri::builder()
            .scheme(self.scheme.clone())
            .authority(self.authority.clone())
            .path_and_query(path_and_query)
            .build()
    }

    /// Its value of the header `Host`.
    pub(crate) fn host(&self) -> Option<HeaderValue> {
        HeaderValue::from_str(self.authority.as_str()).ok()
    }
}

impl FromStr for Origin {
    type Err = InvalidOrigin;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let uri: Uri = text.parse().map_err(|_| InvalidOrigin::NotAUrl)?;
        let parts = uri.into_parts();
        let (Some(scheme), Some(authority)) = (parts.scheme, parts.authority) else {
            return Err(InvalidOrigin::NotAUrl);
        };
        if scheme != Scheme::HTTP && scheme != Scheme::HTTPS {
            return Err(InvalidOrigin::Scheme);
        }
        if authority.as_str().contains('@') {
            return Err(InvalidOrigin::Credentials);
        }
        if parts.path_and_query.is_some_and(|path| path.as_str() != "/") {
            return Err(InvalidOrigin::Path);
        }
        Ok(Self { scheme, authority })
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme, self.authority)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_a_scheme_a_host_and_a_port() {
        for text in ["http://127.0.0.1:8001", "https://django.example", "http://[::1]:80"] {
            assert_eq!(text.parse::<Origin>().unwrap().to_string(), text);
        }
        assert_eq!("http://a/".parse::<Origin>().unwrap().to_string(), "http://a");
    }

    #[test]
    fn what_is_no_origin_is_refused_with_its_reason() {
        let refused = |text: &str| text.parse::<Origin>().unwrap_err();
        assert_eq!(refused("127.0.0.1:8001"), InvalidOrigin::NotAUrl);
        assert_eq!(refused(""), InvalidOrigin::NotAUrl);
        assert_eq!(refused("ftp://a"), InvalidOrigin::Scheme);
        assert_eq!(refused("http://u:p@a"), InvalidOrigin::Credentials);
        assert_eq!(refused("http://a/prefix"), InvalidOrigin::Path);
        assert_eq!(refused("http://a/?q"), InvalidOrigin::Path);
    }
}
