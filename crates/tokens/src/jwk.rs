//! Ed25519 keys as JSON Web Keys (RFC 8037, section 2).

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::{
    AlgorithmParameters, CommonParameters, EllipticCurve, Jwk, KeyAlgorithm, OctetKeyPairParameters,
    OctetKeyPairType, PublicKeyUse,
};

/// The public key `x` for a key set.
pub(crate) fn public(id: &str, x: &[u8]) -> Jwk {
    Jwk {
        common: CommonParameters {
            public_key_use: Some(PublicKeyUse::Signature),
            key_algorithm: Some(KeyAlgorithm::EdDSA),
            key_id: Some(id.to_owned()),
            ..CommonParameters::default()
        },
        algorithm: AlgorithmParameters::OctetKeyPair(OctetKeyPairParameters {
            key_type: OctetKeyPairType::OctetKeyPair,
            curve: EllipticCurve::Ed25519,
            x: URL_SAFE_NO_PAD.encode(x),
        }),
    }
}

/// The bytes of a public key that may verify signatures; `None` for a key of another kind or for
/// another use, which a reader of a key set has to pass over (RFC 7517, section 5).
pub(crate) fn verifying(key: &Jwk) -> Option<Vec<u8>> {
    let CommonParameters { public_key_use, key_algorithm, .. } = &key.common;
    let is_meant = matches!(public_key_use, None | Some(PublicKeyUse::Signature))
        && matches!(key_algorithm, None | Some(KeyAlgorithm::EdDSA));
    match &key.algorithm {
        AlgorithmParameters::OctetKeyPair(OctetKeyPairParameters {
            curve: EllipticCurve::Ed25519,
            x,
            ..
        }) if is_meant => URL_SAFE_NO_PAD.decode(x).ok().filter(|x| x.len() == 32),
        _ => None,
    }
}

/// The key's thumbprint (RFC 7638, and RFC 8037, appendix A.3).
pub(crate) fn thumbprint(x: &[u8]) -> String {
    let members = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{}"}}"#, URL_SAFE_NO_PAD.encode(x));
    URL_SAFE_NO_PAD.encode(digest(&SHA256, members.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const X: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";

    #[test]
    fn the_thumbprint_of_rfc_8037_appendix_a_3() {
        let x = URL_SAFE_NO_PAD.decode(X).unwrap();
        assert_eq!(thumbprint(&x), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    }

    #[test]
    fn a_published_key_reads_back() {
        assert_eq!(verifying(&public("id", &[7; 32])), Some(vec![7; 32]));
    }

    #[test]
    fn a_key_of_another_kind_or_use_is_passed_over() {
        let others = [
            r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","use":"enc"}"#,
            r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo","alg":"HS256"}"#,
            r#"{"kty":"OKP","crv":"Ed25519","x":"AAAA"}"#,
            r#"{"kty":"oct","k":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#,
            r#"{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}"#,
            r#"{"kty":"AKP","pub":"AA"}"#,
        ];
        for json in others {
            assert_eq!(verifying(&serde_json::from_str(json).unwrap()), None, "{json}");
        }
    }
}
