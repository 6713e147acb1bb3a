//! One verb an endpoint.

use super::{Answer, Client, PASSWORD, Request};
use serde_json::{Value, json};

/// What a registration sends.
pub(crate) struct Registration {
    pub(crate) username: Value,
    pub(crate) email: Value,
    pub(crate) password: Value,
    pub(crate) password2: Value,
}

impl Registration {
    /// One that is in order.
    pub(crate) fn of(name: &str) -> Self {
        let password = Value::from(PASSWORD);
        Self {
            username: name.into(),
            email: format!("{name}@example.com").into(),
            password: password.clone(),
            password2: password,
        }
    }

    /// With another password, twice.
    pub(crate) fn password(self, password: impl Into<Value>) -> Self {
        let password = password.into();
        Self { password: password.clone(), password2: password, ..self }
    }

    fn body(&self) -> Value {
        let Self { username, email, password, password2 } = self;
        json!({"username": username, "email": email, "password": password, "password2": password2})
    }
}

/// The tokens of a login or a refresh.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pair {
    pub(crate) access: String,
    pub(crate) refresh: String,
}

impl Pair {
    #[track_caller]
    pub(crate) fn of(answer: &Answer) -> Self {
        answer.must_have_status(200);
        let body = answer.json();
        let token = |name: &str| body[name].as_str().expect("a token").to_owned();
        Self { access: token("access"), refresh: token("refresh") }
    }
}

impl Client {
    pub(crate) fn register(&self, registration: &Registration) -> Answer {
        self.registering(registration).send()
    }

    pub(crate) fn registering(&self, registration: &Registration) -> Request {
        self.post("/api/auth/register/").json(&registration.body())
    }

    /// Makes an account that is in order.
    #[track_caller]
    pub(crate) fn join(&self, name: &str) {
        self.register(&Registration::of(name)).must_have_status(201);
    }

    /// Makes an account that is in order, and logs in.
    #[track_caller]
    pub(crate) fn join_and_log_in(&self, name: &str) -> Pair {
        self.join(name);
        self.log_in(name)
    }

    #[track_caller]
    pub(crate) fn log_in(&self, name: &str) -> Pair {
        Pair::of(&self.login(name, PASSWORD))
    }

    pub(crate) fn login(&self, name: &str, password: &str) -> Answer {
        self.logging_in(name, password).send()
    }

    pub(crate) fn logging_in(&self, name: &str, password: &str) -> Request {
        self.post("/api/auth/login/").json(&json!({"username": name, "password": password}))
    }

    pub(crate) fn refresh(&self, token: &str) -> Answer {
        self.refreshing(token).send()
    }

    pub(crate) fn refreshing(&self, token: &str) -> Request {
        self.post("/api/auth/token/refresh/").json(&json!({"refresh": token}))
    }

    pub(crate) fn verify(&self, token: &str) -> Answer {
        self.post("/api/auth/token/verify/").json(&json!({"token": token})).send()
    }

    pub(crate) fn blacklist(&self, token: &str) -> Answer {
        self.post("/api/auth/token/blacklist/").json(&json!({"refresh": token})).send()
    }

    /// Logs out with the refresh token.
    pub(crate) fn logout(&self, token: &str) -> Answer {
        self.post("/api/auth/logout/").json(&json!({"refresh": token})).send()
    }

    pub(crate) fn logout_all(&self, access: &str) -> Answer {
        self.post("/api/auth/logout/all/").bearer(access).send()
    }

    pub(crate) fn dashboard(&self, access: &str) -> Answer {
        self.get("/api/dashboard/").bearer(access).send()
    }

    pub(crate) fn user(&self, access: &str) -> Answer {
        self.get("/api/auth/user/").bearer(access).send()
    }

    pub(crate) fn change_user(&self, access: &str, change: &Value) -> Answer {
        self.request("PATCH", "/api/auth/user/").bearer(access).json(change).send()
    }

    #[track_caller]
    pub(crate) fn sessions(&self, access: &str) -> Vec<Value> {
        let answer = self.get("/api/auth/sessions/").bearer(access).send();
        answer.must_have_status(200);
        answer.json().as_array().expect("a list").clone()
    }

    pub(crate) fn end_session(&self, access: &str, id: &str) -> Answer {
        self.request("DELETE", format!("/api/auth/sessions/{id}/")).bearer(access).send()
    }

    #[track_caller]
    pub(crate) fn key_set(&self) -> Value {
        self.get("/.well-known/jwks.json").send().json()
    }

    /// A figure of `/metrics`, by its name and labels as they stand there; 0 if it is not there.
    #[track_caller]
    pub(crate) fn figure(&self, name: &str) -> u64 {
        let text = self.get("/metrics").send().text();
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.map_or(0, |value| value.trim_end_matches(".0").parse().expect("a whole number"))
    }
}
