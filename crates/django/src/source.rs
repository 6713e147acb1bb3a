use crate::account::{Unreadable, account};
use crate::catalog::{Catalog, Kind, Row, objects, rows, text, whole};
use crate::error::DjangoError;
use crate::keys;
use crate::layout::{Choice, Layout};
use crate::model::UserModel;
use crate::questions::Questions;
use crate::rows::{Dialect, Rows};
use crate::values::instant;
use doorward_domain::takeover::{ForeignKey, ForeignToken, ForeignTokenId, Group, Permission, Spent};
use doorward_domain::time::Timestamp;
use doorward_domain::use_cases::{AccountSource, SourceError, SourceRow};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// The most keys in one question.
const KEYS_PER_QUESTION: usize = 500;

/// The columns of Django's `AbstractUser` that a model may lack and still be exported.
const ABSTRACT_USER: [&str; 8] = [
    "last_login",
    "is_superuser",
    "first_name",
    "last_name",
    "email",
    "is_staff",
    "is_active",
    "date_joined",
];

/// The users of a Django database, their groups and their refresh tokens.
///
/// It holds no more than a page of them at once. Users come in the database's order of their keys,
/// tokens in that of their ids.
#[derive(Debug)]
pub struct Source<R, V> {
    rows: R,
    dialect: Dialect,
    layout: Layout,
    verifies: V,
    tokens_after: Option<Timestamp>,
}

impl<R: Rows, V: Fn(&str) -> bool> Source<R, V> {
    /// Finds the users. `verifies` tells whether an encoded password is one that logins can be
    /// checked against.
    ///
    /// # Errors
    /// The database fails; or the table cannot be found, is one of several, or is none of users.
    pub fn open(mut rows: R, dialect: Dialect, choice: &Choice, verifies: V) -> Result<Self, DjangoError> {
        let catalog = Catalog::read(&mut rows, dialect)?;
        let layout = Layout::find(&catalog, choice)?;
        Ok(Self { rows, dialect, layout, verifies, tokens_after: None })
    }

    /// The same source, which gives only those refresh tokens that expire after `now`: simplejwt keeps
    /// all that it ever issued until somebody runs `flushexpiredtokens`.
    #[must_use]
    pub fn without_tokens_expired_by(self, now: Timestamp) -> Self {
        Self { tokens_after: Some(now), ..self }
    }

    /// The table with the users.
    pub fn user_table(&self) -> &str {
        &self.layout.table
    }

    /// The column that becomes the username.
    pub fn username_column(&self) -> &str {
        &self.layout.username
    }

    /// The column that becomes the full name; `None` where it is made of the first and the last one.
    pub fn full_name_column(&self) -> Option<&str> {
        self.layout.full_name.as_deref()
    }

    /// The columns that become attributes, in the table's order.
    pub fn attribute_columns(&self) -> impl Iterator<Item = &str> {
        let columns = self.layout.columns.iter().map(|column| column.name.as_str());
        columns.filter(|column| self.layout.is_attribute(column))
    }

    /// The model that an export has to be given, so that the users fit into this table again.
    ///
    /// What nobody can see here is `label`, as in `api.User`, and whether the project has
    /// `USE_TZ = False`.
    pub fn user_model(&self, label: impl Into<String>) -> UserModel {
        let layout = &self.layout;
        let ties = [("groups", layout.groups.is_some()), ("user_permissions", layout.permissions.is_some())];
        let columns = ABSTRACT_USER.into_iter().map(|column| (column, layout.has(column)));
        UserModel {
            username_field: layout.username.clone(),
            full_name_field: layout.full_name.clone(),
            without: columns.chain(ties).filter(|(_, has)| !has).map(|(name, _)| name.to_owned()).collect(),
            has_text_keys: layout.key.kind != Kind::Whole,
            ..UserModel::named(label)
        }
    }

    /// How many users there are.
    ///
    /// # Errors
    /// The database failed.
    pub fn count(&mut self) -> Result<u64, DjangoError> {
        let rows = self.ask(&self.questions().count())?;
        let row = rows.first().ok_or_else(|| DjangoError::answer("no count"))?;
        u64::try_from(whole(row, "count")?).map_err(|_| DjangoError::answer("a negative count"))
    }

    fn questions(&self) -> Questions<'_> {
        Questions { dialect: self.dialect, layout: &self.layout }
    }

    fn ask(&mut self, question: &str) -> Result<Vec<Map<String, Value>>, DjangoError> {
        objects(&mut self.rows, question)
    }

    fn key(&self, row: &Map<String, Value>, member: &str) -> Result<ForeignKey, DjangoError> {
        let key = keys::key(self.layout.key.kind, row.get(member));
        key.ok_or_else(|| DjangoError::answer(format!("no key under {member:?}")))
    }

    fn users(&mut self, after: Option<&ForeignKey>, limit: u32) -> Result<Vec<SourceRow>, DjangoError> {
        let question = self.questions().users(after, limit);
        let mut users = Vec::new();
        for row in rows(&mut self.rows, &question.ok_or(DjangoError::ForeignKind)?)? {
            let (row, unfit) = match row {
                Row::Read(row) => (row, None),
                Row::Unfit(row, column) => (row, Some(Unreadable::Value(column))),
            };
            let key = self.key(&row, &self.layout.key.name)?;
            let read = unfit.map_or_else(|| account(&self.layout, key.clone(), row, &self.verifies), Err);
            users.push(match read {
                Ok(account) => account.into(),
                Err(reason) => SourceRow::Unreadable { key, reason: reason.to_string() },
            });
        }
        self.tie(&mut users)?;
        Ok(users)
    }

    /// Adds groups and permissions to users that stand in the order of their keys.
    fn tie(&mut self, users: &mut [SourceRow]) -> Result<(), DjangoError> {
        let (Some(first), Some(last)) = (users.first(), users.last()) else { return Ok(()) };
        let Layout { groups, permissions, .. } = &self.layout;
        let (questions, first, last) = (self.questions(), first.key(), last.key());
        let groups = groups.as_ref().and_then(|through| questions.groups_of(through, first, last));
        let permissions =
            permissions.as_ref().and_then(|through| questions.permissions_of(through, first, last));
        let mut groups = self.by_key(groups, |row| text(row, "name").map(str::to_owned))?;
        let mut permissions = self.by_key(permissions, permission)?;
        for user in users {
            if let SourceRow::Account(account) = user {
                account.groups = groups.remove(&account.key).unwrap_or_default().into_iter().collect();
                account.permissions =
                    permissions.remove(&account.key).unwrap_or_default().into_iter().collect();
            }
        }
        Ok(())
    }

    fn by_key<T: Ord>(
        &mut self,
        question: Option<String>,
        read: impl Fn(&Map<String, Value>) -> Result<T, DjangoError>,
    ) -> Result<BTreeMap<ForeignKey, BTreeSet<T>>, DjangoError> {
        let mut found: BTreeMap<ForeignKey, BTreeSet<T>> = BTreeMap::new();
        let Some(question) = question else { return Ok(found) };
        for row in self.ask(&question)? {
            found.entry(self.key(&row, "key")?).or_default().insert(read(&row)?);
        }
        Ok(found)
    }

    fn all_groups(&mut self) -> Result<Vec<Group>, DjangoError> {
        if !self.layout.has_groups {
            return Ok(Vec::new());
        }
        let mut permissions: BTreeMap<i64, BTreeSet<Permission>> = BTreeMap::new();
        for row in self.ask(&self.questions().group_permissions())? {
            permissions.entry(whole(&row, "id")?).or_default().insert(permission(&row)?);
        }
        let rows = self.ask(&self.questions().groups())?;
        let group = |row: &Map<String, Value>| {
            let id = whole(row, "id")?;
            let permissions = permissions.remove(&id).unwrap_or_default().into_iter().collect();
            Ok(Group { id, name: text(row, "name")?.to_owned(), permissions })
        };
        rows.iter().map(group).collect()
    }

    fn tokens(
        &mut self,
        after: Option<&ForeignTokenId>,
        limit: u32,
    ) -> Result<Vec<ForeignToken>, DjangoError> {
        if !self.layout.has_tokens {
            return Ok(Vec::new());
        }
        let question = self.questions().tokens(after, limit, self.tokens_after);
        self.ask(&question)?.iter().map(token).collect()
    }

    fn users_with(&mut self, keys: &[ForeignKey]) -> Result<Vec<ForeignKey>, DjangoError> {
        let mut present = Vec::new();
        for chunk in keys.chunks(KEYS_PER_QUESTION) {
            let Some(question) = self.questions().present(chunk) else { continue };
            for row in self.ask(&question)? {
                present.push(self.key(&row, "key")?);
            }
        }
        Ok(present)
    }
}

impl<R: Rows + Send, V: Fn(&str) -> bool + Send> AccountSource for Source<R, V> {
    fn groups(&mut self) -> Result<Vec<Group>, SourceError> {
        Ok(self.all_groups()?)
    }

    fn accounts_after(
        &mut self,
        after: Option<&ForeignKey>,
        limit: u32,
    ) -> Result<Vec<SourceRow>, SourceError> {
        Ok(self.users(after, limit)?)
    }

    fn tokens_after(
        &mut self,
        after: Option<&ForeignTokenId>,
        limit: u32,
    ) -> Result<Vec<ForeignToken>, SourceError> {
        Ok(self.tokens(after, limit)?)
    }

    fn present(&mut self, keys: &[ForeignKey]) -> Result<Vec<ForeignKey>, SourceError> {
        Ok(self.users_with(keys)?)
    }
}

fn permission(row: &Map<String, Value>) -> Result<Permission, DjangoError> {
    let member = |name| text(row, name).map(str::to_owned);
    Ok(Permission { app: member("app")?, model: member("model")?, codename: member("codename")? })
}

fn token(row: &Map<String, Value>) -> Result<ForeignToken, DjangoError> {
    let time = |value| instant(value).ok_or_else(|| DjangoError::answer("a token's time that is none"));
    let blacklisted = row.get("blacklisted").filter(|value| !value.is_null());
    Ok(ForeignToken {
        id: ForeignTokenId(text(row, "jti")?.to_owned()),
        expires_at: time(row.get("expires").unwrap_or(&Value::Null))?,
        spent: blacklisted.map(time).transpose()?.map(|at| Spent { at, session: None }),
    })
}

#[cfg(test)]
mod tests;
