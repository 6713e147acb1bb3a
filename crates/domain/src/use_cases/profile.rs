use super::{Auth, Failure};
use crate::callers::Caller;
use crate::store::{Transaction, Verdict};
use crate::user::{FullName, Profile};

impl Auth {
    /// The caller's account, as its owner is shown it; `None` if it was deleted meanwhile.
    ///
    /// # Errors
    /// The database failed.
    pub async fn profile(&self, caller: &Caller) -> Result<Option<Profile>, Failure> {
        let id = caller.user.id;
        Ok(self.ports.store.query(move |db| db.profile(id)).await?)
    }

    /// Changes the caller's full name; `None` if the account was deleted meanwhile.
    ///
    /// # Errors
    /// The database failed.
    pub async fn rename(&self, caller: &Caller, full_name: FullName) -> Result<Option<Profile>, Failure> {
        let id = caller.user.id;
        let step = move |tx: &mut dyn Transaction| {
            tx.set_full_name(id, &full_name)?;
            Ok(Verdict::Commit(tx.profile(id)?))
        };
        Ok(self.ports.store.transact(step).await?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{World, block_on};
    use crate::user::User;

    #[test]
    fn a_full_name_is_changed_and_nothing_else() {
        let world = World::with_user("alice", "alice@example.com", "pw-of-alice");
        let pair = world.login("alice", "pw-of-alice").unwrap();
        let caller = block_on(world.auth.authenticate(&pair.access)).unwrap();
        let name = FullName::parse("Alice Liddell").unwrap();
        let before = block_on(world.auth.profile(&caller)).unwrap().unwrap();
        let renamed = block_on(world.auth.rename(&caller, name.clone())).unwrap().unwrap();
        let expected = User { full_name: name, ..before.user };
        assert_eq!(renamed, Profile { user: expected, ..before });
        assert_eq!(block_on(world.auth.profile(&caller)).unwrap(), Some(renamed));
    }
}
