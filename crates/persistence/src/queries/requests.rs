//! Requests for letters.

use super::{damaged, free};
use crate::connection::AnyConnection;
use crate::schema::mail_requests;
use diesel::prelude::*;
use doorward_domain::identity::EmailAddress;
use doorward_domain::mail::{MailRequest, RequestedLetter};
use doorward_domain::time::Timestamp;

pub(super) fn ask(c: &mut AnyConnection, request: &MailRequest) -> QueryResult<()> {
    let values = (
        mail_requests::what.eq(request.what.as_str()),
        mail_requests::address.eq(request.address.as_str()),
        mail_requests::asked_at.eq(request.asked_at.as_micros()),
    );
    diesel::insert_into(mail_requests::table).values(values).execute(c).map(drop)
}

pub(super) fn take(c: &mut AnyConnection) -> QueryResult<Option<MailRequest>> {
    let oldest = mail_requests::table.order(mail_requests::id).limit(1);
    let mut free: Vec<(i64, String, String, i64)> = free!(c, oldest)?;
    let Some((id, what, address, asked_at)) = free.pop() else { return Ok(None) };
    diesel::delete(mail_requests::table.find(id)).execute(c)?;
    Ok(Some(MailRequest {
        what: RequestedLetter::from_stored(&what)
            .ok_or_else(|| damaged("a request for an unknown letter"))?,
        address: EmailAddress::from_stored(address),
        asked_at: Timestamp::from_micros(asked_at),
    }))
}
