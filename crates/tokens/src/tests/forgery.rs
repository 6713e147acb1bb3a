//! Tokens that nobody of ours has signed, or that say which algorithm to believe.

use super::support::*;
use crate::{RetiringKey, SharedKey, TokenAuthority, TokenSettings};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use doorward_domain::keys::Algorithm;
use doorward_domain::token::TokenRejection::Invalid;
use doorward_domain::token::TokenService as _;
use serde_json::{Value, json};

fn header(alg: &str, kid: Option<&Value>) -> String {
    let header = json!({ "alg": alg, "typ": "JWT" });
    with(header, "kid", kid.cloned().unwrap_or(Value::Null)).to_string()
}

/// A server that honours everything that a server can honour.
fn generous() -> TokenAuthority {
    let settings = TokenSettings {
        shared_key: Some(SharedKey::new("a shared secret of more than 32 bytes").unwrap()),
        retiring_keys: vec![
            RetiringKey::new("HS256", "another secret, which used to sign here").unwrap(),
            RetiringKey::new("EdDSA", &spki_pem(&public_of(&signing_key()))).unwrap(),
        ],
        ..Default::default()
    };
    let authority = TokenAuthority::new(settings, &root(1), Some(&root(2)));
    authority.install(vec![signing_key(), key(2, Algorithm::Hs256, -86400, None)]).unwrap();
    authority
}

fn spki_der(public: &[u8]) -> Vec<u8> {
    let prefix = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];
    [&prefix[..], public].concat()
}

fn spki_pem(public: &[u8]) -> String {
    let body = STANDARD.encode(spki_der(public));
    format!("-----BEGIN PUBLIC KEY-----\n{body}\n-----END PUBLIC KEY-----\n")
}

fn refused(token: &str) {
    let authority = generous();
    assert_eq!(authority.access(token, NOW), Err(Invalid), "{token}");
    assert_eq!(authority.refresh(token, NOW), Err(Invalid), "{token}");
    assert_eq!(authority.any(token, NOW), Err(Invalid), "{token}");
}

#[test]
fn the_claims_used_here_are_accepted_when_they_are_signed() {
    let token = ed25519_token(&signing_key(), &own_header(), &own_claims().to_string());
    assert!(generous().access(&token, NOW).is_ok());
}

#[test]
fn unsigned_tokens_are_refused_however_none_is_written() {
    let kid = json!(signing_key().id.0);
    let random = encode(&[0x5a; 64]);
    for alg in ["none", "None", "NONE", "nOnE", "", " none", "null"] {
        for kid in [None, Some(&kid)] {
            let signed = format!("{}.{}", part(&header(alg, kid)), part(&own_claims().to_string()));
            for signature in ["", &random, "AA"] {
                refused(&format!("{signed}.{signature}"));
            }
            refused(&signed);
        }
    }
}

#[test]
fn our_public_key_in_any_form_is_no_shared_secret() {
    let public = public_of(&signing_key());
    let set = generous().key_set(NOW);
    let jwk = serde_json::from_str::<Value>(&set).unwrap()["keys"][0].clone();
    let pem = spki_pem(&public);
    let secrets: Vec<Vec<u8>> = vec![
        public.clone(),
        jwk["x"].as_str().unwrap().into(),
        jwk.to_string().into(),
        set.into_bytes(),
        spki_der(&public),
        pem.trim_end().into(),
        pem.replace('\n', "\r\n").into(),
        pem.into(),
        signing_key().id.0.into_bytes(),
        vec![],
        b"secret".to_vec(),
    ];
    let kids = [None, Some(json!(signing_key().id.0)), Some(json!(key(2, Algorithm::Hs256, 0, None).id.0))];
    for secret in &secrets {
        for kid in &kids {
            refused(&hs256_token(secret, &header("HS256", kid.as_ref()), &own_claims().to_string()));
        }
        let refresh = with(own_claims(), "token_type", json!("refresh"));
        let refresh = with(refresh, "gen", json!(0)).to_string();
        refused(&hs256_token(secret, r#"{"alg":"HS256","typ":"refresh+jwt"}"#, &refresh));
    }
}

#[test]
fn a_right_signature_under_another_algorithm_is_refused() {
    let shared = b"a shared secret of more than 32 bytes";
    let payload = own_claims().to_string();
    for alg in ["HS384", "HS512", "RS256", "ES256", "PS256", "EdDSA"] {
        refused(&hs256_token(shared, &header(alg, None), &payload));
        refused(&hs256_token(
            &key(2, Algorithm::Hs256, 0, None).material,
            &header(alg, Some(&json!(key(2, Algorithm::Hs256, 0, None).id.0))),
            &payload,
        ));
    }
    let kid = json!(signing_key().id.0);
    for alg in ["HS256", "HS384", "RS256", "ES256", "PS256", "Ed25519", "eddsa", "EDDSA"] {
        for kid in [None, Some(&kid)] {
            refused(&ed25519_token(&signing_key(), &header(alg, kid), &payload));
        }
    }
}

#[test]
fn a_key_of_another_name_does_not_vouch() {
    let payload = own_claims().to_string();
    let hs256 = key(2, Algorithm::Hs256, -86400, None);
    refused(&ed25519_token(&signing_key(), &header("EdDSA", Some(&json!(hs256.id.0))), &payload));
    refused(&hs256_token(&hs256.material, &header("HS256", Some(&json!(signing_key().id.0))), &payload));
    refused(&hs256_token(&hs256.material, &header("HS256", None), &payload));
}

#[test]
fn strange_key_names_are_refused() {
    let payload = own_claims().to_string();
    let known = signing_key().id.0;
    let kids = [
        json!("../../../../../../dev/null"),
        json!("' OR 1=1 --"),
        json!("k".repeat(65_536)),
        json!(7),
        json!([known]),
        json!({ "kid": known }),
        json!(""),
        json!("unknown"),
        json!(format!("{known} ")),
        json!(format!("{known}\0")),
        json!(known.to_lowercase()),
        json!(true),
    ];
    for kid in &kids {
        refused(&ed25519_token(&signing_key(), &header("EdDSA", Some(kid)), &payload));
        refused(&hs256_token(b"", &header("HS256", Some(kid)), &payload));
    }
    refused(&ed25519_token(&signing_key(), r#"{"alg":"EdDSA","typ":"JWT","kid":null}"#, &payload));
    let twice = format!(r#"{{"alg":"EdDSA","typ":"JWT","kid":"{known}","kid":"{known}"}}"#);
    refused(&ed25519_token(&signing_key(), &twice, &payload));
}

#[test]
fn signed_headers_that_would_have_to_be_obeyed_are_refused() {
    let kid = signing_key().id.0;
    let x = encode(&public_of(&key(9, Algorithm::EdDsa, 0, None)));
    let parameters = [
        r#""crit":["exp"]"#.to_owned(),
        r#""crit":["b64"],"b64":false"#.to_owned(),
        r#""b64":false"#.to_owned(),
        r#""zip":"DEF""#.to_owned(),
        r#""jku":"https://attacker.example/keys""#.to_owned(),
        format!(r#""jwk":{{"kty":"OKP","crv":"Ed25519","x":"{x}"}}"#),
        r#""alg":"EdDSA""#.to_owned(),
        r#""alg":"none""#.to_owned(),
    ];
    for parameter in parameters {
        let header = format!(r#"{{"alg":"EdDSA","typ":"JWT","kid":"{kid}",{parameter}}}"#);
        refused(&ed25519_token(&signing_key(), &header, &own_claims().to_string()));
        refused(&ed25519_token(&key(9, Algorithm::EdDsa, 0, None), &header, &own_claims().to_string()));
    }
}

#[test]
fn a_token_of_another_kind_is_refused() {
    let kid = signing_key().id.0;
    for typ in ["refresh+jwt", "mfa+jwt", "at+jwt", "JWE", "", "JWT "] {
        let header = json!({ "alg": "EdDSA", "typ": typ, "kid": kid }).to_string();
        refused(&ed25519_token(&signing_key(), &header, &own_claims().to_string()));
    }
    let untyped = json!({ "alg": "EdDSA", "kid": kid }).to_string();
    refused(&ed25519_token(&signing_key(), &untyped, &own_claims().to_string()));
    let lower_case = json!({ "alg": "EdDSA", "typ": "jwt", "kid": kid }).to_string();
    let token = ed25519_token(&signing_key(), &lower_case, &own_claims().to_string());
    assert!(
        generous().access(&token, NOW).is_ok(),
        "the case of a media type does not count (RFC 7519, section 5.1)"
    );
}

#[test]
fn an_encrypted_token_is_refused() {
    refused(
        "eyJhbGciOiJSU0EtT0FFUCIsImVuYyI6IkEyNTZHQ00ifQ.OKOawDo13gRp2ojaHV7LFpZcgV7T6DVZKTyKOMTYUmKoTCVJRgckCL9kiMT03JGe.48V1_ALb6US04U3b.5eym8TW_c8SuK0ltJ3rpYIzOeDQz7TALvtu6UG9oMo4vpzs9tX_EFShS8iB7j6ji.XFBoMYUZodetZdvTiFvSkQ",
    );
    let bomb = r#"{"alg":"PBES2-HS256+A128KW","enc":"A256GCM","p2c":2147483647,"p2s":"AA","zip":"DEF"}"#;
    refused(&format!("{}.AA.AA.AA.AA", part(bomb)));
    refused(&format!("{}.AA.AA", part(bomb)));
}

#[test]
fn two_claims_of_one_name_are_refused_though_signed() {
    for (name, value) in
        [("sub", "\"x\""), ("user_id", "1"), ("exp", "9999999999"), ("token_type", "\"access\"")]
    {
        let claims = own_claims().to_string();
        for twice in [
            claims.replacen('{', &format!("{{\"{name}\":{value},"), 1),
            claims.replace('}', &format!(",\"{name}\":{value}}}")),
        ] {
            refused(&ed25519_token(&signing_key(), &own_header(), &twice));
        }
    }
}

#[test]
fn a_payload_that_is_no_object_is_refused() {
    for payload in ["[]", "null", "1", "\"x\"", "{", "x", " "] {
        refused(&ed25519_token(&signing_key(), &own_header(), payload));
    }
}

#[test]
fn a_token_of_more_than_8_kib_is_refused_though_signed() {
    let long = with(own_claims(), "extra", json!("x".repeat(8192)));
    refused(&ed25519_token(&signing_key(), &own_header(), &long.to_string()));
}

#[test]
fn signatures_that_are_not_reduced_or_all_zero_are_refused() {
    let token = ed25519_token(&signing_key(), &own_header(), &own_claims().to_string());
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
    refused(&format!("{signed}.{}", encode(&[0; 64])));
    refused(&format!("{signed}.{}", encode(&signature[..63])));
    refused(&format!("{signed}.{}", encode(&[&signature[..], &[0]].concat())));
    // S + L: the same point to a verifier that does not check the range (RFC 8032, section 8.4).
    let order = [
        0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
    ];
    let mut malleable = signature.clone();
    let mut carry = 0u16;
    for (byte, add) in malleable[32..].iter_mut().zip(order) {
        let sum = u16::from(*byte) + add + carry;
        *byte = u8::try_from(sum & 0xff).unwrap();
        carry = sum >> 8;
    }
    refused(&format!("{signed}.{}", encode(&malleable)));
}
