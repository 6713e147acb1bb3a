use super::Raw;
use serde_json::Value;
use std::fmt::Display;
use std::net::SocketAddr;
use std::time::Duration;
use ureq::Agent;
use ureq::http::header::{HeaderName, HeaderValue};
use ureq::http::{self, HeaderMap};

/// A client of one server, which keeps its connections.
#[derive(Clone)]
pub(crate) struct Client {
    agent: Agent,
    address: SocketAddr,
}

impl Client {
    pub(crate) fn of(address: SocketAddr) -> Self {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .allow_non_standard_methods(true)
            .max_response_header_size(1 << 20)
            .timeout_global(Some(Duration::from_secs(60)))
            .build();
        Self { agent: config.new_agent(), address }
    }

    /// A request that is yet to be sent.
    pub(crate) fn request(&self, method: &str, path: impl Display) -> Request {
        let uri = format!("http://{}{path}", self.address);
        Request::new(self.agent.clone(), method, &uri)
    }

    pub(crate) fn get(&self, path: impl Display) -> Request {
        self.request("GET", path)
    }

    pub(crate) fn post(&self, path: impl Display) -> Request {
        self.request("POST", path)
    }

    /// A connection for what no well-behaved client sends.
    pub(crate) fn connect(&self) -> Raw {
        Raw::connect(self.address)
    }
}

/// A request that is put together step by step.
#[derive(Clone)]
pub(crate) struct Request {
    agent: Agent,
    method: String,
    uri: String,
    headers: HeaderMap,
    body: Option<Vec<u8>>,
}

impl Request {
    pub(crate) fn new(agent: Agent, method: &str, uri: &str) -> Self {
        Self { agent, method: method.to_owned(), uri: uri.to_owned(), headers: HeaderMap::new(), body: None }
    }

    /// Adds a header, beside those of its name.
    pub(crate) fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
        self.headers.append(name, HeaderValue::from_bytes(value.as_ref()).unwrap());
        self
    }

    pub(crate) fn bearer(self, token: &str) -> Self {
        self.header("Authorization", format!("Bearer {token}"))
    }

    pub(crate) fn json(self, body: &Value) -> Self {
        self.header("Content-Type", "application/json").body(body.to_string())
    }

    pub(crate) fn form(self, fields: &[(&str, &str)]) -> Self {
        let pairs: Vec<_> =
            fields.iter().map(|(name, value)| format!("{}={}", percent(name), percent(value))).collect();
        self.header("Content-Type", "application/x-www-form-urlencoded").body(pairs.join("&"))
    }

    pub(crate) fn multipart(self, fields: &[(&str, &str)]) -> Self {
        let part = |(name, value): &(&str, &str)| {
            format!("--limit\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
        };
        let parts: String = fields.iter().map(part).collect();
        self.header("Content-Type", "multipart/form-data; boundary=limit").body(parts + "--limit--\r\n")
    }

    pub(crate) fn body(self, body: impl Into<Vec<u8>>) -> Self {
        Self { body: Some(body.into()), ..self }
    }

    pub(crate) fn send(self) -> Answer {
        self.try_send().expect("an answer")
    }

    /// The same where the server may be gone before it answers.
    pub(crate) fn try_send(self) -> Result<Answer, ureq::Error> {
        let mut request = http::Request::builder().method(self.method.as_str()).uri(&self.uri);
        *request.headers_mut().unwrap() = self.headers;
        let has_body = matches!(self.method.as_str(), "POST" | "PUT" | "PATCH");
        let answer = match self.body.or(has_body.then(Vec::new)) {
            Some(body) => self.agent.run(request.body(body).unwrap()),
            None => self.agent.run(request.body(()).unwrap()),
        };
        let (head, mut body) = answer?.into_parts();
        let body = body.with_config().limit(64 << 20).read_to_vec()?;
        Ok(Answer { status: head.status.as_u16(), headers: head.headers, body })
    }
}

fn percent(text: &str) -> String {
    text.bytes()
        .map(
            |byte| {
                if byte.is_ascii_alphanumeric() {
                    char::from(byte).to_string()
                } else {
                    format!("%{byte:02X}")
                }
            },
        )
        .collect()
}

/// What came back.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// A header's value, if it is there once.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.get_all(name).iter();
        let value = values.next()?;
        assert!(values.next().is_none(), "{name} came twice");
        Some(value.to_str().unwrap())
    }

    /// All that a client can tell it from other answers by, but for what differs each time.
    #[track_caller]
    pub(crate) fn told(&self) -> (u16, HeaderMap, Vec<u8>) {
        let mut headers = self.headers.clone();
        for changing in ["date", "x-request-id"] {
            assert!(headers.remove(changing).is_some(), "no {changing}");
        }
        (self.status, headers, self.body.clone())
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error} in {self:?}"))
    }

    /// Fails unless it is this status with this JSON.
    #[track_caller]
    pub(crate) fn must_be(&self, status: u16, body: &Value) {
        assert_eq!((self.status, &self.json()), (status, body));
    }

    /// Fails unless it is this status.
    #[track_caller]
    pub(crate) fn must_have_status(&self, status: u16) {
        assert_eq!(self.status, status, "{}", String::from_utf8_lossy(&self.body));
    }
}
