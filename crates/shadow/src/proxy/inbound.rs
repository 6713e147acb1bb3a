//! A request's body: kept where it is small, streamed where it is not.

use super::client::Body;
use actix_web::HttpRequest;
use actix_web::http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use actix_web::web::Payload;
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt as _;
use http_body_util::channel::Channel;
use http_body_util::{Either, Full};
use std::io;

/// How many chunks may wait for the upstream server.
const CHUNKS: usize = 4;

/// A body that came, or comes.
pub(super) enum Inbound {
    /// All of it.
    Whole(Bytes),
    /// It is longer than what is kept: its beginning, and the rest.
    Streams(Bytes, Payload),
}

/// Reads a body until it ends, or until it is longer than `limit`.
///
/// A request that says nothing of a body has none (RFC 9112, section 6.3); of one that asks for an
/// upgrade the framework would read until the connection ends.
///
/// # Errors
/// The client sent no proper body, or left.
pub(super) async fn read(
    request: &HttpRequest,
    mut payload: Payload,
    limit: usize,
) -> Result<Inbound, actix_web::Error> {
    let headers = request.headers();
    if !headers.contains_key(CONTENT_LENGTH) && !headers.contains_key(TRANSFER_ENCODING) {
        return Ok(Inbound::Whole(Bytes::new()));
    }
    let mut body = BytesMut::new();
    while let Some(chunk) = payload.next().await {
        body.extend_from_slice(&chunk?);
        if body.len() > limit {
            return Ok(Inbound::Streams(body.freeze(), payload));
        }
    }
    Ok(Inbound::Whole(body.freeze()))
}

impl Inbound {
    /// The body, if it is kept.
    pub(super) fn kept(&self) -> Option<Bytes> {
        match self {
            Self::Whole(body) => Some(body.clone()),
            Self::Streams(..) => None,
        }
    }

    /// The body as it goes on.
    pub(super) fn into_body(self) -> Body {
        match self {
            Self::Whole(body) => Either::Left(Full::new(body)),
            Self::Streams(beginning, mut rest) => {
                let (mut sender, body) = Channel::new(CHUNKS);
                // It ends with the client's body, or when the upstream server wants no more of it.
                actix_web::rt::spawn(async move {
                    if sender.send_data(beginning).await.is_err() {
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
        }
    }
}
