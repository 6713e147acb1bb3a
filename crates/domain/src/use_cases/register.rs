use super::email_change::{is_reserved, is_taken, tell_owner};
use super::verification::send_verification;
use super::{AddressPolicy, Auth, Failure, Verification};
use crate::identity::{EmailAddress, EmailError, Username, UsernameError};
use crate::mail::Desk;
use crate::password::{Password, PasswordError, PasswordHash, PasswordRules, PersonalInformation};
use crate::session::{Client, Session, SessionId};
use crate::store::{Held, Lookup, StoreError, Taken, Transaction, Verdict};
use crate::time::Timestamp;
use crate::token::TokenPair;
use crate::user::{CredentialVersion, NewUser, Subject, User, UserId};

/// A new account as somebody typed it.
///
/// A field that a transport could not read as text is `None`, and so is one that was left out. No
/// account comes of such a draft, but the other fields are checked all the same: REST framework
/// tells every field's errors at once.
#[derive(Debug, Clone, Default)]
pub struct Draft {
    /// The username.
    pub username: Option<String>,
    /// The e-mail address.
    pub email: Option<String>,
    /// The password.
    pub password: Option<Password>,
    /// The password again.
    pub password_again: Option<Password>,
}

/// What is wrong with a [`Draft`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DraftErrors {
    /// With the username.
    pub username: Vec<UsernameError>,
    /// With the address.
    pub email: Vec<EmailError>,
    /// With the password.
    pub password: Vec<PasswordError>,
    /// Both passwords are there and differ. Only told when no field has an error of its own.
    pub mismatch: bool,
}

/// What an account may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Log in. Its address is required, as at registration.
    Member,
    /// Everything: Django's staff and superuser flags. Its address may be absent.
    Superuser,
}

/// Why no account was made.
#[derive(Debug, thiserror::Error)]
pub enum RegisterError {
    /// The draft does not keep the rules.
    #[error("the account's data is not valid")]
    Invalid(DraftErrors),
    /// Something beneath failed.
    #[error(transparent)]
    Failure(#[from] Failure),
}

/// A draft that keeps every rule that can be checked without hashing.
#[derive(Debug, Clone)]
pub struct CheckedDraft {
    /// The username.
    pub username: Username,
    /// The address.
    pub email: Option<EmailAddress>,
    /// The password.
    pub password: Password,
}

/// What a registration came to, as whoever asked for it is shown it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registered {
    /// The account. Where registrations are private and the address is taken, what is shown has the
    /// address all the same, and what is stored is an account that nobody can use.
    pub user: User,
    /// The first pair of tokens of a session that began with the account; `None` if the address has to be
    /// verified first.
    pub tokens: Option<TokenPair>,
}

/// An account that is about to be made, with what goes with it.
#[derive(Debug, Clone)]
pub struct Registration {
    /// The account.
    pub new: NewUser,
    /// What is asked of its address.
    pub addresses: AddressPolicy,
    /// Where letters are written.
    pub desk: Desk,
}

impl Auth {
    /// Makes an account, and asks its owner by mail to verify the address, as the policy says.
    ///
    /// # Errors
    /// What is wrong with the draft, field by field. Of two drafts that race for one name, one
    /// gets this.
    pub async fn register(&self, draft: Draft, role: Role) -> Result<User, RegisterError> {
        self.stored(draft, role, |_| None).await
    }

    /// Makes a member's account and begins its first session: both or neither, for one hash. Where a
    /// verified address is necessary, no session begins.
    ///
    /// # Errors
    /// As [`Auth::register`].
    pub async fn register_and_log_in(
        &self,
        draft: Draft,
        client: Client,
    ) -> Result<Registered, RegisterError> {
        if self.policy.addresses.verification == Verification::Required {
            return Ok(Registered { user: self.register(draft, Role::Member).await?, tokens: None });
        }
        let (now, policy) = (self.ports.clock.now(), self.policy.sessions.clone());
        let id = SessionId::generate(&*self.ports.random, now);
        let begin = move |user| Session::begin(id, user, client.clone(), now, &policy);
        let first = begin.clone();
        let user = self.stored(draft, Role::Member, move |user| Some(first(user))).await?;
        let tokens = self.ports.tokens.issue(&begin(user.id), &user).map_err(Failure::from)?;
        Ok(Registered { user, tokens: Some(tokens) })
    }

    /// Checks a draft, hashes its password and stores the account.
    async fn stored(
        &self,
        draft: Draft,
        role: Role,
        begin: impl Fn(UserId) -> Option<Session> + Clone + Send + 'static,
    ) -> Result<User, RegisterError> {
        let (rules, addresses) = (self.policy.passwords.clone(), self.policy.addresses);
        let hides_taken = addresses.private_registration && role == Role::Member;
        let now = self.ports.clock.now();
        let check = move |db: &mut dyn Lookup| check_draft(db, &draft, role, &rules, hides_taken, now);
        let checked = self.ports.store.query(check).await;
        let checked = checked.map_err(Failure::from)?.map_err(RegisterError::Invalid)?;
        let CheckedDraft { username, email, password } = checked;

        let hash = self.ports.hasher.hash(password).await.map_err(Failure::from)?;
        let new = self.new_user(username, email, hash, role);
        let addresses = AddressPolicy { private_registration: hides_taken, ..addresses };
        let registration = Registration { new, addresses, desk: self.desk() };
        let (again, begin_again) = (registration.clone(), begin.clone());
        let first = self.ports.store.transact(move |tx| register(tx, &registration, &begin)).await;
        let stored = match first.map_err(Failure::from)? {
            // Somebody was faster with that address, which the step sees when it begins again.
            Err(Taken::Email) if hides_taken => {
                let second = self.ports.store.transact(move |tx| register(tx, &again, &begin_again)).await;
                second.map_err(Failure::from)?
            }
            stored => stored,
        };
        Ok(stored?)
    }

    fn new_user(
        &self,
        username: Username,
        email: Option<EmailAddress>,
        hash: PasswordHash,
        role: Role,
    ) -> NewUser {
        let now = self.ports.clock.now();
        let superuser = role == Role::Superuser;
        NewUser {
            subject: Subject::generate(&*self.ports.random, now),
            username,
            // Only an operator makes one, who knows whose address it is.
            email_verified_at: (superuser && email.is_some()).then_some(now),
            email,
            password: hash,
            is_active: true,
            is_staff: superuser,
            is_superuser: superuser,
            date_joined: now,
        }
    }
}

/// First step: every rule that can be checked without hashing. That the address is taken is no error
/// where `hides_taken`.
///
/// # Errors
/// The database failed. What is wrong with the draft is the inner result.
pub fn check_draft(
    db: &mut dyn Lookup,
    draft: &Draft,
    role: Role,
    rules: &PasswordRules,
    hides_taken: bool,
    now: Timestamp,
) -> Result<Result<CheckedDraft, DraftErrors>, StoreError> {
    let mut errors = DraftErrors::default();
    let username = parsed(draft.username.as_deref(), Username::parse, &mut errors.username);
    let email = parsed(draft.email.as_deref(), EmailAddress::parse, &mut errors.email);
    if let Some(name) = &username {
        if let Some(error) = address_error(name, email.as_ref(), role, hides_taken) {
            errors.username.push(error);
        } else if is_taken(db, name.canonical(), None, now)? {
            errors.username.push(UsernameError::Taken);
        }
    }
    if let Some(address) = &email
        && !hides_taken
        && is_taken(db, address.canonical(), None, now)?
    {
        errors.email.push(EmailError::Taken);
    }
    if let Some(password) = &draft.password {
        let about = PersonalInformation {
            username: draft.username.as_deref(),
            full_name: None,
            email: draft.email.as_deref(),
        };
        errors.password = rules.check(password, &about);
    }
    let has_email = email.is_some() || (role == Role::Superuser && draft.email.is_none());
    let complete = has_email && draft.password_again.is_some() && errors == DraftErrors::default();
    errors.mismatch = complete && draft.password.is_some() && draft.password != draft.password_again;
    Ok(match (username, &draft.password) {
        (Some(username), Some(password)) if complete && !errors.mismatch => {
            Ok(CheckedDraft { username, email, password: password.clone() })
        }
        _ => Err(errors),
    })
}

/// Second step: stores the account, unless one of its names was taken meanwhile; with the session that
/// `begin` makes for it, and a letter to verify its address with, as the policy says.
///
/// Where a taken address is not to be told, an account is stored that nobody can use, so that its username
/// is taken from now on as any other would be, and the address's owner is told.
///
/// # Errors
/// The database failed.
pub fn register(
    tx: &mut dyn Transaction,
    registration: &Registration,
    begin: &dyn Fn(UserId) -> Option<Session>,
) -> Result<Verdict<Result<User, Taken>>, StoreError> {
    let Registration { new, addresses, desk } = registration;
    let now = new.date_joined;
    if let Some(address) = new.email.as_ref().filter(|_| addresses.private_registration)
        && is_taken(tx, address.canonical(), None, now)?
    {
        return register_in_vain(tx, new, address, desk);
    }
    let user = match tx.insert_user(new)? {
        Ok(user) => user,
        Err(taken) => return Ok(Verdict::RollBack(Err(taken))),
    };
    // After the insertion, which waits for whoever is about to give the address away. A username that is
    // an address is that one.
    if let Some(address) = &new.email
        && is_reserved(tx, address.canonical(), Some(user.id), now)?
    {
        return Ok(Verdict::RollBack(Err(Taken::Email)));
    }
    if addresses.verification != Verification::None {
        let held = Held { user: user.clone(), version: CredentialVersion::FIRST };
        send_verification(tx, &held, now, desk)?;
    }
    if let Some(session) = begin(user.id) {
        tx.record_login(user.id, CredentialVersion::FIRST, session.created_at)?;
        tx.insert_session(&session)?;
    }
    Ok(Verdict::Commit(Ok(user)))
}

fn register_in_vain(
    tx: &mut dyn Transaction,
    new: &NewUser,
    address: &EmailAddress,
    desk: &Desk,
) -> Result<Verdict<Result<User, Taken>>, StoreError> {
    let nobody = NewUser { email: None, password: PasswordHash::unusable(), is_active: false, ..new.clone() };
    Ok(match tx.insert_user(&nobody)? {
        Ok(user) => {
            tell_owner(tx, address, new.date_joined, desk)?;
            Verdict::Commit(Ok(User { email: Some(address.clone()), is_active: true, ..user }))
        }
        Err(taken) => Verdict::RollBack(Err(taken)),
    })
}

/// What is wrong with a username that looks like an address. Usernames and addresses are one space of login
/// names, so the one would take the other from its owner, or tell whether it is taken.
fn address_error(
    username: &Username,
    email: Option<&EmailAddress>,
    role: Role,
    hides_taken: bool,
) -> Option<UsernameError> {
    let name = username.canonical();
    if role == Role::Superuser {
        return None;
    }
    if hides_taken {
        return name.as_str().contains('@').then_some(UsernameError::LooksLikeAddress);
    }
    let is_own = email.is_some_and(|email| email.canonical() == name);
    let is_address = EmailAddress::parse(name.as_str()).is_ok();
    (is_address && !is_own).then_some(UsernameError::AnothersAddress)
}

impl From<Taken> for RegisterError {
    fn from(taken: Taken) -> Self {
        Self::Invalid(taken.into())
    }
}

impl From<Taken> for DraftErrors {
    fn from(taken: Taken) -> Self {
        match taken {
            Taken::Username => Self { username: vec![UsernameError::Taken], ..Self::default() },
            Taken::Email => Self { email: vec![EmailError::Taken], ..Self::default() },
        }
    }
}

/// Parses a field that is there; its errors go to `errors`.
fn parsed<T, E>(
    typed: Option<&str>,
    parse: impl FnOnce(&str) -> Result<T, Vec<E>>,
    errors: &mut Vec<E>,
) -> Option<T> {
    parse(typed?).map_err(|broken| *errors = broken).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::LetterKind;
    use crate::testing::{World, block_on};

    fn draft(username: &str, email: &str, password: &str) -> Draft {
        Draft {
            username: Some(username.into()),
            email: Some(email.into()),
            password: Password::new(password),
            password_again: Password::new(password),
        }
    }

    fn errors(world: &World, draft: Draft) -> DraftErrors {
        match block_on(world.auth.register(draft, Role::Member)) {
            Err(RegisterError::Invalid(errors)) => errors,
            other => panic!("expected errors, got {other:?}"),
        }
    }

    const GOOD: &str = "Corr3ct-horse!";

    #[test]
    fn an_account_is_made_without_any_privilege() {
        let world = World::new();
        let user =
            block_on(world.auth.register(draft("alice", "alice@example.com", GOOD), Role::Member)).unwrap();
        assert!(user.is_active && !user.is_staff && !user.is_superuser);
        assert_eq!(user.date_joined, world.clock.now_value());
    }

    #[test]
    fn names_that_fold_to_a_taken_one_are_taken_across_usernames_and_addresses() {
        let world = World::new();
        block_on(world.auth.register(draft("kate@example.com", "k@example.com", GOOD), Role::Superuser))
            .unwrap();
        let taken = errors(&world, draft("K@Example.com", "\u{212A}ate@example.com", GOOD));
        assert_eq!(taken.username, [UsernameError::AnothersAddress]);
        let taken = errors(&world, draft("k@Example.com", "K@example.com", GOOD));
        assert_eq!((taken.username, taken.email), (vec![UsernameError::Taken], vec![EmailError::Taken]));
        let taken = errors(&world, draft("other", "\u{212A}ate@example.com", GOOD));
        // The Kelvin sign is no character of an address, so it never gets as far as folding.
        assert_eq!(taken.email, [EmailError::Invalid]);
        let taken = errors(&world, draft("other", "KATE@example.com", GOOD));
        assert_eq!(taken.email, [EmailError::Taken]);
    }

    #[test]
    fn a_username_that_is_an_address_is_the_accounts_own() {
        let world = World::new();
        let other = errors(&world, draft("victim@example.com", "mallory@example.com", GOOD));
        assert_eq!(other.username, [UsernameError::AnothersAddress]);
        let own = draft("Alice@example.com", "alice@EXAMPLE.com", GOOD);
        block_on(world.auth.register(own, Role::Member)).unwrap();
        let no_address = draft("alice@home", "a@example.com", GOOD);
        block_on(world.auth.register(no_address, Role::Member)).unwrap();
    }

    #[test]
    fn where_registrations_are_private_no_username_tells_whether_an_address_is_taken() {
        let world = World::with_addresses(Verification::Required, true);
        block_on(world.auth.register(draft("alice", "alice@example.com", GOOD), Role::Member)).unwrap();
        for address in ["alice@example.com", "free@example.com"] {
            for email in [address, "fresh@example.com"] {
                let told = errors(&world, draft(address, email, GOOD));
                assert_eq!((told.username, told.email), (vec![UsernameError::LooksLikeAddress], vec![]));
            }
        }
    }

    #[test]
    fn a_missing_field_is_no_error_of_its_own_but_nothing_is_made() {
        let world = World::new();
        let partial = Draft { email: None, ..draft("a b", "", "1") };
        let told = errors(&world, partial);
        assert_eq!(told.username, [UsernameError::InvalidCharacters]);
        assert_eq!(told.email, []);
        assert_eq!(told.password.len(), 3);
        assert!(!told.mismatch);
        let nothing_wrong = Draft { email: None, ..draft("alice", "", GOOD) };
        assert_eq!(errors(&world, nothing_wrong), DraftErrors::default());
    }

    #[test]
    fn a_mismatch_is_told_only_when_each_field_is_right() {
        let world = World::new();
        let other =
            Draft { password_again: Password::new("Other-pass-9!"), ..draft("alice", "a@example.com", GOOD) };
        assert_eq!(errors(&world, other.clone()), DraftErrors { mismatch: true, ..Default::default() });
        let also_bad = Draft { username: Some("a b".into()), ..other };
        assert!(!errors(&world, also_bad).mismatch);
    }

    #[test]
    fn a_password_like_the_username_is_refused() {
        let world = World::new();
        let told = errors(&world, draft("margarethe", "m@example.com", "Margarethe1"));
        assert_eq!(told.password, [PasswordError::TooSimilar { attribute: "username" }]);
    }

    #[test]
    fn a_superuser_needs_no_address() {
        let world = World::new();
        let root = Draft { email: None, ..draft("root", "", GOOD) };
        let user = block_on(world.auth.register(root, Role::Superuser)).unwrap();
        assert!(user.is_staff && user.is_superuser && user.email.is_none());
    }

    #[test]
    fn a_registration_that_logs_in_hashes_once_and_counts_as_a_login() {
        let world = World::new();
        let draft = draft("alice", "alice@example.com", GOOD);
        let begun = block_on(world.auth.register_and_log_in(draft, Client::default())).unwrap();
        assert_eq!(world.hasher.count(), 1);
        let caller = block_on(world.auth.authenticate(&begun.tokens.as_ref().unwrap().access)).unwrap();
        assert_eq!((&*caller.user, world.live_sessions("alice")), (&begun.user, 1));
        let profile = block_on(world.auth.profile(&caller)).unwrap().unwrap();
        assert_eq!(profile.last_login, Some(world.clock.now_value()));
    }

    #[test]
    fn a_name_that_is_taken_before_the_session_begins_leaves_no_session() {
        let world = World::new();
        let rival = world.auth.clone();
        world.hasher.before_next(move || {
            block_on(rival.register(draft("alice", "rival@example.com", GOOD), Role::Member)).unwrap();
        });
        let draft = draft("alice", "alice@example.com", GOOD);
        let told = block_on(world.auth.register_and_log_in(draft, Client::default()));
        assert!(matches!(told, Err(RegisterError::Invalid(errors)) if errors == Taken::Username.into()));
        assert_eq!(world.live_sessions("alice"), 0);
    }

    #[test]
    fn a_name_that_is_taken_while_the_password_hashes_is_told_as_taken() {
        let world = World::new();
        let rival = world.auth.clone();
        world.hasher.before_next(move || {
            block_on(rival.register(draft("alice", "rival@example.com", GOOD), Role::Member)).unwrap();
        });
        let told = errors(&world, draft("Alice", "alice@example.com", GOOD));
        assert_eq!(told, Taken::Username.into());
    }

    #[test]
    fn where_verification_is_necessary_a_registration_begins_no_session() {
        let world = World::with_addresses(Verification::Required, false);
        let draft = draft("alice", "alice@example.com", GOOD);
        let made = block_on(world.auth.register_and_log_in(draft, Client::default())).unwrap();
        assert_eq!((made.tokens, world.live_sessions("alice")), (None, 0));
        assert_eq!(world.mail().len(), 1);
    }

    #[test]
    fn a_private_registration_with_a_taken_address_looks_like_any_other() {
        let world = World::with_addresses(Verification::Required, true);
        let register = |username: &str, email: &str| {
            let made = block_on(world.auth.register(draft(username, email, GOOD), Role::Member)).unwrap();
            let letters = world.mail();
            let told = letters.iter().map(|letter| (letter.to.to_string(), letter.message.kind()));
            (
                made.username.to_string(),
                made.email.unwrap().to_string(),
                made.is_active,
                told.collect::<Vec<_>>(),
            )
        };
        let to = |address: &str, kind| vec![(address.to_owned(), kind)];
        let free = register("alice", "alice@example.com");
        let free_letter = to("alice@example.com", LetterKind::VerifyEmail);
        assert_eq!(free, ("alice".into(), "alice@example.com".into(), true, free_letter));
        let taken = register("mallory", "ALICE@example.com");
        let taken_letter = to("alice@example.com", LetterKind::AddressTaken);
        assert_eq!(taken, ("mallory".into(), "ALICE@example.com".into(), true, taken_letter));
        // Neither logs in, and neither name can be had again.
        assert!(world.login("alice", GOOD).is_err() && world.login("mallory", GOOD).is_err());
        for name in ["alice", "mallory"] {
            assert_eq!(errors(&world, draft(name, "x@example.com", GOOD)).username, [UsernameError::Taken]);
        }
        let alice = world.find("alice@example.com");
        assert_eq!(alice.username.as_str(), "alice");
        assert!(world.find("mallory").email.is_none());
    }

    #[test]
    fn a_private_registration_that_loses_the_race_for_an_address_looks_like_any_other() {
        let world = World::with_addresses(Verification::Required, true);
        let auth = world.auth.clone();
        world.hasher.before_next(move || {
            block_on(auth.register(draft("alice", "alice@example.com", GOOD), Role::Member)).unwrap();
        });
        let late = draft("mallory", "alice@example.com", GOOD);
        assert!(block_on(world.auth.register(late, Role::Member)).is_ok());
        assert_eq!(world.find("alice@example.com").username.as_str(), "alice");
    }
}
