//! A request's body: kept where it is small and compared, streamed where it is not.

use super::client::Body;
use crate::mirror::{KeptBody, Share, Skipped};
use actix_web::HttpRequest;
use actix_web::http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use actix_web::web::Payload;
use bytes::Bytes;
use futures_util::StreamExt as _;
use http_body_util::channel::Channel;
use http_body_util::{Either, Full};
use std::io;

/// How many chunks may wait for the upstream server.
const CHUNKS: usize = 4;

/// A body that came, or comes.
pub(super) struct Inbound {
    /// The body as it goes on.
    pub(super) body: Body,
    /// All of it with the memory that it takes, or why it is not kept.
    pub(super) kept: Result<(Bytes, Share), Skipped>,
}

/// Reads a body until it ends, or until it cannot be kept. One that is not to be kept is not waited for.
///
/// A request that says nothing of a body has none (RFC 9112, section 6.3); of one that asks for an
/// upgrade the framework would read until the connection ends.
///
/// # Errors
/// The client sent no proper body, or left.
pub(super) async fn read(
    request: &HttpRequest,
    mut payload: Payload,
    keep: Result<KeptBody, Skipped>,
) -> Result<Inbound, actix_web::Error> {
    if !has_body(request) {
        return Ok(Inbound {
            body: Either::Left(Full::new(Bytes::new())),
            kept: keep.map(KeptBody::into_parts),
        });
    }
    let mut keep = match keep {
        Ok(keep) => keep,
        Err(reason) => return Ok(Inbound { body: streaming(None, payload), kept: Err(reason) }),
    };
    while let Some(chunk) = payload.next().await {
        if let Err(reason) = keep.push(&chunk?) {
            return Ok(Inbound { body: streaming(Some(keep.into_parts()), payload), kept: Err(reason) });
        }
    }
    let (body, share) = keep.into_parts();
    Ok(Inbound { body: Either::Left(Full::new(body.clone())), kept: Ok((body, share)) })
}

fn has_body(request: &HttpRequest) -> bool {
    let headers = request.headers();
    headers.contains_key(TRANSFER_ENCODING) || headers.get(CONTENT_LENGTH).is_some_and(|length| length != "0")
}

/// A body that goes on as it comes, after what has come of it.
fn streaming(beginning: Option<(Bytes, Share)>, mut rest: Payload) -> Body {
    let (mut sender, body) = Channel::new(CHUNKS);
    // It ends with the client's body, or when the upstream server wants no more of it.
    actix_web::rt::spawn(async move {
        if let Some((beginning, _share)) = beginning
            && sender.send_data(beginning).await.is_err()
        {
            return;
        }
        while let Some(chunk) = rest.next().await {
            let chunk = match chunk {
                Ok(chunk) => chunk,
                Err(error) => return sender.abort(io::Error::other(error.to_string())),
            };
            if sender.send_data(chunk).await.is_err() {
                return;
            }
        }
    });
    Either::Right(body)
}
