use super::client::{Client, Failure};
use super::hop::{goes_back, nominated, onward};
use super::inbound;
use super::outbound::{Keeper, Kept, passing};
use crate::compare::redirects_to_the_slash;
use crate::mirror::{Budget, KeptBody, Queue, Share, Skipped, is_safe, plan};
use crate::options::Options;
use crate::report::Tally;
use actix_web::body::SizedStream;
use actix_web::http::StatusCode as ActixStatus;
use actix_web::web::Payload;
use actix_web::{HttpRequest, HttpResponse};
use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_ENCODING, CONTENT_LENGTH};
use http::response::Parts;
use http::{Method, Request, Response, Uri};
use hyper::body::{Body as _, Incoming};
use std::sync::Arc;
use tokio::time::timeout;

/// Answers the requests of one thread.
pub(crate) struct Proxy {
    pub(crate) options: Arc<Options>,
    pub(crate) client: Client,
    pub(crate) queue: Queue,
    pub(crate) budget: Budget,
    pub(crate) tally: Arc<Tally>,
}

impl Proxy {
    /// Answers as the upstream server does, or with 502 or 504 where it does not.
    pub(crate) async fn answer(&self, request: HttpRequest, payload: Payload) -> HttpResponse {
        self.tally.seen();
        let Some(head) = head(&request) else {
            self.tally.skipped(Skipped::Path);
            return problem(ActixStatus::BAD_REQUEST, "The request's target cannot be passed on.");
        };
        let keep = plan(&self.options, head.method(), head.uri().path())
            .map(|()| KeptBody::new(self.options.body_limit, self.budget.share()));
        let Ok(Ok(inbound)) =
            timeout(self.options.upstream_time_limit, inbound::read(&request, payload, keep)).await
        else {
            self.tally.skipped(Skipped::ClientLeft);
            return problem(ActixStatus::BAD_REQUEST, "The request's body cannot be read.");
        };
        let mirrored = inbound.kept.and_then(|(body, mut share)| {
            share.grow(head.uri().path_and_query().map_or(0, |target| target.as_str().len()))?;
            share.grow_by_headers(head.headers())?;
            Ok((head.clone().map(|()| body), share))
        });
        let is_head = head.method() == Method::HEAD;
        // From here on it counts as asked: it may follow from what was answered until now.
        let arrival = self.queue.arrival();

        let asked = self.client.send(head.map(|()| inbound.body));
        let answer = match timeout(self.options.upstream_time_limit, asked).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(failure)) => return self.upstream_failed(&failure, ActixStatus::BAD_GATEWAY),
            Err(_) => return self.upstream_failed(&Failure::TimeLimit, ActixStatus::GATEWAY_TIMEOUT),
        };
        let (parts, body) = answer.into_parts();
        let tally = Arc::clone(&self.tally);
        let keeper = match mirrored.and_then(|(request, share)| worth_keeping(request, &parts, share)) {
            Ok((request, share)) => {
                let body = KeptBody::new(self.options.body_limit, share);
                let queue = self.queue.clone();
                Keeper::new(tally, Kept { queue, arrival, request, head: parts.clone(), body })
            }
            Err(reason) => {
                self.tally.skipped(reason);
                Keeper::idle(tally)
            }
        };
        passed_on(&parts, body, keeper, is_head)
    }

    fn upstream_failed(&self, failure: &Failure, status: ActixStatus) -> HttpResponse {
        self.tally.skipped(Skipped::UpstreamFailed);
        log::warn!("the upstream server failed: {failure}");
        problem(status, "The upstream server did not answer.")
    }
}

/// The head of the request that goes on; none if there is no such path.
fn head(request: &HttpRequest) -> Option<Request<()>> {
    let method = Method::from_bytes(request.method().as_str().as_bytes()).ok()?;
    let target: Uri = request.uri().path_and_query()?.as_str().parse().ok()?;
    let mut head = Request::new(());
    *head.method_mut() = method;
    *head.uri_mut() = target;
    *head.headers_mut() = onward(request);
    Some(head)
}

/// Whether an answer of this head is compared. Its memory comes to the request's.
fn worth_keeping(
    request: Request<Bytes>,
    head: &Parts,
    mut share: Share,
) -> Result<(Request<Bytes>, Share), Skipped> {
    if head.headers.get(CONTENT_ENCODING).is_some_and(|encoding| encoding != "identity") {
        return Err(Skipped::Encoded);
    }
    let answer = Response::from_parts(head.clone(), Bytes::new());
    if !is_safe(request.method()) && redirects_to_the_slash(&request, &answer) {
        return Err(Skipped::SlashRedirect);
    }
    share.grow_by_headers(&head.headers)?;
    Ok((request, share))
}

/// The answer as the client gets it.
fn passed_on(head: &Parts, body: Incoming, mut keeper: Keeper, is_head: bool) -> HttpResponse {
    let status = ActixStatus::from_u16(head.status.as_u16()).unwrap_or(ActixStatus::BAD_GATEWAY);
    let mut answer = HttpResponse::build(status);
    let connection = nominated(head.headers.get_all(CONNECTION).iter().map(http::HeaderValue::as_bytes));
    for (name, value) in &head.headers {
        // The length is written with the body.
        if goes_back(name, &connection) && name != CONTENT_LENGTH {
            answer.append_header((name.as_str(), value.as_bytes()));
        }
    }
    let said = head.headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
    let length = if is_head { said } else { body.size_hint().exact() };
    if body.is_end_stream() && !(is_head && said.is_some_and(|length| length > 0)) {
        keeper.finish();
        return answer.body(Bytes::new());
    }
    if is_head {
        keeper.finish();
    }
    match length {
        Some(length) => answer.body(SizedStream::new(length, Box::pin(passing(body, keeper)))),
        None => answer.streaming(passing(body, keeper)),
    }
}

/// An answer of the proxy itself, in REST framework's form.
fn problem(status: ActixStatus, detail: &str) -> HttpResponse {
    HttpResponse::build(status).json(serde_json::json!({ "detail": detail }))
}
