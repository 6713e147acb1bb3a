use super::*;
use crate::compare::{Tolerance, compare};
use proptest::prelude::*;
use serde_json::json;

fn post(body: &Value) -> Request<Bytes> {
    Request::post("/api/auth/login/").body(body.to_string().into()).unwrap()
}

fn of_nothing() -> Mask {
    Mask::of(&Request::new(Bytes::new()))
}

#[test]
fn values_under_names_of_secrets_are_not_told() {
    let request = post(&json!({
        "username": "alice", "password": "Corr3ct-horse!", "new_password1": 12_345_678, "refreshToken": ["x1y2z3"],
        "API_KEY": {"inner": "q9w8e7"},
    }));
    let told = Mask::of(&request).request(&request);
    assert!(told.contains(r#""username":"alice""#), "{told}");
    for secret in ["Corr3ct", "12345678", "x1y2z3", "q9w8e7"] {
        assert!(!told.contains(secret), "{told}");
    }
}

#[test]
fn a_secret_of_the_request_is_told_nowhere_else() {
    let request = post(&json!({"password": "Corr3ct-horse!"}));
    let mask = Mask::of(&request);
    assert_eq!(mask.text("Is Corr3ct-horse! yours?"), "Is *** yours?");
    let echo = Response::new(Bytes::from(json!({"data": "Corr3ct-horse!"}).to_string()));
    assert_eq!(mask.body(&echo), r#"{"data":"***"}"#);
}

#[test]
fn credentials_of_headers_are_not_told() {
    let request = Request::get("/api/dashboard/")
        .header("authorization", "Bearer opaque-thing")
        .header("cookie", "sessionid=abcdef; theme=dark-mode")
        .body(Bytes::new())
        .unwrap();
    let mask = Mask::of(&request);
    assert_eq!(mask.request(&request), "authorization: Bearer ***; cookie: ***");
    assert_eq!(mask.text("opaque-thing abcdef dark-mode"), "*** *** ***");
}

#[test]
fn an_authorization_without_a_scheme_is_not_told() {
    for (value, told) in [("opaque", "***"), ("Bearer a b", "Bearer *** ***"), ("Bearer", "Bearer")] {
        let request = Request::get("/").header("authorization", value).body(Bytes::new()).unwrap();
        assert_eq!(Mask::of(&request).request(&request), format!("authorization: {told}"));
    }
}

#[test]
fn paths_and_queries_are_told_without_what_varies_or_is_secret() {
    let target = |uri: &str| {
        let request = Request::get(uri).body(Bytes::new()).unwrap();
        Mask::of(&request).target(&request)
    };
    assert_eq!(target("/api/users/17/"), "/api/users/{id}/");
    assert_eq!(target("/a/0191d5a0-0000-7000-8000-000000000000"), "/a/{uuid}");
    assert_eq!(target("/reset/MQ/c2x7b5-0123456789abcdef0123456789abcdef/"), "/reset/MQ/{token}/");
    assert_eq!(target("/users/alice%40example.com/"), "/users/{email}/");
    assert_eq!(target("/a?page=2&token=abc&email=a%40b.org"), "/a?page=2&token=***&email=***@b.org");
    assert_eq!(target("/api/auth/token/verify/"), "/api/auth/token/verify/");
}

#[test]
fn tokens_and_addresses_are_masked_wherever_they_stand() {
    let mask = of_nothing();
    assert_eq!(mask.text("token eyJhbGciOiJIUzI1NiJ9.eyJhIjoxfQ.c2ln, bad"), "token ***, bad");
    assert_eq!(mask.text("mail to <alice.b+c@example.com>"), "mail to <***@example.com>");
    assert_eq!(mask.text("9944b09199c62bcf9418ad846dd0e4bbdfc6ee4b"), "***");
    assert_eq!(
        mask.text("A user with that username already exists."),
        "A user with that username already exists."
    );
}

#[test]
fn forms_are_told_like_objects_and_other_bodies_by_their_size() {
    let typed = |content_type: &str, body: &'static str| {
        let request =
            Request::post("/").header("content-type", content_type).body(Bytes::from(body)).unwrap();
        Mask::of(&request).request(&request)
    };
    let form = "application/x-www-form-urlencoded";
    assert_eq!(
        typed(form, "username=alice&password=Corr3ct"),
        format!("content-type: {form}; username=alice&password=***")
    );
    assert_eq!(typed("text/plain", "Corr3ct"), "content-type: text/plain; (7 bytes)");
    assert_eq!(
        typed("application/json", "{\"password\": \"Corr3ct"),
        "content-type: application/json; (21 bytes)"
    );
    assert_eq!(typed("application/json", "\"Corr3ct\""), "content-type: application/json; (9 bytes)");
}

#[test]
fn codes_and_pins_that_a_client_sends_are_not_told() {
    for name in
        ["code", "backupCode", "pin", "pass", "user_pwd", "mfa", "otp", "csrf", "csrfmiddlewaretoken", "sig"]
    {
        let form = Request::post("/").header("content-type", "application/x-www-form-urlencoded");
        for request in [
            post(&json!({ name: "x1y2z3" })),
            post(&json!({ name: [{ "value": "x1y2z3" }] })),
            Request::get(format!("/?{name}=x1y2z3")).body(Bytes::new()).unwrap(),
            form.body(Bytes::from(format!("{name}=x1y2z3"))).unwrap(),
        ] {
            let mask = Mask::of(&request);
            let told = format!("{} {}", mask.target(&request), mask.request(&request));
            assert!(told.contains(name) && told.contains(MASK) && !told.contains("x1y2z3"), "{told}");
            assert_eq!(mask.text("Not x1y2z3."), "Not ***.", "{name}");
        }
    }
}

#[test]
fn the_code_of_an_answer_is_told() {
    let answer = |code: &str| Response::new(Bytes::from(json!({ "code": code }).to_string()));
    assert_eq!(of_nothing().body(&answer("token_not_valid")), r#"{"code":"token_not_valid"}"#);
    let request = post(&json!({ "code": "123456" }));
    assert_eq!(Mask::of(&request).body(&answer("123456")), r#"{"code":"***"}"#);
}

#[test]
fn a_form_is_one_however_its_type_is_written() {
    for content_type in
        ["Application/X-WWW-Form-URLencoded", "application/x-www-form-urlencoded ; charset=utf-8"]
    {
        let request = Request::post("/").header("content-type", content_type);
        let request = request.body(Bytes::from("username=alice&password=Corr3ct")).unwrap();
        let mask = Mask::of(&request);
        assert!(mask.request(&request).ends_with("; username=alice&password=***"), "{content_type}");
        assert_eq!(mask.text("Corr3ct?"), "***?");
    }
}

#[test]
fn multipart_bodies_are_told_by_their_size_and_their_secrets_nowhere() {
    let part = |name: &str, value: &str| {
        format!(
            "--B0\r\nContent-Type: text/plain\r\ncontent-disposition: form-data; name={name}\r\n\r\n{value}\r\n"
        )
    };
    let body = [part("\"username\"", "alice"), part("\"password\"", "Corr3ct-horse!"), part("pin", " 9876 ")];
    let body = format!("{}--B0--\r\n", body.concat());
    for content_type in ["multipart/form-data; boundary=B0", "Multipart/Form-Data; Boundary=\"B0\""] {
        let request = Request::post("/").header("content-type", content_type);
        let request = request.body(Bytes::from(body.clone())).unwrap();
        let mask = Mask::of(&request);
        assert!(mask.request(&request).ends_with(&format!("; ({} bytes)", body.len())));
        assert!(!mask.request(&request).contains("alice"));
        assert_eq!(mask.text("Corr3ct-horse!, 9876, alice"), "***, ***, alice");
    }
}

#[test]
fn a_multipart_body_that_cannot_be_read_is_told_by_its_size() {
    for (content_type, body) in [
        ("multipart/form-data", "--B0\r\n\r\nx"),
        ("multipart/form-data; boundary=B0", "--B0"),
        ("multipart/form-data; boundary=", "name=\"password\""),
        ("multipart/form-data; boundary=B0", "--B0\r\ncontent-disposition\r\n\r\nx"),
    ] {
        let request =
            Request::post("/").header("content-type", content_type).body(Bytes::from(body)).unwrap();
        let told = Mask::of(&request).request(&request);
        assert_eq!(told, format!("content-type: {content_type}; ({} bytes)", body.len()));
    }
}

#[test]
fn long_values_are_cut() {
    let text = of_nothing().text(&"é ".repeat(TOLD));
    assert_eq!(text.chars().count(), TOLD + 1);
    assert!(text.ends_with('…'));
}

/// A JSON value in which `secret` stands under a name that holds secrets, somewhere.
fn hiding(secret: String) -> impl Strategy<Value = Value> {
    let name =
        prop::sample::select(vec!["password", "newPassword2", "refresh", "x_access_y", "api_key", "Code"]);
    let wrapped = (name, 0..4_u8).prop_map(move |(name, shape)| match shape {
        0 => json!({ name: secret }),
        1 => json!({ name: [secret, 1] }),
        2 => json!({ name: { "deep": { "er": secret } } }),
        _ => json!({ name: format!("  {secret} ") }),
    });
    (wrapped, 0..3_u8, "[a-z]{1,8}").prop_map(|(value, depth, other)| {
        (0..depth).fold(value, |value, _| json!({ "a": [value], "b": other.clone() }))
    })
}

proptest! {
    #[test]
    fn no_secret_of_a_request_is_told(
        (secret, body) in "[A-Za-z0-9!@ .%+é-]{6,40}".prop_map(|it| format!("q{it}q"))
            .prop_flat_map(|it| (Just(it.clone()), hiding(it))),
        bearer in "[a-z0-9]{8,20}",
        echoed in 0..5_u8,
        status in prop::sample::select(vec![200_u16, 400, 401]),
    ) {
        let request = Request::post(format!("/api/x/?token={bearer}"))
            .header("authorization", format!("Bearer {bearer}"))
            .body(Bytes::from(body.to_string()))
            .unwrap();
        // Answers that repeat the secrets in one way or another.
        let echo = match echoed {
            0 => body,
            1 => json!({ "detail": format!("{secret} is not {bearer}") }),
            2 => json!({ secret.clone(): bearer.clone() }),
            3 => json!({ "password": [format!("Not {secret}.")] }),
            _ => json!([secret.clone(), [bearer.clone()]]),
        };
        let answer = |body: &Value| {
            let builder = Response::builder().status(status).header("content-type", "application/json");
            builder.header("www-authenticate", format!("x {bearer}")).body(Bytes::from(body.to_string())).unwrap()
        };
        let mask = Mask::of(&request);
        let mut told = vec![mask.request(&request), mask.target(&request)];
        let upstream = answer(&echo);
        for candidate in [answer(&json!({"other": 1})), answer(&json!(1)), Response::new(Bytes::new())] {
            for (one, other) in [(&upstream, &candidate), (&candidate, &upstream)] {
                let found = compare(&request, one, other, &Tolerance::default());
                prop_assert!(!found.differences.is_empty());
                told.extend(found.differences.into_iter().flat_map(|it| [it.at, it.upstream, it.candidate]));
            }
        }
        for text in told {
            prop_assert!(!text.contains(&secret), "{text} tells {secret}");
            prop_assert!(!text.contains(&bearer), "{text} tells {bearer}");
        }
    }

    #[test]
    fn masking_never_fails(text in "\\PC*", path in "\\PC*") {
        let mask = of_nothing();
        mask.text(&text);
        template(&path);
    }
}
