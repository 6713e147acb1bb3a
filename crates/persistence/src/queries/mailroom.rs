//! The domain's [`Mailroom`] on a unit of work.

use super::unit::Unit;
use super::{letters, mailings, requests};
use doorward_domain::mail::{LetterId, MailBucket, MailRequest, Mailings, OutboxEntry, Settled};
use doorward_domain::store::{Mailroom, StoreError};
use doorward_domain::time::Timestamp;

impl Mailroom for Unit<'_> {
    fn ask(&mut self, request: &MailRequest) -> Result<(), StoreError> {
        self.run(|c| requests::ask(c, request))
    }

    fn take_request(&mut self) -> Result<Option<MailRequest>, StoreError> {
        self.run(requests::take)
    }

    fn hold_mailings(&mut self, bucket: &MailBucket) -> Result<Mailings, StoreError> {
        self.run(|c| mailings::hold(c, bucket))
    }

    fn put_mailings(&mut self, bucket: &MailBucket, mailings: &Mailings) -> Result<(), StoreError> {
        self.run(|c| mailings::put(c, bucket, mailings))
    }

    fn post(&mut self, letter: &OutboxEntry) -> Result<(), StoreError> {
        self.run(|c| letters::post(c, letter))
    }

    fn claim(&mut self, now: Timestamp, until: Timestamp) -> Result<Option<OutboxEntry>, StoreError> {
        self.run(|c| letters::claim(c, now, until))
    }

    fn settle(
        &mut self,
        id: LetterId,
        attempt: u32,
        settled: &Settled,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.run(|c| letters::settle(c, id, attempt, settled, now))
    }

    fn requeue(&mut self, id: LetterId, now: Timestamp) -> Result<bool, StoreError> {
        self.run(|c| letters::requeue(c, id, now))
    }

    fn sweep_mail(&mut self, before: Timestamp, limit: u32) -> Result<u64, StoreError> {
        let letters = self.run(|c| letters::sweep(c, before, limit))?;
        let buckets = self.run(|c| mailings::sweep(c, before, limit))?;
        Ok(letters.saturating_add(buckets))
    }
}
