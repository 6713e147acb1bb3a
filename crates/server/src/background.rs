//! What a server does besides answering.

use anyhow::Context as _;
use doorward_domain::use_cases::{Auth, Keys, Post, Progress};
use doorward_recall::Recall;
use doorward_tokens::TokenAuthority;
use std::iter;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};

/// Twice a second, so that every instance has a change within one.
const LOOK_AT_KEYS: Duration = Duration::from_millis(500);

/// Four times within the lease of what is remembered, so that it does not end over one late answer.
const LOOK_AT_CHANGES: Duration = Duration::from_millis(200);

/// Between two pages that are read into memory: others come first, and ten million accounts take a minute or two.
const BETWEEN_PAGES: Duration = Duration::from_millis(5);

/// How soon it is noticed that memory was emptied.
const LOOK_AT_MEMORY: Duration = Duration::from_secs(1);

const SWEEP: Duration = Duration::from_secs(300);

/// The first follows a start soon, since some servers do not run for long; but those who waited for the
/// start come first.
const FIRST_SWEEP: Duration = Duration::from_secs(5);

/// Soon enough for whoever waits for a letter, and a few small questions a second.
const LOOK_FOR_MAIL: Duration = Duration::from_millis(200);

/// How long a database that failed is left alone.
const RESPITE: Duration = Duration::from_secs(1);

/// How long letters in flight may take to arrive when the server stops: most mail servers need less, and
/// whoever stops a server waits a few seconds more than for its requests.
pub(crate) const FAREWELL: Duration = Duration::from_secs(3);

/// Follows the keys in the database: another instance or a command may change them.
pub(crate) async fn follow_keys(
    keys: Keys,
    authority: Arc<TokenAuthority>,
    recall: Arc<Recall>,
    mut installed: i64,
) {
    // They were just read.
    sleep(LOOK_AT_KEYS).await;
    let mut ticks = interval(LOOK_AT_KEYS);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut outage = Outage::default();
    loop {
        ticks.tick().await;
        let looked = catch_up(&keys, &authority, &recall, installed).await;
        if let Some(version) = outage.told("the signing keys cannot be followed", looked) {
            installed = version;
        }
    }
}

/// Installs the keys if they changed, and tells their version.
async fn catch_up(
    keys: &Keys,
    authority: &TokenAuthority,
    recall: &Recall,
    installed: i64,
) -> anyhow::Result<i64> {
    if keys.version().await? == installed {
        return Ok(installed);
    }
    let opened = keys.open().await?;
    // Before, so that whoever sees the new keys finds nobody any more whom only the old ones vouched for;
    // and after, since they may have vouched for somebody meanwhile.
    recall.keys_changed();
    authority.install(opened.keys).context("the keys are left as they were")?;
    recall.keys_changed();
    log::info!(version = opened.version; "the signing keys have changed");
    Ok(opened.version)
}

/// Follows the changes in the database to whom requests come from, likewise.
pub(crate) async fn follow_changes(recall: Arc<Recall>) {
    let mut ticks = interval(LOOK_AT_CHANGES);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut outage = Outage::default();
    loop {
        ticks.tick().await;
        outage.told(
            "the changes in the database cannot be followed",
            recall.follow().await.map_err(Into::into),
        );
    }
}

/// Keeps memory filled with those who are signed in.
pub(crate) async fn warm_up(recall: Arc<Recall>) {
    let (mut outage, mut was_over) = (Outage::default(), false);
    loop {
        let warmed = recall.warm_up().await.map_err(Into::into);
        let is_over = outage.told("live sessions cannot be read ahead", warmed);
        if is_over == Some(true) && !was_over {
            log::info!(sessions = recall.sessions(); "live sessions were read ahead");
        }
        was_over = is_over == Some(true);
        sleep(match is_over {
            Some(false) => BETWEEN_PAGES,
            Some(true) => LOOK_AT_MEMORY,
            None => RESPITE,
        })
        .await;
    }
}

/// Deletes sessions that expired long ago.
pub(crate) async fn sweep(auth: Auth, swept: Arc<AtomicU64>) {
    sleep(FIRST_SWEEP).await;
    let mut ticks = interval(SWEEP);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut outage = Outage::default();
    loop {
        ticks.tick().await;
        while let Some(batch) =
            outage.told("expired sessions cannot be swept", auth.sweep().await.map_err(Into::into))
        {
            swept.fetch_add(batch.deleted, Ordering::Relaxed);
            if !batch.has_more {
                break;
            }
        }
    }
}

/// Workers: one that answers what was asked for by mail, and some that send letters, one at a time each.
pub(crate) struct Deliveries {
    life: watch::Sender<()>,
    workers: Vec<JoinHandle<()>>,
}

impl Deliveries {
    /// Begins.
    pub(crate) fn begin(post: &Post, workers: usize) -> Self {
        let life = watch::Sender::new(());
        let begin = |duty| actix_web::rt::spawn(work(post.clone(), duty, life.subscribe()));
        // Requests have a worker of their own: they do not wait behind a mail server.
        let duties = iter::once(Duty::Answer).chain(iter::repeat_n(Duty::Deliver, workers));
        Self { workers: duties.map(begin).collect(), life }
    }

    /// Begins nothing more, and waits that long for what is in flight. What is cut off is sent again, under
    /// the same id, once its lease is over.
    pub(crate) async fn end(self, within: Duration) {
        let Self { life, mut workers } = self;
        drop(life);
        let all = async {
            for worker in &mut workers {
                // A worker answers nothing, and one that is gone need not be waited for.
                let _ = worker.await;
            }
        };
        if timeout(within, all).await.is_err() {
            workers.iter().for_each(JoinHandle::abort);
            log::info!("a letter in flight was cut off; it is sent again later");
        }
    }
}

/// What a worker does with mail.
#[derive(Clone, Copy)]
enum Duty {
    /// Looks whether whoever asked for a letter has an account, and writes it.
    Answer,
    /// Sends letters.
    Deliver,
}

/// Does its duty until nobody lets it live; what it has begun, it ends.
async fn work(post: Post, duty: Duty, mut life: watch::Receiver<()>) {
    let mut outage = Outage::default();
    // Those who waited for the start come first.
    let mut pause = LOOK_FOR_MAIL;
    loop {
        // Nothing is ever said there: it ends, and that is the word.
        if timeout(pause, life.changed()).await.is_ok() {
            return;
        }
        let (worked, failure) = match duty {
            Duty::Answer => (post.answer().await, "requests for letters cannot be answered"),
            Duty::Deliver => (post.deliver().await, "letters cannot be sent"),
        };
        let worked = worked.map_err(Into::into);
        pause = match outage.told(failure, worked) {
            Some(Progress::Worked) => Duration::ZERO,
            Some(Progress::Idle) => LOOK_FOR_MAIL,
            None => RESPITE,
        };
    }
}

/// Logs a failure when it begins and when it is over, not at every try in between.
#[derive(Default)]
struct Outage {
    lasts: bool,
}

impl Outage {
    fn told<T>(&mut self, what: &str, result: anyhow::Result<T>) -> Option<T> {
        match &result {
            Err(error) if !self.lasts => log::error!("{what}: {error:#}"),
            Ok(_) if self.lasts => log::info!("no longer: {what}"),
            _ => {}
        }
        self.lasts = result.is_err();
        result.ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::rt::System;
    use doorward_domain::identity::EmailAddress;
    use doorward_domain::mail::{
        Courier, Delivery, DeliveryError, Letter, LetterState, RequestedLetter, ShownLetter,
    };
    use doorward_domain::store::LetterFilter;
    use doorward_domain::testing::World;
    use tokio::sync::mpsc;

    /// Tells that it has a letter, and then never answers.
    struct Silent(mpsc::UnboundedSender<()>);

    impl Courier for Silent {
        fn deliver(&self, _: &Letter) -> Delivery {
            self.0.send(()).unwrap();
            Box::pin(std::future::pending())
        }

        fn show(&self, _: &Letter) -> Result<ShownLetter, DeliveryError> {
            Err(DeliveryError::Never(String::new()))
        }
    }

    async fn world_with_request() -> World {
        let world = World::with_user("alice", "alice@example.com", "pw-of-alice");
        let address = EmailAddress::parse("alice@example.com").unwrap();
        world.auth.request_letter(RequestedLetter::ResetPassword, address).await.unwrap();
        world
    }

    #[test]
    fn what_is_asked_for_arrives_and_then_the_workers_end() {
        System::new().block_on(async {
            let world = world_with_request().await;
            let deliveries = Deliveries::begin(&world.post, 2);
            let arrived = async {
                while world.courier.taken().is_empty() {
                    tokio::task::yield_now().await;
                }
            };
            timeout(Duration::from_secs(10), arrived).await.unwrap();
            deliveries.end(FAREWELL).await;
        });
    }

    #[test]
    fn a_letter_that_nobody_answers_for_is_cut_off_and_stays_queued() {
        System::new().block_on(async {
            let world = world_with_request().await;
            let (tell, mut told) = mpsc::unbounded_channel();
            let lease = Duration::from_secs(60);
            let post = Post::new(world.auth.clone(), Some(Arc::new(Silent(tell))), lease);
            let deliveries = Deliveries::begin(&post, 1);
            told.recv().await.unwrap();
            deliveries.end(Duration::from_millis(1)).await;
            let letters = post.letters(LetterFilter::default(), 9).await.unwrap();
            assert_eq!(letters.iter().map(|letter| letter.state).collect::<Vec<_>>(), [LetterState::Queued]);
        });
    }
}
