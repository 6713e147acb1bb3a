use crate::identity::{CanonicalName, EmailAddress, Username};
use crate::takeover::NameOwner;
use crate::user::UserId;
use std::collections::HashMap;

/// Who has the login names of a batch, as far as it has come.
pub(super) struct Names(HashMap<CanonicalName, Owner>);

/// Who has a login name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Owner {
    pub(super) who: Who,
    /// Whether it is that account's username; else it is its address alone.
    pub(super) is_username: bool,
}

/// An account, stored or about to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Who {
    Stored(UserId),
    /// The newcomer of that position in the batch.
    New(usize),
}

impl Names {
    pub(super) fn of(owners: Vec<NameOwner>) -> Self {
        let owned = owners.into_iter().map(|NameOwner { name, user, is_username }| {
            (name, Owner { who: Who::Stored(user), is_username })
        });
        Self(owned.collect())
    }

    pub(super) fn owner(&self, name: &CanonicalName) -> Option<Owner> {
        self.0.get(name).copied()
    }

    /// An account gets these names, which are free.
    pub(super) fn enter(&mut self, who: Who, username: &Username, email: Option<&EmailAddress>) {
        if let Some(address) = email {
            self.0.insert(address.canonical().clone(), Owner { who, is_username: false });
        }
        // Afterwards, since it counts as the username where both are one.
        self.0.insert(username.canonical().clone(), Owner { who, is_username: true });
    }

    /// An account has none of its names any more.
    pub(super) fn leave(&mut self, who: Who) {
        self.0.retain(|_, owner| owner.who != who);
    }
}
