use super::{Auth, Failure};
use crate::standing::Changes;
use crate::store::{Swept, Transaction, Verdict};
use std::time::Duration;

/// How long a session is kept after its last refresh token expired, so that whoever asks why they
/// were logged out can be told.
const KEPT: Duration = Duration::from_secs(24 * 3600);

/// How many sessions one unit of work looks at, and how many of everything else it deletes: few enough
/// that nobody waits for it.
const BATCH: u32 = 500;

impl Auth {
    /// Deletes one batch of sessions, of other systems' tokens, of one-time secrets and of letters that
    /// expired long ago. Call it again at once while it has more. Changes that nobody follows any more go
    /// too.
    ///
    /// # Errors
    /// The database failed.
    pub async fn sweep(&self) -> Result<Swept, Failure> {
        let before = self.ports.clock.now().minus(KEPT);
        let step = move |tx: &mut dyn Transaction| {
            tx.sweep_changes(Changes::KEPT)?;
            let mut swept = tx.sweep_sessions(before, BATCH)?;
            for deleted in [
                tx.sweep_foreign_tokens(before, BATCH)?,
                tx.vault().sweep_secrets(before, BATCH)?,
                tx.mailroom().sweep_mail(before, BATCH)?,
            ] {
                swept.deleted = swept.deleted.saturating_add(deleted);
                swept.has_more |= deleted >= BATCH.into();
            }
            Ok(Verdict::Commit(swept))
        };
        Ok(self.ports.store.transact(step).await?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::Client;
    use crate::takeover::{ForeignToken, ForeignTokenId};
    use crate::testing::{World, block_on, foreign};
    use crate::time::Timestamp;

    #[test]
    fn only_sessions_that_expired_a_day_ago_are_swept() {
        let world = World::with_user("alice", "alice@example.com", "pw-of-alice");
        world.login("alice", "pw-of-alice").unwrap();
        world.clock.advance(Duration::from_secs(24 * 3600));
        world.login("alice", "pw-of-alice").unwrap();
        assert_eq!(block_on(world.auth.sweep()).unwrap().deleted, 0);
        world.clock.advance(KEPT + Duration::from_micros(1));
        assert_eq!(block_on(world.auth.sweep()).unwrap().deleted, 1);
        assert_eq!(block_on(world.auth.sweep()).unwrap().deleted, 0);
    }

    #[test]
    fn a_sweep_has_more_while_one_of_its_batches_is_full() {
        let world = World::new();
        let spend = |tx: &mut dyn Transaction| {
            for number in 0..=BATCH {
                let id = ForeignTokenId(number.to_string());
                tx.spend_foreign_token(&ForeignToken { id, expires_at: Timestamp::EPOCH, spent: None })?;
            }
            Ok(Verdict::Commit(()))
        };
        block_on(world.auth.ports().store.transact(spend)).unwrap();
        assert_eq!(block_on(world.auth.sweep()).unwrap(), Swept { deleted: BATCH.into(), has_more: true });
        assert_eq!(block_on(world.auth.sweep()).unwrap(), Swept { deleted: 1, has_more: false });
    }

    #[test]
    fn a_spent_token_of_another_system_is_known_for_as_long_as_it_could_be_presented() {
        let world = World::new();
        world.imported(foreign(1, "alice", None));
        let token = world.tokens.foreign_refresh("1", "jti-1", world.clock.now_value());
        block_on(world.auth.logout_with(&token, Client::default())).unwrap();
        world.clock.advance(Duration::from_secs(24 * 3600 - 1));
        assert_eq!(block_on(world.auth.sweep()).unwrap().deleted, 0);
        assert!(block_on(world.auth.refresh(&token, Client::default())).is_err());
        world.clock.advance(KEPT + Duration::from_secs(2));
        assert_eq!(block_on(world.auth.sweep()).unwrap().deleted, 1);
    }
}
