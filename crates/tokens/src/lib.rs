//! JSON Web Tokens, key sets and sealed key material.
//!
//! Another service verifies an access token with nothing but the server's key set:
//!
//! ```
//! use doorward_domain::time::Timestamp;
//! use doorward_domain::token::{Holder, TokenRejection};
//! use doorward_domain::user::UserId;
//! use doorward_tokens::Verifier;
//!
//! # fn fetched_and_received() -> Result<(String, String), Box<dyn std::error::Error>> {
//! #     use doorward_domain::identity::Username;
//! #     use doorward_domain::keys::{Algorithm, KeyMaker, KeyTimes, SigningKey};
//! #     use doorward_domain::session::{Client, Session, SessionId, SessionPolicy};
//! #     use doorward_domain::user::{FullName, Subject, User};
//! #     use doorward_tokens::{AwsKeyMaker, OsRandom, RootSecret, TokenAuthority, TokenSettings};
//! #     use doorward_domain::token::TokenService;
//! #     let random = std::sync::Arc::new(OsRandom::new());
//! #     let now = Timestamp::from_seconds(1_800_000_000);
//! #     let root = RootSecret::generate(&*random);
//! #     let settings = TokenSettings {
//! #         issuer: Some("https://id.example.org".to_owned()),
//! #         audience: vec!["shop".to_owned()],
//! #         ..TokenSettings::default()
//! #     };
//! #     let authority = TokenAuthority::new(settings, &root, None);
//! #     let key = AwsKeyMaker::new(random.clone()).make(Algorithm::EdDsa);
//! #     let times = KeyTimes { created_at: now, activates_at: now, retires_at: None };
//! #     authority.install(vec![SigningKey { id: key.id, algorithm: Algorithm::EdDsa, times, material: key.material }])?;
//! #     let user = User {
//! #         id: UserId(42),
//! #         subject: Subject::generate(&*random, now),
//! #         username: Username::from_stored("alice".to_owned()),
//! #         email: None,
//! #         email_verified_at: None,
//! #         full_name: FullName::default(),
//! #         is_active: true,
//! #         is_staff: false,
//! #         is_superuser: false,
//! #         groups: Vec::new(),
//! #         is_known_by_subject: false,
//! #         is_imported: false,
//! #         date_joined: now,
//! #         tokens_valid_after: now,
//! #     };
//! #     let id = SessionId::generate(&*random, now);
//! #     let session = Session::begin(id, user.id, Client::default(), now, &SessionPolicy::default());
//! #     Ok((authority.key_set(now), authority.issue(&session, &user)?.access))
//! # }
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // From https://id.example.org/.well-known/jwks.json, and from `Authorization: Bearer …`.
//! let (key_set, token) = fetched_and_received()?;
//! let now = Timestamp::from_seconds(1_800_000_060);
//!
//! let verifier = Verifier::from_jwks(&key_set)?.issuer("https://id.example.org").audience("shop");
//! let verified = verifier.verify(&token, now)?;
//! assert_eq!(verified.access.holder, Holder::Account(UserId(42)));
//!
//! let later = Timestamp::from_seconds(1_800_000_300);
//! assert_eq!(verifier.verify(&token, later), Err(TokenRejection::Expired));
//! # Ok(())
//! # }
//! ```
//!
//! # What is where
//!
//! - [`TokenAuthority`] is the domain's `TokenService`. It is pure: a pair of tokens is a function of
//!   the session's row, so that repeating a rotation within its grace repeats its answer, on any
//!   instance, and also when the signing key has changed in between.
//! - [`RootSecret`] is the one secret to keep. What other keys are for is in the label under which
//!   each is derived from it (HKDF): refresh tokens, token ids, sealing, one-time secrets.
//! - [`RootSealer`] is the domain's `Sealer`: signing keys lie in the database under AES-256-GCM,
//!   bound to their table, row and purpose.
//! - [`RootDigests`] is the domain's `SecretDigests`: what the database has of one-time secrets.
//! - [`AwsKeyMaker`] and [`OsRandom`] are the domain's `KeyMaker` and `Random`.
//! - [`Verifier`] is for services that have a key set and no more.
//!
//! # How a token is read
//!
//! 1. A gate looks at the form: at most 8 KiB, three parts of strict base64url, a JSON header in
//!    which no name occurs twice, none of the parameters that would have to be obeyed (`crit`, `jwk`,
//!    `jku` and their like).
//! 2. The header's `typ` and `kid` choose the key; each key has one algorithm, and `alg` must be that
//!    one. A `kid` is only ever compared with the names of known keys.
//! 3. The signature is verified, then the times, the issuer and the audience, the id and type, the
//!    session and the user: in simplejwt's order, since clients see which one failed first.
//!
//! Four kinds of keys vouch for tokens, and each for what it is for alone:
//!
//! | key | vouches for | in the header |
//! |---|---|---|
//! | the server's own, of the database | access tokens | `typ` is `JWT`, `kid` names it |
//! | the refresh key, derived from the root secret | refresh tokens | `typ` is `refresh+jwt`, no `kid` |
//! | the shared key | access tokens, of a Django service too | no `kid` |
//! | a retiring key | the same, and refresh tokens of that service | no `kid` |
//!
//! A token of the first two must say everything that this crate writes. A token of the others may lack
//! `sid`, `nbf`, `iss` and `aud`, which simplejwt does not write; what it says of them must be right.
//!
//! # Whose a token is
//!
//! `user_id` is what a Django service knows the account by. For most accounts that is their number. An
//! account that came from a system with other keys, UUIDs for example, keeps its key there, and our own
//! tokens say its number in the claim `uid` beside it: a request with one needs no look-up. A token of
//! the other system has no `uid`, and is read as [`Holder::Subject`](doorward_domain::token::Holder).
//! A claim of that name counts only where there is a `sid`, which nobody but this crate writes.
//!
//! # Taking over from another service
//!
//! While the key of a service that was replaced is configured as retiring, nobody who was logged in
//! there notices: its access tokens open what they opened, and
//! [`refresh`](doorward_domain::token::TokenService::refresh) reads its refresh tokens as
//! [`PresentedRefresh::Foreign`](doorward_domain::token::PresentedRefresh), with their `jti`, for
//! whoever keeps count to exchange once. The shared key does not allow that, since a service that has it
//! still runs: it would go on honouring a token that was exchanged here. A key that is configured as
//! both is retiring.
//!
//! What they say of whom counts for accounts that came from that service alone: they are read with
//! [`Issuer::Retiring`](doorward_domain::token::Issuer), and it is for whoever looks the account up to
//! refuse any other. Numbers are given on both sides, and account 1 there is seldom account 1 here.
//!
//! A token of another service, under a shared key or a retiring one, that carries the claim
//! `hash_password` is invalid here. simplejwt writes it under `CHECK_REVOKE_TOKEN`, and refuses the
//! token once the password's hash at Django is another one. That cannot be checked here, where a hash
//! may be newer or of another form; to ignore the claim would revive what Django refuses after a
//! change of the password. Who was logged in there logs in once more.
//!
//! # How to extend it
//!
//! A further claim about the account is a variant of [`UserClaim`] and a line in `payload.rs`. A
//! further algorithm to sign with is a variant of the domain's `Algorithm`; the compiler then shows
//! the places: the maker, the ring and the signer. A further secret to derive is a new label.

mod authority;
mod claims;
mod foreign_keys;
mod hex;
mod jwk;
mod jws;
mod key_maker;
mod key_ring;
mod payload;
mod random;
mod root_secret;
mod sealer;
mod secret_digests;
mod settings;
mod signer;
mod strict_json;
#[cfg(test)]
mod tests;
mod verifier;

pub use authority::TokenAuthority;
pub use foreign_keys::{KeyError, RetiringKey, SharedKey};
pub use key_maker::AwsKeyMaker;
pub use key_ring::UnusableKey;
pub use random::OsRandom;
pub use root_secret::{RootSecret, RootSecretError};
pub use sealer::RootSealer;
pub use secret_digests::RootDigests;
pub use settings::{SimpleJwt, TokenSettings, UserClaim};
pub use verifier::{KeySetError, VerifiedToken, Verifier};
