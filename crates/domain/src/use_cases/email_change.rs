use super::proof::take_proven;
use super::reauthentication::hold_unchanged;
use super::{Auth, Failure, Proof, ProofError};
use crate::callers::Caller;
use crate::identity::{CanonicalName, EmailAddress};
use crate::mail::{Bound, Desk, Errand, Message};
use crate::one_time::{OneTimeSecret, Purpose, SecretText};
use crate::password::{Password, PasswordHash};
use crate::session::{End, EndReason};
use crate::store::{Held, Lookup, StoreError, Transaction, Verdict};
use crate::time::Timestamp;
use crate::user::{Credential, User, UserId};
use std::time::Duration;

/// Why no letter went to a new address.
#[derive(Debug, thiserror::Error)]
pub enum ChangeEmailError {
    /// The password is not the account's; or the account has changed meanwhile.
    #[error("the password is wrong")]
    WrongPassword,
    /// Somebody else logs in with that address. Not told where registrations are private.
    #[error("the address is taken")]
    Taken,
    /// Something beneath failed.
    #[error(transparent)]
    Failure(#[from] Failure),
}

/// Why an account's address is what it was.
#[derive(Debug, thiserror::Error)]
pub enum ConfirmEmailError {
    /// The link or code does not work.
    #[error("the link or code does not work, or not any more")]
    Refused,
    /// Somebody else logs in with that address by now.
    #[error("the address is taken")]
    Taken,
    /// Something beneath failed.
    #[error(transparent)]
    Failure(#[from] Failure),
}

/// What became of a change of address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EmailChange {
    /// The account as it then is.
    Done(Box<User>),
    /// The secret does not work any more.
    Refused,
    /// Somebody else has the address.
    Taken,
}

impl Auth {
    /// Sends a letter to the address that is to be the caller's. The account keeps its own until somebody
    /// follows that letter's link.
    ///
    /// # Errors
    /// Why there is no letter. Where registrations are private, an address that is taken is none: its
    /// owner is told instead.
    pub async fn request_email_change(
        &self,
        caller: &Caller,
        address: EmailAddress,
        password: Password,
    ) -> Result<(), ChangeEmailError> {
        let checked = self.reauthenticate(caller, password).await?.ok_or(ChangeEmailError::WrongPassword)?;
        let (now, desk) = (self.ports.clock.now(), self.desk());
        let is_private = self.policy.addresses.private_registration;
        let step = move |tx: &mut dyn Transaction| {
            request_email_change(tx, &checked, &address, is_private, now, &desk)
        };
        self.ports.store.transact(step).await.map_err(Failure::from)?
    }

    /// Gives an account the address whose mail it was proven to read; and tells the one before: with a
    /// link that undoes it, if that was proven to be the owner's, too
    /// ([`User::has_proven_address`]).
    ///
    /// # Errors
    /// Why the address is what it was.
    pub async fn confirm_email_change(&self, proof: Proof) -> Result<User, ConfirmEmailError> {
        let found = self.proven(Purpose::ChangeEmail, proof).await?;
        let (now, desk) = (self.ports.clock.now(), self.desk());
        let step = move |tx: &mut dyn Transaction| change_email(tx, &found, now, &desk);
        self.ports.store.transact(step).await.map_err(Failure::from)?.told()
    }

    /// Gives an account back to the address that it had: ends every session, takes the password away,
    /// since somebody else knew it, and sends the address a letter to set a new one.
    ///
    /// # Errors
    /// Why the address is what it was.
    pub async fn undo_email_change(&self, secret: SecretText) -> Result<User, ConfirmEmailError> {
        let found = self.proven(Purpose::UndoEmailChange, Proof::Link(secret)).await?;
        let (now, desk) = (self.ports.clock.now(), self.desk());
        let step = move |tx: &mut dyn Transaction| undo_email_change(tx, &found, now, &desk);
        self.ports.store.transact(step).await.map_err(Failure::from)?.told()
    }
}

/// The step: writes to the new address.
///
/// # Errors
/// The database failed. Why nothing was written is the inner result.
pub fn request_email_change(
    tx: &mut dyn Transaction,
    checked: &Credential,
    address: &EmailAddress,
    is_private: bool,
    now: Timestamp,
    desk: &Desk,
) -> Result<Verdict<Result<(), ChangeEmailError>>, StoreError> {
    let Some(held) = hold_unchanged(tx, checked)? else {
        return Ok(Verdict::RollBack(Err(ChangeEmailError::WrongPassword)));
    };
    let errand = Errand {
        held: &held,
        purpose: Purpose::ChangeEmail,
        address,
        // What the account's owner is told of must not tell whether the address was free.
        about: Some(held.user.id).filter(|_| !is_private),
        bound: Bound::Asked,
    };
    if is_taken(tx, address.canonical(), Some(held.user.id), now)? {
        if !is_private {
            return Ok(Verdict::RollBack(Err(ChangeEmailError::Taken)));
        }
        desk.withhold_secret(tx, &errand, now)?;
        tell_owner(tx, address, now, desk)?;
        return Ok(Verdict::Commit(Ok(())));
    }
    let message = |secret, code| Message::ConfirmEmailChange { secret, code };
    desk.send_secret(tx, &errand, now, message)?;
    Ok(Verdict::Commit(Ok(())))
}

/// The step: uses the secret up and changes the address.
///
/// # Errors
/// The database failed.
pub fn change_email(
    tx: &mut dyn Transaction,
    found: &OneTimeSecret,
    now: Timestamp,
    desk: &Desk,
) -> Result<Verdict<EmailChange>, StoreError> {
    let Some(before) = take_proven(tx, found, now)? else {
        return Ok(Verdict::RollBack(EmailChange::Refused));
    };
    let is_set = tx.set_email(before.id, &found.address, now)?.is_ok();
    if !is_set || is_reserved(tx, found.address.canonical(), Some(before.id), now)? {
        return Ok(Verdict::RollBack(EmailChange::Taken));
    }
    tx.vault().drop_secrets(before.id)?;
    let old = before.email.as_ref().filter(|old| **old != found.address);
    match (old, tx.hold(before.id)?) {
        // Whoever reads an address that nobody proved to be the owner's may be anybody: they get neither
        // the account nor word of where its owner went.
        (Some(_), _) if !before.has_proven_address() => {
            desk.warn(tx, &before, Message::EmailRemoved, now)?;
        }
        (Some(old), Some(held)) => send_undo(tx, &held, old, &found.address, now, desk)?,
        _ => {}
    }
    done(tx, before.id)
}

/// Tells the address that was an account's, with a link that makes it so again.
fn send_undo(
    tx: &mut dyn Transaction,
    held: &Held,
    old: &EmailAddress,
    new: &EmailAddress,
    now: Timestamp,
    desk: &Desk,
) -> Result<(), StoreError> {
    let secrets = tx.one_time_secrets(held.user.id)?;
    let undoes = secrets.iter().filter(|secret| secret.purpose == Purpose::UndoEmailChange);
    let last = undoes.map(|secret| secret.created_at).max();
    // The clocks of two instances differ; the order of two changes must not.
    let now = last.map_or(now, |last| now.max(last.plus(Duration::from_micros(1))));
    let errand = Errand {
        held,
        purpose: Purpose::UndoEmailChange,
        address: old,
        about: Some(held.user.id),
        bound: Bound::Unbounded,
    };
    let message = |undo, _| Message::EmailChanged { new: new.clone(), undo };
    desk.send_secret(tx, &errand, now, message).map(drop)
}

/// The step: uses the secret up and gives the account back to its address.
///
/// # Errors
/// The database failed.
pub fn undo_email_change(
    tx: &mut dyn Transaction,
    found: &OneTimeSecret,
    now: Timestamp,
    desk: &Desk,
) -> Result<Verdict<EmailChange>, StoreError> {
    let Some(user) = take_proven(tx, found, now)? else {
        return Ok(Verdict::RollBack(EmailChange::Refused));
    };
    if tx.set_email(user.id, &found.address, now)?.is_err() {
        return Ok(Verdict::RollBack(EmailChange::Taken));
    }
    // Perhaps it is the old mailbox that is in wrong hands.
    desk.warn(tx, &user, Message::EmailRemoved, now)?;
    tx.set_password(user.id, &PasswordHash::unusable(), now)?;
    tx.end_sessions(user.id, None, End { at: now, reason: EndReason::Revoked })?;
    tx.vault().drop_secrets(user.id)?;
    // What undoes later changes is in the hands of whoever made them.
    tx.vault().drop_undo_secrets(user.id, found.created_at)?;
    if let Some(held) = tx.hold(user.id)? {
        send_reset(tx, &held, Bound::Unbounded, now, desk)?;
    }
    done(tx, user.id)
}

/// Sends an account's address a letter to set a new password. False if it has had enough.
pub(super) fn send_reset(
    tx: &mut dyn Transaction,
    held: &Held,
    bound: Bound,
    now: Timestamp,
    desk: &Desk,
) -> Result<bool, StoreError> {
    let Some(address) = &held.user.email else { return Ok(false) };
    let uid = held.user.subject.clone();
    let message = |secret, code| Message::ResetPassword { uid, secret, code };
    let errand = Errand { held, purpose: Purpose::ResetPassword, address, about: Some(held.user.id), bound };
    desk.send_secret(tx, &errand, now, message)
}

/// Tells the owner of a taken address that somebody wanted it.
pub(super) fn tell_owner(
    tx: &mut dyn Transaction,
    address: &EmailAddress,
    now: Timestamp,
    desk: &Desk,
) -> Result<(), StoreError> {
    if let Some(Held { user, .. }) = hold_owner(tx, address.canonical())? {
        let to = user.email.as_ref().unwrap_or(address);
        let reader = (to, user.username.as_str());
        desk.post(tx, Some(user.id), reader, Message::AddressTaken, Bound::Asked, now)?;
    }
    Ok(())
}

/// The account that has that address, held: it is not deleted while a letter about it is written.
pub(super) fn hold_owner(
    tx: &mut dyn Transaction,
    address: &CanonicalName,
) -> Result<Option<Held>, StoreError> {
    let Some(owner) = tx.user_by_login_name(address)?.filter(|user| user.has_address(address)) else {
        return Ok(None);
    };
    Ok(tx.hold(owner.id)?.filter(|held| held.user.has_address(address)))
}

/// Whether somebody logs in with that name, or may get it back as their address: somebody but `except`.
pub(super) fn is_taken(
    db: &mut dyn Lookup,
    name: &CanonicalName,
    except: Option<UserId>,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let owner = db.user_by_login_name(name)?.map(|owner| owner.id);
    Ok(is_another(owner, except) || is_reserved(db, name, except, now)?)
}

/// Whether somebody but `except` may get that address back.
pub(super) fn is_reserved(
    db: &mut dyn Lookup,
    address: &CanonicalName,
    except: Option<UserId>,
    now: Timestamp,
) -> Result<bool, StoreError> {
    Ok(is_another(db.reserved_for(address, now)?, except))
}

fn is_another(owner: Option<UserId>, except: Option<UserId>) -> bool {
    owner.is_some() && owner != except
}

fn done(tx: &mut dyn Transaction, id: UserId) -> Result<Verdict<EmailChange>, StoreError> {
    Ok(match tx.user(id)? {
        Some(user) => Verdict::Commit(EmailChange::Done(Box::new(user))),
        None => Verdict::RollBack(EmailChange::Refused),
    })
}

impl EmailChange {
    fn told(self) -> Result<User, ConfirmEmailError> {
        match self {
            Self::Done(user) => Ok(*user),
            Self::Refused => Err(ConfirmEmailError::Refused),
            Self::Taken => Err(ConfirmEmailError::Taken),
        }
    }
}

impl From<ProofError> for ConfirmEmailError {
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
    use crate::use_cases::{Draft, RegisterError, Role, Verification};
    use std::time::Duration;

    fn logged_in() -> (World, Caller) {
        let (world, caller) = with_unproven_address();
        assert!(block_on(world.auth.vouch_for_address(caller.user.id)).unwrap());
        (world, caller)
    }

    fn with_unproven_address() -> (World, Caller) {
        let world = World::with_user("alice", "alice@example.com", "pw-of-alice");
        let tokens = world.login("alice", "pw-of-alice").unwrap();
        let caller = world.caller(&tokens);
        (world, caller)
    }

    fn address(text: &str) -> EmailAddress {
        EmailAddress::parse(text).unwrap()
    }

    fn request(world: &World, caller: &Caller, new: &str) -> Result<(), ChangeEmailError> {
        let password = Password::new("pw-of-alice").unwrap();
        block_on(world.auth.request_email_change(caller, address(new), password))
    }

    fn letter(world: &World) -> Letter {
        let [letter] = world.mail().try_into().unwrap();
        letter
    }

    fn confirm(world: &World, letter: &Letter) -> Result<User, ConfirmEmailError> {
        block_on(world.auth.confirm_email_change(Proof::Link(secret_of(letter).unwrap())))
    }

    fn undo(world: &World, letter: &Letter) -> Result<User, ConfirmEmailError> {
        block_on(world.auth.undo_email_change(secret_of(letter).unwrap()))
    }

    /// To whom letters went, and of which kind, in alphabetical order.
    fn kinds(world: &World) -> Vec<(String, LetterKind)> {
        let letters = world.mail();
        let mut kinds: Vec<_> =
            letters.iter().map(|letter| (letter.to.to_string(), letter.message.kind())).collect();
        kinds.sort();
        kinds
    }

    /// Changes the address and answers the letter that undoes it.
    fn changed(world: &World, caller: &Caller, new: &str) -> Letter {
        request(world, caller, new).unwrap();
        confirm(world, &letter(world)).unwrap();
        let told = letter(world);
        world.clock.advance(Duration::from_secs(1));
        told
    }

    fn email(world: &World, name: &str) -> String {
        world.find(name).email.unwrap().as_str().to_owned()
    }

    #[test]
    fn the_new_address_counts_once_it_is_confirmed_and_the_old_one_is_told() {
        let (world, caller) = logged_in();
        request(&world, &caller, "new@example.com").unwrap();
        let asked = letter(&world);
        assert_eq!(asked.to, address("new@example.com"));
        assert_eq!(email(&world, "alice"), "alice@example.com");
        assert!(world.login("new@example.com", "pw-of-alice").is_err());
        let user = confirm(&world, &asked).unwrap();
        assert!(user.is_verified() && user.email == Some(address("new@example.com")));
        assert!(world.login("new@example.com", "pw-of-alice").is_ok());
        assert!(world.login("alice@example.com", "pw-of-alice").is_err());
        let told = letter(&world);
        assert_eq!(told.to, address("alice@example.com"));
        assert!(
            matches!(&told.message, Message::EmailChanged { new, .. } if *new == address("new@example.com"))
        );
        assert!(matches!(confirm(&world, &asked), Err(ConfirmEmailError::Refused)));
    }

    #[test]
    fn a_code_with_the_present_address_confirms_as_well() {
        let (world, caller) = logged_in();
        request(&world, &caller, "new@example.com").unwrap();
        let code = code_of(&letter(&world)).unwrap();
        let wrong = Proof::Code { address: address("new@example.com"), code: code.clone() };
        assert!(block_on(world.auth.confirm_email_change(wrong)).is_err());
        let right = Proof::Code { address: address("alice@example.com"), code };
        assert!(block_on(world.auth.confirm_email_change(right)).is_ok());
    }

    #[test]
    fn a_change_needs_the_password_and_a_free_address() {
        let (world, caller) = logged_in();
        block_on(world.auth.register(draft("bob", "bob@example.com"), Role::Member)).unwrap();
        world.mail();
        let wrong = Password::new("other").unwrap();
        let wrong = block_on(world.auth.request_email_change(&caller, address("new@example.com"), wrong));
        assert!(matches!(wrong, Err(ChangeEmailError::WrongPassword)));
        assert!(matches!(request(&world, &caller, "BOB@example.com"), Err(ChangeEmailError::Taken)));
        assert_eq!(world.mail(), []);
    }

    #[test]
    fn where_registrations_are_private_a_taken_addresss_owner_is_told_in_place_of_the_caller() {
        let world = World::with_addresses(Verification::Required, true);
        for (name, email) in [("alice", "alice@example.com"), ("bob", "bob@example.com")] {
            let draft = draft(name, email);
            block_on(world.auth.register(Draft { ..draft }, Role::Member)).unwrap();
            assert!(block_on(world.auth.vouch_for_address(world.find(name).id)).unwrap());
        }
        world.mail();
        let tokens = world.login("alice", "pw-of-alice").unwrap();
        request(&world, &world.caller(&tokens), "bob@example.com").unwrap();
        let told = letter(&world);
        assert_eq!((told.to, told.message), (address("bob@example.com"), Message::AddressTaken));
        // Nothing that the caller can see tells it from a free one.
        let seen = |new: &str| {
            request(&world, &world.caller(&tokens), new).unwrap();
            world.mail();
            let dossier = block_on(world.auth.dossier(&world.caller(&tokens))).unwrap().unwrap();
            let purposes: Vec<_> = dossier.one_time_secrets.iter().map(|secret| secret.purpose).collect();
            (purposes, dossier.letters.len())
        };
        assert_eq!(seen("bob@example.com"), seen("free@example.com"));
    }

    #[test]
    fn a_newer_request_and_a_new_password_end_the_link() {
        let (world, caller) = logged_in();
        request(&world, &caller, "one@example.com").unwrap();
        let first = letter(&world);
        request(&world, &caller, "two@example.com").unwrap();
        let second = letter(&world);
        assert!(matches!(confirm(&world, &first), Err(ConfirmEmailError::Refused)));
        let id = caller.user.id;
        block_on(world.auth.change_password(id, Password::new("Changed-pw-1").unwrap())).unwrap();
        assert!(matches!(confirm(&world, &second), Err(ConfirmEmailError::Refused)));
        assert_eq!(email(&world, "alice"), "alice@example.com");
    }

    #[test]
    fn an_address_that_somebody_took_meanwhile_is_not_given_twice() {
        let (world, caller) = logged_in();
        request(&world, &caller, "new@example.com").unwrap();
        let asked = letter(&world);
        block_on(world.auth.register(draft("bob", "new@example.com"), Role::Member)).unwrap();
        assert!(matches!(confirm(&world, &asked), Err(ConfirmEmailError::Taken)));
        assert_eq!(email(&world, "alice"), "alice@example.com");
    }

    #[test]
    fn undoing_gives_the_account_back_locks_it_and_sends_a_letter_to_open_it_with() {
        let (world, caller) = logged_in();
        let told = changed(&world, &caller, "thief@example.com");
        // The thief changes the password, too.
        let client = crate::session::Client::default();
        let [old, new] = ["pw-of-alice", "Th1efs-password"].map(|text| Password::new(text).unwrap());
        block_on(world.auth.replace_password(&caller, old, new.clone(), new, client)).unwrap();
        world.mail();
        // And fills her mailbox.
        for _ in 0..3 {
            let asked =
                world.auth.request_letter(RequestedLetter::ResetPassword, address("alice@example.com"));
            block_on(asked).unwrap();
        }
        world.mail();
        undo(&world, &told).unwrap();
        assert_eq!(email(&world, "alice"), "alice@example.com");
        assert_eq!(world.live_sessions("alice"), 0);
        assert!(world.login("alice", "Th1efs-password").is_err());
        assert_eq!(
            kinds(&world),
            [
                ("alice@example.com".to_owned(), LetterKind::ResetPassword),
                ("thief@example.com".to_owned(), LetterKind::EmailRemoved),
            ]
        );
        assert!(matches!(undo(&world, &told), Err(ConfirmEmailError::Refused)));
    }

    #[test]
    fn an_address_that_was_never_proven_gets_neither_the_account_nor_word_of_the_new_one() {
        let (world, caller) = with_unproven_address();
        let told = changed(&world, &caller, "new@example.com");
        assert_eq!((told.to, told.message), (address("alice@example.com"), Message::EmailRemoved));
        // It is free at once.
        block_on(world.auth.register(draft("bob", "alice@example.com"), Role::Member)).unwrap();
    }

    #[test]
    fn nobody_takes_the_old_address_as_a_username_either() {
        let (world, caller) = logged_in();
        let told = changed(&world, &caller, "thief@example.com");
        for name in ["alice@example.com", "Alice@Example.com"] {
            let blocked = block_on(world.auth.register(draft(name, "t@example.org"), Role::Superuser));
            assert!(matches!(blocked, Err(RegisterError::Invalid(_))), "{blocked:?}");
        }
        undo(&world, &told).unwrap();
    }

    #[test]
    fn a_mailbox_that_has_had_letters_enough_gets_none_and_yet_an_older_link_is_over() {
        let (world, caller) = logged_in();
        request(&world, &caller, "typo@example.com").unwrap();
        let first = letter(&world);
        for _ in 0..2 {
            request(&world, &caller, "new+other@example.com").unwrap();
        }
        world.mail();
        request(&world, &caller, "new@example.com").unwrap();
        assert_eq!(world.mail(), []);
        assert!(matches!(confirm(&world, &first), Err(ConfirmEmailError::Refused)));
    }

    #[test]
    fn a_thief_who_changes_the_address_twice_cannot_outrun_the_first_one() {
        let (world, caller) = logged_in();
        let first = changed(&world, &caller, "thief@example.com");
        let second = changed(&world, &caller, "thief@example.org");
        undo(&world, &second).unwrap();
        assert_eq!(email(&world, "alice"), "thief@example.com");
        undo(&world, &first).unwrap();
        assert_eq!(email(&world, "alice"), "alice@example.com");
        assert!(matches!(undo(&world, &second), Err(ConfirmEmailError::Refused)));
    }

    #[test]
    fn a_thief_who_comes_back_to_the_first_address_keeps_nothing_alive() {
        let (world, caller) = logged_in();
        let first = changed(&world, &caller, "thief@example.com");
        let second = changed(&world, &caller, "thief@example.org");
        undo(&world, &first).unwrap();
        assert!(matches!(undo(&world, &second), Err(ConfirmEmailError::Refused)));
        assert_eq!(email(&world, "alice"), "alice@example.com");
    }

    #[test]
    fn while_a_change_can_be_undone_nobody_else_gets_the_old_address() {
        let (world, caller) = logged_in();
        changed(&world, &caller, "new@example.com");
        let refused = block_on(world.auth.register(draft("bob", "Alice@example.com"), Role::Member));
        assert!(matches!(refused, Err(RegisterError::Invalid(_))), "{refused:?}");
        world.clock.advance(Duration::from_secs(7 * 24 * 3600));
        block_on(world.auth.register(draft("bob", "Alice@example.com"), Role::Member)).unwrap();
    }

    #[test]
    fn the_owner_comes_back_to_an_address_that_is_kept_for_them() {
        let (world, caller) = logged_in();
        changed(&world, &caller, "new@example.com");
        changed(&world, &caller, "alice@example.com");
        assert_eq!(email(&world, "alice"), "alice@example.com");
    }

    fn draft(username: &str, email: &str) -> Draft {
        let password = || Password::new(format!("pw-of-{username}"));
        Draft {
            username: Some(username.into()),
            email: Some(email.into()),
            password: password(),
            password_again: password(),
        }
    }
}
