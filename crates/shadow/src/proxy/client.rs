//! Asks a server.

use crate::mirror::{KeptBody, Share, Skipped};
use crate::origin::Origin;
use bytes::Bytes;
use http::header::{HOST, HeaderValue};
use http::uri::PathAndQuery;
use http::{Request, Response, Version};
use http_body_util::channel::Channel;
use http_body_util::{BodyExt as _, Either, Full};
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::{ClientConfig, RootCertStore};
use std::error::Error;
use std::io;
use std::sync::Arc;
use std::time::Duration;

/// How long an idle connection is used again. Python's servers close theirs after as little as two
/// seconds; a request that meets the close is lost.
const IDLE: Duration = Duration::from_secs(1);

/// How long connecting may take.
const CONNECT: Duration = Duration::from_secs(5);

/// A request's body: whole, or as it comes from the client.
pub(super) type Body = Either<Full<Bytes>, Channel<Bytes, io::Error>>;

/// A client of one server. Clones share its connections.
#[derive(Clone)]
pub(crate) struct Client {
    inner: legacy::Client<HttpsConnector<HttpConnector>, Body>,
    origin: Origin,
    rewrite_host: bool,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The path cannot be asked for.
    #[error("the path cannot be passed on")]
    Path,
    /// No connection, or it broke.
    #[error("no answer: {0}")]
    Broken(String),
    /// It took too long.
    #[error("no answer in time")]
    TimeLimit,
    /// It came, and cannot be kept.
    #[error("the answer is not kept: {0}")]
    NotKept(Skipped),
}

/// What trusts the machine's roots, where one of the servers is reached with TLS.
pub(crate) fn tls(origins: &[&Origin]) -> io::Result<Arc<ClientConfig>> {
    let mut roots = RootCertStore::empty();
    if origins.iter().any(|origin| origin.is_secure()) {
        // A single unreadable file of the machine's store is no reason to trust none of it.
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config))
}

impl Client {
    /// A client without connections yet, which it opens on the runtime that it is used on.
    pub(crate) fn new(origin: Origin, rewrite_host: bool, tls: &ClientConfig) -> Self {
        let mut http = HttpConnector::new();
        http.enforce_http(false);
        http.set_nodelay(true);
        http.set_connect_timeout(Some(CONNECT));
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(tls.clone())
            .https_or_http()
            .enable_http1()
            .wrap_connector(http);
        let inner = legacy::Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE)
            .build(connector);
        Self { inner, origin, rewrite_host }
    }

    /// Sends a request; the answer's body comes as it is read.
    pub(super) async fn send(&self, mut request: Request<Body>) -> Result<Response<Incoming>, Failure> {
        let target = request.uri().path_and_query().cloned().unwrap_or(PathAndQuery::from_static("/"));
        *request.uri_mut() = self.origin.uri(target).map_err(|_| Failure::Path)?;
        *request.version_mut() = Version::HTTP_11;
        if self.rewrite_host
            && let Some(host) = self.origin.host()
        {
            request.headers_mut().insert(HOST, host);
        }
        self.inner.request(request).await.map_err(|error| Failure::Broken(causes(&error)))
    }

    /// Sends a request and reads the answer to its end. Returns it with the memory that it takes.
    pub(crate) async fn send_whole(
        &self,
        request: Request<Bytes>,
        mut kept: KeptBody,
    ) -> Result<(Response<Bytes>, Share), Failure> {
        let request = request.map(|body| Body::Left(Full::new(body)));
        let (head, mut body) = self.send(request).await?.into_parts();
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|error| Failure::Broken(causes(&error)))?;
            if let Some(chunk) = frame.data_ref() {
                kept.push(chunk).map_err(Failure::NotKept)?;
            }
        }
        let (body, share) = kept.into_parts();
        Ok((Response::from_parts(head, body), share))
    }
}

/// A header that says what a request came through (RFC 9110, section 7.6.3).
pub(super) const VIA: HeaderValue = HeaderValue::from_static("1.1 doorward-shadow");

/// An error with its causes, which hyper's own texts leave out.
fn causes(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
