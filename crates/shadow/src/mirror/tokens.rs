use crate::compare::pairs;
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_LENGTH, COOKIE, HeaderValue};
use http::uri::PathAndQuery;
use http::{Request, Response, Uri};
use std::collections::{HashMap, VecDeque};

/// How many tokens are remembered; the oldest are forgotten.
const REMEMBERED: usize = 50_000;

/// What they may take together, in bytes.
const MEMORY: usize = 32 * 1024 * 1024;

/// Shorter words are no tokens.
const SHORTEST: usize = 16;

/// Longer tokens are not remembered: no server takes a header much longer than that.
const LONGEST: usize = 8 * 1024;

/// The candidate's tokens, by the upstream server's that were issued in the same answer.
#[derive(Default)]
pub(crate) struct Tokens {
    own: HashMap<Bytes, Bytes>,
    oldest: VecDeque<Bytes>,
    /// What both tokens of each pair take together.
    bytes: usize,
}

impl Tokens {
    /// Learns the tokens of two answers to one request.
    pub(crate) fn learn(&mut self, upstream: &Response<Bytes>, candidate: &Response<Bytes>) {
        let json = |answer: &Response<Bytes>| serde_json::from_slice(answer.body()).ok();
        if let (Some(theirs), Some(ours)) = (json(upstream), json(candidate)) {
            pairs(&theirs, &ours, &mut |theirs, ours| self.remember(theirs.as_bytes(), ours.as_bytes()));
        }
    }

    /// The request with the candidate's tokens in place of those that it has its own for: in the
    /// headers that hold credentials, in the query and in the body. Neither JSON nor forms write a
    /// token's letters otherwise than they are.
    pub(crate) fn with_own(&self, request: &Request<Bytes>) -> Request<Bytes> {
        let mut request = request.clone();
        if self.own.is_empty() {
            return request;
        }
        for (name, value) in request.headers_mut().iter_mut() {
            if (name == AUTHORIZATION || name == COOKIE)
                && let Some(Ok(own)) =
                    self.translated(value.as_bytes()).map(|own| HeaderValue::from_bytes(&own))
            {
                *value = own;
            }
        }
        let target = request.uri().path_and_query().filter(|target| target.query().is_some());
        if let Some(own) = target.and_then(|target| self.translated(target.as_str().as_bytes()))
            && let Ok(target) = PathAndQuery::try_from(own)
        {
            *request.uri_mut() = Uri::from(target);
        }
        if let Some(own) = self.translated(request.body()) {
            *request.body_mut() = own.into();
            // The client writes the one that is right.
            request.headers_mut().remove(CONTENT_LENGTH);
        }
        request
    }

    fn remember(&mut self, theirs: &[u8], ours: &[u8]) {
        if theirs.len().max(ours.len()) > LONGEST {
            return;
        }
        let key = Bytes::copy_from_slice(theirs);
        self.bytes += theirs.len() + ours.len();
        match self.own.insert(key.clone(), Bytes::copy_from_slice(ours)) {
            Some(former) => self.bytes = self.bytes.saturating_sub(theirs.len() + former.len()),
            None => self.oldest.push_back(key),
        }
        while (self.oldest.len() > REMEMBERED || self.bytes > MEMORY)
            && let Some(oldest) = self.oldest.pop_front()
        {
            let own = self.own.remove(&oldest).map_or(0, |own| own.len());
            self.bytes = self.bytes.saturating_sub(oldest.len() + own);
        }
    }

    /// The text with the candidate's tokens; none if it has no token that there is one for.
    fn translated(&self, text: &[u8]) -> Option<Vec<u8>> {
        let mut translated = Vec::with_capacity(text.len());
        let mut is_other = false;
        for word in text.chunk_by(|one, other| is_letter(*one) == is_letter(*other)) {
            let own = if word.len() < SHORTEST { None } else { self.own.get(word) };
            is_other |= own.is_some();
            translated.extend_from_slice(own.map_or(word, |own| own));
        }
        is_other.then_some(translated)
    }
}

/// Whether a token may have this letter: base64url's, and the dots between a JWT's parts.
fn is_letter(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-_.".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const THEIRS: &str = "eyJhbGciOiJIUzI1NiJ9.eyJ0b2tlbl90eXBlIjoiYWNjZXNzIn0.dGhlaXJz";
    const OURS: &str = "eyJhbGciOiJFZERTQSJ9.eyJ0b2tlbl90eXBlIjoiYWNjZXNzIn0.b3Vycw";
    const REFRESH: &str = "eyJhbGciOiJFZERTQSJ9.eyJ0b2tlbl90eXBlIjoicmVmcmVzaCJ9.b3Vycw";

    fn answer(token: &str) -> Response<Bytes> {
        Response::new(json!({"data": [{ "access": token }]}).to_string().into())
    }

    fn learned(theirs: &str, ours: &str) -> Tokens {
        let mut tokens = Tokens::default();
        tokens.learn(&answer(theirs), &answer(ours));
        tokens
    }

    #[test]
    fn the_candidate_is_sent_its_own_token_wherever_the_other_stands() {
        let tokens = learned(THEIRS, OURS);
        for text in ["Bearer {}", "a=b; jwt={}", "{\"token\": \"{}\"}", "token={}&x=y", "/a/?b={}", "{}"] {
            let own = tokens.translated(text.replace("{}", THEIRS).as_bytes()).unwrap();
            assert_eq!(String::from_utf8(own).unwrap(), text.replace("{}", OURS));
        }
    }

    #[test]
    fn what_is_no_known_token_is_sent_as_it_is() {
        let tokens = learned(THEIRS, OURS);
        let tampered = format!("{}AAA", THEIRS.get(..THEIRS.len() - 3).unwrap());
        for text in [&tampered, OURS, "garbage", "", "é\u{0}"] {
            assert_eq!(tokens.translated(text.as_bytes()), None);
        }
    }

    #[test]
    fn tokens_of_another_type_do_not_stand_for_each_other() {
        assert_eq!(learned(THEIRS, REFRESH).translated(THEIRS.as_bytes()), None);
        assert_eq!(learned(THEIRS, "garbage").translated(THEIRS.as_bytes()), None);
    }

    #[test]
    fn a_translated_request_has_no_length_of_the_other() {
        let request = Request::post(format!("/a/?token={THEIRS}"))
            .header("content-length", THEIRS.len())
            .header("authorization", format!("Bearer {THEIRS}"))
            .body(Bytes::from(THEIRS))
            .unwrap();
        let own = learned(THEIRS, OURS).with_own(&request);
        assert_eq!((own.body().as_ref(), own.headers().get("content-length")), (OURS.as_bytes(), None));
        assert_eq!(own.headers()["authorization"], format!("Bearer {OURS}").as_str());
        assert_eq!(own.uri().to_string(), format!("/a/?token={OURS}"));
    }

    #[test]
    fn the_oldest_tokens_are_forgotten() {
        let mut tokens = Tokens::default();
        for number in 0..=REMEMBERED {
            tokens.remember(number.to_string().as_bytes(), b"own");
        }
        assert_eq!((tokens.own.len(), tokens.oldest.len()), (REMEMBERED, REMEMBERED));
        assert!(!tokens.own.contains_key(&b"0"[..]));
    }

    #[test]
    fn tokens_of_more_than_8_kib_are_not_remembered() {
        let mut tokens = Tokens::default();
        let long = vec![b'a'; LONGEST + 1];
        tokens.remember(&long, b"own");
        tokens.remember(b"theirs", &long);
        assert_eq!((tokens.own.len(), tokens.bytes), (0, 0));
        let (_, longest) = long.split_first().unwrap();
        tokens.remember(longest, longest);
        assert_eq!((tokens.own.len(), tokens.bytes), (1, 2 * LONGEST));
    }

    #[test]
    fn the_memory_of_tokens_is_bounded() {
        let mut tokens = Tokens::default();
        let token = |number: usize| format!("{number:0>LONGEST$}");
        let pairs = MEMORY / LONGEST / 2;
        for number in 0..pairs + 10 {
            tokens.remember(token(number).as_bytes(), token(number).as_bytes());
        }
        // A pair that is learned again takes no more.
        tokens.remember(token(pairs).as_bytes(), token(0).as_bytes());
        assert_eq!((tokens.own.len(), tokens.oldest.len(), tokens.bytes), (pairs, pairs, MEMORY));
        assert!(
            !tokens.own.contains_key(token(9).as_bytes()) && tokens.own.contains_key(token(10).as_bytes())
        );
    }
}
