use super::{Auth, Failure};
use crate::callers::Caller;
use crate::mail::OutboxEntry;
use crate::one_time::OneTimeSecret;
use crate::session::Session;
use crate::store::{LetterFilter, Lookup, StoreError};
use crate::takeover::{AccountRecord, Attributes, Permission};
use crate::time::Timestamp;
use crate::user::{User, UserId};

/// The most letters of a dossier; nobody is sent so many before they are swept.
const LETTERS: u32 = 1000;

/// All that is stored about an account, but for secrets: a transport MUST NOT tell digests and sealed
/// contents, which these values hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dossier {
    /// The account.
    pub user: User,
    /// When it last logged in.
    pub last_login: Option<Timestamp>,
    /// Whether it has a password at all.
    pub has_password: bool,
    /// How often its password was changed here.
    pub password_changes: i64,
    /// What it is allowed beside what its groups give.
    pub permissions: Vec<Permission>,
    /// What an import brought and nothing here uses.
    pub attributes: Attributes,
    /// Its sessions, over or not.
    pub sessions: Vec<Session>,
    /// What it was sent to prove something with, as far as that was not used.
    pub one_time_secrets: Vec<OneTimeSecret>,
    /// The letters about it, as far as they were not swept.
    pub letters: Vec<OutboxEntry>,
}

impl Auth {
    /// All that is stored about the caller (GDPR, articles 15 and 20); `None` if the account was deleted
    /// meanwhile.
    ///
    /// # Errors
    /// The database failed.
    pub async fn dossier(&self, caller: &Caller) -> Result<Option<Dossier>, Failure> {
        let id = caller.user.id;
        Ok(self.ports.store.query(move |db| compile_dossier(db, id)).await?)
    }
}

/// The look-up: everything about one account.
///
/// # Errors
/// The database failed.
pub fn compile_dossier(db: &mut dyn Lookup, id: UserId) -> Result<Option<Dossier>, StoreError> {
    let UserId(number) = id;
    let next = db.accounts_after(UserId(number.saturating_sub(1)), 1)?;
    let Some(record) = next.into_iter().find(|record| record.user.id == id) else { return Ok(None) };
    let AccountRecord { user, last_login, password, credential_version, permissions, attributes } = record;
    Ok(Some(Dossier {
        user,
        last_login,
        has_password: password.is_usable(),
        password_changes: credential_version.0,
        permissions,
        attributes,
        sessions: db.sessions(id)?,
        one_time_secrets: db.one_time_secrets(id)?,
        letters: db.letters(LetterFilter { user: Some(id), ..LetterFilter::default() }, LETTERS)?,
    }))
}

#[cfg(test)]
mod tests {
    use crate::identity::EmailAddress;
    use crate::mail::RequestedLetter;
    use crate::testing::{World, block_on};

    #[test]
    fn it_has_what_is_stored_about_its_account_and_nothing_of_another() {
        let world = World::with_user("alice", "alice@example.com", "pw-of-alice");
        world.user("bob", "pw-of-bob");
        world.login("bob", "pw-of-bob").unwrap();
        let [first, second] = [0, 1].map(|_| world.login("alice", "pw-of-alice").unwrap());
        block_on(world.auth.logout(&world.caller(&first))).unwrap();
        let address = EmailAddress::parse("alice@example.com").unwrap();
        block_on(world.auth.request_letter(RequestedLetter::ResetPassword, address)).unwrap();
        world.mail();
        let caller = world.caller(&second);
        let dossier = block_on(world.auth.dossier(&caller)).unwrap().unwrap();
        assert_eq!(dossier.user, *caller.user);
        assert!(dossier.has_password && dossier.last_login.is_some());
        assert_eq!(dossier.sessions.len(), 2);
        assert!(dossier.sessions.iter().all(|session| session.user_id == caller.user.id));
        assert_eq!((dossier.one_time_secrets.len(), dossier.letters.len()), (1, 1));
        block_on(world.auth.delete_account(caller.user.id)).unwrap();
        assert_eq!(block_on(world.auth.dossier(&caller)).unwrap(), None);
    }
}
