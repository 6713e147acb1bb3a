use super::report::Remark;
use super::{ImportRules, to_store};
use crate::password::PasswordHash;
use crate::takeover::{AccountRecord, Amendment, Field, ForeignAccount, ForeignPassword, Seen};
use std::borrow::Cow;

/// What an account that came in earlier comes to, now that it was looked at again.
pub(super) struct Merged {
    /// What is taken over.
    pub(super) amendment: Amendment,
    /// The hash that is taken over.
    pub(super) password: Option<PasswordHash>,
    /// The activity that is taken over.
    pub(super) is_active: Option<bool>,
    /// What was seen this time.
    pub(super) seen: Seen,
    /// The fields that are taken over.
    pub(super) changed: Vec<Field>,
    /// What somebody should know.
    pub(super) remarks: Vec<Remark>,
}

/// The usernames of those who have an account's names in its place.
#[derive(Default)]
pub(super) struct Rivals {
    pub(super) username: Option<String>,
    pub(super) email: Option<String>,
}

/// Compares, field by field, what was seen, what is there now and what is here now.
///
/// What has changed there and not here is taken over; what was changed here stays, and what an account
/// may do stays ours once it was changed on both sides, even if both came to the same. A name that
/// belongs to somebody else is not noted as seen, so that the next import tries again.
pub(super) fn merge(
    account: &ForeignAccount,
    stored: &AccountRecord,
    seen: &Seen,
    rivals: Rivals,
    rules: &ImportRules,
) -> Merged {
    let (account, theirs) = freed_of_address(account, stored, seen, &rivals, rules);
    let account = account.as_ref();
    let ours = Seen::of_record(stored);
    let mut sides = Sides { seen: seen.clone(), theirs, ours, changed: Vec::new(), conflicts: Vec::new() };
    let mut remarks = Vec::new();

    let username = sides.ask(Field::Username).then_some(rivals.username).and_then(|rival| match rival {
        Some(by) => {
            remarks.push(Remark::UsernameKept { by });
            None
        }
        None => Some(sides.take(Field::Username, &account.username)),
    });
    let email = sides.ask(Field::Email).then_some(rivals.email).and_then(|rival| match rival {
        Some(by) => {
            remarks.push(Remark::AddressTaken { by });
            None
        }
        None => Some(sides.take(Field::Email, &account.email)),
    });
    let password = sides.wish(Field::Password, &account.password).map(|password| to_store(&password));
    if account.password == ForeignPassword::MustReset
        && (password.is_some() || seen.credential_version() == stored.credential_version)
    {
        remarks.push(Remark::MustReset);
    }
    let later = account.last_login.filter(|login| stored.last_login.is_none_or(|ours| *login > ours));
    let amendment = Amendment {
        username,
        email,
        full_name: sides.wish(Field::FullName, &account.full_name),
        is_staff: sides.wish(Field::IsStaff, &account.is_staff),
        is_superuser: sides.wish(Field::IsSuperuser, &account.is_superuser),
        date_joined: sides.wish(Field::DateJoined, &account.date_joined),
        last_login: later.map(|login| sides.take(Field::LastLogin, &login)),
        groups: sides.wish(Field::Groups, &account.groups),
        permissions: sides.wish(Field::Permissions, &account.permissions),
        attributes: sides.wish(Field::Attributes, &account.attributes),
    };
    let is_active = sides.wish(Field::IsActive, &account.is_active);
    if !sides.conflicts.is_empty() {
        remarks.push(Remark::Conflict(sides.conflicts));
    }
    Merged { amendment, password, is_active, seen: sides.seen, changed: sides.changed, remarks }
}

/// The account, and what is seen of it. Where it is here without an address, since that belongs to
/// somebody else, it is one whose attributes have the address.
fn freed_of_address<'a>(
    account: &'a ForeignAccount,
    stored: &AccountRecord,
    seen: &Seen,
    rivals: &Rivals,
    rules: &ImportRules,
) -> (Cow<'a, ForeignAccount>, Seen) {
    let theirs = Seen::of_foreign(account, seen.credential_version());
    match &account.email {
        Some(address)
            if rivals.email.is_some()
                && stored.user.email.is_none()
                && !seen.agrees(&theirs, Field::Email) =>
        {
            let attributes = (rules.keep_address)(&account.attributes, address.as_str());
            let account = ForeignAccount { attributes, ..account.clone() };
            let theirs = Seen::of_foreign(&account, seen.credential_version());
            (Cow::Owned(account), theirs)
        }
        _ => (Cow::Borrowed(account), theirs),
    }
}

/// The three that are compared. What is `seen` becomes what is seen this time.
struct Sides {
    seen: Seen,
    theirs: Seen,
    ours: Seen,
    changed: Vec<Field>,
    conflicts: Vec<Field>,
}

impl Sides {
    /// Whether a field is to be taken over. If not, it is settled.
    fn ask(&mut self, field: Field) -> bool {
        if self.seen.is_still_said(&self.theirs, field) {
            return false;
        }
        let is_equal = self.ours.agrees(&self.theirs, field);
        let is_ours = self.seen.was_changed_here(&self.ours, field);
        if is_ours {
            self.seen.settle(field, &self.theirs);
        } else if is_equal {
            self.seen.adopt(field, &self.theirs);
        }
        if is_equal && field == Field::Password {
            self.seen.set_credential_version(self.ours.credential_version());
        } else if is_ours && !is_equal {
            self.conflicts.push(field);
        }
        !is_equal && !is_ours
    }

    /// Takes a field over.
    fn take<T: Clone>(&mut self, field: Field, value: &T) -> T {
        self.seen.adopt(field, &self.theirs);
        self.changed.push(field);
        value.clone()
    }

    /// Takes a field over that is to be.
    fn wish<T: Clone>(&mut self, field: Field, value: &T) -> Option<T> {
        self.ask(field).then(|| self.take(field, value))
    }
}
