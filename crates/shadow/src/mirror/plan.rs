use crate::options::Options;
use http::Method;
use std::fmt;

/// Why a request was not compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Skipped {
    /// Its path is none of those that are compared.
    Path,
    /// It writes, and requests that write are not mirrored.
    Write,
    /// It, or an answer to it, is larger than what is kept.
    TooLarge,
    /// The upstream server gave no answer, or one that broke off.
    UpstreamFailed,
    /// The client left before it had its answer.
    ClientLeft,
    /// The upstream server's answer is compressed, although nobody asked for that.
    Encoded,
    /// It writes, and the upstream server only sent the client to the path with a final slash, where
    /// Doorward would have written at once.
    SlashRedirect,
    /// Too many requests waited for the candidate.
    QueueFull,
    /// What is kept took all the [memory](Options::memory) that it may.
    MemoryFull,
    /// It waited for the candidate when the comparison was stopped.
    Stopped,
}

impl Skipped {
    /// Its name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Path => "other path",
            Self::Write => "write",
            Self::TooLarge => "too large",
            Self::UpstreamFailed => "upstream failed",
            Self::ClientLeft => "client left",
            Self::Encoded => "compressed answer",
            Self::SlashRedirect => "redirect to the final slash",
            Self::QueueFull => "queue full",
            Self::MemoryFull => "memory full",
            Self::Stopped => "stopped",
        }
    }
}

impl fmt::Display for Skipped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Whether a request goes to the candidate, as far as its head tells.
pub(crate) fn plan(options: &Options, method: &Method, path: &str) -> Result<(), Skipped> {
    if !options.paths.iter().any(|prefix| is_below(path, prefix)) {
        return Err(Skipped::Path);
    }
    let is_safe = is_safe(method)
        || (method == Method::POST && options.read_only_posts.iter().any(|other| is_same(path, other)));
    if is_safe || options.mirror_writes { Ok(()) } else { Err(Skipped::Write) }
}

/// Whether the method only reads (RFC 9110, section 9.2.1). `TRACE` is answered by neither server.
pub(crate) fn is_safe(method: &Method) -> bool {
    [Method::GET, Method::HEAD, Method::OPTIONS].contains(method)
}

fn is_below(path: &str, prefix: &str) -> bool {
    let prefix = prefix.trim_end_matches('/');
    path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn is_same(path: &str, other: &str) -> bool {
    path.trim_end_matches('/') == other.trim_end_matches('/')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(mirror_writes: bool) -> Options {
        let origin = || "http://127.0.0.1".parse().unwrap();
        Options { mirror_writes, ..Options::new(origin(), origin()) }
    }

    #[test]
    fn reading_requests_of_the_paths_are_mirrored() {
        for method in [Method::GET, Method::HEAD, Method::OPTIONS] {
            assert_eq!(plan(&options(false), &method, "/api/dashboard/"), Ok(()));
            assert_eq!(plan(&options(false), &method, "/api/dashboard"), Ok(()));
            assert_eq!(plan(&options(false), &method, "/api/dashboards/"), Err(Skipped::Path));
            assert_eq!(plan(&options(false), &method, "/admin/"), Err(Skipped::Path));
        }
    }

    #[test]
    fn writes_are_mirrored_only_where_that_is_asked_for() {
        for method in [Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::TRACE] {
            assert_eq!(plan(&options(false), &method, "/api/auth/login/"), Err(Skipped::Write));
            assert_eq!(plan(&options(true), &method, "/api/auth/login/"), Ok(()));
        }
    }

    #[test]
    fn verifying_a_token_is_no_write() {
        for path in ["/api/auth/token/verify/", "/api/auth/token/verify"] {
            assert_eq!(plan(&options(false), &Method::POST, path), Ok(()));
            assert_eq!(plan(&options(false), &Method::PUT, path), Err(Skipped::Write));
        }
        assert_eq!(plan(&options(false), &Method::POST, "/api/auth/token/verify/more/"), Err(Skipped::Write));
    }
}
