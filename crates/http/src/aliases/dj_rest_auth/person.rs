use crate::wire::AccountId;
use doorward_domain::user::{FullName, User};
use serde::Serialize;
use utoipa::ToSchema;

/// An account, as dj-rest-auth shows it.
#[derive(Serialize, ToSchema)]
#[schema(as = DjRestAuthPerson)]
pub(crate) struct Person {
    /// What others know it by: the claim `user_id`.
    pk: AccountId,
    /// What it logs in with.
    #[schema(example = "alice")]
    username: String,
    /// Its address; empty if it has none.
    #[schema(example = "alice@example.com")]
    email: String,
    /// The first word of the person's name.
    #[schema(example = "Alice")]
    first_name: String,
    /// The rest of the person's name.
    #[schema(example = "Liddell")]
    last_name: String,
}

impl From<&User> for Person {
    fn from(user: &User) -> Self {
        let Names { first, last } = Names::of(&user.full_name);
        Self {
            pk: user.public_id().into(),
            username: user.username.to_string(),
            email: user.email.as_ref().map(ToString::to_string).unwrap_or_default(),
            first_name: first,
            last_name: last,
        }
    }
}

/// A full name in two. What is joined and parted again is the same, unless the first name has a
/// space in it, or is empty.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Names {
    pub(super) first: String,
    pub(super) last: String,
}

impl Names {
    /// The parts of a full name: its first word, and the rest.
    pub(super) fn of(full: &FullName) -> Self {
        let (first, last) = full.as_str().split_once(' ').unwrap_or((full.as_str(), ""));
        Self { first: first.to_owned(), last: last.to_owned() }
    }

    /// The full name of these parts.
    pub(super) fn joined(&self) -> String {
        format!("{} {}", self.first, self.last).trim().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_parted_at_its_first_space() {
        for (full, first, last) in [
            ("", "", ""),
            ("Alice", "Alice", ""),
            ("Alice Liddell", "Alice", "Liddell"),
            ("Anna van Dyck", "Anna", "van Dyck"),
        ] {
            let names = Names::of(&FullName::parse(full).unwrap());
            assert_eq!(names, Names { first: first.to_owned(), last: last.to_owned() });
            assert_eq!(names.joined(), full);
        }
        assert_eq!(Names { first: String::new(), last: "Liddell".to_owned() }.joined(), "Liddell");
    }
}
