//! The accounts and sessions that a database is filled with: everything about them follows from
//! their number, so that tokens can be made without reading a row.

use anyhow::{Context as _, Result};
use doorward_domain::identity::{EmailAddress, Username};
use doorward_domain::keys::{RotationPlan, SigningKey};
use doorward_domain::session::{Client, Session, SessionId, SessionPolicy};
use doorward_domain::time::Timestamp;
use doorward_domain::token::{TokenPair, TokenService as _};
use doorward_domain::use_cases::Keys;
use doorward_domain::user::{FullName, Subject, User, UserId};
use doorward_persistence::{DatabaseUrl, Settings, open};
use doorward_tokens::{AwsKeyMaker, OsRandom, RootSealer, RootSecret, TokenAuthority, TokenSettings};
use std::sync::Arc;
use std::time::Duration;

/// How long access tokens live while measured: they are made before the load begins.
pub(crate) const ACCESS_LIFETIME: Duration = Duration::from_secs(24 * 3600);

/// The number of the first account, beyond those that were registered.
pub(crate) const FIRST_ID: i64 = 1000;

/// `size` accounts, each with a session that began at `began`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Population {
    pub(crate) size: u32,
    pub(crate) began: Timestamp,
}

impl Population {
    /// The session of an account: as a login at `began` makes it, but for its id.
    pub(crate) fn session(self, number: u32) -> Session {
        let id = SessionId::from_bytes(self.uuid(number, 0x7001).to_be_bytes());
        let client = Client::new("127.0.0.1", "wrk");
        Session::begin(id, user_id(number), client, self.began, &SessionPolicy::default())
    }

    fn user(self, number: u32) -> User {
        User {
            id: user_id(number),
            subject: Subject::from_stored(hyphenated(self.uuid(number, 0x7000))),
            username: Username::from_stored(username(number)),
            email: Some(EmailAddress::from_stored(format!("{}@example.com", username(number)))),
            email_verified_at: None,
            full_name: FullName::default(),
            is_active: true,
            is_staff: false,
            is_superuser: false,
            groups: Vec::new(),
            is_known_by_subject: false,
            is_imported: false,
            date_joined: self.began,
            tokens_valid_after: Timestamp::EPOCH,
        }
    }

    /// A `UUIDv7`, one a millisecond, so that a table of them is as local as one that grew in time.
    /// `seed.rs` says the same in SQL.
    fn uuid(self, number: u32, version: u128) -> u128 {
        let millis = u128::try_from(self.first_millis()).unwrap_or_default() + u128::from(number);
        millis << 80 | version << 64 | 0x8000 << 48 | u128::from(mixed(number))
    }

    /// The same accounts in an order in which neighbours are far from each other, for sizes that the
    /// step does not divide.
    pub(crate) fn apart(self, number: u32) -> u32 {
        const STEP: u64 = 7919; // a prime
        let place = u64::from(number) * STEP % u64::from(self.size.max(1));
        u32::try_from(place).unwrap_or_default()
    }

    /// The millisecond of the number 0.
    pub(crate) fn first_millis(self) -> i64 {
        self.began.as_micros() / 1000 - i64::from(self.size)
    }
}

/// The name of an account.
pub(crate) fn username(number: u32) -> String {
    format!("user{number:08}")
}

fn user_id(number: u32) -> UserId {
    UserId(FIRST_ID + i64::from(number))
}

/// Scatters numbers over 32 bits, each to another one.
fn mixed(number: u32) -> u32 {
    number.wrapping_mul(2_654_435_761)
}

fn hyphenated(uuid: u128) -> String {
    let hex = format!("{uuid:032x}");
    let part = |range| hex.get(range).unwrap_or_default();
    format!("{}-{}-{}-{}-{}", part(0..8), part(8..12), part(12..16), part(16..20), part(20..32))
}

/// Makes the tokens that a server would have answered.
pub(crate) struct Mint {
    authority: TokenAuthority,
    population: Population,
}

impl Mint {
    /// A mint with the keys of a database, which no server need be running on.
    pub(crate) fn open(url: &str, root: &RootSecret, population: Population) -> Result<Self> {
        let url = DatabaseUrl::parse(url)?;
        let database =
            open(&url, &Settings { postgres_connections: 1, sqlite_readers: 1, ..Settings::default() })?;
        let random = Arc::new(OsRandom::new());
        let keys = Keys {
            store: database.store(),
            sealer: Arc::new(RootSealer::new(root, random.clone())),
            maker: Arc::new(AwsKeyMaker::new(random)),
            clock: Arc::new(crate::clock::MachineClock::new()),
            plan: RotationPlan { lead: Duration::ZERO, access_lifetime: ACCESS_LIFETIME },
        };
        let keys: Vec<SigningKey> = actix_web::rt::System::new().block_on(keys.open())?.keys;
        database.close();
        let settings = TokenSettings {
            // As the built-in settings of the server are.
            issuer: Some("http://127.0.0.1:8000".to_owned()),
            audience: vec!["doorward".to_owned()],
            access_lifetime: ACCESS_LIFETIME,
            ..TokenSettings::default()
        };
        let authority = TokenAuthority::new(settings, root, None);
        authority.install(keys)?;
        Ok(Self { authority, population })
    }

    /// The pair of an account's session, as its login answered it.
    pub(crate) fn pair(&self, number: u32) -> Result<TokenPair> {
        let Self { authority, population } = self;
        authority.issue(&population.session(number), &population.user(number)).context("no token")
    }
}

/// Numbers that look random and are the same in each run (`SplitMix64`).
pub(crate) struct Draw(u64);

impl Draw {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below `end`.
    pub(crate) fn below(&mut self, end: u32) -> u32 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let high = (mixed ^ (mixed >> 31)) >> 32;
        // The high half of a 64-bit product of two 32-bit factors.
        u32::try_from((high * u64::from(end)) >> 32).unwrap_or_default()
    }

    /// All numbers below `end`, in random order.
    pub(crate) fn shuffled(&mut self, end: u32) -> Vec<u32> {
        let mut numbers: Vec<u32> = (0..end).collect();
        for (last, place) in (1..end).rev().zip((1..numbers.len()).rev()) {
            let other = usize::try_from(self.below(last + 1)).unwrap_or_default();
            numbers.swap(place, other);
        }
        numbers
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn sessions_are_in_the_order_of_their_numbers_and_distinct() {
        let population = Population { size: 10_000, began: Timestamp::from_seconds(1_800_000_000) };
        let ids: Vec<_> = (0..1000).map(|number| *population.session(number).id.as_bytes()).collect();
        assert!(ids.is_sorted());
        assert_eq!(ids.iter().collect::<HashSet<_>>().len(), 1000);
        assert_eq!(population.session(7).id.to_string().get(13..19), Some("-7001-"));
    }

    #[test]
    fn accounts_that_lie_apart_come_once_each() {
        for size in [1000, 10_000] {
            let population = Population { size, began: Timestamp::EPOCH };
            let places: Vec<_> = (0..size).map(|number| population.apart(number)).collect();
            assert!(places.iter().zip(&places[1..]).all(|(one, next)| one.abs_diff(*next) > 30));
            assert_eq!(places.iter().collect::<HashSet<_>>().len(), places.len());
        }
    }

    #[test]
    fn a_shuffle_has_every_number_once_and_a_draw_stays_below_its_end() {
        let mut draw = Draw::new(1);
        let mut shuffled = draw.shuffled(1000);
        assert!(!shuffled.is_sorted());
        shuffled.sort_unstable();
        assert_eq!(shuffled, (0..1000).collect::<Vec<_>>());
        assert!((0..1000).all(|_| draw.below(10) < 10));
    }
}
