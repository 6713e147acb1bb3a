//! Access tokens that nobody issued.

use super::stolen::Stolen;
use crate::harness::bodies::{INVALID, bearer_refused};
use crate::harness::{Place, SHARED_KEY, beside_django, claims, decode, encode, hs256, parts};
use doorward_testkit::{Case, cases};
use serde_json::json;

pub(super) fn cases() -> Vec<Case<Place>> {
    cases![
        forgery: an_unsigned_token_opens_nothing,
        a_public_key_is_no_shared_secret,
        the_algorithm_belongs_to_the_key,
        a_key_id_is_only_ever_compared,
        a_header_that_asks_for_something_is_refused,
        empty_and_zero_signatures_are_refused,
        encrypted_and_compressed_tokens_are_refused,
        what_is_not_quite_a_token_is_refused,
        a_refresh_token_opens_nothing_under_any_name,
    ]
}

fn an_unsigned_token_opens_nothing(place: &Place) {
    let stolen = Stolen::from(place);
    let [_, payload, signature] = parts(&stolen.pair.access);
    for algorithm in ["none", "None", "NONE", "nOnE", ""] {
        for header in [
            json!({"typ": "JWT", "alg": algorithm}),
            json!({"typ": "JWT", "alg": algorithm, "kid": stolen.header["kid"]}),
        ] {
            let header = encode(header.to_string());
            for signature in ["", signature, "AAAA"] {
                stolen.must_be_refused(&format!("{header}.{payload}.{signature}"));
            }
            stolen.server.dashboard(&format!("{header}.{payload}")).must_have_status(401);
        }
    }
}

fn a_public_key_is_no_shared_secret(place: &Place) {
    let stolen = Stolen::from(place);
    let set = stolen.server.get("/.well-known/jwks.json").send().text();
    let key = &stolen.server.key_set()["keys"][0];
    let (text, raw) = (key["x"].as_str().unwrap(), decode(key["x"].as_str().unwrap()));
    // SubjectPublicKeyInfo of an Ed25519 key (RFC 8410) begins with these bytes.
    let der = [&[0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00][..], &raw].concat();
    let base64 = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, &der);
    let pem = format!("-----BEGIN PUBLIC KEY-----\n{base64}\n-----END PUBLIC KEY-----");
    let (line, jwk) = (format!("{pem}\n"), key.to_string());
    let secrets: [&[u8]; 8] = [
        &raw,
        &der,
        text.as_bytes(),
        base64.as_bytes(),
        pem.as_bytes(),
        line.as_bytes(),
        jwk.as_bytes(),
        set.as_bytes(),
    ];
    for secret in secrets {
        for header in [
            json!({"typ": "JWT", "alg": "HS256", "kid": stolen.header["kid"]}),
            json!({"typ": "JWT", "alg": "HS256"}),
        ] {
            stolen.must_be_refused(&hs256(secret, &header.to_string(), &stolen.claims.to_string()));
        }
    }
}

fn the_algorithm_belongs_to_the_key(place: &Place) {
    let stolen = Stolen::from(place);
    for algorithm in
        ["HS256", "HS384", "HS512", "RS256", "PS256", "ES256", "ES384", "Ed25519", "eddsa", "EDDSA", "none"]
    {
        let mut header = stolen.header.clone();
        header["alg"] = algorithm.into();
        stolen.must_be_refused(&stolen.sign(&header, &stolen.claims));
    }
    for algorithm in [json!(null), json!(["EdDSA"]), json!({"EdDSA": 1}), json!(7)] {
        let mut header = stolen.header.clone();
        header["alg"] = algorithm;
        stolen.must_be_refused(&stolen.sign(&header, &stolen.claims));
    }
    // And the reverse: a key that is a secret verifies HMAC alone.
    let shared = place.server_with(beside_django);
    let own = claims(&shared.log_in("alice").access).to_string();
    for algorithm in ["EdDSA", "RS256", "ES256", "PS256", "HS384", "HS512", "none", "hs256"] {
        let header = json!({"typ": "JWT", "alg": algorithm}).to_string();
        shared.dashboard(&hs256(SHARED_KEY, &header, &own)).must_be(401, &bearer_refused(INVALID));
    }
}

fn a_key_id_is_only_ever_compared(place: &Place) {
    let stolen = Stolen::from(place);
    let real = stolen.header["kid"].as_str().unwrap();
    for id in [
        json!("../../../dev/null"),
        json!("/dev/null"),
        json!("' OR '1'='1"),
        json!("'; DROP TABLE signing_keys; --"),
        json!("x".repeat(4000)),
        json!("unknown"),
        json!(""),
        json!(0),
        json!(null),
        json!([real]),
        json!({"kid": real}),
        json!(format!("{real}\0")),
        json!(format!("{real} ")),
        json!(real.to_uppercase()),
    ] {
        let mut header = stolen.header.clone();
        header["kid"] = id;
        stolen.must_be_refused(&stolen.sign(&header, &stolen.claims));
    }
    let mut header = stolen.header.clone();
    header.as_object_mut().unwrap().remove("kid");
    stolen.must_be_refused(&stolen.sign(&header, &stolen.claims));
    stolen.server.dashboard(&stolen.sign(&stolen.header, &stolen.claims)).must_have_status(200);
}

fn a_header_that_asks_for_something_is_refused(place: &Place) {
    let stolen = Stolen::from(place);
    for (name, value) in [
        ("crit", json!(["x"])),
        ("crit", json!(["b64"])),
        ("crit", json!([])),
        ("b64", json!(false)),
        ("jwk", json!({"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"})),
        ("jku", json!("https://evil.example/jwks.json")),
        ("x5u", json!("https://evil.example/cert.pem")),
        ("x5c", json!(["MIIB"])),
        ("zip", json!("DEF")),
        ("typ", json!("refresh+jwt")),
        ("typ", json!("at+jwt")),
        ("typ", json!("mfa")),
        ("typ", json!(["JWT"])),
    ] {
        let mut header = stolen.header.clone();
        header[name] = value.clone();
        stolen.must_be_refused(&stolen.sign(&header, &stolen.claims));
    }
}

fn empty_and_zero_signatures_are_refused(place: &Place) {
    let stolen = Stolen::from(place);
    let (signed, _) = stolen.pair.access.rsplit_once('.').unwrap();
    for length in [0, 1, 31, 32, 63, 64, 65, 96, 128] {
        for byte in [0, 1, 255] {
            stolen.must_be_refused(&format!("{signed}.{}", encode(vec![byte; length])));
        }
    }
}

fn encrypted_and_compressed_tokens_are_refused(place: &Place) {
    let stolen = Stolen::from(place);
    let bomb = json!({"alg": "PBES2-HS256+A128KW", "p2c": 2_147_483_647u32, "p2s": "AAAA", "enc": "A128GCM", "zip": "DEF"});
    let header = encode(bomb.to_string());
    let long = "A".repeat(4000);
    for token in [
        format!("{header}.AAAA.AAAA.AAAA.AAAA"),
        format!("{header}.AAAA.AAAA"),
        format!("{header}.{long}.AAAA.{long}.AAAA"),
    ] {
        stolen.must_be_refused(&token);
    }
}

fn what_is_not_quite_a_token_is_refused(place: &Place) {
    let stolen = Stolen::from(place);
    let token = &stolen.pair.access;
    let [header, payload, signature] = parts(token);
    for text in [
        format!("{token}."),
        format!(".{token}"),
        format!("{token}="),
        format!("{token}\u{0}"),
        format!("\"{token}\""),
        format!("{header}..{signature}"),
        format!("{header}.{payload}"),
        format!("{header}.{payload}.{signature}.{signature}"),
        format!("{header}={payload}={signature}"),
        format!("{payload}.{header}.{signature}"),
        token.replace('.', ".."),
        token.replacen('.', "%2E", 1),
        token.to_lowercase(),
        token.chars().rev().collect(),
        format!("{header}.{payload}.{}", "A".repeat(16_000)),
        ".".to_owned(),
        "..".to_owned(),
        "null".to_owned(),
        "undefined".to_owned(),
    ] {
        if text.contains('\0') {
            // A header cannot hold it; a body can.
            stolen.server.verify(&text).must_have_status(400);
        } else {
            stolen.must_be_refused(&text);
        }
    }
}

fn a_refresh_token_opens_nothing_under_any_name(place: &Place) {
    let stolen = Stolen::from(place);
    let [_, payload, signature] = parts(&stolen.pair.refresh);
    stolen.server.dashboard(&stolen.pair.refresh).must_have_status(401);
    for header in [json!({"typ": "JWT", "alg": "HS256"}), stolen.header.clone()] {
        stolen.must_be_refused(&format!("{}.{payload}.{signature}", encode(header.to_string())));
    }
    // Nor does an access token refresh, whatever it says it is.
    for token in [stolen.pair.access.clone(), stolen.with("token_type", Some(json!("refresh")))] {
        stolen.server.refresh(&token).must_have_status(401);
        stolen.server.logout(&token).must_have_status(401);
    }
}
