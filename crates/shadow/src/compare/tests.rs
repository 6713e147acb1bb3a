use super::*;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::response::Builder;
use serde_json::{Value, json};

fn jwt(claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.{}", part(&json!({"alg": "HS256", "typ": "JWT"})), part(claims), "c2lnbmF0dXJl")
}

fn access(more: &Value) -> Value {
    let mut claims = json!({"token_type": "access", "exp": 1300, "iat": 1000, "jti": "a", "user_id": 7});
    claims.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json!({ "access": jwt(&claims) })
}

fn get(path: &str) -> Request<Bytes> {
    Request::get(path).body(Bytes::new()).unwrap()
}

fn with_body(builder: Builder, body: &Value) -> Response<Bytes> {
    builder.header("content-type", "application/json").body(body.to_string().into()).unwrap()
}

fn answer(status: u16, body: &Value) -> Response<Bytes> {
    with_body(Response::builder().status(status), body)
}

fn page(status: u16) -> Response<Bytes> {
    let builder = Response::builder().status(status).header("content-type", "text/html; charset=utf-8");
    builder.body("<h1>Not Found</h1>".into()).unwrap()
}

fn found(upstream: &Response<Bytes>, candidate: &Response<Bytes>) -> Comparison {
    compare(&get("/api/dashboard/"), upstream, candidate, &Tolerance::default())
}

/// The kinds and places of what differs between two bodies.
fn kinds(upstream: &Value, candidate: &Value) -> Vec<(Kind, String)> {
    let found = found(&answer(200, upstream), &answer(200, candidate));
    found.differences.into_iter().map(|difference| (difference.kind, difference.at)).collect()
}

/// Asserts that it is tolerated by its name alone, and found where a tolerance is strict about it.
fn assert_expected(
    expected: Expected,
    request: &Request<Bytes>,
    upstream: &Response<Bytes>,
    candidate: &Response<Bytes>,
) {
    let tolerant = compare(request, upstream, candidate, &Tolerance::default());
    assert_eq!(tolerant, Comparison { differences: vec![], expected: [expected].into() });
    let strict = compare(request, upstream, candidate, &Tolerance::strict_about([expected]));
    assert!(!strict.differences.is_empty(), "{expected} cannot be switched off");
    let others = Tolerance::strict_about(Expected::ALL.into_iter().filter(|other| *other != expected));
    assert_eq!(compare(request, upstream, candidate, &others), tolerant, "{expected} needs another");
}

#[test]
fn equal_answers_do_not_differ() {
    for body in [json!({"a": [1, "x", null, true]}), json!([]), json!("x")] {
        assert_eq!(found(&answer(200, &body), &answer(200, &body)), Comparison::default());
    }
    assert_eq!(found(&page(404), &page(404)), Comparison::default());
}

#[test]
fn another_status_is_one_difference_with_both_bodies() {
    let found = found(&answer(200, &json!({"a": 1})), &answer(401, &json!({"detail": "No."})));
    let expected = Difference {
        kind: Kind::Status,
        at: String::new(),
        upstream: r#"200 {"a":1}"#.to_owned(),
        candidate: r#"401 {"detail":"No."}"#.to_owned(),
    };
    assert_eq!(found.differences, [expected]);
}

#[test]
fn the_media_type_counts_and_its_parameters_do_not() {
    let typed = |value: &str| Response::builder().header("content-type", value).body("{}".into()).unwrap();
    let json = typed("application/json");
    assert_eq!(found(&typed("Application/JSON; charset=utf-8"), &json), Comparison::default());
    let differences = found(&typed("text/html"), &json).differences;
    assert_eq!(differences.iter().map(|it| it.kind).collect::<Vec<_>>(), [Kind::ContentType]);
    let untyped = Response::new(Bytes::new());
    assert_eq!(
        found(&untyped, &Response::builder().header("content-type", "a/b").body(Bytes::new()).unwrap())
            .differences,
        []
    );
}

#[test]
fn headers_that_clients_act_upon_are_compared() {
    let with = |name: &str, value: &str| Response::builder().header(name, value).body(Bytes::new()).unwrap();
    for (name, one, other) in [
        ("www-authenticate", "Bearer realm=\"api\"", "Bearer"),
        ("location", "/a/?x", "/b/?x"),
        ("set-cookie", "sessionid=1; Path=/", "csrftoken=1"),
    ] {
        for candidate in [with(name, other), Response::new(Bytes::new())] {
            let found = found(&with(name, one), &candidate);
            assert_eq!(
                found.differences.iter().map(|it| (it.kind, &*it.at)).collect::<Vec<_>>(),
                [(Kind::Header, name)]
            );
        }
    }
    for (name, one, other) in
        [("location", "http://a/x", "/x"), ("set-cookie", "s=1", "s=2; Secure"), ("server", "a", "b")]
    {
        assert_eq!(found(&with(name, one), &with(name, other)), Comparison::default());
    }
}

#[test]
fn one_time_tokens_of_redirects_are_not_told() {
    let to = |to: &str| Response::builder().status(302).header("location", to).body(Bytes::new()).unwrap();
    let (token, other) = ("c2x7b5-0123456789abcd", "kq93hd82js7f6g5h4j3k2l1z");
    let [found, behind, unreadable] = [
        (to(&format!("/reset/MQ/{token}/")), to("/login/")),
        (to(&format!("https://a.example/r/{token}")), to(&format!("/r/{other}"))),
        (to(&format!("/reset {token}")), to(&format!("<{other}>"))),
    ]
    .map(|(one, other)| found(&one, &other).differences.remove(0));
    assert_eq!((&*found.upstream, &*found.candidate), ("/reset/MQ/{token}/", "/login/"));
    assert_eq!((&*behind.upstream, &*behind.candidate), ("/r/{token}", "/r/{token} (another)"));
    assert_eq!((&*unreadable.upstream, &*unreadable.candidate), ("(unreadable)", "(unreadable) (another)"));
}

#[test]
fn allow_is_a_set() {
    let with =
        |value: &str| Response::builder().status(405).header("allow", value).body(Bytes::new()).unwrap();
    assert_eq!(found(&with("POST, OPTIONS"), &with("OPTIONS,POST")), Comparison::default());
    assert_eq!(found(&with("POST, OPTIONS"), &with("POST")).differences.len(), 1);
}

#[test]
fn every_change_of_a_json_body_is_found_where_it_is() {
    let of = |kind: Kind, at: &str| vec![(kind, at.to_owned())];
    let base = json!({"a": {"b": [1, {"c": "x"}]}, "d": true});
    assert_eq!(kinds(&base, &json!({"d": true, "a": {"b": [1, {"c": "x"}]}})), []);
    assert_eq!(kinds(&base, &json!({"a": {"b": [1, {"c": "x"}]}})), of(Kind::Member, "d"));
    assert_eq!(kinds(&base, &json!({"a": {"b": [1, {"c": "x"}]}, "d": true, "e": 1})), of(Kind::Member, "e"));
    assert_eq!(kinds(&base, &json!({"a": {"b": [1, {"c": "y"}]}, "d": true})), of(Kind::Value, "a.b[].c"));
    assert_eq!(kinds(&base, &json!({"a": {"b": [2, {"c": "x"}]}, "d": true})), of(Kind::Value, "a.b[]"));
    assert_eq!(kinds(&base, &json!({"a": {"b": [1]}, "d": true})), of(Kind::Length, "a.b"));
    assert_eq!(kinds(&base, &json!({"a": {"b": [1, {"c": null}]}, "d": true})), of(Kind::Type, "a.b[].c"));
    assert_eq!(kinds(&base, &json!({"a": {"b": [1, {"c": "x"}]}, "d": false})), of(Kind::Value, "d"));
    assert_eq!(kinds(&base, &json!([])), of(Kind::Type, ""));
}

#[test]
fn ids_may_differ_and_their_types_may_not() {
    for name in ["id", "pk", "user_id"] {
        assert_eq!(kinds(&json!({name: 1}), &json!({name: 2})), []);
        assert_eq!(kinds(&json!({name: "a"}), &json!({name: "b"})), []);
        assert_eq!(kinds(&json!({name: 1}), &json!({name: "1"})), [(Kind::Type, name.to_owned())]);
    }
    assert_eq!(kinds(&json!({"count": 1}), &json!({"count": 2})).len(), 1);
}

#[test]
fn times_may_differ_and_their_format_may_not() {
    let of = |time: &str| json!({ "last_login": time });
    for (one, other) in [
        ("2026-01-02T03:04:05.678901Z", "2025-11-12T13:14:15.5Z"),
        ("2026-01-02T03:04:05.678901Z", "2025-11-12T13:14:15Z"),
        ("2026-01-02T03:04:05", "2025-11-12T13:14:15"),
        ("2026-01-02", "2025-11-12"),
    ] {
        assert_eq!(kinds(&of(one), &of(other)), [], "{one} {other}");
    }
    for (one, other) in [
        ("2026-01-02T03:04:05Z", "2026-01-02T03:04:05+00:00"),
        ("2026-01-02T03:04:05Z", "2026-01-02"),
        ("2026-01-02T03:04:05Z", "2026-01-02 03:04:05Z"),
        ("2026-01-02", "2026-13-02"),
        ("1234", "5678"),
    ] {
        assert_eq!(kinds(&of(one), &of(other)).len(), 1, "{one} {other}");
    }
}

#[test]
fn tokens_are_compared_by_what_they_say() {
    let base = access(&json!({"username": "alice"}));
    let other = |more| kinds(&base, &access(&more));
    assert_eq!(other(json!({"username": "alice", "jti": "b", "user_id": 8, "iat": 5, "exp": 305})), []);
    assert_eq!(other(json!({"username": "bob"})), [(Kind::Value, "access:username".to_owned())]);
    assert_eq!(other(json!({})), [(Kind::TokenClaims, "access:username".to_owned())]);
    assert_eq!(
        other(json!({"username": "alice", "more": 1})),
        [(Kind::TokenClaims, "access:more".to_owned())]
    );
    assert_eq!(
        other(json!({"username": "alice", "user_id": "7"})),
        [(Kind::Type, "access:user_id".to_owned())]
    );
    assert_eq!(
        other(json!({"username": "alice", "exp": 1299})),
        [(Kind::TokenLifetime, "access".to_owned())]
    );
    let refresh = other(json!({"username": "alice", "token_type": "refresh"}));
    assert_eq!(refresh, [(Kind::TokenType, "access".to_owned())]);
    assert_eq!(kinds(&base, &json!({"access": "garbage"})), [(Kind::Token, "access".to_owned())]);
    assert_eq!(kinds(&json!({"access": "garbage"}), &base), [(Kind::Token, "access".to_owned())]);
}

#[test]
fn tokens_without_structure_may_differ_in_their_letters() {
    let of = |key: &str| json!({ "key": key });
    assert_eq!(kinds(&of("0123456789abcdef0123"), &of("fedcba98765432100123")), []);
    assert_eq!(kinds(&of("0123456789abcdef0123"), &of("fedcba9876543210")).len(), 1);
    assert_eq!(kinds(&of("0123456789abcdef0123"), &of("no token, sorry sir.")).len(), 1);
}

#[test]
fn bodies_that_are_no_json_are_compared_by_their_bytes() {
    let text = |body: &'static str| {
        Response::builder().header("content-type", "text/plain").body(body.into()).unwrap()
    };
    assert_eq!(found(&text("abc"), &text("abc")), Comparison::default());
    let found = found(&text("a secret"), &text("a sacred")).differences;
    let [difference] = &found[..] else { panic!("{found:?}") };
    assert_eq!(difference.kind, Kind::Bytes);
    assert_eq!(difference.candidate, "8 bytes, another from byte 3");
}

#[test]
fn json_that_is_none_is_compared_by_its_bytes() {
    let broken = Response::builder().header("content-type", "application/json").body("{".into()).unwrap();
    assert_eq!(found(&broken, &answer(200, &json!({}))).differences[0].kind, Kind::Bytes);
}

#[test]
fn heads_have_no_bodies_to_compare() {
    let request = Request::head("/api/dashboard/").body(Bytes::new()).unwrap();
    let empty = with_body(Response::builder(), &json!({})).map(|_| Bytes::new());
    assert_eq!(compare(&request, &empty, &answer(200, &json!({})), &Tolerance::default()).differences, []);
}

#[test]
fn more_claims_are_expected_of_doorward_alone() {
    let more = access(&json!({"sid": "x", "gen": 0, "nbf": 1000, "sub": "y", "uid": 7}));
    let (fewer, more) = (answer(200, &access(&json!({}))), answer(200, &more));
    assert_expected(Expected::MoreClaims, &get("/x"), &fewer, &more);
    assert_eq!(found(&more, &fewer).differences.len(), 5);
}

#[test]
fn a_lifetime_is_one_second_short_at_the_upstream_server_alone() {
    let of = |exp: i64| answer(200, &access(&json!({ "exp": exp })));
    assert_expected(Expected::LifetimeRounding, &get("/x"), &of(1299), &of(1300));
    assert_eq!(found(&of(1300), &of(1299)).differences.len(), 1);
    assert_eq!(found(&of(1298), &of(1300)).differences.len(), 1);
}

#[test]
fn an_access_token_that_comes_from_a_refresh_is_dated_back_at_the_upstream_server_alone() {
    let of = |iat: i64, exp: i64| answer(200, &access(&json!({ "iat": iat, "exp": exp })));
    assert_expected(Expected::CopiedIat, &get("/x"), &of(100, 1300), &of(1001, 1301));
    assert_eq!(found(&of(1001, 1301), &of(100, 1300)).differences.len(), 1);
    // It lives longer indeed.
    assert_eq!(found(&of(100, 1600), &of(1000, 1300)).differences.len(), 1);
}

#[test]
fn nothing_found_is_json() {
    let ours = answer(404, &json!({"detail": "Not found."}));
    assert_expected(Expected::JsonNotFound, &get("/x"), &page(404), &ours);
    assert!(!found(&ours, &page(404)).differences.is_empty());
    assert!(!found(&page(403), &answer(403, &json!({}))).differences.is_empty());
}

#[test]
fn a_parser_has_its_own_words() {
    let of = |rest: &str| answer(400, &json!({"detail": format!("JSON parse error{rest}")}));
    assert_expected(Expected::ParserMessage, &get("/x"), &of(" - Expecting value: line 1"), &of(" - other"));
    assert_eq!(found(&of(""), &answer(400, &json!({"detail": "Other"}))).differences.len(), 1);
}

#[test]
fn a_path_is_answered_without_its_final_slash() {
    let redirect =
        |to: &str| Response::builder().status(301).header("location", to).body(Bytes::new()).unwrap();
    let ours = answer(200, &json!({}));
    assert_expected(Expected::FinalSlash, &get("/x?a=b"), &redirect("/x/?a=b"), &ours);
    let tolerance = Tolerance::default();
    assert_eq!(compare(&get("/x"), &redirect("/y/"), &ours, &tolerance).differences.len(), 1);
}

#[test]
fn allow_comes_with_405_alone() {
    let with = || Response::builder().header("allow", "GET").body(Bytes::new()).unwrap();
    assert_expected(Expected::AllowOutside405, &get("/x"), &with(), &Response::new(Bytes::new()));
}

#[test]
fn a_failure_over_what_was_sent_is_a_refusal() {
    assert_expected(Expected::RefusalForFailure, &get("/x"), &page(500), &answer(401, &json!({})));
    assert_eq!(found(&page(500), &answer(200, &json!({}))).differences.len(), 1);
    assert_eq!(found(&page(502), &answer(401, &json!({}))).differences.len(), 1);
}

#[test]
fn every_expected_difference_is_found_by_its_name() {
    for expected in Expected::ALL {
        assert_eq!(expected.name().parse(), Ok(expected));
    }
    assert_eq!("other".parse::<Expected>(), Err(UnknownExpectation));
}

#[test]
fn what_differs_behind_its_mask_is_said_to_differ() {
    let of = |email: &str| answer(200, &json!({ "email": email }));
    let found = found(&of("Alice@example.com"), &of("alice@example.com")).differences;
    assert_eq!(found[0].upstream, r#""***@example.com""#);
    assert_eq!(found[0].candidate, r#""***@example.com" (another)"#);
}

#[test]
fn what_a_validator_says_of_a_password_is_told() {
    let of = |text: &str| answer(400, &json!({ "password": [text] }));
    let found = found(&of("This password is too common."), &of("This password is too short.")).differences;
    assert_eq!(found[0].at, "password[]");
    assert_eq!(found[0].upstream, r#""This password is too common.""#);
}
