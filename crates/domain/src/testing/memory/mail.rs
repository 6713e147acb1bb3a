use super::{Tables, size};
use crate::mail::{LetterId, LetterState, MailBucket, MailRequest, Mailings, OutboxEntry, Settled};
use crate::store::{Mailroom, StoreError};
use crate::time::Timestamp;

impl Tables {
    /// The letter that has been due for longest.
    pub(super) fn due(&self, now: Timestamp) -> Option<LetterId> {
        let is_due = |letter: &&OutboxEntry| {
            letter.state == LetterState::Queued && letter.next_attempt_at <= now && now < letter.expires_at
        };
        let due = self.letters.values().filter(is_due);
        due.min_by_key(|letter| (letter.next_attempt_at, letter.id)).map(|letter| letter.id)
    }
}

impl Mailroom for Tables {
    fn ask(&mut self, request: &MailRequest) -> Result<(), StoreError> {
        self.requests.push_back(request.clone());
        Ok(())
    }

    fn take_request(&mut self) -> Result<Option<MailRequest>, StoreError> {
        Ok(self.requests.pop_front())
    }

    fn hold_mailings(&mut self, bucket: &MailBucket) -> Result<Mailings, StoreError> {
        Ok(self.mailings.get(bucket).cloned().unwrap_or_default())
    }

    fn put_mailings(&mut self, bucket: &MailBucket, mailings: &Mailings) -> Result<(), StoreError> {
        self.mailings.insert(bucket.clone(), mailings.clone());
        Ok(())
    }

    fn post(&mut self, letter: &OutboxEntry) -> Result<(), StoreError> {
        self.letters.insert(letter.id, letter.clone());
        Ok(())
    }

    fn claim(&mut self, now: Timestamp, until: Timestamp) -> Result<Option<OutboxEntry>, StoreError> {
        let due = self.due(now).and_then(|id| self.letters.get_mut(&id));
        Ok(due.map(|letter| {
            letter.attempts += 1;
            letter.next_attempt_at = until;
            letter.clone()
        }))
    }

    fn settle(
        &mut self,
        id: LetterId,
        attempt: u32,
        settled: &Settled,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let is_meant =
            |letter: &&mut OutboxEntry| letter.state == LetterState::Queued && letter.attempts == attempt;
        let Some(letter) = self.letters.get_mut(&id).filter(is_meant) else { return Ok(false) };
        match settled {
            Settled::Sent => {
                letter.sealed = None;
                letter.state = LetterState::Sent;
            }
            Settled::Kept => letter.state = LetterState::Kept,
            Settled::PutOff { until, .. } => letter.next_attempt_at = *until,
            Settled::Failed { .. } => letter.state = LetterState::Failed,
        }
        letter.last_error = match settled {
            Settled::Sent | Settled::Kept => None,
            Settled::PutOff { error, .. } | Settled::Failed { error } => Some(error.clone()),
        };
        letter.settled_at = (letter.state != LetterState::Queued).then_some(now);
        Ok(true)
    }

    fn requeue(&mut self, id: LetterId, now: Timestamp) -> Result<bool, StoreError> {
        let waits =
            |letter: &&mut OutboxEntry| matches!(letter.state, LetterState::Queued | LetterState::Failed);
        let found = self.letters.get_mut(&id).filter(waits).map(|letter| {
            letter.state = LetterState::Queued;
            letter.next_attempt_at = now;
            letter.settled_at = None;
        });
        Ok(found.is_some())
    }

    fn sweep_mail(&mut self, before: Timestamp, limit: u32) -> Result<u64, StoreError> {
        let expired = self.letters.values().filter(|letter| letter.expires_at < before);
        let expired: Vec<_> = expired.map(|letter| letter.id).take(size(limit)).collect();
        let last = |mailings: &Mailings| mailings.0.iter().max().copied();
        let old = self.mailings.iter().filter(|(_, mailings)| last(mailings).is_none_or(|at| at < before));
        let old: Vec<_> = old.map(|(bucket, _)| bucket.clone()).take(size(limit)).collect();
        for id in &expired {
            self.letters.remove(id);
        }
        for bucket in &old {
            self.mailings.remove(bucket);
        }
        Ok(u64::try_from(expired.len() + old.len()).unwrap())
    }
}
