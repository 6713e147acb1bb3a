use std::collections::BTreeSet;

/// The model that exported users become.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserModel {
    /// `AUTH_USER_MODEL`, as in `api.User`. For every model but `auth.user`, attributes are written as
    /// fields too.
    pub label: String,
    /// The field that usernames are written to: `USERNAME_FIELD`.
    pub username_field: String,
    /// The field for the whole name, where the model has one. The first and the last name are then
    /// written only for accounts that came with them.
    pub full_name_field: Option<String>,
    /// Fields that the model does not have, such as `is_staff`.
    pub without: BTreeSet<String>,
    /// Whether primary keys are texts or UUIDs: accounts that were made here go by their subject, which
    /// is a UUID.
    pub has_text_keys: bool,
    /// Whether times are written without their zone, UTC: for a project with `USE_TZ = False`.
    pub has_naive_times: bool,
}

impl Default for UserModel {
    /// Django's own.
    fn default() -> Self {
        Self::named("auth.user")
    }
}

impl UserModel {
    /// A model with the fields of Django's `AbstractUser`.
    pub fn named(label: impl Into<String>) -> Self {
        Self {
            label: label.into(),
            username_field: "username".to_owned(),
            full_name_field: None,
            without: BTreeSet::new(),
            has_text_keys: false,
            has_naive_times: false,
        }
    }

    /// Django's own user has no fields for them.
    pub(crate) fn takes_attributes(&self) -> bool {
        !self.label.eq_ignore_ascii_case("auth.user")
    }
}
