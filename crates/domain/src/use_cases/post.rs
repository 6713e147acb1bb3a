use super::email_change::{hold_owner, send_reset};
use super::verification::send_verification;
use super::{Auth, Failure};
use crate::mail::{
    Bound, Courier, Delivered, DeliveryError, Desk, Letter, LetterId, LetterState, MailRequest, OutboxEntry,
    RequestedLetter, Settled, ShownLetter,
};
use crate::store::{LetterFilter, StoreError, Transaction, Verdict};
use crate::time::Timestamp;
use std::sync::Arc;
use std::time::Duration;

/// How many requests one unit of work answers: many asked at once share a commit, and nobody waits long.
const BATCH: usize = 32;

/// How long a request for a letter is worth answering.
const PATIENCE: Duration = Duration::from_secs(3600);

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

    /// Answers some requests for letters, if there are any. Any number of workers, in any number of
    /// processes, may do so at once.
    ///
    /// # Errors
    /// The database failed.
    pub async fn answer(&self) -> Result<Progress, Failure> {
        let (store, now) = (&self.auth.ports.store, self.auth.ports.clock.now());
        if !store.query(move |db| db.mail_due(now)).await?.request {
            return Ok(Progress::Idle);
        }
        let desk = self.auth.desk();
        let answered = store.transact(move |tx| answer_requests(tx, now, &desk)).await?;
        Ok(if answered { Progress::Worked } else { Progress::Idle })
    }

    /// Delivers one letter, if any is due; likewise.
    ///
    /// A worker that is killed loses nothing. The letter that it was just handing over is sent again,
    /// under the same id, and so is one whose delivery the database could not be told of; no other one
    /// is.
    ///
    /// # Errors
    /// The database failed.
    pub async fn deliver(&self) -> Result<Progress, Failure> {
        let Some(courier) = &self.courier else { return Ok(Progress::Idle) };
        let (store, now) = (&self.auth.ports.store, self.auth.ports.clock.now());
        if !store.query(move |db| db.mail_due(now)).await?.letter {
            return Ok(Progress::Idle);
        }
        // The lease counts from when it is taken.
        let now = self.auth.ports.clock.now();
        let until = now.plus(self.lease);
        let claim = move |tx: &mut dyn Transaction| Ok(Verdict::Commit(tx.mailroom().claim(now, until)?));
        let Some(entry) = store.transact(claim).await? else { return Ok(Progress::Idle) };
        let settled = match self.open(&entry) {
            Some(letter) => outcome(courier.deliver(&letter).await, &entry, self.auth.ports.clock.now()),
            None => Settled::Failed { error: "it does not open under this root secret".to_owned() },
        };
        let (id, attempt, at) = (entry.id, entry.attempts, self.auth.ports.clock.now());
        let settle = move |tx: &mut dyn Transaction| {
            Ok(Verdict::Commit(tx.mailroom().settle(id, attempt, &settled, at)?))
        };
        store.transact(settle).await?;
        Ok(Progress::Worked)
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

    /// Queues a letter that failed, or that waits for its next attempt, to be sent now. One that is being
    /// sent at that moment may arrive twice.
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

/// The step: answers the oldest requests, each with a letter to the account's own address, if there is such
/// an account. False if there was no request.
///
/// # Errors
/// The database failed.
pub fn answer_requests(
    tx: &mut dyn Transaction,
    now: Timestamp,
    desk: &Desk,
) -> Result<Verdict<bool>, StoreError> {
    let mut requests = Vec::new();
    while requests.len() < BATCH
        && let Some(request) = tx.mailroom().take_request()?
    {
        requests.push(request);
    }
    if requests.is_empty() {
        return Ok(Verdict::RollBack(false));
    }
    // Two instances lock accounts in the same order. What was asked last of one address counts.
    requests.sort_by(|one, other| one.address.canonical().cmp(other.address.canonical()));
    for request in requests {
        // Whoever asked earlier has given up, or asked again.
        if now.since(request.asked_at) <= PATIENCE {
            answer_request(tx, &request, now, desk)?;
        }
    }
    Ok(Verdict::Commit(true))
}

fn answer_request(
    tx: &mut dyn Transaction,
    request: &MailRequest,
    now: Timestamp,
    desk: &Desk,
) -> Result<(), StoreError> {
    if let Some(held) = hold_owner(tx, request.address.canonical())?.filter(|held| held.user.is_active) {
        match request.what {
            RequestedLetter::ResetPassword => send_reset(tx, &held, Bound::Asked, now, desk)?,
            RequestedLetter::VerifyEmail => send_verification(tx, &held, now, desk)?,
        };
    }
    Ok(())
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
        assert_eq!(block_on(world.post.answer()).unwrap(), Progress::Worked);
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
            assert_eq!(block_on(world.post.deliver()).unwrap(), Progress::Idle);
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
        world.courier.before_next(move || assert_eq!(block_on(other.deliver()).unwrap(), Progress::Idle));
        assert_eq!(world.mail().len(), 1);
    }

    #[test]
    fn a_letter_whose_worker_fell_silent_is_sent_again_and_the_late_word_changes_nothing() {
        let world = with_letter();
        let (other, clock) = (world.post.clone(), world.clock.clone());
        world.courier.before_next(move || {
            clock.advance(Duration::from_secs(60));
            assert_eq!(block_on(other.deliver()).unwrap(), Progress::Worked);
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
    fn what_was_asked_long_ago_is_not_answered_and_what_many_ask_at_once_is() {
        let world = World::new();
        let ask = |name: String| {
            let address = EmailAddress::parse(&format!("{name}@example.com")).unwrap();
            block_on(world.auth.request_letter(RequestedLetter::ResetPassword, address)).unwrap();
        };
        let names: Vec<_> = (0..2 * BATCH).map(|number| format!("user{number}")).collect();
        for name in &names {
            let address = EmailAddress::parse(&format!("{name}@example.com")).unwrap();
            let user = world.user(name, "pw").id;
            let now = world.clock.now_value();
            let step =
                move |tx: &mut dyn Transaction| Ok(Verdict::Commit(tx.set_email(user, &address, now)?));
            block_on(world.auth.ports().store.transact(step)).unwrap().unwrap();
        }
        ask(names[0].clone());
        world.clock.advance(PATIENCE + Duration::from_secs(1));
        names.iter().skip(1).for_each(|name| ask(name.clone()));
        let mut told: Vec<_> = world.mail().into_iter().map(|letter| letter.username).collect();
        told.sort();
        let mut expected = names[1..].to_vec();
        expected.sort();
        assert_eq!(told, expected);
    }

    #[test]
    fn without_a_courier_requests_are_answered_and_letters_wait() {
        let world = with_letter();
        let post = Post::new(world.auth.clone(), None, Duration::from_secs(60));
        assert_eq!(block_on(post.deliver()).unwrap(), Progress::Idle);
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
        assert_eq!(block_on(world.auth.sweep()).unwrap().deleted, 0);
        world.clock.advance(Duration::from_secs(3601));
        // The letter, its secret, and the bucket that it was counted in.
        assert_eq!(block_on(world.auth.sweep()).unwrap().deleted, 3);
        assert_eq!(block_on(world.auth.sweep()).unwrap().deleted, 0);
    }
}
