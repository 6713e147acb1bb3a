//! Tokens that were verified before, so that the same text is not verified twice.

use aws_lc_rs::digest::{SHA256, digest};
use doorward_domain::time::Timestamp;
use doorward_domain::token::{AccessClaims, TokenRejection};
use quick_cache::sync::{Cache, DefaultLifecycle};
use quick_cache::{DefaultHashBuilder, OptionsBuilder, UnitWeighter};
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};

/// A longer token is verified every time. Ours are shorter, and a stranger's long rubbish is not
/// digested before it is refused.
const MAX_REMEMBERED_BYTES: usize = 2 * 1024;

/// What verifying access tokens has shown, for as long as it holds.
///
/// A token is known by the SHA-256 of its whole text, signature included. The digest stands for the
/// text, so it has to resist collisions: with a weaker hash, somebody who has a say in what is signed
/// (their own name, say) could look for a second text with the same digest, write other claims into
/// it, and have it pass for the first. The digest also keeps the tokens themselves out of memory.
///
/// Only acceptances are remembered: a flood of rubbish takes no room and displaces nothing.
pub(crate) struct Remembered {
    /// `None` remembers nothing.
    entries: Option<Cache<[u8; 32], Entry>>,
    epoch: AtomicU64,
}

/// An access token that was accepted.
#[derive(Clone)]
pub(crate) struct Accepted {
    /// What it says.
    pub(crate) claims: AccessClaims,
    /// All instants at which it is accepted, as long as the keys remain the same.
    pub(crate) during: Range<Timestamp>,
}

#[derive(Clone)]
struct Entry {
    accepted: Accepted,
    /// The keys under which it was.
    epoch: u64,
}

impl Remembered {
    /// Room for about `capacity` tokens.
    pub(crate) fn new(capacity: usize) -> Self {
        Self { entries: entries(capacity), epoch: AtomicU64::new(0) }
    }

    /// What `token` says, remembered or else verified: the same either way.
    pub(crate) fn claims_of(
        &self,
        token: &str,
        now: Timestamp,
        verify: impl FnOnce() -> Result<Accepted, TokenRejection>,
    ) -> Result<AccessClaims, TokenRejection> {
        let entries = self.entries.as_ref().filter(|_| token.len() <= MAX_REMEMBERED_BYTES);
        let Some((entries, digest)) = entries.and_then(|entries| Some((entries, sha256(token)?))) else {
            return verify().map(|accepted| accepted.claims);
        };
        // Read before `verify` looks at the keys. If they are replaced meanwhile, its answer is
        // filed under an epoch that is over, and never found.
        let epoch = self.epoch.load(Ordering::Acquire);
        if let Some(Entry { accepted, epoch: verified_in }) = entries.get(&digest)
            && verified_in == epoch
            && accepted.during.contains(&now)
        {
            return Ok(accepted.claims);
        }
        let accepted = verify()?;
        let claims = accepted.claims.clone();
        entries.insert(digest, Entry { accepted, epoch });
        Ok(claims)
    }

    /// Begins a new epoch; to be called when the new keys are in place. The entries of those before
    /// stay in the table until they are replaced, but are never found.
    pub(crate) fn forget_all(&self) {
        self.epoch.fetch_add(1, Ordering::Release);
    }

    /// How many tokens the table holds, forgotten and expired ones included.
    pub(crate) fn len(&self) -> usize {
        self.entries.as_ref().map_or(0, Cache::len)
    }
}

fn entries(capacity: usize) -> Option<Cache<[u8; 32], Entry>> {
    let options = OptionsBuilder::new()
        .estimated_items_capacity(capacity)
        .weight_capacity(u64::try_from(capacity).unwrap_or(u64::MAX))
        // Every token dies within minutes, however often it was used: half the room is for those
        // that came last. With the usual 3 % a token would be displaced before it is used again once
        // the rest is full of expired ones.
        .hot_allocation(0.5)
        .build();
    let cache = |options| {
        Cache::with_options(options, UnitWeighter, DefaultHashBuilder::default(), DefaultLifecycle::default())
    };
    options.ok().filter(|_| capacity > 0).map(cache)
}

fn sha256(token: &str) -> Option<[u8; 32]> {
    digest(&SHA256, token.as_bytes()).as_ref().try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::support::{NOW, after};
    use doorward_domain::token::{Holder, Issuer};
    use doorward_domain::user::UserId;

    fn accepted(id: i64) -> Accepted {
        let holder = Holder::Account(UserId(id));
        let issuer = Issuer::Shared;
        let claims =
            AccessClaims { holder, session_id: None, issuer, issued_at: NOW, expires_at: after(300) };
        Accepted { claims, during: NOW..after(300) }
    }

    /// Whether `token` has to be verified at `at`.
    fn is_verified(remembered: &Remembered, token: &str, at: Timestamp) -> bool {
        let mut verified = false;
        let claims = remembered.claims_of(token, at, || {
            verified = true;
            Ok(accepted(1))
        });
        assert_eq!(claims, Ok(accepted(1).claims));
        verified
    }

    #[test]
    fn a_token_is_verified_the_first_time_and_not_again() {
        let remembered = Remembered::new(64);
        assert!(is_verified(&remembered, "a", NOW));
        assert!(!is_verified(&remembered, "a", NOW));
        assert!(!is_verified(&remembered, "a", after(299)));
        assert!(is_verified(&remembered, "b", NOW));
        assert_eq!(remembered.len(), 2);
    }

    #[test]
    fn outside_its_time_a_token_is_verified() {
        let remembered = Remembered::new(64);
        assert!(is_verified(&remembered, "a", NOW));
        for at in [after(-1), after(300)] {
            let refused = remembered.claims_of("a", at, || Err(TokenRejection::Expired));
            assert_eq!(refused, Err(TokenRejection::Expired));
        }
        assert!(!is_verified(&remembered, "a", NOW), "and a refusal takes nothing away");
    }

    #[test]
    fn a_refusal_is_not_remembered() {
        let remembered = Remembered::new(64);
        for _ in 0..2 {
            let refused = remembered.claims_of("a", NOW, || Err(TokenRejection::Invalid));
            assert_eq!(refused, Err(TokenRejection::Invalid));
        }
        assert_eq!(remembered.len(), 0);
        assert!(is_verified(&remembered, "a", NOW));
    }

    #[test]
    fn what_was_forgotten_is_verified_again() {
        let remembered = Remembered::new(64);
        assert!(is_verified(&remembered, "a", NOW));
        remembered.forget_all();
        assert!(is_verified(&remembered, "a", NOW));
        assert!(!is_verified(&remembered, "a", NOW));
    }

    #[test]
    fn a_verification_that_is_overtaken_by_new_keys_is_not_remembered() {
        let remembered = Remembered::new(64);
        let overtaken = remembered.claims_of("a", NOW, || {
            remembered.forget_all();
            Ok(accepted(1))
        });
        assert!(overtaken.is_ok());
        assert!(is_verified(&remembered, "a", NOW));
    }

    #[test]
    fn the_table_is_bounded() {
        let remembered = Remembered::new(128);
        for n in 0..2000 {
            assert!(is_verified(&remembered, &n.to_string(), NOW));
            assert!(remembered.len() <= 128);
        }
        assert_eq!(remembered.len(), 128);
    }

    /// Of ten tokens in turn each is used ten times and then followed by another, for as long as it
    /// takes to fill the table many times over with tokens that are dead.
    #[test]
    fn dead_tokens_do_not_crowd_out_living_ones() {
        let remembered = Remembered::new(32);
        let verified = |generation: u32| {
            let uses = (0..10).flat_map(|_| 0..10);
            uses.filter(|session| is_verified(&remembered, &format!("{session} {generation}"), NOW)).count()
        };
        assert_eq!((0..100).map(verified).sum::<usize>(), 1000);
    }

    #[test]
    fn without_room_every_token_is_verified() {
        let remembered = Remembered::new(0);
        assert!(is_verified(&remembered, "a", NOW));
        assert!(is_verified(&remembered, "a", NOW));
        assert_eq!(remembered.len(), 0);
    }

    #[test]
    fn a_long_token_is_verified_every_time() {
        let remembered = Remembered::new(64);
        for (length, again) in [(MAX_REMEMBERED_BYTES, false), (MAX_REMEMBERED_BYTES + 1, true)] {
            let token = "a".repeat(length);
            assert!(is_verified(&remembered, &token, NOW));
            assert_eq!(is_verified(&remembered, &token, NOW), again, "{length}");
        }
    }
}
