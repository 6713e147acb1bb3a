use crate::support::Server;
use serde_json::json;

const PATH: &str = "/api/dashboard/";

#[test]
fn the_caller_is_greeted_and_repeated() {
    let server = Server::start();
    let access = server.login().access;
    server.get_as(&access, PATH).assert(200, r#"{"message":"Hi alice"}"#);
    server
        .post_as(&access, PATH, &json!({"text": " <b>hello</b> "}))
        .assert(200, r#"{"message":"Hi alice, your text is <b>hello</b>"}"#);
    server
        .post_as(&access, PATH, r#"{"text":1.0}"#)
        .assert(200, r#"{"message":"Hi alice, your text is 1.0"}"#);
}

#[test]
fn the_text_must_be_text() {
    let server = Server::start();
    let access = server.login().access;
    for (body, answer) in [
        ("", r#"{"text":["This field is required."]}"#),
        (r#"{"text":" "}"#, r#"{"text":["This field may not be blank."]}"#),
        (r#"{"text":null}"#, r#"{"text":["This field may not be null."]}"#),
        (r#"{"text":true}"#, r#"{"text":["Not a valid string."]}"#),
        (r#"{"text":"a\u0000b"}"#, r#"{"text":["Null characters are not allowed."]}"#),
        ("[]", r#"{"non_field_errors":["Invalid data. Expected a dictionary, but got list."]}"#),
        ("null", r#"{"non_field_errors":["No data provided"]}"#),
    ] {
        server.post_as(&access, PATH, &body).assert(400, answer);
    }
}
