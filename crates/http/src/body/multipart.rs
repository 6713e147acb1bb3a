use super::{Body, Text, Value};
use crate::problem::Problem;
use actix_multipart::{Field, Multipart};
use actix_web::http::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use actix_web::web::Bytes;
use futures_util::{StreamExt, stream};

/// Reads a multipart body. A file is a value that no string field takes.
pub(super) async fn parse(content_type: HeaderValue, bytes: Bytes) -> Result<Body, Problem> {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, content_type);
    let limit = bytes.len();
    let mut parts = Multipart::new(&headers, stream::iter([Ok(bytes)]));
    let mut body = Body::default();
    let mut files = Vec::new();
    while let Some(part) = parts.next().await {
        let mut part = part.map_err(|error| malformed(&error))?;
        let Some(name) = part.name().map(str::to_owned) else { continue };
        let is_file = is_file(&part);
        let content = part.bytes(limit).await.map_err(|error| malformed(&error))?;
        let content = content.map_err(|error| malformed(&error))?;
        if is_file {
            files.push(name);
        } else {
            body.0.insert(name, Value::Text(Text::new(String::from_utf8_lossy(&content))));
        }
    }
    // A file hides a field of its name, wherever it stands.
    body.0.extend(files.into_iter().map(|name| (name, Value::Unfit)));
    Ok(body)
}

fn is_file(part: &Field) -> bool {
    let file_name = part.content_disposition().and_then(|disposition| disposition.get_filename());
    file_name.is_some_and(|name| !name.is_empty())
}

fn malformed(error: &impl std::fmt::Display) -> Problem {
    Problem::Malformed(format!("Multipart form parse error - {error}"))
}
