//! How many letters were written to an address lately.

use super::kept::Kept;
use super::{ASIDE, counted, lists};
use crate::connection::{AnyConnection, on_either};
use crate::schema::mail_buckets;
use diesel::prelude::*;
use doorward_domain::mail::{MailBucket, Mailings};
use doorward_domain::time::Timestamp;

/// The times, in a row that is made where it is missing: what is not there cannot be locked, and the
/// first letters of a bucket would not see each other.
pub(super) fn hold(c: &mut AnyConnection, bucket: &MailBucket) -> QueryResult<Mailings> {
    let times: String = on_either!(c, |c| diesel::insert_into(mail_buckets::table)
        .values(mail_buckets::bucket.eq(bucket.as_str()))
        .on_conflict(mail_buckets::bucket)
        .do_update()
        .set(mail_buckets::last_at.eq(mail_buckets::last_at))
        .returning(mail_buckets::times)
        .get_result(c))?;
    lists::read_instants(&times).map(Mailings)
}

pub(super) fn put(c: &mut AnyConnection, bucket: &MailBucket, mailings: &Mailings) -> QueryResult<()> {
    let last = mailings.0.iter().max().map_or(0, |at| at.as_micros());
    let changes =
        (mail_buckets::times.eq(lists::write_instants(&mailings.0)), mail_buckets::last_at.eq(last));
    let update = diesel::update(mail_buckets::table.find(bucket.as_str()))
        .set(changes)
        .returning(mail_buckets::last_at);
    Kept(update).get_result::<i64>(c).map(drop)
}

/// When the last letter was written is looked at again where somebody else has just written one.
pub(super) fn sweep(c: &mut AnyConnection, before: Timestamp, limit: u32) -> QueryResult<u64> {
    let before = before.as_micros();
    let swept = diesel::alias!(mail_buckets as swept);
    let old = swept
        .filter(swept.field(mail_buckets::last_at).lt(before))
        .order(swept.field(mail_buckets::last_at))
        .limit(limit.into())
        .select(swept.field(mail_buckets::bucket));
    let guard = mail_buckets::table
        .filter(mail_buckets::bucket.eq_any(old))
        .filter((mail_buckets::last_at + ASIDE).lt(before));
    counted(diesel::delete(guard).execute(c))
}
