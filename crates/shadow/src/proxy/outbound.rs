//! An answer's body: passed on as it comes, and kept up to a limit.

use crate::mirror::{Arrival, KeptBody, Queue, Skipped};
use crate::report::Tally;
use bytes::Bytes;
use futures_util::{Stream, stream};
use http::response::Parts;
use http::{Request, Response};
use http_body_util::BodyExt as _;
use hyper::body::{Body as _, Incoming};
use std::sync::Arc;

/// Keeps an answer while it passes, and puts it into the queue with its last byte. What is dropped
/// before that was cut off.
pub(super) struct Keeper {
    tally: Arc<Tally>,
    /// None once it was put into the queue, or given up.
    kept: Option<Kept>,
}

/// An exchange in the making.
pub(super) struct Kept {
    pub(super) queue: Queue,
    pub(super) arrival: Arrival,
    pub(super) request: Request<Bytes>,
    pub(super) head: Parts,
    /// The answer's body; its share is the request's too.
    pub(super) body: KeptBody,
}

impl Keeper {
    pub(super) fn new(tally: Arc<Tally>, kept: Kept) -> Self {
        Self { tally, kept: Some(kept) }
    }

    /// Keeps nothing, for an answer that is not compared.
    pub(super) fn idle(tally: Arc<Tally>) -> Self {
        Self { tally, kept: None }
    }

    fn push(&mut self, chunk: &Bytes) {
        if let Some(kept) = &mut self.kept
            && let Err(reason) = kept.body.push(chunk)
        {
            self.give_up(reason);
        }
    }

    /// The answer is whole. It goes into the queue *before* the client has its end, so that nothing
    /// that follows from it comes before it.
    pub(super) fn finish(&mut self) {
        if let Some(Kept { queue, arrival, request, head, body }) = self.kept.take() {
            let (body, share) = body.into_parts();
            if queue.put(arrival, request, Response::from_parts(head, body), share).is_ok() {
                self.tally.mirrored();
            } else {
                self.tally.skipped(Skipped::QueueFull);
            }
        }
    }

    fn give_up(&mut self, reason: Skipped) {
        if self.kept.take().is_some() {
            self.tally.skipped(reason);
        }
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.give_up(Skipped::ClientLeft);
    }
}

/// The body as it passes.
pub(super) fn passing(body: Incoming, keeper: Keeper) -> impl Stream<Item = Result<Bytes, hyper::Error>> {
    stream::unfold((body, keeper), |(mut body, mut keeper)| async {
        loop {
            match body.frame().await {
                None => {
                    keeper.finish();
                    return None;
                }
                Some(Ok(frame)) => {
                    // Trailers are not passed on.
                    let Ok(chunk) = frame.into_data() else { continue };
                    keeper.push(&chunk);
                    if body.is_end_stream() {
                        keeper.finish();
                    }
                    return Some((Ok(chunk), (body, keeper)));
                }
                Some(Err(error)) => {
                    keeper.give_up(Skipped::UpstreamFailed);
                    return Some((Err(error), (body, keeper)));
                }
            }
        }
    })
}
