use crate::harness::bodies::{INVALID, bearer_refused};
use crate::harness::{Forge, Pair, Place, Server, decode, parts};
use doorward_domain::testing::block_on;
use serde_json::Value;

/// A server with a login, and somebody who has its private key.
pub(super) struct Stolen {
    pub(super) server: Server,
    pub(super) pair: Pair,
    pub(super) header: Value,
    pub(super) claims: Value,
    pub(super) forge: Forge,
}

impl Stolen {
    pub(super) fn from(place: &Place) -> Self {
        let server = place.server_with(|settings| settings.tokens.audience = vec!["shop".to_owned()]);
        let pair = server.join_and_log_in("alice");
        let keys = block_on(server.keys().open()).unwrap().keys;
        let [header, payload, _] = parts(&pair.access);
        Self {
            forge: Forge::new(&keys[0].material),
            header: serde_json::from_slice(&decode(header)).unwrap(),
            claims: serde_json::from_slice(&decode(payload)).unwrap(),
            server,
            pair,
        }
    }

    pub(super) fn sign(&self, header: &Value, claims: &Value) -> String {
        self.forge.sign(&header.to_string(), &claims.to_string())
    }

    /// Signs with this claim in place, or without it.
    pub(super) fn with(&self, name: &str, value: Option<Value>) -> String {
        let mut claims = self.claims.clone();
        match value {
            Some(value) => drop(claims.as_object_mut().unwrap().insert(name.to_owned(), value)),
            None => drop(claims.as_object_mut().unwrap().remove(name)),
        }
        self.sign(&self.header, &claims)
    }

    #[track_caller]
    pub(super) fn must_be_refused(&self, token: &str) {
        self.server.dashboard(token).must_be(401, &bearer_refused(INVALID));
    }
}
