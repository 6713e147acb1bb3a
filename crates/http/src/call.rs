use crate::address::client_of;
use crate::body::{self, Body, Limits, Trim};
use crate::problem::Problem;
use crate::state::State;
use crate::worker::Worker;
use actix_web::HttpRequest;
use actix_web::dev::Payload;
use actix_web::http::header::{AUTHORIZATION, AcceptEncoding, Encoding, Header as _, HeaderMap, USER_AGENT};
use actix_web::http::{Method, Uri, Version};
use doorward_domain::callers::Caller;
use doorward_domain::session::Client;
use doorward_domain::use_cases::Auth;
use std::borrow::Cow;
use std::cell::Cell;
use std::net::SocketAddr;
use std::rc::Rc;

/// A request, as a handler sees it: nothing of it is read before the handler asks.
pub(crate) struct Call {
    request: HttpRequest,
    payload: Rc<Cell<Payload>>,
    worker: Rc<Worker>,
}

impl Call {
    pub(crate) fn new(request: HttpRequest, payload: Rc<Cell<Payload>>, worker: Rc<Worker>) -> Self {
        Self { request, payload, worker }
    }

    pub(crate) fn method(&self) -> &Method {
        self.request.method()
    }

    pub(crate) fn state(&self) -> &State {
        &self.worker.state
    }

    pub(crate) fn auth(&self) -> &Auth {
        &self.state().auth
    }

    /// The path as it was asked for.
    pub(crate) fn path(&self) -> &str {
        self.request.path()
    }

    /// Whether the client takes a body that is packed by gzip.
    pub(crate) fn takes_gzip(&self) -> bool {
        let ours = [Encoding::gzip(), Encoding::identity()];
        let accepted = AcceptEncoding::parse(&self.request).ok();
        accepted.and_then(|accepted| accepted.negotiate(ours.iter())) == Some(Encoding::gzip())
    }

    /// A part of the path.
    pub(crate) fn segment(&self, name: &str) -> &str {
        self.request.match_info().get(name).unwrap_or_default()
    }

    /// A parameter of the query; of a name that comes twice the last one counts.
    pub(crate) fn query(&self, name: &str) -> Option<String> {
        let pairs: Vec<(String, String)> = serde_urlencoded::from_str(self.uri().query()?).ok()?;
        pairs.into_iter().rfind(|(found, _)| found == name).map(|(_, value)| value)
    }

    /// What is asked for, as it was sent.
    pub(crate) fn uri(&self) -> &Uri {
        self.request.uri()
    }

    /// The version of HTTP that the other end of the connection speaks.
    pub(crate) fn version(&self) -> Version {
        self.request.version()
    }

    pub(crate) fn headers(&self) -> &HeaderMap {
        self.request.headers()
    }

    /// The other end of the connection, which may be a proxy.
    pub(crate) fn peer(&self) -> Option<SocketAddr> {
        self.request.peer_addr()
    }

    /// Whether white space around passwords is taken off.
    pub(crate) fn password_trim(&self) -> Trim {
        if self.state().settings.trim_passwords { Trim::Yes } else { Trim::No }
    }

    /// Who makes the request, for the owner of a session.
    pub(crate) fn client(&self) -> Client {
        let trusted = &self.state().settings.trusted_proxies;
        let address = client_of(&self.request, trusted).into_owned();
        let agent = self.request.headers().get(USER_AGENT);
        let agent = agent.map(|value| String::from_utf8_lossy(value.as_bytes())).unwrap_or_default();
        Client::new(address, &agent)
    }

    /// Reads the body.
    pub(crate) async fn body(&self) -> Result<Body, Problem> {
        let settings = &self.state().settings;
        let limits = Limits { bytes: settings.max_body_bytes, time: settings.body_timeout };
        let mut payload = self.payload.replace(Payload::None);
        let body = body::read(self.request.headers(), &mut payload, limits).await;
        self.payload.set(payload);
        body
    }

    /// The account behind the bearer; `None` if there is no bearer.
    pub(crate) async fn caller(&self) -> Result<Option<Caller>, Problem> {
        let Some(token) = bearer(self.request.headers())? else {
            return Ok(None);
        };
        self.holder(&token).await.map(Some)
    }

    /// The account behind an access token.
    pub(crate) async fn holder(&self, token: &str) -> Result<Caller, Problem> {
        let caller = self.auth().authenticate(token).await;
        caller.map_err(|error| self.state().settings.simplejwt.bearer(error))
    }
}

/// The token of an `Authorization` header, told from other schemes as simplejwt does: the header
/// is split on white space, and `Bearer` is matched as written.
fn bearer(headers: &HeaderMap) -> Result<Option<Cow<'_, str>>, Problem> {
    const BAD_HEADER: Problem = Problem::Unauthorized {
        detail: "Authorization header must contain two space-delimited values",
        code: Some("bad_authorization_header"),
    };
    let mut values = headers.get_all(AUTHORIZATION);
    let (Some(value), another) = (values.next(), values.next()) else {
        return Ok(None);
    };
    // Which of two headers counts is a question that two programs answer differently.
    if another.is_some() {
        return Err(BAD_HEADER);
    }
    let value = value.as_bytes();
    // As nearly everybody writes it.
    if let Some(token) = value.strip_prefix(b"Bearer ").filter(|rest| is_word(rest)) {
        return Ok(Some(text_of(token)));
    }
    let mut words = value.split(|byte| is_white(*byte)).filter(|word| !word.is_empty());
    match (words.next(), words.next(), words.next()) {
        (Some(b"Bearer"), Some(token), None) => Ok(Some(text_of(token))),
        (Some(b"Bearer"), _, _) => Err(BAD_HEADER),
        _ => Ok(None),
    }
}

/// Of what Python takes for white space, a header's value has only these (RFC 9110, 5.5).
fn is_white(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// Whether there is something, and no white space in it. It does not stop at the first: then the
/// processor takes many bytes at once.
fn is_word(bytes: &[u8]) -> bool {
    !bytes.is_empty() && !bytes.iter().fold(false, |found, byte| found | is_white(*byte))
}

fn text_of(token: &[u8]) -> Cow<'_, str> {
    // The right case first: the lossy reading looks at every byte for itself.
    str::from_utf8(token).map_or_else(|_| String::from_utf8_lossy(token), Cow::Borrowed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::HeaderValue;

    fn read(values: &[&[u8]]) -> Result<Option<String>, &'static str> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(AUTHORIZATION, HeaderValue::from_bytes(value).unwrap());
        }
        bearer(&headers).map(|token| token.map(Cow::into_owned)).map_err(|_| "bad")
    }

    #[test]
    fn the_header_is_split_on_white_space_and_the_scheme_matched_as_written() {
        assert_eq!(read(&[]), Ok(None));
        assert_eq!(read(&[b"Bearer abc"]), Ok(Some("abc".into())));
        assert_eq!(read(&[b" Bearer\t  abc "]), Ok(Some("abc".into())));
        for nobody in [&b""[..], b"  ", b"bearer abc", b"Basic Zm9v", b"Bearer, abc"] {
            assert_eq!(read(&[nobody]), Ok(None));
        }
        for bad in [&b"Bearer"[..], b"Bearer a b", b"Bearer x, Bearer y"] {
            assert_eq!(read(&[bad]), Err("bad"));
        }
    }

    #[test]
    fn two_headers_are_a_bad_header() {
        assert_eq!(read(&[b"Bearer a", b"Bearer a"]), Err("bad"));
        assert_eq!(read(&[b"Basic a", b"Bearer a"]), Err("bad"));
    }

    #[test]
    fn bytes_that_are_no_text_are_a_token_that_nobody_issued() {
        assert_eq!(read(&[b"Bearer \xe9\xff"]), Ok(Some("\u{fffd}\u{fffd}".into())));
    }
}
