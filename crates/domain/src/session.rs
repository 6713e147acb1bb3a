//! Sessions: one login of one client, and the rotation of its refresh token.
//!
//! A refresh token is not stored. It names a session and a [`Generation`]; the session's row says
//! which generation is current. Presenting a token asks the row what to do
//! ([`Session::present`]); rotating is one compare-and-swap on the generation.

use crate::random::{Random, uuid_v7};
use crate::time::Timestamp;
use crate::user::UserId;
use std::fmt;
use std::time::Duration;
use uuid::Uuid;

/// Names a session: the claim `sid`. Not a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId(Uuid);

impl SessionId {
    /// A new, unique id.
    pub fn generate(random: &dyn Random, now: Timestamp) -> Self {
        Self(uuid_v7(random, now))
    }

    /// From its 16 bytes.
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(Uuid::from_bytes(bytes))
    }

    /// Parses the hyphenated text form of a UUID, and no other form.
    pub fn parse(text: &str) -> Option<Self> {
        let uuid = Uuid::try_parse(text).ok()?;
        (text.len() == uuid::fmt::Hyphenated::LENGTH).then_some(Self(uuid))
    }

    /// Its 16 bytes.
    pub fn as_bytes(&self) -> &[u8; 16] {
        self.0.as_bytes()
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Counts a session's rotations; a refresh token is of one generation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Generation(pub i64);

impl Generation {
    /// The generation of the token that a login answers.
    pub const FIRST: Self = Self(0);

    /// Of no token of ours: what another system's refresh token counts as that the session was
    /// exchanged for.
    pub const BEFORE_FIRST: Self = Self(-1);

    /// The one after.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

/// Where a request came from, as far as it is told to the session's owner.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Client {
    /// The address of the client, in text form; empty if not known.
    pub address: String,
    /// What the client calls itself; cut at [`Client::MAX_USER_AGENT_CHARS`].
    pub user_agent: String,
}

impl Client {
    /// The most code points of a user agent that are kept.
    pub const MAX_USER_AGENT_CHARS: usize = 256;

    /// A client, with its user agent cut to size and freed of control characters.
    pub fn new(address: impl Into<String>, user_agent: &str) -> Self {
        let shown = user_agent.chars().filter(|c| !c.is_control());
        Self { address: address.into(), user_agent: shown.take(Self::MAX_USER_AGENT_CHARS).collect() }
    }
}

/// Why a session ended before its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndReason {
    /// Its client logged out.
    Logout,
    /// Its owner ended it from another session, or ended all of them.
    Revoked,
    /// A refresh token came a second time: somebody else has it (RFC 9700, section 4.14.2).
    Reuse,
    /// The password was changed.
    PasswordChange,
    /// The account was deactivated.
    Deactivation,
}

/// That a session ended, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct End {
    /// When.
    pub at: Timestamp,
    /// Why.
    pub reason: EndReason,
}

/// One login of one client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Its name.
    pub id: SessionId,
    /// Whose it is.
    pub user_id: UserId,
    /// The generation of its current refresh token.
    pub generation: Generation,
    /// When its owner logged in.
    pub created_at: Timestamp,
    /// When the current generation began: at the login, or at the last rotation.
    pub rotated_at: Timestamp,
    /// When the current refresh token expires, unless it is rotated before.
    pub expires_at: Timestamp,
    /// When the session ends however often it is rotated; `None` for never.
    pub ends_at: Option<Timestamp>,
    /// Who used it last.
    pub client: Client,
    /// Whether it was ended.
    pub ended: Option<End>,
}

/// How long sessions live, and what a replayed refresh token costs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionPolicy {
    /// How long a refresh token lives unused.
    pub idle_lifetime: Duration,
    /// How long a session lives however often it is rotated (ASVS 5.0, 7.3.2); `None` for ever.
    pub absolute_lifetime: Option<Duration>,
    /// How long after a rotation the previous token still answers its successor.
    pub grace: Duration,
    /// What a replay outside the grace does.
    pub reuse: ReusePolicy,
}

impl Default for SessionPolicy {
    fn default() -> Self {
        Self {
            idle_lifetime: Duration::from_secs(24 * 3600),
            absolute_lifetime: Some(Duration::from_secs(30 * 24 * 3600)),
            grace: Duration::from_secs(10),
            reuse: ReusePolicy::Revoke,
        }
    }
}

/// What a replayed refresh token does to its session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReusePolicy {
    /// It ends the session: thief and owner both have to log in (RFC 9700, section 4.14.2).
    Revoke,
    /// It is refused and the successor lives on, as with Django's simplejwt.
    Refuse,
}

/// What a rotation writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rotation {
    /// The generation that must still be current.
    pub from: Generation,
    /// When.
    pub at: Timestamp,
    /// When the new refresh token expires, unless the session's own end comes before.
    pub expires_at: Timestamp,
    /// Who asked.
    pub client: Client,
}

impl Rotation {
    /// What a rotation of the generation `from` writes at `now`.
    pub fn of(from: Generation, client: Client, now: Timestamp, policy: &SessionPolicy) -> Self {
        Self { from, at: now, expires_at: now.plus(policy.idle_lifetime), client }
    }
}

/// What presenting a refresh token comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Presentation {
    /// It is the current one: rotate.
    Rotate(Rotation),
    /// It is the previous one, within the grace: answer the current one again.
    Repeat,
    /// It was used before.
    Reused,
    /// The session was ended.
    Ended,
    /// The session has reached the end of its time.
    Expired,
}

impl Session {
    /// A session that begins now.
    pub fn begin(
        id: SessionId,
        user_id: UserId,
        client: Client,
        now: Timestamp,
        policy: &SessionPolicy,
    ) -> Self {
        let ends_at = policy.absolute_lifetime.map(|lifetime| now.plus(lifetime));
        let idle_end = now.plus(policy.idle_lifetime);
        Self {
            id,
            user_id,
            generation: Generation::FIRST,
            created_at: now,
            rotated_at: now,
            expires_at: ends_at.map_or(idle_end, |end| end.min(idle_end)),
            ends_at,
            client,
            ended: None,
        }
    }

    /// What presenting a refresh token of `generation` comes to.
    pub fn present(
        &self,
        generation: Generation,
        client: Client,
        now: Timestamp,
        policy: &SessionPolicy,
    ) -> Presentation {
        if self.ended.is_some() {
            Presentation::Ended
        } else if now >= self.expires_at {
            Presentation::Expired
        } else if generation == self.generation {
            Presentation::Rotate(Rotation::of(generation, client, now, policy))
        } else if generation.next() == self.generation && now.since(self.rotated_at) < policy.grace {
            Presentation::Repeat
        } else {
            Presentation::Reused
        }
    }

    /// This session after `rotation`.
    #[must_use]
    pub fn rotated(self, rotation: Rotation) -> Self {
        Self {
            generation: rotation.from.next(),
            rotated_at: rotation.at,
            expires_at: self.ends_at.map_or(rotation.expires_at, |end| end.min(rotation.expires_at)),
            client: rotation.client,
            ..self
        }
    }

    /// Whether its tokens are honoured.
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.ended.is_none() && now < self.expires_at
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Presentation::{Ended, Expired, Repeat, Reused, Rotate};

    const LOGIN: Timestamp = Timestamp::from_seconds(1_000_000);

    fn session(policy: &SessionPolicy) -> Session {
        Session::begin(SessionId::from_bytes([7; 16]), UserId(1), Client::default(), LOGIN, policy)
    }

    fn after(seconds: u64) -> Timestamp {
        LOGIN.plus(Duration::from_secs(seconds))
    }

    fn rotate(session: Session, now: Timestamp, policy: &SessionPolicy) -> Session {
        match session.present(session.generation, Client::default(), now, policy) {
            Rotate(rotation) => session.rotated(rotation),
            other => panic!("expected a rotation, got {other:?}"),
        }
    }

    #[test]
    fn the_previous_token_repeats_its_successor_within_the_grace_and_is_reuse_after() {
        let policy = SessionPolicy::default();
        let session = rotate(session(&policy), after(60), &policy);
        let present = |at| session.present(Generation::FIRST, Client::default(), at, &policy);
        assert_eq!(present(after(60)), Repeat);
        assert_eq!(present(after(69)), Repeat);
        assert_eq!(present(after(70)), Reused);
    }

    #[test]
    fn without_a_grace_a_token_works_once() {
        let policy = SessionPolicy { grace: Duration::ZERO, ..Default::default() };
        let session = rotate(session(&policy), after(60), &policy);
        assert_eq!(session.present(Generation::FIRST, Client::default(), after(60), &policy), Reused);
    }

    #[test]
    fn a_token_two_generations_old_is_reuse_even_within_the_grace() {
        let policy = SessionPolicy::default();
        let session = rotate(rotate(session(&policy), after(1), &policy), after(1), &policy);
        assert_eq!(session.present(Generation::FIRST, Client::default(), after(1), &policy), Reused);
        assert_eq!(session.present(Generation(1), Client::default(), after(1), &policy), Repeat);
    }

    #[test]
    fn a_token_of_a_generation_that_was_never_issued_is_reuse() {
        let policy = SessionPolicy::default();
        assert_eq!(session(&policy).present(Generation(1), Client::default(), LOGIN, &policy), Reused);
    }

    #[test]
    fn a_session_that_is_not_used_for_its_idle_lifetime_expires() {
        let policy = SessionPolicy::default();
        let session = session(&policy);
        let present = |at| session.present(Generation::FIRST, Client::default(), at, &policy);
        assert!(matches!(present(after(24 * 3600 - 1)), Rotate(_)));
        assert_eq!(present(after(24 * 3600)), Expired);
        assert!(!session.is_live(after(24 * 3600)));
    }

    #[test]
    fn constant_rotation_does_not_outlive_the_absolute_lifetime() {
        let policy = SessionPolicy::default();
        let mut session = session(&policy);
        for day in 1..=60 {
            session = rotate(session, after(day * 12 * 3600 - 1), &policy);
        }
        let end = after(30 * 24 * 3600);
        assert_eq!(session.expires_at, end);
        assert_eq!(session.present(session.generation, Client::default(), end, &policy), Expired);
    }

    #[test]
    fn an_ended_session_honours_nothing() {
        let policy = SessionPolicy::default();
        let end = End { at: after(5), reason: EndReason::Logout };
        let session = Session { ended: Some(end), ..session(&policy) };
        assert_eq!(session.present(Generation::FIRST, Client::default(), after(6), &policy), Ended);
        assert!(!session.is_live(after(6)));
    }

    #[test]
    fn a_user_agent_is_cut_and_freed_of_control_characters() {
        let client = Client::new("::1", &format!("a\r\nb{}", "x".repeat(1000)));
        assert!(client.user_agent.starts_with("abx"));
        assert_eq!(client.user_agent.chars().count(), Client::MAX_USER_AGENT_CHARS);
    }

    #[test]
    fn a_session_id_is_parsed_in_its_one_text_form() {
        let id = SessionId::from_bytes([7; 16]);
        assert_eq!(SessionId::parse(&id.to_string()), Some(id));
        for text in ["", "x", "{07070707-0707-0707-0707-070707070707}", "07070707070707070707070707070707"] {
            assert_eq!(SessionId::parse(text), None, "{text}");
        }
    }
}
