use crate::compare::Tolerance;
use crate::origin::Origin;
use std::time::Duration;

/// What is compared with what, and how.
#[derive(Debug, Clone)]
pub struct Options {
    /// The server that answers clients: Django.
    pub upstream: Origin,
    /// The server that is compared with it: Doorward.
    pub candidate: Origin,
    /// Whether requests that write go to the candidate too. Its database must then be a copy, which
    /// nobody needs: each login, registration and change of the clients happens there as well.
    pub mirror_writes: bool,
    /// Whether the candidate is sent the upstream server's tokens even where it has issued its own in
    /// their place. Otherwise, who logged in through the proxy is known to each server by its own
    /// tokens, so that sessions and ids may differ; a token that the candidate has none for is sent as
    /// it is in any case, and needs the upstream server's key.
    pub same_tokens: bool,
    /// Beginnings of the paths that are compared; others are proxied alone. A path is meant with and
    /// without its final slash.
    pub paths: Vec<String>,
    /// Paths whose `POST` writes nothing, so that it is compared without
    /// [`mirror_writes`](Self::mirror_writes): the views that verify a token.
    pub read_only_posts: Vec<String>,
    /// Whether the upstream server gets its own host as `Host`, in place of the one that the client
    /// sent. `X-Forwarded-Host` has the client's in any case.
    pub rewrite_host: bool,
    /// The longest body, in bytes, of a request or an answer that is compared. Longer ones are proxied
    /// as they stream.
    pub body_limit: usize,
    /// How many requests may wait for the candidate.
    pub queue: usize,
    /// How many bytes may be kept at a time: requests and answers from their first byte until they are
    /// compared. What finds no room is proxied as it streams. Tokens that are remembered take 32 MiB
    /// more, at most.
    pub memory: usize,
    /// How many requests the candidate is asked at a time, at most.
    pub concurrency: usize,
    /// How long the upstream server may take until its answer begins, and a client for a body that is
    /// kept.
    pub upstream_time_limit: Duration,
    /// How long the candidate may take for an answer.
    pub candidate_time_limit: Duration,
    /// How often a summary is written, and how long a difference that was told is only counted when it
    /// comes again.
    pub interval: Duration,
    /// What the report looks like.
    pub format: Format,
    /// Which of the expected differences are none.
    pub tolerance: Tolerance,
    /// Threads that serve clients; `None` for one a core.
    pub workers: Option<usize>,
}

/// What a report looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Lines for people.
    Text,
    /// One JSON object a line.
    Json,
}

impl Options {
    /// Compares the candidate with the upstream server; reading requests alone, on the paths of
    /// accounts.
    pub fn new(upstream: Origin, candidate: Origin) -> Self {
        let owned = |paths: &[&str]| paths.iter().map(|&path| path.to_owned()).collect();
        Self {
            upstream,
            candidate,
            mirror_writes: false,
            same_tokens: false,
            paths: owned(&["/api/auth/", "/api/dashboard/"]),
            read_only_posts: owned(&["/api/auth/token/verify/"]),
            rewrite_host: false,
            body_limit: 1024 * 1024,
            queue: 1024,
            memory: 64 * 1024 * 1024,
            concurrency: 32,
            upstream_time_limit: Duration::from_secs(60),
            candidate_time_limit: Duration::from_secs(10),
            interval: Duration::from_secs(10 * 60),
            format: Format::Text,
            tolerance: Tolerance::default(),
            workers: None,
        }
    }
}
