//! Compact JWS (RFC 7515): the gate that a token passes before anything is verified, and keys that
//! verify with the one algorithm that they are for.

use crate::strict_json;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use doorward_domain::token::TokenRejection;
use jsonwebtoken::crypto::aws_lc;
use jsonwebtoken::{Algorithm, DecodingKey};
use serde_json::Value;

/// A token that is longer is refused unread: ours have a few hundred bytes.
pub(crate) const MAX_TOKEN_BYTES: usize = 8 * 1024;

/// A longer `kid` is no name of a key of ours.
const MAX_KEY_ID_BYTES: usize = 128;

/// Header parameters that change what is signed, or that bring their own key. Whoever ignores them
/// reads another token than the signer wrote, or trusts a key of the sender (RFC 7515, sections
/// 4.1.2 to 4.1.6 and 4.1.11; RFC 7797; RFC 7516, section 4.1).
const REFUSED_PARAMETERS: [&str; 8] = ["crit", "b64", "jku", "jwk", "x5u", "x5c", "enc", "zip"];

/// What the header calls the token (RFC 8725, section 3.11).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `JWT`.
    Jwt,
    /// `refresh+jwt`: our own refresh tokens.
    Refresh,
    /// It does not say.
    Untyped,
}

impl Kind {
    /// The `typ` of refresh tokens.
    pub(crate) const REFRESH: &'static str = "refresh+jwt";
    /// The `typ` of access tokens.
    pub(crate) const JWT: &'static str = "JWT";
}

/// A token of the right form, of which nothing is verified.
pub(crate) struct Jws<'a> {
    /// What its header calls it.
    pub(crate) kind: Kind,
    /// The key that its header names.
    pub(crate) key_id: Option<String>,
    algorithm: Algorithm,
    signed: &'a str,
    payload: Vec<u8>,
    signature: Vec<u8>,
}

impl<'a> Jws<'a> {
    /// Reads the form alone: length, alphabet, three parts, and a header that says nothing twice
    /// and nothing that would have to be obeyed.
    pub(crate) fn parse(token: &'a str) -> Result<Self, TokenRejection> {
        Self::parse_form(token).ok_or(TokenRejection::Invalid)
    }

    fn parse_form(token: &'a str) -> Option<Self> {
        if token.len() > MAX_TOKEN_BYTES {
            return None;
        }
        let (signed, signature) = token.rsplit_once('.')?;
        let (header, payload) = signed.split_once('.')?;
        let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).ok().filter(|bytes| !bytes.is_empty());
        let (signature, payload) = (decode(signature)?, decode(payload)?);
        let header = strict_json::object(&decode(header)?)?;
        if REFUSED_PARAMETERS.iter().any(|name| header.contains_key(*name)) {
            return None;
        }
        let kind = match header.get("typ") {
            None => Kind::Untyped,
            Some(Value::String(typ)) if typ.eq_ignore_ascii_case(Kind::JWT) => Kind::Jwt,
            Some(Value::String(typ)) if typ.eq_ignore_ascii_case(Kind::REFRESH) => Kind::Refresh,
            Some(_) => return None,
        };
        let key_id = match header.get("kid") {
            None => None,
            Some(Value::String(id)) if (1..=MAX_KEY_ID_BYTES).contains(&id.len()) => Some(id.clone()),
            Some(_) => return None,
        };
        let algorithm = header.get("alg")?.as_str()?.parse().ok()?;
        Some(Self { kind, key_id, algorithm, signed, payload, signature })
    }
}

/// A key that verifies with one algorithm and no other (RFC 8725, section 3.1).
pub(crate) struct VerifyingKey {
    algorithm: Algorithm,
    key: DecodingKey,
}

impl VerifyingKey {
    /// `key` MUST be of the algorithm's family.
    pub(crate) fn new(algorithm: Algorithm, key: DecodingKey) -> Self {
        Self { algorithm, key }
    }

    /// A shared secret.
    pub(crate) fn hs256(secret: &[u8]) -> Self {
        Self::new(Algorithm::HS256, DecodingKey::from_secret(secret))
    }

    /// A public key, as its 32 bytes.
    pub(crate) fn ed25519(public: &[u8]) -> Self {
        Self::new(Algorithm::EdDSA, DecodingKey::from_ed_der(public))
    }

    /// The payload of `jws`, if this key signed it.
    pub(crate) fn verify<'a>(&self, jws: &'a Jws<'_>) -> Option<&'a [u8]> {
        if jws.algorithm != self.algorithm {
            return None;
        }
        // The provider is named, so that no feature of another crate can change it.
        let verifier = (aws_lc::DEFAULT_PROVIDER.verifier_factory)(&self.algorithm, &self.key).ok()?;
        verifier.verify(jws.signed.as_bytes(), &jws.signature).ok()?;
        Some(&jws.payload)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::support::{encode, part};

    fn accepts(token: &str) -> bool {
        Jws::parse(token).is_ok()
    }

    fn with_header(header: &str) -> String {
        format!("{}.e30.AA", part(header))
    }

    #[test]
    fn three_parts_of_base64url_pass() {
        assert!(accepts(&with_header(r#"{"alg":"EdDSA","typ":"jwt","kid":"x","other":[1]}"#)));
    }

    #[test]
    fn other_forms_do_not_pass() {
        let header = part(r#"{"alg":"EdDSA"}"#);
        let forms = [
            String::new(),
            ".".to_owned(),
            "..".to_owned(),
            header.clone(),
            format!("{header}.e30"),
            format!("{header}.e30."),
            format!("{header}..AA"),
            ".e30.AA".to_owned(),
            format!("{header}.e30.AA.AA"),
            format!("{header}.e30.AA.AA.AA"),
            format!("{header}.e30.AA=="),
            format!("{header}.e30.A"),
            format!("{header}.e30.AB"),
            format!("{header}.e30.+/+/"),
            format!("{header}.e30.AA "),
            format!(" {header}.e30.AA"),
            format!("{header}.e30.AA\n"),
            format!("{header}.e30.é"),
            format!("{header}.e\0.AA"),
            format!("{header}.e30.{}", "A".repeat(MAX_TOKEN_BYTES)),
        ];
        for form in forms {
            assert!(!accepts(&form), "{form:?}");
        }
    }

    #[test]
    fn a_header_that_would_have_to_be_obeyed_does_not_pass() {
        let headers = [
            "[]",
            "{}",
            "null",
            r#"{"alg":"none"}"#,
            r#"{"alg":"None"}"#,
            r#"{"alg":"NONE"}"#,
            r#"{"alg":"nOnE"}"#,
            r#"{"alg":""}"#,
            r#"{"alg":null}"#,
            r#"{"alg":1}"#,
            r#"{"alg":["EdDSA"]}"#,
            r#"{"alg":"eddsa"}"#,
            r#"{"alg":"EdDSA "}"#,
            r#"{"alg":"EdDSA","alg":"EdDSA"}"#,
            r#"{"alg":"EdDSA","crit":["exp"]}"#,
            r#"{"alg":"EdDSA","crit":[]}"#,
            r#"{"alg":"EdDSA","crit":null}"#,
            r#"{"alg":"EdDSA","crit":["b64"],"b64":false}"#,
            r#"{"alg":"EdDSA","b64":true}"#,
            r#"{"alg":"EdDSA","jku":"https://example.org/keys"}"#,
            r#"{"alg":"EdDSA","x5u":"https://example.org/keys"}"#,
            r#"{"alg":"EdDSA","jwk":{"kty":"OKP"}}"#,
            r#"{"alg":"EdDSA","zip":"DEF"}"#,
            r#"{"alg":"PBES2-HS256+A128KW","enc":"A256GCM","p2c":2147483648}"#,
            r#"{"alg":"EdDSA","typ":"at+jwt"}"#,
            r#"{"alg":"EdDSA","typ":""}"#,
            r#"{"alg":"EdDSA","typ":null}"#,
            r#"{"alg":"EdDSA","typ":["JWT"]}"#,
            r#"{"alg":"EdDSA","kid":null}"#,
            r#"{"alg":"EdDSA","kid":""}"#,
            r#"{"alg":"EdDSA","kid":7}"#,
            r#"{"alg":"EdDSA","kid":"a","kid":"a"}"#,
        ];
        for header in headers {
            assert!(!accepts(&with_header(header)), "{header}");
        }
        assert!(!accepts(&with_header(&format!(r#"{{"alg":"EdDSA","kid":"{}"}}"#, "k".repeat(129)))));
        assert!(!accepts(&with_header(&format!(r#"{{"alg":"EdDSA","kid":"{}"}}"#, "k".repeat(65536)))));
        assert!(!accepts(&format!("{}.e30.AA", encode(b"{\"alg\":\"EdDSA\",\"kid\":\"\xff\"}"))));
    }

    /// RFC 8037, appendix A.4. Its payload is no JSON: it is verified, never read as claims.
    #[test]
    fn the_published_ed25519_signature_verifies_and_no_other() {
        const TOKEN: &str = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
        let x = URL_SAFE_NO_PAD.decode("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo").unwrap();
        let key = VerifyingKey::ed25519(&x);
        let verify = |token: &str| key.verify(&Jws::parse(token).ok()?).map(<[u8]>::to_vec);
        assert_eq!(verify(TOKEN).unwrap(), b"Example of Ed25519 signing");
        assert_eq!(verify(&TOKEN.replace("RXhh", "RXhi")), None);
        assert_eq!(verify(&TOKEN.replace("hgyY", "hgyZ")), None);
    }

    /// RFC 7515, appendix A.1.
    #[test]
    fn the_published_hs256_signature_verifies_and_no_other() {
        const TOKEN: &str = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        let secret = URL_SAFE_NO_PAD
            .decode("AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow")
            .unwrap();
        let jws = Jws::parse(TOKEN).unwrap();
        assert!(VerifyingKey::hs256(&secret).verify(&jws).is_some());
        assert!(VerifyingKey::hs256(&secret[1..]).verify(&jws).is_none());
        assert!(VerifyingKey::ed25519(&[7; 32]).verify(&jws).is_none());
    }
}
