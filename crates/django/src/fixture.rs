use crate::attributes::{Members, read};
use crate::model::UserModel;
use crate::names;
use crate::values::iso;
use doorward_domain::identity::EmailAddress;
use doorward_domain::takeover::{AccountRecord, Group, Permission};
use doorward_domain::time::Timestamp;
use doorward_domain::user::PublicId;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::io::{self, Write};

/// Writes a fixture for `manage.py loaddata`, one object after the other, in bounded memory. The same
/// groups and users in the same order are the same bytes.
///
/// Users keep their primary keys and replace those that have them. Groups and permissions are named
/// by their natural keys: a group's number is the one that the database already has for its name,
/// or a new one. Permissions must be there, as they are after `migrate`.
#[derive(Debug)]
pub struct Fixture<W> {
    out: W,
    model: UserModel,
    is_empty: bool,
}

impl<W: Write> Fixture<W> {
    /// Begins a fixture. Give it a buffered writer.
    ///
    /// # Errors
    /// What the writer says.
    pub fn new(mut out: W, model: UserModel) -> io::Result<Self> {
        out.write_all(b"[")?;
        Ok(Self { out, model, is_empty: true })
    }

    /// Writes a group.
    ///
    /// # Errors
    /// What the writer says.
    pub fn group(&mut self, group: &Group) -> io::Result<()> {
        let fields = vec![
            ("name".to_owned(), json!(group.name)),
            ("permissions".to_owned(), natural_keys(&group.permissions)),
        ];
        self.object("auth.group", None, &fields)
    }

    /// Writes a user with its password's hash. The groups that it names must have been written before,
    /// or be at Django already.
    ///
    /// # Errors
    /// What the writer says; [`io::ErrorKind::InvalidData`] for a time outside of the years 1 to 9999.
    pub fn user(&mut self, account: &AccountRecord) -> io::Result<()> {
        let user = &account.user;
        let key = match user.public_id() {
            PublicId::Key(subject) => json!(subject.as_str()),
            PublicId::Number(_) if self.model.has_text_keys => json!(user.subject.as_str()),
            PublicId::Number(number) => json!(number.0),
        };
        let fields = self.fields(account)?;
        let label = self.model.label.clone();
        self.object(&label, Some(&key), &fields)
    }

    /// Ends the fixture, flushes it and gives the writer back.
    ///
    /// # Errors
    /// What the writer says.
    pub fn finish(mut self) -> io::Result<W> {
        self.out.write_all(if self.is_empty { b"]\n" } else { b"\n]\n" })?;
        self.out.flush()?;
        Ok(self.out)
    }

    fn object(&mut self, model: &str, key: Option<&Value>, fields: &[(String, Value)]) -> io::Result<()> {
        self.out.write_all(if self.is_empty { b"\n" } else { b",\n" })?;
        self.is_empty = false;
        write!(self.out, r#"{{"model": {}, "#, json!(model))?;
        if let Some(key) = key {
            write!(self.out, r#""pk": {key}, "#)?;
        }
        self.out.write_all(br#""fields": {"#)?;
        for (at, (name, value)) in fields.iter().enumerate() {
            let comma = if at == 0 { "" } else { ", " };
            write!(self.out, "{comma}{}: {value}", json!(name))?;
        }
        self.out.write_all(b"}}")
    }

    fn fields(&self, account: &AccountRecord) -> io::Result<Vec<(String, Value)>> {
        let (user, model) = (&account.user, &self.model);
        let mut attributes = read(&account.attributes);
        let username = user.username.as_str();
        let email = user.email.as_ref().map(EmailAddress::as_str);
        let mut fields = Fields { without: &model.without, written: Vec::new() };
        fields.push("password", json!(account.password.as_encoded()));
        fields.push("last_login", self.time(account.last_login)?);
        fields.push("is_superuser", json!(user.is_superuser));
        // An account without a username came in under its address.
        let odd = attributes.remove(&model.username_field).filter(|_| email == Some(username));
        fields.push(&model.username_field, odd.unwrap_or_else(|| json!(username)));
        self.name(account, &mut attributes, &mut fields);
        let kept = attributes.remove("email").unwrap_or_else(|| json!(""));
        fields.push("email", email.map_or(kept, |email| json!(email)));
        fields.push("is_staff", json!(user.is_staff));
        fields.push("is_active", json!(user.is_active));
        fields.push("date_joined", self.time(Some(user.date_joined))?);
        fields.push("groups", user.groups.iter().map(|name| json!([name])).collect());
        fields.push("user_permissions", natural_keys(&account.permissions));
        if model.takes_attributes() {
            for (name, value) in attributes {
                let value = if model.has_naive_times { without_zone(value) } else { value };
                fields.push(&name, value);
            }
        }
        Ok(fields.written)
    }

    /// The first and the last name, if they are still what the account came with.
    fn name(&self, account: &AccountRecord, attributes: &mut Members, fields: &mut Fields<'_>) {
        let full_name = account.user.full_name.as_str();
        let mut part = |name| attributes.remove(name).and_then(|it| it.as_str().map(str::to_owned));
        let (first, last) = (part("first_name"), part("last_name"));
        let had_parts = first.is_some() || last.is_some();
        let parts = (first.unwrap_or_default(), last.unwrap_or_default());
        if let Some(field) = &self.model.full_name_field {
            fields.push(field, json!(full_name));
            if !had_parts {
                return;
            }
        }
        let are_current =
            self.model.full_name_field.is_some() || names::join(&parts.0, &parts.1) == full_name;
        let (first, last) = if are_current { parts } else { names::split(full_name) };
        fields.push("first_name", json!(first));
        fields.push("last_name", json!(last));
    }

    fn time(&self, time: Option<Timestamp>) -> io::Result<Value> {
        let Some(time) = time else { return Ok(Value::Null) };
        let out_of_range = || io::Error::new(io::ErrorKind::InvalidData, "a time that Django cannot have");
        let written = json!(iso(time).ok_or_else(out_of_range)?);
        Ok(if self.model.has_naive_times { without_zone(written) } else { written })
    }
}

/// Fields in the order in which they are written: each once, and none that the model lacks.
struct Fields<'a> {
    without: &'a BTreeSet<String>,
    written: Vec<(String, Value)>,
}

impl Fields<'_> {
    fn push(&mut self, name: &str, value: Value) {
        if !self.without.contains(name) && self.written.iter().all(|(written, _)| written != name) {
            self.written.push((name.to_owned(), value));
        }
    }
}

/// An instant as `USE_TZ = False` takes it; anything else as it is.
fn without_zone(value: Value) -> Value {
    let instant = crate::values::instant(&value).filter(|_| value.is_string());
    match instant.and_then(iso) {
        Some(written) if value == written => json!(written.trim_end_matches('Z')),
        _ => value,
    }
}

fn natural_keys(permissions: &[Permission]) -> Value {
    permissions.iter().map(|it| json!([it.codename, it.app, it.model])).collect()
}

#[cfg(test)]
mod tests;
