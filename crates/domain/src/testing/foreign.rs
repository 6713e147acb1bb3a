use crate::identity::{EmailAddress, Username};
use crate::password::PasswordHash;
use crate::takeover::{
    Attributes, ForeignAccount, ForeignKey, ForeignPassword, ForeignToken, ForeignTokenId, Group,
};
use crate::testing::TestClock;
use crate::time::Timestamp;
use crate::use_cases::{AccountSource, SourceError, SourceRow};
use crate::user::FullName;

/// An active account of another system with a whole number for a key, made in the second of that
/// number of the test clock's first year. Its password is `pw-of-` and its username.
pub fn foreign(number: i64, username: &str, email: Option<&str>) -> ForeignAccount {
    let began = TestClock::default().now_value().as_seconds();
    ForeignAccount {
        key: ForeignKey::Number(number),
        username: Username::from_stored(username.to_owned()),
        email: email.map(|address| EmailAddress::from_stored(address.to_owned())),
        password: ForeignPassword::Hash(PasswordHash::from_encoded(format!("plain$pw-of-{username}"))),
        full_name: FullName::default(),
        is_active: true,
        is_staff: false,
        is_superuser: false,
        date_joined: Timestamp::from_seconds(began.saturating_add(number)),
        last_login: None,
        groups: Vec::new(),
        permissions: Vec::new(),
        attributes: Attributes::default(),
    }
}

/// A system that accounts come from, in memory.
#[derive(Debug, Clone, Default)]
pub struct TestSource {
    /// Its groups.
    pub groups: Vec<Group>,
    /// Its accounts, in the order in which they are given.
    pub rows: Vec<SourceRow>,
    /// Its tokens, likewise.
    pub tokens: Vec<ForeignToken>,
    /// How many pages can be read before it breaks; `None` for any number.
    pub pages: Option<u32>,
}

impl TestSource {
    /// A system with these accounts.
    pub fn of(accounts: impl IntoIterator<Item = ForeignAccount>) -> Self {
        Self { rows: accounts.into_iter().map(SourceRow::from).collect(), ..Self::default() }
    }

    fn turn_page(&mut self) -> Result<(), SourceError> {
        match &mut self.pages {
            Some(0) => Err(SourceError("closed by the test".into())),
            Some(left) => {
                *left -= 1;
                Ok(())
            }
            None => Ok(()),
        }
    }
}

impl AccountSource for TestSource {
    fn groups(&mut self) -> Result<Vec<Group>, SourceError> {
        self.turn_page()?;
        Ok(self.groups.clone())
    }

    fn accounts_after(
        &mut self,
        after: Option<&ForeignKey>,
        limit: u32,
    ) -> Result<Vec<SourceRow>, SourceError> {
        self.turn_page()?;
        Ok(page(&self.rows, SourceRow::key, after, limit))
    }

    fn tokens_after(
        &mut self,
        after: Option<&ForeignTokenId>,
        limit: u32,
    ) -> Result<Vec<ForeignToken>, SourceError> {
        self.turn_page()?;
        Ok(page(&self.tokens, |token| &token.id, after, limit))
    }

    fn present(&mut self, keys: &[ForeignKey]) -> Result<Vec<ForeignKey>, SourceError> {
        self.turn_page()?;
        Ok(self.rows.iter().map(SourceRow::key).filter(|key| keys.contains(key)).cloned().collect())
    }
}

fn page<T: Clone, K: PartialEq>(all: &[T], key: fn(&T) -> &K, after: Option<&K>, limit: u32) -> Vec<T> {
    let begin = after.map_or(0, |after| all.iter().rposition(|it| key(it) == after).unwrap() + 1);
    all.iter().skip(begin).take(usize::try_from(limit).unwrap()).cloned().collect()
}
