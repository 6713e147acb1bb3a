//! A server with fixed keys at a fixed time, and the forger's tools.

use crate::{AwsKeyMaker, RootSecret, TokenAuthority, TokenSettings};
use aws_lc_rs::hmac;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use doorward_domain::identity::{EmailAddress, Username};
use doorward_domain::keys::{Algorithm, KeyMaker as _, KeyTimes, SigningKey};
use doorward_domain::random::Random;
use doorward_domain::session::{Client, Generation, Session, SessionId};
use doorward_domain::time::Timestamp;
use doorward_domain::token::{TokenRejection, TokenService as _};
use doorward_domain::user::{FullName, Subject, User, UserId};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// When the session of the tests was rotated last.
pub(crate) const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

/// That many seconds after [`NOW`].
pub(crate) fn after(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(NOW.as_seconds() + seconds)
}

/// `SplitMix64`: the same bytes for the same seed.
pub(crate) struct SeededRandom(AtomicU64);

impl SeededRandom {
    pub(crate) fn new(seed: u64) -> Self {
        Self(AtomicU64::new(seed))
    }

    pub(crate) fn next(&self) -> u64 {
        let state = self.0.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
        let mut z = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&self, limit: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(limit).unwrap()).unwrap()
    }
}

impl Random for SeededRandom {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            chunk.copy_from_slice(&self.next().to_le_bytes()[..chunk.len()]);
        }
    }
}

pub(crate) fn root(seed: u64) -> RootSecret {
    RootSecret::generate(&SeededRandom::new(seed))
}

/// A key that signs from `activates` and is honoured until `retires`, in seconds after [`NOW`].
pub(crate) fn key(seed: u64, algorithm: Algorithm, activates: i64, retires: Option<i64>) -> SigningKey {
    let new = AwsKeyMaker::new(Arc::new(SeededRandom::new(seed))).make(algorithm);
    let times = KeyTimes {
        created_at: after(activates - 3600),
        activates_at: after(activates),
        retires_at: retires.map(after),
    };
    SigningKey { id: new.id, algorithm, times, material: new.material }
}

/// The key that signs in most tests.
pub(crate) fn signing_key() -> SigningKey {
    key(1, Algorithm::EdDsa, -86400, None)
}

pub(crate) fn authority(settings: TokenSettings) -> TokenAuthority {
    let algorithm = settings.algorithm;
    let authority = TokenAuthority::new(settings, &root(1), None);
    authority.install(vec![key(1, algorithm, -86400, None)]).unwrap();
    authority
}

pub(crate) fn session() -> Session {
    Session {
        id: SessionId::from_bytes([7; 16]),
        user_id: UserId(42),
        generation: Generation(3),
        created_at: after(-3600),
        rotated_at: NOW.plus(Duration::from_micros(987_654)),
        expires_at: after(86400).plus(Duration::from_micros(987_654)),
        ends_at: None,
        client: Client::default(),
        ended: None,
    }
}

pub(crate) fn user() -> User {
    User {
        id: UserId(42),
        subject: Subject::from_stored("0190c3a1-0000-7000-8000-000000000042".to_owned()),
        username: Username::from_stored("alice".to_owned()),
        email: Some(EmailAddress::from_stored("alice@example.org".to_owned())),
        email_verified_at: None,
        full_name: FullName::from_stored("Alice \"A\" Liddell".to_owned()),
        is_active: true,
        is_staff: true,
        is_superuser: false,
        groups: vec!["editors".to_owned(), "Gäste \"ohne\" Rechte".to_owned()],
        is_known_by_subject: false,
        is_imported: false,
        date_joined: after(-86400),
        tokens_valid_after: Timestamp::EPOCH,
    }
}

/// An account with a UUID for its key, which is also its subject.
pub(crate) fn known_by_key() -> User {
    User {
        subject: Subject::from_stored("3f2504e0-4f89-41d3-9a0c-0305e82c3301".to_owned()),
        is_known_by_subject: true,
        is_imported: true,
        ..user()
    }
}

pub(crate) fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

pub(crate) fn part(json: &str) -> String {
    encode(json.as_bytes())
}

/// Part `index` of a token, decoded.
pub(crate) fn decoded(token: &str, index: usize) -> Value {
    let part = token.split('.').nth(index).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

/// The claims of a token, as they are written.
pub(crate) fn payload_of(token: &str) -> String {
    String::from_utf8(URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap()).unwrap()
}

pub(crate) fn claims_of(token: &str) -> Value {
    decoded(token, 1)
}

pub(crate) fn pair_of(key: &SigningKey) -> Ed25519KeyPair {
    Ed25519KeyPair::from_pkcs8(&key.material).unwrap()
}

pub(crate) fn public_of(key: &SigningKey) -> Vec<u8> {
    pair_of(key).public_key().as_ref().to_vec()
}

/// A token with a right Ed25519 signature over whatever it says.
pub(crate) fn ed25519_token(key: &SigningKey, header: &str, payload: &str) -> String {
    let signed = format!("{}.{}", part(header), part(payload));
    let signature = pair_of(key).sign(signed.as_bytes());
    format!("{signed}.{}", encode(signature.as_ref()))
}

/// A token with a right HS256 signature over whatever it says.
pub(crate) fn hs256_token(secret: &[u8], header: &str, payload: &str) -> String {
    let signed = format!("{}.{}", part(header), part(payload));
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
    format!("{signed}.{}", encode(hmac::sign(&key, signed.as_bytes()).as_ref()))
}

/// The header that the server writes for [`signing_key`].
pub(crate) fn own_header() -> String {
    json!({ "alg": "EdDSA", "typ": "JWT", "kid": signing_key().id.0 }).to_string()
}

/// The claims that the server writes, without addressing.
pub(crate) fn own_claims() -> Value {
    json!({
        "token_type": "access", "exp": after(300).as_seconds(), "iat": NOW.as_seconds(), "nbf": NOW.as_seconds(),
        "jti": "f".repeat(32), "user_id": 42, "sub": "s", "sid": SessionId::from_bytes([7; 16]).to_string(),
    })
}

/// Claims with one of them set to something else, or taken away where it is `null`.
pub(crate) fn with(mut claims: Value, name: &str, value: Value) -> Value {
    let members = claims.as_object_mut().unwrap();
    if value.is_null() {
        members.remove(name);
    } else {
        members.insert(name.to_owned(), value);
    }
    claims
}

/// What the default server says of a token with these claims and a right signature.
pub(crate) fn verdict_on(claims: &Value) -> Result<(), TokenRejection> {
    let token = ed25519_token(&signing_key(), &own_header(), &claims.to_string());
    authority(TokenSettings::default()).access(&token, NOW).map(|_| ())
}
