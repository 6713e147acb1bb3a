use super::proof::take_proven;
use super::{Auth, Failure, Proof, ProofError};
use crate::identity::EmailAddress;
use crate::mail::{Desk, Message};
use crate::one_time::{OneTimeSecret, Purpose};
use crate::password::{Password, PasswordError, PasswordHash, PersonalInformation};
use crate::session::{Client, End, EndReason};
use crate::store::{StoreError, Transaction, Verdict};
use crate::time::Timestamp;
use crate::user::User;

/// A new password for whoever reads the account's mail.
#[derive(Debug, Clone)]
pub struct PasswordReset {
    /// What the link says whose password it is, if a link is presented: the account's subject.
    pub uid: Option<String>,
    /// What was sent.
    pub proof: Proof,
    /// The new password.
    pub password: Password,
    /// The new password again.
    pub password_again: Password,
    /// Who asks.
    pub client: Client,
}

/// Why the password is what it was.
#[derive(Debug, thiserror::Error)]
pub enum ResetPasswordError {
    /// The link or code does not work.
    #[error("the link or code does not work, or not any more")]
    Refused,
    /// The link is not of the account that it names.
    #[error("the link is of no such account")]
    WrongUid,
    /// The two passwords differ.
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
    /// Sets a new password, ends every session of the account and tells its owner. The address that the
    /// link or code was sent to counts as verified then. Nobody is logged in.
    ///
    /// # Errors
    /// Why the password is what it was: the link or code is then as good as before.
    pub async fn reset_password(&self, request: PasswordReset) -> Result<(), ResetPasswordError> {
        let PasswordReset { uid, proof, password, password_again, client } = request;
        let found = self.proven(Purpose::ResetPassword, proof).await?;
        let owner = found.user;
        let user = self.ports.store.query(move |db| db.user(owner)).await.map_err(Failure::from)?;
        let user = user.filter(|user| user.is_active).ok_or(ResetPasswordError::Refused)?;
        if uid.is_some_and(|uid| uid != user.subject.as_str()) {
            return Err(ResetPasswordError::WrongUid);
        }
        if password != password_again {
            return Err(ResetPasswordError::Mismatch);
        }
        let broken = self.broken_rules(&user, &password);
        if !broken.is_empty() {
            return Err(ResetPasswordError::Invalid(broken));
        }
        let hash = self.ports.hasher.hash(password).await.map_err(Failure::from)?;
        let (now, desk) = (self.ports.clock.now(), self.desk());
        let step = move |tx: &mut dyn Transaction| reset_password(tx, &found, &hash, &client, now, &desk);
        let is_reset = self.ports.store.transact(step).await.map_err(Failure::from)?;
        if is_reset { Ok(()) } else { Err(ResetPasswordError::Refused) }
    }

    /// The rules that a new password of this account breaks.
    pub(super) fn broken_rules(&self, user: &User, password: &Password) -> Vec<PasswordError> {
        let about = PersonalInformation {
            username: Some(user.username.as_str()),
            full_name: Some(user.full_name.as_str()),
            email: user.email.as_ref().map(EmailAddress::as_str),
        };
        self.policy.passwords.check(password, &about)
    }
}

/// The step: uses the secret up and stores the hash. False if the secret does not work any more.
///
/// # Errors
/// The database failed.
pub fn reset_password(
    tx: &mut dyn Transaction,
    found: &OneTimeSecret,
    hash: &PasswordHash,
    client: &Client,
    now: Timestamp,
    desk: &Desk,
) -> Result<Verdict<bool>, StoreError> {
    let Some(user) = take_proven(tx, found, now)? else { return Ok(Verdict::RollBack(false)) };
    tx.set_password(user.id, hash, now)?;
    tx.verify_email(user.id, &found.address, now)?;
    tx.end_sessions(user.id, None, End { at: now, reason: EndReason::PasswordChange })?;
    tx.vault().drop_secrets(user.id)?;
    // As it is by now: its address is proven.
    if let Some(user) = tx.user(user.id)? {
        desk.warn(tx, &user, Message::PasswordChanged { client: Some(client.clone()) }, now)?;
    }
    Ok(Verdict::Commit(true))
}

impl From<ProofError> for ResetPasswordError {
    fn from(error: ProofError) -> Self {
        match error {
            ProofError::Refused => Self::Refused,
            ProofError::Failure(failure) => Self::Failure(failure),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::{Letter, LetterKind, RequestedLetter};
    use crate::testing::{World, block_on, code_of, secret_of};
    use std::time::Duration;

    const NEW: &str = "An0ther-pw!";

    fn world() -> World {
        World::with_user("alice", "alice@example.com", "pw-of-alice")
    }

    fn asked(world: &World) -> Letter {
        let address = EmailAddress::parse("alice@example.com").unwrap();
        block_on(world.auth.request_letter(RequestedLetter::ResetPassword, address)).unwrap();
        let [letter] = world.mail().try_into().unwrap();
        letter
    }

    fn request(proof: Proof, password: &str) -> PasswordReset {
        let password = || Password::new(password).unwrap();
        let client = Client::new("192.0.2.7", "curl");
        PasswordReset { uid: None, proof, password: password(), password_again: password(), client }
    }

    fn link(letter: &Letter) -> Proof {
        Proof::Link(secret_of(letter).unwrap())
    }

    fn reset(world: &World, proof: Proof) -> Result<(), ResetPasswordError> {
        block_on(world.auth.reset_password(request(proof, NEW)))
    }

    #[test]
    fn a_link_sets_a_password_ends_every_session_verifies_the_address_and_is_told() {
        let world = world();
        world.login("alice", "pw-of-alice").unwrap();
        let letter = asked(&world);
        reset(&world, link(&letter)).unwrap();
        assert_eq!(world.live_sessions("alice"), 0);
        assert!(world.login("alice", "pw-of-alice").is_err());
        assert!(world.login("alice", NEW).is_ok());
        assert!(world.find("alice").is_verified());
        let [told] = world.mail().try_into().unwrap();
        assert_eq!(told.message, Message::PasswordChanged { client: Some(Client::new("192.0.2.7", "curl")) });
        assert!(matches!(reset(&world, link(&letter)), Err(ResetPasswordError::Refused)));
    }

    #[test]
    fn what_is_wrong_with_the_new_password_uses_nothing_up_and_hashes_nothing() {
        let world = world();
        let letter = asked(&world);
        let hashes = world.hasher.count();
        let weak = block_on(world.auth.reset_password(request(link(&letter), "alice")));
        assert!(matches!(weak, Err(ResetPasswordError::Invalid(broken)) if !broken.is_empty()));
        let other =
            PasswordReset { password_again: Password::new("x").unwrap(), ..request(link(&letter), NEW) };
        assert!(matches!(block_on(world.auth.reset_password(other)), Err(ResetPasswordError::Mismatch)));
        let uid = Some("somebody".to_owned());
        let other = PasswordReset { uid, ..request(link(&letter), NEW) };
        assert!(matches!(block_on(world.auth.reset_password(other)), Err(ResetPasswordError::WrongUid)));
        assert_eq!(world.hasher.count(), hashes);
        let uid = Some(world.find("alice").subject.as_str().to_owned());
        block_on(world.auth.reset_password(PasswordReset { uid, ..request(link(&letter), NEW) })).unwrap();
    }

    #[test]
    fn a_code_sets_a_password_too() {
        let world = world();
        let code = code_of(&asked(&world)).unwrap();
        let address = EmailAddress::parse("alice@example.com").unwrap();
        reset(&world, Proof::Code { address, code }).unwrap();
        assert!(world.login("alice", NEW).is_ok());
    }

    #[test]
    fn a_link_is_over_after_an_hour_and_once_the_account_has_changed() {
        type Change = fn(&World);
        let changes: [Change; 4] = [
            |world| {
                world.clock.advance(Duration::from_secs(3600));
            },
            |world| {
                let id = world.find("alice").id;
                block_on(world.auth.change_password(id, Password::new("Changed-pw-1").unwrap())).unwrap();
            },
            |world| assert!(block_on(world.auth.set_active(world.find("alice").id, false)).unwrap()),
            |world| {
                let (id, now) = (world.find("alice").id, world.clock.now_value());
                let other = EmailAddress::parse("other@example.com").unwrap();
                let step =
                    move |tx: &mut dyn Transaction| Ok(Verdict::Commit(tx.set_email(id, &other, now)?));
                block_on(world.auth.ports().store.transact(step)).unwrap().unwrap();
            },
        ];
        for change in changes {
            let world = world();
            let letter = asked(&world);
            change(&world);
            assert!(matches!(reset(&world, link(&letter)), Err(ResetPasswordError::Refused)));
            assert!(world.login("alice", NEW).is_err());
        }
    }

    #[test]
    fn a_password_that_is_changed_during_the_hash_is_not_overwritten() {
        let world = world();
        let letter = asked(&world);
        let (auth, id) = (world.auth.clone(), world.find("alice").id);
        world.hasher.before_next(move || {
            block_on(auth.change_password(id, Password::new("Changed-pw-1").unwrap())).unwrap();
        });
        assert!(matches!(reset(&world, link(&letter)), Err(ResetPasswordError::Refused)));
        assert!(world.login("alice", "Changed-pw-1").is_ok());
    }

    #[test]
    fn an_account_without_a_usable_password_gets_one_so() {
        let world = world();
        world.make_password_unusable(world.find("alice").id);
        reset(&world, link(&asked(&world))).unwrap();
        assert!(world.login("alice", NEW).is_ok());
    }

    #[test]
    fn an_operators_change_of_the_password_is_told_too() {
        let world = world();
        let id = world.find("alice").id;
        block_on(world.auth.change_password(id, Password::new("Changed-pw-1").unwrap())).unwrap();
        let kinds: Vec<_> = world.mail().iter().map(|letter| letter.message.kind()).collect();
        assert_eq!(kinds, [LetterKind::PasswordChanged]);
    }
}
