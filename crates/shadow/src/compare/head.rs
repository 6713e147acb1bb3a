//! What of an answer's head clients act upon.

use super::finder::ABSENT;
use super::{Expected, Finder, Kind};
use crate::mask::template;
use bytes::Bytes;
use http::header::{ALLOW, CONTENT_TYPE, HeaderName, LOCATION, SET_COOKIE, WWW_AUTHENTICATE};
use http::{Response, StatusCode, Uri};
use std::collections::BTreeSet;

/// What is told of a `Location` that is no URL.
const UNREADABLE: &str = "(unreadable)";

pub(super) fn compare(upstream: &Response<Bytes>, candidate: &Response<Bytes>, finder: &mut Finder<'_>) {
    // The type of nothing says nothing.
    let is_typed = !(upstream.body().is_empty() && candidate.body().is_empty());
    let media_types = (media_type(upstream), media_type(candidate));
    if is_typed && media_types.0 != media_types.1 {
        let told = |media_type: Option<String>| media_type.unwrap_or_else(|| ABSENT.to_owned());
        finder.differ(Kind::ContentType, "", told(media_types.0), told(media_types.1));
    }
    header(
        &WWW_AUTHENTICATE,
        joined(upstream, &WWW_AUTHENTICATE),
        joined(candidate, &WWW_AUTHENTICATE),
        finder,
    );
    locations(upstream, candidate, finder);
    header(&SET_COOKIE, cookies(upstream), cookies(candidate), finder);
    let methods = (methods(upstream), methods(candidate));
    let is_due = upstream.status() == StatusCode::METHOD_NOT_ALLOWED;
    if methods.0 != methods.1 && (is_due || !finder.expects(Expected::AllowOutside405)) {
        header(&ALLOW, methods.0, methods.1, finder);
    }
}

/// Whether the answer says that its body is JSON.
pub(super) fn is_json(answer: &Response<Bytes>) -> bool {
    media_type(answer).is_some_and(|media_type| {
        media_type == "application/json"
            || (media_type.starts_with("application/") && media_type.ends_with("+json"))
    })
}

/// The path that the answer sends the client to; the whole text as the error, if it is no URL.
pub(super) fn location(answer: &Response<Bytes>) -> Option<Result<String, String>> {
    let text = joined(answer, &LOCATION)?;
    Some(match text.parse::<Uri>() {
        Ok(uri) => Ok(uri.path().to_owned()),
        Err(_) => Err(text),
    })
}

/// A path is told like a request's: one-time tokens stand in both. Of what is no URL nobody knows what
/// is in it.
fn locations(upstream: &Response<Bytes>, candidate: &Response<Bytes>, finder: &mut Finder<'_>) {
    let (theirs, ours) = (location(upstream), location(candidate));
    if theirs != ours {
        let mask = finder.mask;
        let told = |location: Option<Result<String, String>>| match location {
            Some(Ok(path)) => mask.text(&template(&path)),
            Some(Err(_)) => UNREADABLE.to_owned(),
            None => ABSENT.to_owned(),
        };
        finder.differ(Kind::Header, LOCATION.as_str(), told(theirs), told(ours));
    }
}

fn header(name: &HeaderName, upstream: Option<String>, candidate: Option<String>, finder: &mut Finder<'_>) {
    if upstream != candidate {
        let mask = finder.mask;
        let told = |value: Option<String>| value.map_or_else(|| ABSENT.to_owned(), |value| mask.text(&value));
        finder.differ(Kind::Header, name.as_str(), told(upstream), told(candidate));
    }
}

/// The media type without its parameters, in lower case.
fn media_type(answer: &Response<Bytes>) -> Option<String> {
    let value = joined(answer, &CONTENT_TYPE)?;
    value.split(';').next().map(|media_type| media_type.trim().to_ascii_lowercase())
}

fn joined(answer: &Response<Bytes>, name: &HeaderName) -> Option<String> {
    let values: Vec<_> = answer
        .headers()
        .get_all(name)
        .iter()
        .map(|value| String::from_utf8_lossy(value.as_bytes()))
        .collect();
    (!values.is_empty()).then(|| values.join(", "))
}

/// The methods of `Allow`, sorted.
fn methods(answer: &Response<Bytes>) -> Option<String> {
    let value = joined(answer, &ALLOW)?;
    let methods: BTreeSet<_> = value.split(',').map(str::trim).filter(|method| !method.is_empty()).collect();
    Some(methods.into_iter().collect::<Vec<_>>().join(", "))
}

/// The names of the cookies that are set, sorted.
fn cookies(answer: &Response<Bytes>) -> Option<String> {
    let cookies = answer.headers().get_all(SET_COOKIE).iter();
    let names: BTreeSet<_> = cookies
        .map(|cookie| {
            let text = String::from_utf8_lossy(cookie.as_bytes());
            text.split('=').next().unwrap_or_default().trim().to_owned()
        })
        .collect();
    (!names.is_empty()).then(|| names.into_iter().collect::<Vec<_>>().join(", "))
}
