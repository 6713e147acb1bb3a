//! Which headers go on, and what a proxy adds to them.

use super::client::VIA;
use actix_web::HttpRequest;
use actix_web::http::header::HeaderMap as ActixHeaders;
use http::header::{ACCEPT_ENCODING, EXPECT, HOST, HeaderMap, HeaderName, HeaderValue, TRAILER};

/// Headers of one connection (RFC 9110, section 7.6.1); and those of trailers, which are not passed on.
const OF_A_CONNECTION: [&str; 7] =
    ["connection", "keep-alive", "proxy-connection", "te", "transfer-encoding", "upgrade", "trailer"];

/// Headers that `Connection` cannot take away: whoever stands in front of this proxy may have written
/// them, and a client that names them would have it believe something else. Those that begin with
/// `x-forwarded-` are of them too.
const END_TO_END: [&str; 8] =
    ["authorization", "content-length", "content-type", "cookie", "forwarded", "host", "via", "x-real-ip"];

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// The headers of a request that goes on.
///
/// What is said about how the client came stays, since this proxy stands behind whatever said it; the
/// peer's address is appended. `Accept-Encoding` is left out: compressed answers cannot be compared.
pub(super) fn onward(request: &HttpRequest) -> HeaderMap {
    let mut headers = end_to_end(request.headers());
    for name in [ACCEPT_ENCODING, EXPECT, TRAILER] {
        headers.remove(name);
    }
    if let Some(peer) = request.peer_addr() {
        let peer = peer.ip().to_canonical().to_string();
        let forwarded: Vec<_> = headers
            .get_all(FORWARDED_FOR)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .chain([peer.as_str()])
            .collect();
        if let Ok(value) = HeaderValue::from_str(&forwarded.join(", ")) {
            headers.insert(FORWARDED_FOR, value);
        }
    }
    if !headers.contains_key(FORWARDED_PROTO) {
        headers.insert(FORWARDED_PROTO, HeaderValue::from_static("http"));
    }
    if !headers.contains_key(FORWARDED_HOST)
        && let Some(host) = headers.get(HOST).cloned()
    {
        headers.insert(FORWARDED_HOST, host);
    }
    headers.append(http::header::VIA, VIA);
    headers
}

/// Whether a header of an answer goes to the client; `connection` has the answer's own list of headers
/// that do not.
pub(super) fn goes_back(name: &HeaderName, connection: &[String]) -> bool {
    let name = name.as_str();
    let is_nominated = || connection.iter().any(|nominated| nominated == name);
    let is_kept = END_TO_END.contains(&name) || name.starts_with("x-forwarded-");
    !OF_A_CONNECTION.contains(&name) && (is_kept || !is_nominated())
}

/// The names that the values of `Connection` list.
pub(super) fn nominated<'a>(values: impl Iterator<Item = &'a [u8]>) -> Vec<String> {
    values
        .flat_map(|value| {
            let text = String::from_utf8_lossy(value);
            text.split(',').map(|name| name.trim().to_ascii_lowercase()).collect::<Vec<_>>()
        })
        .collect()
}

fn end_to_end(headers: &ActixHeaders) -> HeaderMap {
    let connection = nominated(
        headers
            .get_all(actix_web::http::header::CONNECTION)
            .map(actix_web::http::header::HeaderValue::as_bytes),
    );
    let mut onward = HeaderMap::with_capacity(headers.len());
    for (name, value) in headers {
        // Two versions of one crate: what the one has parsed, the other parses too.
        let (Ok(name), Ok(value)) =
            (HeaderName::from_bytes(name.as_str().as_bytes()), HeaderValue::from_bytes(value.as_bytes()))
        else {
            continue;
        };
        if goes_back(&name, &connection) {
            onward.append(name, value);
        }
    }
    onward
}
