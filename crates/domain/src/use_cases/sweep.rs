use super::{Auth, Failure};
use crate::standing::Changes;
use crate::store::{Transaction, Verdict};
use std::time::Duration;

/// How long a session is kept after its last refresh token expired, so that whoever asks why they
/// were logged out can be told.
const KEPT: Duration = Duration::from_secs(24 * 3600);

/// How many sessions one unit of work deletes: few enough that nobody waits for it.
const BATCH: u32 = 500;

impl Auth {
    /// Deletes one batch of sessions that expired long ago, and tells how many those were. Call it
    /// again at once while it returns more than zero. Changes that nobody follows any more go too.
    ///
    /// # Errors
    /// The database failed.
    pub async fn sweep(&self) -> Result<u64, Failure> {
        let before = self.ports.clock.now().minus(KEPT);
        let step = move |tx: &mut dyn Transaction| {
            tx.sweep_changes(Changes::KEPT)?;
            Ok(Verdict::Commit(tx.sweep_sessions(before, BATCH)?))
        };
        Ok(self.ports.store.transact(step).await?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{World, block_on};

    #[test]
    fn only_sessions_that_expired_a_day_ago_are_swept() {
        let world = World::with_user("alice", "alice@example.com", "pw-of-alice");
        world.login("alice", "pw-of-alice").unwrap();
        world.clock.advance(Duration::from_secs(24 * 3600));
        world.login("alice", "pw-of-alice").unwrap();
        assert_eq!(block_on(world.auth.sweep()).unwrap(), 0);
        world.clock.advance(KEPT + Duration::from_micros(1));
        assert_eq!(block_on(world.auth.sweep()).unwrap(), 1);
        assert_eq!(block_on(world.auth.sweep()).unwrap(), 0);
    }
}
