use super::reauthentication::hold_unchanged;
use super::{Auth, Failure};
use crate::callers::Caller;
use crate::mail::{Desk, Message};
use crate::password::{Password, PasswordError, PasswordHash};
use crate::session::{Client, End, EndReason, SessionId};
use crate::store::{StoreError, Transaction, Verdict};
use crate::time::Timestamp;
use crate::user::Credential;

/// Why an owner's password is what it was.
#[derive(Debug, thiserror::Error)]
pub enum ReplacePasswordError {
    /// The old password is not the account's; or the account has changed meanwhile.
    #[error("the old password is wrong")]
    WrongPassword,
    /// The two new passwords differ.
    #[error("the passwords differ")]
    Mismatch,
    /// The new password breaks these rules.
    #[error("the password is not acceptable")]
    Invalid(Vec<PasswordError>),
    /// Something beneath failed.
    #[error(transparent)]
    Failure(#[from] Failure),
}

impl Auth {
    /// Gives the caller another password, ends the account's other sessions and tells its owner by mail.
    ///
    /// # Errors
    /// Why the password is what it was.
    pub async fn replace_password(
        &self,
        caller: &Caller,
        old: Password,
        new: Password,
        new_again: Password,
        client: Client,
    ) -> Result<(), ReplacePasswordError> {
        let checked = self.reauthenticate(caller, old).await?.ok_or(ReplacePasswordError::WrongPassword)?;
        if new != new_again {
            return Err(ReplacePasswordError::Mismatch);
        }
        let broken = self.broken_rules(&caller.user, &new);
        if !broken.is_empty() {
            return Err(ReplacePasswordError::Invalid(broken));
        }
        let hash = self.ports.hasher.hash(new).await.map_err(Failure::from)?;
        let (now, desk, session) = (self.ports.clock.now(), self.desk(), caller.session);
        let step = move |tx: &mut dyn Transaction| {
            replace_password(tx, &checked, &hash, session, &client, now, &desk)
        };
        let is_replaced = self.ports.store.transact(step).await.map_err(Failure::from)?;
        if is_replaced { Ok(()) } else { Err(ReplacePasswordError::WrongPassword) }
    }
}

/// The step: stores the hash and ends every session but `keep`. False if the account is not as it was
/// when the old password was checked.
///
/// # Errors
/// The database failed.
pub fn replace_password(
    tx: &mut dyn Transaction,
    checked: &Credential,
    hash: &PasswordHash,
    keep: Option<SessionId>,
    client: &Client,
    now: Timestamp,
    desk: &Desk,
) -> Result<Verdict<bool>, StoreError> {
    let Some(held) = hold_unchanged(tx, checked)? else { return Ok(Verdict::RollBack(false)) };
    let id = held.user.id;
    tx.set_password(id, hash, now)?;
    tx.end_sessions(id, keep, End { at: now, reason: EndReason::PasswordChange })?;
    tx.vault().drop_secrets(id)?;
    desk.warn(tx, &held.user, Message::PasswordChanged { client: Some(client.clone()) }, now)?;
    Ok(Verdict::Commit(true))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{World, block_on};
    use crate::use_cases::{Draft, Role};

    const NEW: &str = "An0ther-pw!";

    fn replace(
        world: &World,
        caller: &Caller,
        old: &str,
        new: [&str; 2],
    ) -> Result<(), ReplacePasswordError> {
        let [new, again] = new.map(|new| Password::new(new).unwrap());
        let old = Password::new(old).unwrap();
        block_on(world.auth.replace_password(caller, old, new, again, Client::default()))
    }

    fn logged_in() -> (World, Caller) {
        let world = World::with_user("alice", "alice@example.com", "pw-of-alice");
        let tokens = world.login("alice", "pw-of-alice").unwrap();
        let caller = world.caller(&tokens);
        (world, caller)
    }

    #[test]
    fn the_callers_session_lives_on_and_the_others_end() {
        let (world, caller) = logged_in();
        world.login("alice", "pw-of-alice").unwrap();
        replace(&world, &caller, "pw-of-alice", [NEW, NEW]).unwrap();
        let live = block_on(world.auth.sessions(&caller)).unwrap();
        assert_eq!(live.iter().map(|session| Some(session.id)).collect::<Vec<_>>(), [caller.session]);
        assert!(world.login("alice", "pw-of-alice").is_err());
        assert!(world.login("alice", NEW).is_ok());
        let [told] = world.mail().try_into().unwrap();
        assert_eq!(told.message, Message::PasswordChanged { client: Some(Client::default()) });
    }

    #[test]
    fn nothing_changes_without_the_old_password_and_an_acceptable_new_one() {
        let (world, caller) = logged_in();
        let wrong = replace(&world, &caller, "other", ["x", "y"]);
        assert!(matches!(wrong, Err(ReplacePasswordError::WrongPassword)), "told before anything else");
        let differ = replace(&world, &caller, "pw-of-alice", [NEW, "y"]);
        assert!(matches!(differ, Err(ReplacePasswordError::Mismatch)));
        let weak = replace(&world, &caller, "pw-of-alice", ["alice"; 2]);
        assert!(matches!(weak, Err(ReplacePasswordError::Invalid(_))));
        assert!(world.login("alice", "pw-of-alice").is_ok());
        assert_eq!(world.mail(), []);
    }

    #[test]
    fn strangers_with_the_same_mailbox_do_not_use_up_what_warns_its_owner() {
        let (world, alice) = logged_in();
        assert!(block_on(world.auth.vouch_for_address(alice.user.id)).unwrap());
        for tag in 0..3 {
            let draft = Draft {
                username: Some(format!("mallory{tag}")),
                email: Some(format!("alice+{tag}@example.com")),
                password: Password::new("Th1rd-persons"),
                password_again: Password::new("Th1rd-persons"),
            };
            block_on(world.auth.register(draft, Role::Member)).unwrap();
            let mallory = world.caller(&world.login(&format!("mallory{tag}"), "Th1rd-persons").unwrap());
            replace(&world, &mallory, "Th1rd-persons", [NEW, NEW]).unwrap();
        }
        assert_eq!(world.mail().len(), 2);
        replace(&world, &alice, "pw-of-alice", [NEW, NEW]).unwrap();
        assert_eq!(world.mail().len(), 1);
    }

    #[test]
    fn of_two_changes_at_once_one_wins() {
        let (world, caller) = logged_in();
        let (auth, rival) = (world.auth.clone(), caller.clone());
        world.hasher.before_next(move || {
            let [old, new] = ["pw-of-alice", "R1val-password"].map(|text| Password::new(text).unwrap());
            let changed = auth.replace_password(&rival, old, new.clone(), new, Client::default());
            block_on(changed).unwrap();
        });
        let lost = replace(&world, &caller, "pw-of-alice", [NEW, NEW]);
        assert!(matches!(lost, Err(ReplacePasswordError::WrongPassword)), "{lost:?}");
        assert!(world.login("alice", "R1val-password").is_ok());
    }
}
