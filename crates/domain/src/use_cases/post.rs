use super::email_change::send_reset;
use super::verification::send_verification;
use super::{Auth, Failure};
use crate::identity::CanonicalName;
use crate::mail::{
    Courier, Delivered, DeliveryError, Desk, Letter, LetterId, LetterState, OutboxEntry, RequestedLetter,
    Settled, ShownLetter,
};
use crate::store::{LetterFilter, MailDue, StoreError, Transaction, Verdict};
use crate::time::Timestamp;
use crate::user::User;
use std::sync::Arc;
use std::time::Duration;

/// The use cases of mail: a worker that sends what is in the outbox, and what an operator asks of it.
#[derive(Clone)]
pub struct Post {
    auth: Auth,
    courier: Option<Arc<dyn Courier>>,
    lease: Duration,
}

/// Whether a worker found anything to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// It did something; there may be more.
    Worked,
    /// There is nothing to do now.
    Idle,
}

/// Why a letter is not sent again.
#[derive(Debug, thiserror::Error)]
pub enum RetryError {
    /// There is no such letter.
    #[error("there is no such letter")]
    NotFound,
    /// It was sent, or is kept.
    #[error("the letter was delivered")]
    Delivered,
    /// Its link is over: a new one has to be asked for.
    #[error("the letter has expired")]
    Expired,
    /// Something beneath failed.
    #[error(transparent)]
    Failure(#[from] Failure),
}

impl Post {
    /// The use cases of mail. Without a courier, letters wait in the outbox.
    ///
    /// A letter that a worker has begun to send, and says no more of, is sent again once `lease` is over:
    /// it must be longer than the courier takes at most.
    pub fn new(auth: Auth, courier: Option<Arc<dyn Courier>>, lease: Duration) -> Self {
        Self { auth, courier, lease }
    }

    /// Answers one request and delivers one letter, if there are any: neither waits for the last of the
    /// other kind. Any number of workers, in any number of processes, may do so at once.
    ///
    /// A worker that is killed loses nothing. The letter that it was just handing over is sent again,
    /// under the same id; no other one is.
    ///
    /// # Errors
    /// The database failed.
    pub async fn work(&self) -> Result<Progress, Failure> {
        let (store, now) = (&self.auth.ports.store, self.auth.ports.clock.now());
        let MailDue { request, letter } = store.query(move |db| db.mail_due(now)).await?;
        let desk = self.auth.desk();
        let answered = request && store.transact(move |tx| answer_request(tx, now, &desk)).await?;
        let delivered = match &self.courier {
            Some(courier) if letter => self.deliver(&**courier, now).await?,
            _ => false,
        };
        Ok(if answered || delivered { Progress::Worked } else { Progress::Idle })
    }

    /// The letters that `filter` lets through, the last written first.
    ///
    /// # Errors
    /// The database failed.
    pub async fn letters(&self, filter: LetterFilter, limit: u32) -> Result<Vec<OutboxEntry>, Failure> {
        Ok(self.auth.ports.store.query(move |db| db.letters(filter, limit)).await?)
    }

    /// The letter of that id.
    ///
    /// # Errors
    /// The database failed.
    pub async fn letter(&self, id: LetterId) -> Result<Option<OutboxEntry>, Failure> {
        Ok(self.auth.ports.store.query(move |db| db.letter(id)).await?)
    }

    /// A letter as its reader sees it; `None` if its contents are gone, do not open, or cannot be shown.
    pub fn show(&self, entry: &OutboxEntry) -> Option<ShownLetter> {
        let letter = self.open(entry)?;
        self.courier.as_ref()?.show(&letter).ok()
    }

    /// Queues a letter that failed, or that waits for its next attempt, to be sent now.
    ///
    /// # Errors
    /// Why it is not sent again.
    pub async fn retry(&self, id: LetterId) -> Result<(), RetryError> {
        let now = self.auth.ports.clock.now();
        let entry = self.letter(id).await?.ok_or(RetryError::NotFound)?;
        if entry.expires_at <= now {
            return Err(RetryError::Expired);
        }
        let step = move |tx: &mut dyn Transaction| Ok(Verdict::Commit(tx.mailroom().requeue(id, now)?));
        let is_queued = self.auth.ports.store.transact(step).await.map_err(Failure::from)?;
        if is_queued { Ok(()) } else { Err(RetryError::Delivered) }
    }

    /// False if another worker was faster.
    async fn deliver(&self, courier: &dyn Courier, now: Timestamp) -> Result<bool, Failure> {
        let (store, until) = (&self.auth.ports.store, now.plus(self.lease));
        let claim = move |tx: &mut dyn Transaction| Ok(Verdict::Commit(tx.mailroom().claim(now, until)?));
        let Some(entry) = store.transact(claim).await? else { return Ok(false) };
        let settled = match self.open(&entry) {
            Some(letter) => outcome(courier.deliver(&letter).await, &entry, self.auth.ports.clock.now()),
            None => Settled::Failed { error: "it does not open under this root secret".to_owned() },
        };
        let (id, attempt, at) = (entry.id, entry.attempts, self.auth.ports.clock.now());
        let settle = move |tx: &mut dyn Transaction| {
            Ok(Verdict::Commit(tx.mailroom().settle(id, attempt, &settled, at)?))
        };
        store.transact(settle).await?;
        Ok(true)
    }

    fn open(&self, entry: &OutboxEntry) -> Option<Letter> {
        self.auth.ports.envelopes.open(entry.id, entry.sealed.as_ref()?).ok()
    }
}

impl OutboxEntry {
    /// Whether it waits for an attempt that will not come, since nobody needs it any more.
    pub fn has_expired(&self, now: Timestamp) -> bool {
        self.state == LetterState::Queued && self.expires_at <= now
    }
}

/// The step: answers the oldest request with a letter to the account's own address, if there is such an
/// account. False if there was no request.
///
/// # Errors
/// The database failed.
pub fn answer_request(
    tx: &mut dyn Transaction,
    now: Timestamp,
    desk: &Desk,
) -> Result<Verdict<bool>, StoreError> {
    let Some(request) = tx.mailroom().take_request()? else { return Ok(Verdict::RollBack(false)) };
    let address: &CanonicalName = request.address.canonical();
    let has_address =
        |user: &User| user.is_active && user.email.as_ref().is_some_and(|email| email.canonical() == address);
    if let Some(user) = tx.user_by_login_name(address)?.filter(has_address)
        && let Some(held) = tx.hold(user.id)?.filter(|held| has_address(&held.user))
    {
        match request.what {
            RequestedLetter::ResetPassword => send_reset(tx, &held, now, desk)?,
            RequestedLetter::VerifyEmail => send_verification(tx, &held, now, desk)?,
        };
    }
    Ok(Verdict::Commit(true))
}

/// What an attempt came to.
fn outcome(delivered: Result<Delivered, DeliveryError>, entry: &OutboxEntry, now: Timestamp) -> Settled {
    match delivered {
        Ok(Delivered::Sent) => Settled::Sent,
        Ok(Delivered::Kept) => Settled::Kept,
        Err(DeliveryError::Later(error)) => {
            Settled::PutOff { until: now.plus(patience(entry.attempts)), error }
        }
        Err(DeliveryError::Never(error)) => Settled::Failed { error },
    }
}

/// How long to wait after so many attempts that failed: soon at first, for a server that restarts, and
/// then ever longer, up to an hour.
fn patience(attempts: u32) -> Duration {
    Duration::from_secs(match attempts {
        0 | 1 => 5,
        2 => 30,
        3 => 2 * 60,
        4 => 10 * 60,
        5 => 30 * 60,
        _ => 3600,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::EmailAddress;
    use crate::mail::{LetterKind, Message};
    use crate::testing::{World, block_on};

    fn with_letter() -> World {
        let world = World::with_user("alice", "alice@example.com", "pw-of-alice");
        let address = EmailAddress::parse("alice@example.com").unwrap();
        block_on(world.auth.request_letter(RequestedLetter::ResetPassword, address)).unwrap();
        assert_eq!(block_on(world.post.work()).unwrap(), Progress::Worked);
        world
    }

    fn only(world: &World) -> OutboxEntry {
        let [entry] = block_on(world.post.letters(LetterFilter::default(), 9)).unwrap().try_into().unwrap();
        entry
    }

    fn later(world: &World) {
        world.courier.fail_next(DeliveryError::Later("451 come back".to_owned()));
    }

    #[test]
    fn a_letter_that_was_sent_is_known_but_what_it_held_is_gone() {
        let world = with_letter();
        assert!(world.post.show(&only(&world)).is_some());
        assert_eq!(world.mail().len(), 1);
        let sent = only(&world);
        assert_eq!((sent.state, &sent.sealed, sent.attempts), (LetterState::Sent, &None, 1));
        assert_eq!(sent.settled_at, Some(world.clock.now_value()));
        assert_eq!(world.post.show(&sent), None);
        assert!(matches!(block_on(world.post.retry(sent.id)), Err(RetryError::Delivered)));
    }

    #[test]
    fn while_the_mail_server_is_away_a_letter_waits_ever_longer_and_then_arrives() {
        let world = with_letter();
        for wait in [5, 30, 120, 600] {
            later(&world);
            assert_eq!(world.mail(), []);
            assert_eq!(only(&world).last_error.as_deref(), Some("451 come back"));
            world.clock.advance(Duration::from_secs(wait - 1));
            assert_eq!(block_on(world.post.work()).unwrap(), Progress::Idle);
            world.clock.advance(Duration::from_secs(1));
        }
        assert_eq!(world.mail().len(), 1);
        assert_eq!(only(&world).attempts, 5);
        assert_eq!(only(&world).last_error, None);
    }

    #[test]
    fn a_letter_whose_link_is_over_is_not_sent_any_more() {
        let world = with_letter();
        later(&world);
        world.mail();
        world.clock.advance(Duration::from_secs(3600));
        assert_eq!(world.mail(), []);
        let entry = only(&world);
        assert!(entry.has_expired(world.clock.now_value()));
        assert!(matches!(block_on(world.post.retry(entry.id)), Err(RetryError::Expired)));
    }

    #[test]
    fn a_letter_that_is_refused_for_good_waits_for_an_operator() {
        let world = with_letter();
        world.courier.fail_next(DeliveryError::Never("550 no such mailbox".to_owned()));
        assert_eq!(world.mail(), []);
        let failed = only(&world);
        assert_eq!(failed.state, LetterState::Failed);
        assert_eq!(failed.last_error.as_deref(), Some("550 no such mailbox"));
        world.clock.advance(Duration::from_secs(60));
        assert_eq!(world.mail(), []);
        block_on(world.post.retry(failed.id)).unwrap();
        assert_eq!(world.mail().len(), 1);
        assert!(matches!(
            block_on(world.post.retry(LetterId::from_bytes([0; 16]))),
            Err(RetryError::NotFound)
        ));
    }

    #[test]
    fn a_letter_that_one_worker_sends_is_left_alone_by_the_others() {
        let world = with_letter();
        let other = world.post.clone();
        world.courier.before_next(move || assert_eq!(block_on(other.work()).unwrap(), Progress::Idle));
        assert_eq!(world.mail().len(), 1);
    }

    #[test]
    fn a_letter_whose_worker_fell_silent_is_sent_again_and_the_late_word_changes_nothing() {
        let world = with_letter();
        let (other, clock) = (world.post.clone(), world.clock.clone());
        world.courier.before_next(move || {
            clock.advance(Duration::from_secs(60));
            assert_eq!(block_on(other.work()).unwrap(), Progress::Worked);
        });
        later(&world);
        // The second attempt fails and puts the letter off; the first one then says that it was sent.
        assert_eq!(world.mail().len(), 1);
        assert_eq!((only(&world).state, only(&world).attempts), (LetterState::Queued, 2));
    }

    #[test]
    fn what_does_not_open_is_given_up() {
        let world = with_letter();
        let entry = OutboxEntry { sealed: Some(vec![0]), ..only(&world) };
        let step = move |tx: &mut dyn Transaction| Ok(Verdict::Commit(tx.mailroom().post(&entry)?));
        block_on(world.auth.ports().store.transact(step)).unwrap();
        assert_eq!(world.mail(), []);
        assert_eq!(only(&world).state, LetterState::Failed);
    }

    #[test]
    fn without_a_courier_requests_are_answered_and_letters_wait() {
        let world = with_letter();
        let post = Post::new(world.auth.clone(), None, Duration::from_secs(60));
        assert_eq!(block_on(post.work()).unwrap(), Progress::Idle);
        assert_eq!(only(&world).state, LetterState::Queued);
    }

    #[test]
    fn reuse_of_a_refresh_token_is_told_once() {
        let world = World::with_user("alice", "alice@example.com", "pw-of-alice");
        let first = world.login("alice", "pw-of-alice").unwrap();
        let client = || crate::session::Client::new("203.0.113.9", "thief");
        block_on(world.auth.refresh(&first.refresh, client())).unwrap();
        world.clock.advance(Duration::from_secs(11));
        for _ in 0..2 {
            assert!(block_on(world.auth.refresh(&first.refresh, client())).is_err());
        }
        let [told] = world.mail().try_into().unwrap();
        assert_eq!(told.message.kind(), LetterKind::TokenReused);
        assert_eq!(told.message, Message::TokenReused { client: client() });
    }

    #[test]
    fn letters_and_buckets_are_swept_a_day_after_they_are_over() {
        let world = with_letter();
        world.mail();
        world.clock.advance(Duration::from_secs(24 * 3600));
        assert_eq!(block_on(world.auth.sweep()).unwrap(), 0);
        world.clock.advance(Duration::from_secs(3601));
        // The letter, its secret, and the bucket that it was counted in.
        assert_eq!(block_on(world.auth.sweep()).unwrap(), 3);
        assert_eq!(block_on(world.auth.sweep()).unwrap(), 0);
    }
}
