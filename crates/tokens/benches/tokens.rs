//! What issuing and reading tokens costs: `cargo bench -p doorward-tokens`.
#![expect(clippy::expect_used, reason = "a benchmark that measures a failure must not pass for one")]

use divan::Bencher;
use doorward_domain::identity::Username;
use doorward_domain::keys::{Algorithm, KeyMaker as _, KeyTimes, SigningKey};
use doorward_domain::random::Random;
use doorward_domain::sealing::{SealedAs, Sealer as _};
use doorward_domain::session::{Client, Session, SessionId, SessionPolicy};
use doorward_domain::time::Timestamp;
use doorward_domain::token::TokenService as _;
use doorward_domain::user::{FullName, Subject, User, UserId};
use doorward_tokens::{
    AwsKeyMaker, OsRandom, RootSealer, RootSecret, TokenAuthority, TokenSettings, Verifier,
};
use std::sync::Arc;

const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);
const ALGORITHMS: [Algorithm; 2] = [Algorithm::EdDsa, Algorithm::Hs256];

fn main() {
    divan::main();
}

/// Access and refresh token of a login.
#[divan::bench(args = ALGORITHMS)]
fn issue(bencher: Bencher<'_, '_>, algorithm: Algorithm) {
    let (authority, session, user) = server(algorithm);
    bencher.bench(|| authority.issue(&session, &user));
}

/// The same access token.
#[divan::bench(args = ALGORITHMS)]
fn access(bencher: Bencher<'_, '_>, algorithm: Algorithm) {
    let (authority, session, user) = server(algorithm);
    let token = authority.issue(&session, &user).expect("a key is active").access;
    bencher.bench(|| authority.access(&token, NOW).expect("a valid token"));
}

/// What a stranger's rubbish costs: the gate alone.
#[divan::bench]
fn refuse_garbage(bencher: Bencher<'_, '_>) {
    let (authority, ..) = server(Algorithm::EdDsa);
    let token = "x".repeat(8000);
    bencher.bench(|| authority.access(&token, NOW));
}

#[divan::bench]
fn verify_by_key_set(bencher: Bencher<'_, '_>) {
    let (authority, session, user) = server(Algorithm::EdDsa);
    let token = authority.issue(&session, &user).expect("a key is active").access;
    let verifier = Verifier::from_jwks(&authority.key_set(NOW)).expect("a key set");
    bencher.bench(|| verifier.verify(&token, NOW).expect("a valid token"));
}

#[divan::bench]
fn seal_and_open_a_key(bencher: Bencher<'_, '_>) {
    let random = Arc::new(OsRandom::new());
    let sealer = RootSealer::new(&RootSecret::generate(&*random), random);
    let place = SealedAs { table: "signing_keys", row: "1", purpose: "material" };
    bencher.bench(|| sealer.open(place, &sealer.seal(place, &[7; 48])));
}

fn server(algorithm: Algorithm) -> (TokenAuthority, Session, User) {
    let settings = TokenSettings { algorithm, ..TokenSettings::default() };
    let random: Arc<dyn Random> = Arc::new(OsRandom::new());
    let authority = TokenAuthority::new(settings, &RootSecret::generate(&*random), None);
    let key = AwsKeyMaker::new(Arc::clone(&random)).make(algorithm);
    let times = KeyTimes { created_at: NOW, activates_at: NOW, retires_at: None };
    let key = SigningKey { id: key.id, algorithm, times, material: key.material };
    authority.install(vec![key]).expect("a good key");
    let user = User {
        id: UserId(42),
        subject: Subject::generate(&*random, NOW),
        username: Username::from_stored("alice".to_owned()),
        email: None,
        email_verified_at: None,
        full_name: FullName::default(),
        is_active: true,
        is_staff: false,
        is_superuser: false,
        groups: Vec::new(),
        is_known_by_subject: false,
        is_imported: false,
        date_joined: NOW,
        tokens_valid_after: NOW,
    };
    let id = SessionId::generate(&*random, NOW);
    let session = Session::begin(id, user.id, Client::default(), NOW, &SessionPolicy::default());
    (authority, session, user)
}
