use crate::letters::asked;
use crate::support::{PASSWORD, Server};
use doorward_domain::store::{Transaction, Verdict};
use doorward_domain::takeover::{Amendment, Attributes, Permission};
use doorward_domain::testing::block_on;
use serde_json::json;

const PATH: &str = "/api/auth/user/export/";
/// When the world's clock begins.
const NOW: &str = "2026-01-01T00:00:00Z";

#[test]
fn everything_about_the_caller_is_told_and_nothing_that_opens_the_account() {
    let server = Server::start();
    server.world.user("bob", PASSWORD);
    let (first, second) = (server.login(), server.login());
    server.post_as(&first.access, "/api/auth/logout/", "{}").assert(200, "{}");
    let letter = asked(&server, "/api/auth/password/reset/");
    let answer = server.get_as(&second.access, PATH);
    let told = answer.json();
    let alice = server.world.find("alice");
    assert_eq!(
        told["account"],
        json!({
            "id": alice.id.0, "subject": alice.subject.as_str(), "username": "alice",
            "email": "alice@example.com", "email_verified_at": null, "full_name": "",
            "is_active": true, "is_staff": false, "is_superuser": false, "is_imported": false,
            "groups": [], "date_joined": NOW, "last_login": NOW,
            "tokens_valid_after": told["account"]["tokens_valid_after"],
        })
    );
    assert_eq!((&told["has_password"], &told["password_changes"]), (&json!(true), &json!(0)));
    let ended: Vec<_> = told["sessions"].as_array().unwrap().iter().map(|s| s["ended_by"].clone()).collect();
    assert_eq!(ended.len(), 2);
    assert!(ended.contains(&json!("logout")) && ended.contains(&json!(null)));
    assert_eq!(
        told["one_time_secrets"],
        json!([{
            "purpose": "reset_password", "address": "alice@example.com",
            "created_at": NOW, "expires_at": "2026-01-01T01:00:00Z",
        }])
    );
    assert_eq!(told["letters"][0]["kind"], "reset_password");
    assert_eq!(
        (&told["letters"][0]["state"], &told["letters"][0]["settled_at"]),
        (&json!("sent"), &json!(NOW))
    );
    for secret in [letter.key, letter.code, server.world.stored_hash("alice").as_encoded().to_owned()] {
        assert!(!answer.text.contains(&secret));
    }
    assert!(
        !answer.text.contains("bob") && !answer.text.contains("digest") && !answer.text.contains("sealed")
    );
}

#[test]
fn it_is_a_file_that_nobody_keeps() {
    let server = Server::start();
    let answer = server.get_as(&server.login().access, PATH);
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(answer.header("content-disposition"), Some(r#"attachment; filename="account.json""#));
    server.get(PATH).assert(401, r#"{"detail":"Authentication credentials were not provided."}"#);
}

#[test]
fn attributes_are_told_as_they_came() {
    let server = Server::start();
    let (world, id) = (&server.world, server.world.find("alice").id);
    let object = r#"{"phone":null,"balance":12345678901234567890.10}"#;
    let permission =
        Permission { app: "auth".to_owned(), model: "user".to_owned(), codename: "view_user".to_owned() };
    let amendment = Amendment {
        attributes: Some(Attributes::from_json(object)),
        permissions: Some(vec![permission]),
        ..Amendment::default()
    };
    let step = move |tx: &mut dyn Transaction| Ok(Verdict::Commit(tx.archive().amend(id, &amendment)?));
    assert!(block_on(world.auth.ports().store.transact(step)).unwrap());
    let told = server.get_as(&server.login().access, PATH).text;
    assert!(told.contains(&format!(r#""attributes":{object}"#)), "{told}");
    assert!(told.contains(r#"[{"app":"auth","model":"user","codename":"view_user"}]"#), "{told}");
}
