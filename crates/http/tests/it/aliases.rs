use crate::support::{PASSWORD, Server};
use doorward_domain::session::{Rotation, SessionId};
use doorward_domain::standing::Standing;
use doorward_domain::store::{Done, ReadJob, Rotated, Store, WriteJob};
use doorward_domain::testing::{MemoryStore, World};
use doorward_domain::time::Timestamp;
use doorward_domain::token::TokenPair;
use doorward_domain::use_cases::{Auth, Policy, Ports};
use doorward_domain::user::UserId;
use doorward_http::{Aliases, HttpSettings, PathPrefix};
use serde_json::{Value, json};
use std::sync::Arc;

/// A server with both packages' paths under prefixes of its own.
fn server() -> Server {
    at("/auth/", "/rest/")
}

fn at(djoser: &str, dj_rest_auth: &str) -> Server {
    Server::with(settings(djoser, dj_rest_auth))
}

fn settings(djoser: &str, dj_rest_auth: &str) -> HttpSettings {
    let prefix = |text| Some(PathPrefix::parse(text).unwrap());
    let aliases = Aliases { djoser: prefix(djoser), dj_rest_auth: prefix(dj_rest_auth) };
    HttpSettings { aliases, ..HttpSettings::default() }
}

/// A store that is away as soon as it has written once.
struct WritesOnce(Arc<MemoryStore>);

impl WritesOnce {
    /// A server with the same paths, on such a store; alice has logged in already.
    fn server() -> (Server, TokenPair) {
        let mut world = World::with_user("alice", "alice@example.com", PASSWORD);
        let tokens = world.login("alice", PASSWORD).unwrap();
        let store = Arc::new(Self(world.store.clone()));
        let ports = Ports { store, ..world.auth.ports().clone() };
        world.auth = Auth::new(ports, Policy::default());
        (Server::on(world, settings("/auth/", "/rest/")), tokens)
    }
}

impl Store for WritesOnce {
    fn run_write(&self, job: WriteJob) -> Done {
        let done = self.0.run_write(job);
        self.0.go_down();
        done
    }

    fn rotate(&self, user: UserId, id: SessionId, rotation: Rotation) -> Rotated {
        let rotated = self.0.rotate(user, id, rotation);
        self.0.go_down();
        rotated
    }

    fn remembered(&self, _: UserId, _: Option<SessionId>, _: Timestamp) -> Option<Standing> {
        None
    }

    fn run_read(&self, job: ReadJob) -> Done {
        self.0.run_read(job)
    }

    fn health(&self) -> Done {
        self.0.health()
    }
}

fn newcomer() -> Value {
    json!({
        "username": "bob", "email": "bob@example.com",
        "password": PASSWORD, "password1": PASSWORD, "password2": PASSWORD,
    })
}

#[test]
fn aliases_are_not_there_unless_they_are_switched_on() {
    let server = Server::start();
    for path in ["/auth/users/", "/auth/jwt/create/", "/dj-rest-auth/login/", "/users/", "/login/"] {
        server.post(path, "{}").assert(404, r#"{"detail":"Not found."}"#);
    }
    assert!(!server.get("/api/schema/").text.contains("djoser"));
}

#[test]
fn an_alias_answers_with_and_without_its_final_slash() {
    let server = server();
    for path in [
        "/auth/users",
        "/auth/jwt/create",
        "/auth/jwt/refresh",
        "/auth/jwt/verify",
        "/rest/login",
        "/rest/logout",
        "/rest/token/refresh",
        "/rest/token/verify",
        "/rest/registration",
    ] {
        let answers = [path, &format!("{path}/")].map(|path| server.post(path, "{}"));
        assert!([400, 401].contains(&answers[0].status), "{path}");
        assert_eq!(answers[0].text, answers[1].text);
        assert_eq!(answers[0].header("cache-control"), Some("no-store"));
    }
    let access = server.login().access;
    for path in ["/auth/users/me", "/rest/user"] {
        assert_eq!(server.get_as(&access, path).text, server.get_as(&access, &format!("{path}/")).text);
    }
}

#[test]
fn what_is_not_aliased_is_not_found() {
    let server = server();
    for path in ["/auth/users/7/", "/auth/users/set_username/", "/rest/email/change/", "/auth/", "/rest"] {
        server.post(path, "{}").assert(404, r#"{"detail":"Not found."}"#);
    }
}

#[test]
fn where_an_alias_has_a_path_of_the_api_the_alias_answers() {
    let server = at("/api/auth/", "/api/auth/");
    let body = json!({"username": "alice", "password": PASSWORD});
    assert_eq!(server.post("/api/auth/login/", &body).json()["user"]["username"], "alice");
    assert_eq!(server.post("/api/auth/jwt/create/", &body).status, 200);
    assert_eq!(server.post("/api/auth/register/", "{}").status, 400);
    let access = server.login().access;
    assert!(server.get_as(&access, "/api/auth/user/").json()["pk"].is_i64());
    let deleted = server.json_as(&access, "DELETE", "/api/auth/user/", &json!({"password": PASSWORD}));
    assert_eq!(deleted.status, 204, "what the alias has not is the API's");
    let document = server.get("/api/schema/").json();
    assert_eq!(document["paths"]["/api/auth/login/"]["post"]["tags"], json!(["dj-rest-auth"]));
}

#[test]
fn a_registration_needs_an_address_that_nobody_else_has() {
    let server = server();
    for path in ["/auth/users/", "/rest/registration/"] {
        let mut body = newcomer();
        body.as_object_mut().unwrap().remove("email");
        server.post(path, &body).assert(400, r#"{"email":["This field is required."]}"#);
    }
    let mut taken = newcomer();
    taken["email"] = "Alice@example.com".into();
    server
        .post("/auth/users/", &taken)
        .assert(400, r#"{"email":["A user with that email already exists."]}"#);
    server
        .post("/rest/registration/", &taken)
        .assert(400, r#"{"email":["User is already registered with this e-mail address."]}"#);
}

#[test]
fn with_dj_rest_auth_a_registration_begins_a_session() {
    let server = server();
    let answer = server.post("/rest/registration/", &newcomer());
    assert_eq!(answer.status, 201);
    let access = answer.json()["access"].as_str().unwrap().to_owned();
    assert_eq!(server.get_as(&access, "/api/auth/user/").json()["username"], "bob");
    assert_eq!(server.world.live_sessions("bob"), 1);
    assert!(server.get("/metrics").text.contains(r#"doorward_logins_total{outcome="success"} 1"#));
}

#[test]
fn a_registration_with_dj_rest_auth_hashes_once_and_looks_nothing_up_once_it_is_committed() {
    let (server, _) = WritesOnce::server();
    let hashes = server.world.hasher.count();
    let answer = server.post("/rest/registration/", &newcomer());
    assert_eq!((answer.status, &answer.json()["user"]["username"]), (201, &json!("bob")));
    assert_eq!(server.world.hasher.count() - hashes, 1);
}

#[test]
fn a_login_with_dj_rest_auth_looks_nothing_up_once_it_is_committed() {
    let (server, _) = WritesOnce::server();
    let answer = server.post("/rest/login/", &json!({"username": "alice", "password": PASSWORD}));
    assert_eq!((answer.status, &answer.json()["user"]["username"]), (200, &json!("alice")));
}

#[test]
fn a_rotation_with_dj_rest_auth_tells_when_its_tokens_expire_without_asking_the_store_again() {
    let (server, tokens) = WritesOnce::server();
    let answer = server.post("/rest/token/refresh/", &json!({"refresh": tokens.refresh}));
    assert_eq!(answer.status, 200, "{}", answer.text);
    let answer = answer.json();
    assert_ne!(answer["refresh"], tokens.refresh);
    assert_eq!(answer["access_expiration"], "2026-01-01T00:05:00Z");
    assert_eq!(answer["refresh_expiration"], "2026-01-02T00:00:00Z");
}

#[test]
fn an_address_stands_for_the_username() {
    let server = server();
    for body in [
        json!({"username": "alice@example.com", "password": PASSWORD}),
        json!({"email": "alice@example.com", "password": PASSWORD}),
        json!({"username": "", "email": "alice@example.com", "password": PASSWORD}),
    ] {
        assert_eq!(server.post("/rest/login/", &body).json()["user"]["pk"], server.world.find("alice").id.0);
    }
}

#[test]
fn a_name_and_an_address_to_log_in_with_are_not_changed() {
    let server = server();
    let access = server.login().access;
    for (path, body, answer) in [
        ("/auth/users/me/", r#"{"email":"b@x.org"}"#, r#"{"email":["The address cannot be changed here."]}"#),
        ("/auth/users/me/", r#"{"email":""}"#, r#"{"email":["The address cannot be changed here."]}"#),
        ("/rest/user/", r#"{"username":"bob"}"#, r#"{"username":["The username cannot be changed here."]}"#),
    ] {
        server.json_as(&access, "PATCH", path, &body).assert(400, answer);
    }
    for (path, body) in [
        ("/auth/users/me/", r#"{"email":"alice@EXAMPLE.com"}"#),
        ("/rest/user/", r#"{"username":"alice","email":"b@x.org"}"#),
    ] {
        let answer = server.json_as(&access, "PUT", path, &body);
        assert_eq!((answer.status, &answer.json()["email"]), (200, &json!("alice@example.com")));
    }
}

#[test]
fn a_name_that_is_too_long_altogether_is_refused() {
    let server = server();
    let access = server.login().access;
    let body = json!({"first_name": "x".repeat(150), "last_name": "y".repeat(150)});
    server
        .json_as(&access, "PATCH", "/rest/user/", &body)
        .assert(400, r#"{"non_field_errors":["Ensure this field has no more than 255 characters."]}"#);
    let body = json!({"first_name": "a\u{0}b"});
    server
        .json_as(&access, "PATCH", "/rest/user/", &body)
        .assert(400, r#"{"first_name":["Null characters are not allowed."]}"#);
    assert_eq!(server.world.find("alice").full_name.as_str(), "");
}

#[test]
fn a_logout_ends_the_session_of_its_refresh_token() {
    let server = server();
    let tokens = server.login();
    server
        .post("/rest/logout/", &json!({"refresh": tokens.refresh}))
        .assert_plain(200, r#"{"detail":"Successfully logged out."}"#);
    assert_eq!(server.get_as(&tokens.access, "/rest/user/").status, 401);
    server
        .post("/rest/logout/", &json!({"refresh": null}))
        .assert_plain(401, r#"{"detail":"Token is invalid or expired"}"#);
}

#[test]
fn figures_name_an_alias_by_its_package() {
    let server = server();
    server.get_as(&server.login().access, "/auth/users/me/");
    server.post("/rest/login/", &json!({"username": "alice", "password": PASSWORD}));
    let figures = server.get("/metrics").text;
    assert!(figures.contains(r#"method="GET",route="{djoser}users/me/",status="200""#), "{figures}");
    assert!(figures.contains(r#"route="{dj_rest_auth}login/""#));
    assert!(figures.contains(r#"doorward_logins_total{outcome="success"} 2"#), "{figures}");
}
