use super::proof::take_proven;
use super::{Auth, Failure, Proof, ProofError};
use crate::identity::EmailAddress;
use crate::mail::{Bound, Desk, Errand, MailRequest, Message, RequestedLetter};
use crate::one_time::{OneTimeSecret, Purpose};
use crate::store::{Held, StoreError, Transaction, Verdict};
use crate::time::Timestamp;
use crate::user::User;

impl Auth {
    /// Notes that somebody asks for a letter to this address. Answers the same, after the same time, for
    /// every address: whether there is an account is looked up later, by [`Post`](super::Post).
    ///
    /// # Errors
    /// The database failed.
    pub async fn request_letter(&self, what: RequestedLetter, address: EmailAddress) -> Result<(), Failure> {
        let request = MailRequest { what, address, asked_at: self.ports.clock.now() };
        let step = move |tx: &mut dyn Transaction| Ok(Verdict::Commit(tx.mailroom().ask(&request)?));
        Ok(self.ports.store.transact(step).await?)
    }

    /// Marks an address as verified: its owner presents what was sent there. The account as it then is.
    ///
    /// # Errors
    /// The link or code does not work.
    pub async fn verify_email(&self, proof: Proof) -> Result<User, ProofError> {
        let found = self.proven(Purpose::VerifyEmail, proof).await?;
        let now = self.ports.clock.now();
        let verified = self.ports.store.transact(move |tx| verify_address(tx, &found, now)).await;
        verified.map_err(Failure::from)?.ok_or(ProofError::Refused)
    }
}

/// The step: uses the secret up and marks the address that it was sent to.
///
/// # Errors
/// The database failed.
pub fn verify_address(
    tx: &mut dyn Transaction,
    found: &OneTimeSecret,
    now: Timestamp,
) -> Result<Verdict<Option<User>>, StoreError> {
    let Some(user) = take_proven(tx, found, now)? else { return Ok(Verdict::RollBack(None)) };
    tx.verify_email(user.id, &found.address, now)?;
    Ok(Verdict::Commit(tx.user(user.id)?))
}

/// Sends an account's address a letter to verify it with, unless it is verified. False if it is, or has
/// had letters enough.
pub(super) fn send_verification(
    tx: &mut dyn Transaction,
    held: &Held,
    now: Timestamp,
    desk: &Desk,
) -> Result<bool, StoreError> {
    let unverified = held.user.email.as_ref().filter(|_| held.user.email_verified_at.is_none());
    let Some(address) = unverified else { return Ok(false) };
    let message = |secret, code| Message::VerifyEmail { secret, code };
    let errand = Errand {
        held,
        purpose: Purpose::VerifyEmail,
        address,
        about: Some(held.user.id),
        bound: Bound::Asked,
    };
    desk.send_secret(tx, &errand, now, message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::Letter;
    use crate::one_time::{Code, SecretText};
    use crate::password::Password;
    use crate::testing::{World, block_on, code_of, secret_of};
    use crate::use_cases::{Draft, Role, Verification};
    use std::time::Duration;

    const PASSWORD: &str = "Corr3ct-horse!";

    fn registered(verification: Verification) -> World {
        let world = World::with_addresses(verification, false);
        register(&world, "alice", "Alice@example.com");
        world
    }

    fn register(world: &World, username: &str, email: &str) {
        let draft = Draft {
            username: Some(username.into()),
            email: Some(email.into()),
            password: Password::new(PASSWORD),
            password_again: Password::new(PASSWORD),
        };
        block_on(world.auth.register(draft, Role::Member)).unwrap();
    }

    fn letter(world: &World) -> Letter {
        let [letter] = world.mail().try_into().unwrap();
        letter
    }

    fn link(letter: &Letter) -> Proof {
        Proof::Link(secret_of(letter).unwrap())
    }

    fn code(address: &str, code: Code) -> Proof {
        Proof::Code { address: EmailAddress::parse(address).unwrap(), code }
    }

    fn verify(world: &World, proof: Proof) -> bool {
        match block_on(world.auth.verify_email(proof)) {
            Ok(user) => {
                assert!(user.is_verified());
                true
            }
            Err(ProofError::Refused) => false,
            Err(error) => panic!("{error:?}"),
        }
    }

    fn ask(world: &World, address: &str) {
        let address = EmailAddress::parse(address).unwrap();
        block_on(world.auth.request_letter(RequestedLetter::VerifyEmail, address)).unwrap();
    }

    #[test]
    fn a_registration_is_followed_by_a_letter_whose_link_works_once() {
        let world = registered(Verification::Optional);
        let letter = letter(&world);
        assert_eq!((letter.to.as_str(), letter.username.as_str()), ("Alice@example.com", "alice"));
        assert!(!world.find("alice").is_verified());
        let behind =
            |purpose| block_on(world.auth.account_behind(purpose, secret_of(&letter).unwrap())).unwrap();
        assert_eq!(behind(Purpose::VerifyEmail), Some(world.find("alice")));
        assert!(verify(&world, link(&letter)));
        assert!(world.find("alice").is_verified());
        assert!(!verify(&world, link(&letter)));
        assert_eq!(behind(Purpose::VerifyEmail), None);
    }

    #[test]
    fn a_link_works_for_a_day_and_for_no_other_purpose() {
        let world = registered(Verification::Optional);
        let letter = letter(&world);
        for other in [Purpose::ResetPassword, Purpose::ChangeEmail, Purpose::UndoEmailChange] {
            let behind = world.auth.account_behind(other, secret_of(&letter).unwrap());
            assert_eq!(block_on(behind).unwrap(), None);
        }
        assert!(!verify(&world, Proof::Link(SecretText::from_text("0".repeat(64)))));
        world.clock.advance(Duration::from_secs(24 * 3600));
        assert!(!verify(&world, link(&letter)));
    }

    #[test]
    fn a_code_works_for_ten_minutes_with_its_address_alone() {
        let world = registered(Verification::Optional);
        register(&world, "bob", "bob@example.com");
        let [alice, bob] = world.mail().try_into().unwrap();
        assert!(!verify(&world, code("alice@example.com", code_of(&bob).unwrap())));
        assert!(!verify(&world, code("nobody@example.com", code_of(&bob).unwrap())));
        assert!(verify(&world, code("ALICE@example.com", code_of(&alice).unwrap())));
        assert!(!verify(&world, link(&alice)), "the link is used up with the code");
        world.clock.advance(Code::LIFETIME);
        assert!(!verify(&world, code("bob@example.com", code_of(&bob).unwrap())));
        assert!(verify(&world, link(&bob)));
    }

    #[test]
    fn after_five_wrong_codes_no_code_works_for_ten_minutes_not_even_a_new_one() {
        let world = registered(Verification::Optional);
        let right = code_of(&letter(&world)).unwrap();
        let wrong = Code::parse("00000000").filter(|wrong| *wrong != right).unwrap();
        for _ in 0..5 {
            assert!(!verify(&world, code("alice@example.com", wrong.clone())));
        }
        assert!(!verify(&world, code("alice@example.com", right)));
        ask(&world, "alice@example.com");
        let newer = letter(&world);
        assert!(!verify(&world, code("alice@example.com", code_of(&newer).unwrap())));
        assert!(verify(&world, link(&newer)), "the link is no code");
    }

    #[test]
    fn a_newer_letter_ends_the_link_of_the_older_one() {
        let world = registered(Verification::Optional);
        let older = letter(&world);
        ask(&world, "alice@EXAMPLE.com");
        let newer = letter(&world);
        assert!(!verify(&world, link(&older)));
        assert!(verify(&world, link(&newer)));
    }

    #[test]
    fn nobody_is_written_to_who_is_not_an_account_with_that_address_to_verify() {
        let world = registered(Verification::None);
        let bob = Draft {
            username: Some("bob@example.com".into()),
            email: Some("bob@example.org".into()),
            password: Password::new(PASSWORD),
            password_again: Password::new(PASSWORD),
        };
        block_on(world.auth.register(bob, Role::Superuser)).unwrap();
        for address in ["nobody@example.com", "bob@example.com"] {
            ask(&world, address);
            assert_eq!(world.mail(), []);
        }
        ask(&world, "alice@example.com");
        assert!(verify(&world, link(&letter(&world))));
        ask(&world, "alice@example.com");
        assert_eq!(world.mail(), []);
    }

    #[test]
    fn a_third_letter_within_an_hour_is_not_written_and_leaves_the_second_one_good() {
        let world = registered(Verification::Optional);
        let mut letters = world.mail();
        for address in ["alice@example.com", "ALICE@example.com", "alice@example.com", "Alice@Example.com"] {
            world.clock.advance(Duration::from_secs(1));
            ask(&world, address);
            letters.extend(world.mail());
        }
        assert_eq!(letters.len(), 2);
        assert!(verify(&world, link(&letters[1])));
    }

    #[test]
    fn where_it_is_necessary_nobody_logs_in_before() {
        let world = registered(Verification::Required);
        assert!(world.login("alice", PASSWORD).is_err());
        assert!(verify(&world, link(&letter(&world))));
        assert!(world.login("alice", PASSWORD).is_ok());
    }

    #[test]
    fn a_deactivated_account_is_neither_written_to_nor_verified() {
        let world = registered(Verification::Optional);
        let letter = letter(&world);
        block_on(world.auth.set_active(world.find("alice").id, false)).unwrap();
        let behind = world.auth.account_behind(Purpose::VerifyEmail, secret_of(&letter).unwrap());
        assert_eq!(block_on(behind).unwrap(), None);
        assert!(!verify(&world, link(&letter)));
        ask(&world, "alice@example.com");
        assert_eq!(world.mail(), []);
    }

    #[test]
    fn an_operator_can_vouch_for_an_address() {
        let world = registered(Verification::Required);
        let nobody = world.user("bob", "pw-of-bob").id;
        assert!(block_on(world.auth.vouch_for_address(world.find("alice").id)).unwrap());
        assert!(!block_on(world.auth.vouch_for_address(nobody)).unwrap());
        assert!(world.login("alice", PASSWORD).is_ok());
    }
}
