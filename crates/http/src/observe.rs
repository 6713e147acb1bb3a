//! What is told about every request: an id in its answer, a line in the log, a figure.

use crate::address::client_address;
use crate::metrics::method_label;
use crate::notes::{Matched, Seen};
use crate::problem::Problem;
use crate::state::State;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, web};
use doorward_domain::random::Random;
use std::fmt::Write;
use std::time::{Duration, Instant};

/// The header that names a request.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Names, times, logs and counts a request.
pub(crate) async fn observe(
    state: web::Data<State>,
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let watch = Stopwatch::start();
    let id = request_id(request.headers(), &*state.auth.ports().random);
    let trusted = &state.settings.trusted_proxies;
    let address = client_address(request.peer_addr(), request.headers(), trusted);
    let address = address.map(|address| address.to_string()).unwrap_or_default();
    let method = request.method().clone();
    request.extensions_mut().insert(Seen { address: address.clone() });

    let mut answer = next.call(request).await?;

    let took = watch.elapsed();
    let route = answer.request().extensions().get::<Matched>().map_or("unmatched", |matched| matched.0);
    let status = answer.status();
    state.metrics.request(&method, route, status, took);
    let duration_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    let (method, status) = (method_label(&method), status.as_u16());
    log::info!(
        target: "doorward::access",
        request_id = id.as_str(), method, path = route, status, duration_ms, address = address.as_str(); "answered"
    );
    if let Some(problem) = answer.response().error().and_then(|error| error.as_error::<Problem>())
        && status >= 500
    {
        log::error!(request_id = id.as_str(), path = route; "{problem}");
    }
    if let Ok(value) = HeaderValue::from_str(&id) {
        answer.headers_mut().insert(REQUEST_ID, value);
    }
    Ok(answer)
}

/// The name that the client or a proxy gave, if it is harmless, else a new one.
fn request_id(headers: &HeaderMap, random: &dyn Random) -> String {
    let given = headers.get(REQUEST_ID).and_then(|value| value.to_str().ok());
    given.filter(|id| is_well_formed(id)).map_or_else(|| new_id(random), str::to_owned)
}

fn is_well_formed(id: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    (1..=64).contains(&id.len()) && id.bytes().all(allowed)
}

fn new_id(random: &dyn Random) -> String {
    let mut bytes = [0; 16];
    random.fill(&mut bytes);
    bytes.iter().fold(String::with_capacity(32), |mut id, byte| {
        // Writing to a string does not fail.
        let _ = write!(id, "{byte:02x}");
        id
    })
}

/// Measures how long something takes; no decision hangs on it.
struct Stopwatch(Instant);

impl Stopwatch {
    #[expect(clippy::disallowed_methods, reason = "a duration for logs and figures, which no rule reads")]
    fn start() -> Self {
        Self(Instant::now())
    }

    fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use doorward_domain::testing::SeededRandom;

    #[test]
    fn a_harmless_id_is_kept_and_any_other_replaced() {
        let random = SeededRandom::new(7);
        let id = |given: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(REQUEST_ID, HeaderValue::from_bytes(given.as_bytes()).unwrap());
            request_id(&headers, &random)
        };
        assert_eq!(id("edge-1.a_B"), "edge-1.a_B");
        for bad in ["", "a b", "é", "a\tb", "a=b", &"x".repeat(65)] {
            let made = id(bad);
            assert!(made.len() == 32 && made != id(bad), "{bad:?}");
        }
    }
}
