use super::{Auth, Caller, Failure};
use crate::store::{Transaction, Verdict};
use crate::user::{FullName, User};

impl Auth {
    /// Changes the caller's full name; `None` if the account was deleted meanwhile.
    ///
    /// # Errors
    /// The database failed.
    pub async fn rename(&self, caller: &Caller, full_name: FullName) -> Result<Option<User>, Failure> {
        let id = caller.user.id;
        let step = move |tx: &mut dyn Transaction| {
            tx.set_full_name(id, &full_name)?;
            Ok(Verdict::Commit(tx.user(id)?))
        };
        Ok(self.ports.store.transact(step).await?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{World, block_on};

    #[test]
    fn a_full_name_is_changed_and_nothing_else() {
        let world = World::with_user("alice", "alice@example.com", "pw-of-alice");
        let pair = world.login("alice", "pw-of-alice").unwrap();
        let caller = block_on(world.auth.authenticate(&pair.access)).unwrap();
        let name = FullName::parse("Alice Liddell").unwrap();
        let renamed = block_on(world.auth.rename(&caller, name.clone())).unwrap().unwrap();
        assert_eq!(renamed, User { full_name: name, ..caller.user });
        assert_eq!(world.find("alice"), renamed);
    }
}
