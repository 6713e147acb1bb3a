//! What a multipart body holds. It is never told; its secrets are looked for elsewhere.

use super::request::has_media_type;
use bytes::Bytes;
use http::Request;
use http::header::CONTENT_TYPE;

/// The fields of a body that is multipart (RFC 7578), as far as it can be read.
pub(super) fn fields(request: &Request<Bytes>) -> Vec<(String, String)> {
    if !has_media_type(request, "multipart/form-data") {
        return Vec::new();
    }
    let content_type =
        request.headers().get(CONTENT_TYPE).map(|value| String::from_utf8_lossy(value.as_bytes()));
    let Some(boundary) = content_type.and_then(|text| parameter(&text, "boundary")) else {
        return Vec::new();
    };
    let body = String::from_utf8_lossy(request.body());
    body.split(&format!("--{boundary}")).skip(1).filter_map(field).collect()
}

/// The name and the value of a part.
fn field(part: &str) -> Option<(String, String)> {
    let (head, value) = part.split_once("\r\n\r\n").or_else(|| part.split_once("\n\n"))?;
    let disposition = head.lines().find(|line| {
        line.split(':').next().is_some_and(|name| name.trim().eq_ignore_ascii_case("content-disposition"))
    })?;
    let value = value.strip_suffix('\n').unwrap_or(value);
    Some((parameter(disposition, "name")?, value.strip_suffix('\r').unwrap_or(value).to_owned()))
}

/// The value of a header's parameter.
fn parameter(header: &str, wanted: &str) -> Option<String> {
    header.split(';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        let is_it = name.trim().eq_ignore_ascii_case(wanted);
        is_it.then(|| value.trim().trim_matches('"').to_owned())
    })
}
