use crate::support::{PASSWORD, Server};
use doorward_domain::identity::Username;
use doorward_domain::password::Password;
use doorward_domain::store::{Transaction, Verdict};
use doorward_domain::takeover::{
    Attributes, ForeignAccount, ForeignKey, ForeignPassword, ImportedAccount, Seen,
};
use doorward_domain::testing::{World, block_on};
use doorward_domain::user::{CredentialVersion, FullName, Subject};
use doorward_http::{Aliases, HttpSettings, PathPrefix};
use std::slice;

const PATH: &str = "/api/auth/user/";

#[test]
fn the_caller_sees_the_account() {
    let server = Server::start();
    let access = server.login().access;
    let id = server.world.find("alice").id;
    server.get_as(&access, PATH).assert(
        200,
        &format!(
            concat!(
                r#"{{"id":{id},"username":"alice","email":"alice@example.com","email_verified":false,"full_name":"","#,
                r#""date_joined":"2026-01-01T00:00:00Z","last_login":"2026-01-01T00:00:00Z","is_staff":false,"groups":[]}}"#
            ),
            id = id
        ),
    );
    assert_eq!(server.get(PATH).status, 401);
}

#[test]
fn an_account_that_is_known_by_its_key_is_shown_with_it() {
    let prefix = |text| Some(PathPrefix::parse(text).unwrap());
    let aliases = Aliases { djoser: prefix("/auth/"), dj_rest_auth: prefix("/rest/") };
    let server = Server::with(HttpSettings { aliases, ..HttpSettings::default() });
    let key = "3f0e9c1e-6f0b-4a59-9d1c-0c2f5a1e7b11";
    import(&server.world, "bob", key);
    let tokens = server.world.login("bob", PASSWORD).unwrap();
    let shown = |path: &str, name: &str| server.get_as(&tokens.access, path).json()[name].clone();
    assert_eq!([shown(PATH, "id"), shown("/auth/users/me/", "id"), shown("/rest/user/", "pk")], [key; 3]);
    assert_eq!(shown(PATH, "groups"), serde_json::json!(["staff", "editors"]));
}

/// Stores an account that comes with a key which is no number.
fn import(world: &World, username: &str, key: &str) {
    let ports = world.auth.ports();
    let password = block_on(ports.hasher.hash(Password::new(PASSWORD).unwrap())).unwrap();
    let account = ForeignAccount {
        key: ForeignKey::Text(key.to_owned()),
        username: Username::parse(username).unwrap(),
        email: None,
        password: ForeignPassword::Hash(password.clone()),
        full_name: FullName::default(),
        is_active: true,
        is_staff: false,
        is_superuser: false,
        date_joined: ports.clock.now(),
        last_login: None,
        groups: vec!["staff".to_owned(), "editors".to_owned()],
        permissions: Vec::new(),
        attributes: Attributes::default(),
    };
    let seen = Seen::of_foreign(&account, CredentialVersion::FIRST);
    let subject = Subject::from_stored(key.to_owned());
    let imported = ImportedAccount { id: None, subject, account, password, seen };
    let step = move |tx: &mut dyn Transaction| {
        tx.archive().insert_accounts(slice::from_ref(&imported))?;
        Ok(Verdict::Commit(()))
    };
    block_on(ports.store.transact(step)).unwrap();
}

#[test]
fn the_full_name_can_be_changed_and_nothing_else() {
    let server = Server::start();
    let access = server.login().access;
    let body = r#"{"full_name":" Alice Liddell ","is_staff":true,"username":"root"}"#;
    let changed = server.json_as(&access, "PATCH", PATH, &body);
    assert_eq!(changed.status, 200);
    let expected = serde_json::json!(["Alice Liddell", false, "alice"]);
    let json = changed.json();
    assert_eq!(serde_json::json!([json["full_name"], json["is_staff"], json["username"]]), expected);
    assert_eq!(server.world.find("alice").full_name.as_str(), "Alice Liddell");

    assert_eq!(server.json_as(&access, "PATCH", PATH, "{}").json()["full_name"], "Alice Liddell");
    assert_eq!(server.json_as(&access, "PATCH", PATH, r#"{"full_name":""}"#).json()["full_name"], "");
}

#[test]
fn a_full_name_must_be_text_that_can_be_stored() {
    let server = Server::start();
    let access = server.login().access;
    let long = format!(r#"{{"full_name":"{}"}}"#, "x".repeat(256));
    for (body, sentence) in [
        (r#"{"full_name":null}"#, "This field may not be null."),
        (r#"{"full_name":true}"#, "Not a valid string."),
        (r#"{"full_name":["x"]}"#, "Not a valid string."),
        (r#"{"full_name":"a\u0000b"}"#, "Null characters are not allowed."),
        (r#"{"full_name":"\ud800"}"#, "Surrogate characters are not allowed: U+D800."),
        (&long, "Ensure this field has no more than 255 characters."),
    ] {
        server
            .json_as(&access, "PATCH", PATH, &body)
            .assert(400, &format!(r#"{{"full_name":["{sentence}"]}}"#));
    }
}

#[test]
fn an_account_that_is_gone_or_not_active_is_told_so() {
    let server = Server::start();
    let tokens = server.login();
    let alice = server.world.find("alice").id;
    block_on(server.world.auth.set_active(alice, false)).unwrap();
    server
        .get_as(&tokens.access, PATH)
        .assert(401, r#"{"detail":"User is inactive","code":"user_inactive"}"#);
    block_on(server.world.auth.delete_account(alice)).unwrap();
    server.get_as(&tokens.access, PATH).assert(401, r#"{"detail":"User not found","code":"user_not_found"}"#);
}

#[test]
fn an_account_is_deleted_with_its_password_alone() {
    let server = Server::start();
    let access = server.login().access;
    let delete = |body: &str| server.json_as(&access, "DELETE", PATH, body);
    delete("").assert(400, r#"{"password":["This field is required."]}"#);
    delete(r#"{"password":"wrong"}"#)
        .assert(400, r#"{"password":["Your password was entered incorrectly. Please enter it again."]}"#);
    let answer = delete(&format!(r#"{{"password":"{PASSWORD}"}}"#));
    assert_eq!((answer.status, answer.text.as_str()), (204, ""));
    assert!(block_on(server.world.auth.find_account("alice")).unwrap().is_none());
    server.get_as(&access, PATH).assert(401, r#"{"detail":"User not found","code":"user_not_found"}"#);
    server
        .send("DELETE", PATH, &[], b"")
        .assert(401, r#"{"detail":"Authentication credentials were not provided."}"#);
}
