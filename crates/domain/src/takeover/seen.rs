use super::{AccountRecord, Attributes, ForeignAccount, ForeignPassword, Permission};
use crate::identity::{EmailAddress, Username};
use crate::password::PasswordHash;
use crate::time::Timestamp;
use crate::user::CredentialVersion;
use sha2::{Digest, Sha256};
use std::fmt;
use std::fmt::Write as _;

/// What an import compares, one by one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Field {
    /// What it logs in with.
    Username,
    /// Its address.
    Email,
    /// Its password.
    Password,
    /// The person's name.
    FullName,
    /// Whether it can be used.
    IsActive,
    /// Django's flag.
    IsStaff,
    /// Django's flag.
    IsSuperuser,
    /// When it was made.
    DateJoined,
    /// When it last logged in. Not part of what is [`Seen`]: the later of two logins is the last one,
    /// whoever saw it.
    LastLogin,
    /// Its groups.
    Groups,
    /// What it is allowed.
    Permissions,
    /// The rest.
    Attributes,
}

impl Field {
    /// Those of which a digest is kept, in the order in which they are stored.
    const SEEN: [Self; Seen::FIELDS] = [
        Self::Username,
        Self::Email,
        Self::Password,
        Self::FullName,
        Self::IsActive,
        Self::IsStaff,
        Self::IsSuperuser,
        Self::DateJoined,
        Self::Groups,
        Self::Permissions,
        Self::Attributes,
    ];

    /// Its name at Django. It is part of what is digested, and so must never change.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Username => "username",
            Self::Email => "email",
            Self::Password => "password",
            Self::FullName => "full_name",
            Self::IsActive => "is_active",
            Self::IsStaff => "is_staff",
            Self::IsSuperuser => "is_superuser",
            Self::DateJoined => "date_joined",
            Self::LastLogin => "last_login",
            Self::Groups => "groups",
            Self::Permissions => "user_permissions",
            Self::Attributes => "attributes",
        }
    }

    /// Whether it decides what its account may do. Where it was changed here too, others decide it no
    /// more.
    const fn is_privilege(self) -> bool {
        matches!(self, Self::IsActive | Self::IsStaff | Self::IsSuperuser | Self::Groups | Self::Permissions)
    }

    fn position(self) -> Option<usize> {
        Self::SEEN.iter().position(|seen| *seen == self)
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What a system said of an account: 64 bits of a digest of each field, and which version the
/// account's credential was of then.
///
/// Enough to tell what has changed since, and no second copy of what it is about. An accident has
/// one chance in 2⁶⁴ to go unnoticed.
///
/// The digest of a field that is decided here from now on is stored as its complement, which is no
/// value's digest: it still tells whether the other system says the same, and never that we do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    digests: [u64; Seen::FIELDS],
    version: CredentialVersion,
}

impl Seen {
    const FIELDS: usize = 11;
    const FORMAT: &'static str = "1";

    /// What another system says of an account, whose credential here is of `version`.
    pub fn of_foreign(account: &ForeignAccount, version: CredentialVersion) -> Self {
        let password = match &account.password {
            ForeignPassword::Hash(hash) => Some(hash.as_encoded()),
            ForeignPassword::Unusable => Some(PasswordMark::UNUSABLE),
            ForeignPassword::MustReset => Some(PasswordMark::MUST_RESET),
        };
        let mut seen = Self::nothing(version);
        seen.put(Field::Password, |text| text.option(password));
        seen.put_username(&account.username);
        seen.put_email(account.email.as_ref());
        seen.put(Field::FullName, |text| text.text(account.full_name.as_str()));
        seen.put_flag(Field::IsActive, account.is_active);
        seen.put_flag(Field::IsStaff, account.is_staff);
        seen.put_flag(Field::IsSuperuser, account.is_superuser);
        seen.put_time(Field::DateJoined, account.date_joined);
        seen.put_groups(&account.groups);
        seen.put_permissions(&account.permissions);
        seen.put_attributes(&account.attributes);
        seen
    }

    /// What we say of an account ourselves.
    pub fn of_record(account: &AccountRecord) -> Self {
        let AccountRecord { user, password, permissions, attributes, .. } = account;
        let mut seen = Self::nothing(account.credential_version);
        seen.put(Field::Password, |text| text.option(Some(PasswordMark::of(password))));
        seen.put_username(&user.username);
        seen.put_email(user.email.as_ref());
        seen.put(Field::FullName, |text| text.text(user.full_name.as_str()));
        seen.put_flag(Field::IsActive, user.is_active);
        seen.put_flag(Field::IsStaff, user.is_staff);
        seen.put_flag(Field::IsSuperuser, user.is_superuser);
        seen.put_time(Field::DateJoined, user.date_joined);
        seen.put_groups(&user.groups);
        seen.put_permissions(permissions);
        seen.put_attributes(attributes);
        seen
    }

    /// Which version the account's credential was of.
    pub fn credential_version(&self) -> CredentialVersion {
        self.version
    }

    /// Whether both say the same of a field; always of [`Field::LastLogin`].
    pub fn agrees(&self, other: &Self, field: Field) -> bool {
        field.position().is_none_or(|at| self.digests.get(at) == other.digests.get(at))
    }

    /// Whether `theirs` says the same of a field as was seen then.
    pub fn is_still_said(&self, theirs: &Self, field: Field) -> bool {
        let complement = |theirs: &u64| !theirs;
        self.agrees(theirs, field)
            || field
                .position()
                .is_none_or(|at| self.digests.get(at).copied() == theirs.digests.get(at).map(complement))
    }

    /// The fields that the two do not agree on.
    pub fn differing(&self, other: &Self) -> Vec<Field> {
        Field::SEEN.into_iter().filter(|field| !self.agrees(other, *field)).collect()
    }

    /// Whether a field was changed here since this was seen, where `ours` is what we say now. For the
    /// password that is told by its version: a hash is also replaced by a better one of the same
    /// password.
    pub fn was_changed_here(&self, ours: &Self, field: Field) -> bool {
        match field {
            Field::Password => self.version != ours.version,
            _ => !self.agrees(ours, field),
        }
    }

    /// Whether anything was changed here since this was seen, likewise.
    pub fn was_anything_changed_here(&self, ours: &Self) -> bool {
        Field::SEEN.into_iter().any(|field| self.was_changed_here(ours, field))
    }

    /// Takes over what `other` says of a field.
    pub(crate) fn adopt(&mut self, field: Field, other: &Self) {
        let at = field.position();
        let slots = at.and_then(|at| Some((self.digests.get_mut(at)?, other.digests.get(at)?)));
        if let Some((own, theirs)) = slots {
            *own = *theirs;
        }
    }

    /// Takes over what `theirs` says of a field that was changed here too. Of what an account may do,
    /// we alone decide from now on: who was banned here does not come back since the other system
    /// banned them as well for a while.
    pub(crate) fn settle(&mut self, field: Field, theirs: &Self) {
        self.adopt(field, theirs);
        let slot = field.position().and_then(|at| self.digests.get_mut(at));
        if let Some(digest) = slot.filter(|_| field.is_privilege()) {
            *digest = !*digest;
        }
    }

    /// Notes that the account's credential is now of that version.
    pub(crate) fn set_credential_version(&mut self, version: CredentialVersion) {
        self.version = version;
    }

    /// One line of ASCII, for a database: the format, the digests, the version.
    pub fn to_text(&self) -> String {
        let mut text = format!("{}.", Self::FORMAT);
        for digest in self.digests {
            // Writing to a string does not fail.
            let _ = write!(text, "{digest:016x}");
        }
        let _ = write!(text, ".{}", self.version.0);
        text
    }

    /// Reads what [`Seen::to_text`] wrote, and nothing else.
    pub fn from_text(text: &str) -> Option<Self> {
        let rest = text.strip_prefix(Self::FORMAT)?.strip_prefix('.')?;
        let (digests, version) = rest.split_once('.')?;
        let mut seen = Self::nothing(CredentialVersion(version.parse().ok()?));
        let mut rest = digests;
        for slot in &mut seen.digests {
            let (digest, after) = rest.split_at_checked(16)?;
            *slot = u64::from_str_radix(digest, 16).ok()?;
            rest = after;
        }
        (seen.to_text() == text).then_some(seen)
    }

    fn nothing(version: CredentialVersion) -> Self {
        Self { digests: [0; Self::FIELDS], version }
    }

    fn put_username(&mut self, username: &Username) {
        self.put(Field::Username, |text| text.text(username.as_str()));
    }

    fn put_email(&mut self, email: Option<&EmailAddress>) {
        self.put(Field::Email, |text| text.option(email.map(EmailAddress::as_str)));
    }

    fn put_flag(&mut self, field: Field, flag: bool) {
        self.put(field, |text| text.number(i64::from(flag)));
    }

    fn put_time(&mut self, field: Field, time: Timestamp) {
        self.put(field, |text| text.number(time.as_micros()));
    }

    fn put_groups(&mut self, groups: &[String]) {
        self.put(Field::Groups, |text| groups.iter().for_each(|group| text.text(group)));
    }

    fn put_permissions(&mut self, permissions: &[Permission]) {
        self.put(Field::Permissions, |text| {
            for Permission { app, model, codename } in permissions {
                for part in [app, model, codename] {
                    text.text(part);
                }
            }
        });
    }

    fn put_attributes(&mut self, attributes: &Attributes) {
        self.put(Field::Attributes, |text| text.text(attributes.as_json()));
    }

    fn put(&mut self, field: Field, write: impl FnOnce(&mut Text)) {
        let mut text = Text(Sha256::new());
        text.text(field.name());
        write(&mut text);
        let digest: [u8; 32] = text.0.finalize().into();
        let (first, _) = digest.split_first_chunk::<8>().unwrap_or((&[0; 8], &[]));
        if let Some(slot) = field.position().and_then(|at| self.digests.get_mut(at)) {
            *slot = u64::from_be_bytes(*first);
        }
    }
}

/// What is digested in place of a hash where there is none. Neither is a hash of Django's, whose
/// unusable passwords have forty characters after the mark.
struct PasswordMark;

impl PasswordMark {
    const UNUSABLE: &'static str = "!";
    const MUST_RESET: &'static str = "!reset";

    fn of(hash: &PasswordHash) -> &str {
        if hash.is_usable() { hash.as_encoded() } else { Self::UNUSABLE }
    }
}

/// Parts of a digested text, each with its length before it, so that no two lists of parts are one
/// text.
struct Text(Sha256);

impl Text {
    fn text(&mut self, part: &str) {
        self.0.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        self.0.update(part);
    }

    fn option(&mut self, part: Option<&str>) {
        if let Some(part) = part {
            self.text(part);
        }
    }

    fn number(&mut self, number: i64) {
        self.0.update(number.to_be_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::foreign;
    use crate::user::FullName;

    const VERSION: CredentialVersion = CredentialVersion(3);

    type Change = Box<dyn Fn(&mut ForeignAccount)>;

    fn seen(account: &ForeignAccount) -> Seen {
        Seen::of_foreign(account, VERSION)
    }

    #[test]
    fn each_field_is_told_apart_from_the_others() {
        let alice = foreign(1, "alice", Some("alice@example.com"));
        let permission = Permission { app: "a".into(), model: "b".into(), codename: "c".into() };
        let changes: [(Field, Change); Seen::FIELDS] = [
            (Field::Username, Box::new(|a| a.username = Username::from_stored("bob".into()))),
            (Field::Email, Box::new(|a| a.email = None)),
            (Field::Password, Box::new(|a| a.password = ForeignPassword::MustReset)),
            (Field::FullName, Box::new(|a| a.full_name = FullName::parse("A").unwrap())),
            (Field::IsActive, Box::new(|a| a.is_active = false)),
            (Field::IsStaff, Box::new(|a| a.is_staff = true)),
            (Field::IsSuperuser, Box::new(|a| a.is_superuser = true)),
            (Field::DateJoined, Box::new(|a| a.date_joined = Timestamp::EPOCH)),
            (Field::Groups, Box::new(|a| a.groups = vec!["editors".into()])),
            (Field::Permissions, Box::new(move |a| a.permissions = vec![permission.clone()])),
            (Field::Attributes, Box::new(|a| a.attributes = Attributes::from_json(r#"{"a":1}"#))),
        ];
        for (field, change) in changes {
            let mut other = alice.clone();
            change(&mut other);
            assert_eq!(seen(&alice).differing(&seen(&other)), [field]);
        }
    }

    #[test]
    fn a_login_is_no_difference() {
        let alice = foreign(1, "alice", None);
        let later = ForeignAccount { last_login: Some(Timestamp::from_seconds(5)), ..alice.clone() };
        assert_eq!(seen(&alice), seen(&later));
    }

    #[test]
    fn the_three_kinds_of_password_differ_and_so_do_an_empty_and_a_missing_address() {
        let alice = foreign(1, "alice", None);
        let with = |password| seen(&ForeignAccount { password, ..alice.clone() });
        let kinds = [
            with(ForeignPassword::MustReset),
            with(ForeignPassword::Unusable),
            with(ForeignPassword::Hash(PasswordHash::from_encoded("plain$a"))),
            with(ForeignPassword::Hash(PasswordHash::from_encoded("plain$b"))),
        ];
        for (i, one) in kinds.iter().enumerate() {
            assert!(kinds[..i].iter().all(|other| one.differing(other) == [Field::Password]));
        }
        let empty = EmailAddress::from_stored(String::new());
        let empty = ForeignAccount { email: Some(empty), ..alice.clone() };
        assert_eq!(seen(&alice).differing(&seen(&empty)), [Field::Email]);
    }

    #[test]
    fn lists_with_the_same_letters_differ() {
        let groups = |names: &[&str]| {
            let groups = names.iter().map(ToString::to_string).collect();
            seen(&ForeignAccount { groups, ..foreign(1, "alice", None) })
        };
        for other in [&["a", "bc"][..], &["abc"], &["c", "ab"], &[]] {
            assert!(!groups(&["ab", "c"]).agrees(&groups(other), Field::Groups), "{other:?}");
        }
    }

    #[test]
    fn the_text_form_is_read_back_and_nothing_else_is() {
        let seen = seen(&foreign(1, "alice", Some("alice@example.com")));
        let text = seen.to_text();
        assert_eq!(Seen::from_text(&text), Some(seen));
        let longer = text.replace(".3", "0.3");
        let tampered = [text.replacen('1', "2", 1), text.replace(".3", ""), text.to_uppercase(), longer];
        for text in tampered.iter().map(String::as_str).chain(["", "1.", "1..3", &format!("{text} ")]) {
            assert_eq!(Seen::from_text(text), None, "{text}");
        }
    }

    #[test]
    fn what_is_decided_here_is_told_apart_from_every_value_and_still_compared_with_theirs() {
        let active = seen(&foreign(1, "alice", None));
        let idle = seen(&ForeignAccount { is_active: false, ..foreign(1, "alice", None) });
        let mut settled = active.clone();
        settled.settle(Field::IsActive, &idle);
        let mut settled = Seen::from_text(&settled.to_text()).unwrap();
        for ours in [&active, &idle] {
            assert!(settled.was_changed_here(ours, Field::IsActive));
        }
        assert!(settled.is_still_said(&idle, Field::IsActive));
        assert!(!settled.is_still_said(&active, Field::IsActive));
        // A name is no privilege: once both say the same, either may go on.
        let bob = seen(&foreign(1, "bob", None));
        settled.settle(Field::Username, &bob);
        assert!(!settled.was_changed_here(&bob, Field::Username));
    }

    #[test]
    fn the_digest_is_the_same_from_release_to_release() {
        let text = seen(&foreign(1, "alice", Some("alice@example.com"))).to_text();
        assert_eq!(text, STORED);
    }

    /// What `to_text` once wrote. Were this to change, the next import of every installation would
    /// take every field of every account for changed.
    const STORED: &str = "1.a6ed413d389782b128d81d8517f0b4803375ef857dd87f7579d2e846e031422f\
        5ce997306d4a8bf2ecf08642c51741acc5d8a19af47ae077301f2b838a832e556676ed74532024fe\
        62efec02586e08c4cf1ad305488124a5.3";
}
