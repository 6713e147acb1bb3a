use super::media_type::{Reader, is_latin1, reader};
use super::{Body, form, json, multipart};
use crate::problem::Problem;
use actix_web::dev::Payload;
use actix_web::http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderValue};
use actix_web::rt::time::timeout;
use actix_web::web::{Bytes, BytesMut};
use futures_util::StreamExt;
use std::time::Duration;

/// What a body may cost.
#[derive(Clone, Copy)]
pub(crate) struct Limits {
    /// The most bytes.
    pub(crate) bytes: usize,
    /// The longest time.
    pub(crate) time: Duration,
}

/// Reads the body of a request. An empty one is an object without members, whatever its type.
pub(crate) async fn read(
    headers: &HeaderMap,
    payload: &mut Payload,
    limits: Limits,
) -> Result<Body, Problem> {
    if let Some(encoding) = foreign_encoding(headers) {
        return Err(Problem::Unsupported(format!("Unsupported content encoding \"{encoding}\" in request.")));
    }
    if announced_length(headers).is_some_and(|length| length > limits.bytes) {
        return Err(Problem::TooLarge { limit: limits.bytes });
    }
    let bytes =
        timeout(limits.time, collect(payload, limits.bytes)).await.map_err(|_| Problem::TooSlow)??;
    if bytes.is_empty() { Ok(Body::default()) } else { parse(headers, bytes).await }
}

async fn collect(payload: &mut Payload, limit: usize) -> Result<Bytes, Problem> {
    let mut collected = BytesMut::new();
    while let Some(chunk) = payload.next().await {
        let chunk =
            chunk.map_err(|error| Problem::Malformed(format!("The body cannot be read: {error}.")))?;
        if collected.len() + chunk.len() > limit {
            return Err(Problem::TooLarge { limit });
        }
        collected.extend_from_slice(&chunk);
    }
    Ok(collected.freeze())
}

async fn parse(headers: &HeaderMap, bytes: Bytes) -> Result<Body, Problem> {
    let header = headers.get(CONTENT_TYPE).cloned().unwrap_or_else(|| HeaderValue::from_static(""));
    let content_type = latin1(header.as_bytes());
    match reader(&content_type) {
        Some(Reader::Json) => json::parse(&decode(&content_type, &bytes)?),
        Some(Reader::Form) => Ok(form::parse(&bytes)),
        Some(Reader::Multipart) => multipart::parse(header, bytes).await,
        None => Err(Problem::Unsupported(format!("Unsupported media type \"{content_type}\" in request."))),
    }
}

fn decode(content_type: &str, bytes: &[u8]) -> Result<String, Problem> {
    if is_latin1(content_type) {
        return Ok(latin1(bytes));
    }
    let text =
        str::from_utf8(bytes).map_err(|error| Problem::Malformed(format!("JSON parse error - {error}")))?;
    Ok(text.to_owned())
}

/// A content encoding that is not the identity: nothing is decompressed, so that nothing grows.
fn foreign_encoding(headers: &HeaderMap) -> Option<String> {
    let encodings = headers.get_all(CONTENT_ENCODING).map(|value| latin1(value.as_bytes()));
    encodings
        .map(|text| text.trim().to_owned())
        .find(|text| !text.is_empty() && !text.eq_ignore_ascii_case("identity"))
}

fn announced_length(headers: &HeaderMap) -> Option<usize> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

fn latin1(bytes: &[u8]) -> String {
    bytes.iter().copied().map(char::from).collect()
}
