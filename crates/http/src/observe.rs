//! What is told about every request: an id in its answer, a line in the log, a figure.

use crate::address::client_of;
use crate::headers::add_careful;
use crate::metrics::{Kind, method_label};
use crate::problem::Problem;
use crate::worker::Worker;
use crate::{aliases, api};
use actix_web::Error;
use actix_web::dev::{Service, ServiceRequest, ServiceResponse};
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use doorward_domain::random::Random;
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The header that names a request.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The pattern of the path that a request was found to be for, among the request's data.
pub(crate) struct Matched(pub(crate) &'static str);

/// Names, times, logs and counts a request that a service answers.
pub(crate) fn observe<S, B>(
    worker: Rc<Worker>,
    request: ServiceRequest,
    service: &S,
) -> impl Future<Output = Result<ServiceResponse<B>, Error>> + use<S, B>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
{
    let seen = Seen {
        watch: Stopwatch::start(),
        id: request_id(request.headers(), &worker.ids),
        method: method_label(request.method()),
        is_in_api: request.path().starts_with(api::PREFIX),
    };
    let answer = service.call(request);
    async move {
        let mut answer = answer.await?;
        seen.tell(&worker, &mut answer);
        Ok(answer)
    }
}

/// A request, as it was before it was answered.
struct Seen {
    watch: Stopwatch,
    id: HeaderValue,
    method: &'static str,
    is_in_api: bool,
}

impl Seen {
    /// Logs and counts it with its answer, which then names it and tells browsers to be careful.
    fn tell<B>(self, worker: &Worker, answer: &mut ServiceResponse<B>) {
        let Self { watch, id, method, is_in_api } = self;
        let took = watch.elapsed();
        let route = answer.request().app_data::<Matched>().map_or("unmatched", |matched| matched.0);
        let status = answer.status().as_u16();
        worker.requests.count(Kind { method, route }, status, took);
        let duration_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        let name = str::from_utf8(id.as_bytes()).unwrap_or_default();
        let address = client_of(answer.request(), &worker.state.settings.trusted_proxies);
        log::info!(
            target: "doorward::access",
            request_id = name, method, path = route, status, duration_ms, address = &*address; "answered"
        );
        if let Some(problem) = answer.response().error().and_then(|error| error.as_error::<Problem>())
            && status >= 500
        {
            log::error!(request_id = name, path = route; "{problem}");
        }
        let headers = answer.headers_mut();
        add_careful(headers, is_in_api || aliases::is_alias(route));
        headers.insert(REQUEST_ID, id);
    }
}

/// The name that the client or a proxy gave, if it is harmless, else a new one.
fn request_id(headers: &HeaderMap, ids: &RequestIds) -> HeaderValue {
    let given = headers.get(REQUEST_ID).filter(|value| is_well_formed(value.as_bytes()));
    given.cloned().unwrap_or_else(|| ids.next())
}

fn is_well_formed(id: &[u8]) -> bool {
    let allowed = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    (1..=64).contains(&id.len()) && id.iter().all(allowed)
}

/// Makes names for requests: 128 random bits each. One draw is for many of them, as a draw costs
/// about as much whether it is short or long.
pub(crate) struct RequestIds {
    random: Arc<dyn Random>,
    drawn: RefCell<Vec<[u8; 16]>>,
}

impl RequestIds {
    pub(crate) fn new(random: Arc<dyn Random>) -> Self {
        Self { random, drawn: RefCell::default() }
    }

    fn next(&self) -> HeaderValue {
        let mut drawn = self.drawn.borrow_mut();
        let id = drawn.pop().unwrap_or_else(|| {
            drawn.resize(32, [0; 16]);
            self.random.fill(drawn.as_flattened_mut());
            drawn.pop().unwrap_or_default()
        });
        // Hexadecimal digits are fit for a header.
        HeaderValue::from_bytes(hexadecimal(id).as_flattened())
            .unwrap_or_else(|_| HeaderValue::from_static(""))
    }
}

fn hexadecimal(bytes: [u8; 16]) -> [[u8; 2]; 16] {
    let digit = |value: u8| if value < 10 { b'0' + value } else { b'a' - 10 + value };
    bytes.map(|byte| [digit(byte >> 4), digit(byte & 15)])
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
    use std::collections::HashSet;

    fn ids() -> RequestIds {
        RequestIds::new(Arc::new(SeededRandom::new(7)))
    }

    #[test]
    fn a_harmless_id_is_kept_and_any_other_replaced() {
        let ids = ids();
        let id = |given: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(REQUEST_ID, HeaderValue::from_bytes(given.as_bytes()).unwrap());
            request_id(&headers, &ids)
        };
        assert_eq!(id("edge-1.a_B"), "edge-1.a_B");
        for bad in ["", "a b", "é", "a\tb", "a=b", &"x".repeat(65)] {
            let made = id(bad);
            assert!(made.len() == 32 && made != id(bad), "{bad:?}");
        }
    }

    #[test]
    fn no_id_comes_twice() {
        let ids = ids();
        let made: HashSet<_> = (0..100).map(|_| ids.next().to_str().unwrap().to_owned()).collect();
        assert_eq!(made.len(), 100);
    }

    #[test]
    fn an_id_is_written_in_hexadecimal_digits() {
        let digits = hexadecimal([0x00, 0x09, 0x0a, 0x0f, 0x10, 0x9a, 0xa9, 0xff, 1, 2, 3, 4, 5, 6, 7, 8]);
        assert_eq!(str::from_utf8(digits.as_flattened()).unwrap(), "00090a0f109aa9ff0102030405060708");
    }
}
