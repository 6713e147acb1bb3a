use crate::store::{Lookup, StoreError};
use crate::token::{Holder, Issuer};
use crate::user::{PublicId, User, UserId};

/// The number of the account that a token names, if there can be one: a subject is looked up.
///
/// # Errors
/// The database failed.
pub(super) fn find_number(db: &mut dyn Lookup, holder: &Holder) -> Result<Option<UserId>, StoreError> {
    match holder {
        Holder::Account(id) => Ok(Some(*id)),
        Holder::Subject(subject) => db.account_of(subject),
    }
}

/// Whether others know the account by what a token of theirs says. The number that is drawn for an
/// account which is known by its subject may be anybody's key there; and a system that was replaced
/// knows none but those that came from it, whatever numbers it has given to others.
pub(super) fn is_known_as(user: &User, holder: &Holder, issuer: Issuer) -> bool {
    let is_named = match (user.public_id(), holder) {
        (PublicId::Number(id), Holder::Account(named)) => id == *named,
        (PublicId::Key(subject), Holder::Subject(named)) => subject == named,
        (PublicId::Number(_), Holder::Subject(_)) | (PublicId::Key(_), Holder::Account(_)) => false,
    };
    is_named && (user.is_imported || issuer != Issuer::Retiring)
}
