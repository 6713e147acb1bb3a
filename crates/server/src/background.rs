//! What a server does besides answering.

use anyhow::Context as _;
use doorward_domain::use_cases::{Auth, Keys};
use doorward_recall::Recall;
use doorward_tokens::TokenAuthority;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::time::{MissedTickBehavior, interval};

/// Twice a second, so that every instance has a change within one.
const LOOK_AT_KEYS: Duration = Duration::from_millis(500);

/// Four times within the lease of what is remembered, so that it does not end over one late answer.
const LOOK_AT_CHANGES: Duration = Duration::from_millis(200);

const SWEEP: Duration = Duration::from_secs(300);

/// Follows the keys in the database: another instance or a command may change them.
pub(crate) async fn follow_keys(keys: Keys, authority: Arc<TokenAuthority>, mut installed: i64) {
    let mut ticks = interval(LOOK_AT_KEYS);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut outage = Outage::default();
    loop {
        ticks.tick().await;
        let looked = catch_up(&keys, &authority, installed).await;
        if let Some(version) = outage.told("the signing keys cannot be followed", looked) {
            installed = version;
        }
    }
}

/// Installs the keys if they changed, and tells their version.
async fn catch_up(keys: &Keys, authority: &TokenAuthority, installed: i64) -> anyhow::Result<i64> {
    if keys.version().await? == installed {
        return Ok(installed);
    }
    let opened = keys.open().await?;
    authority.install(opened.keys).context("the keys are left as they were")?;
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

/// Deletes sessions that expired long ago.
pub(crate) async fn sweep(auth: Auth, swept: Arc<AtomicU64>) {
    let mut ticks = interval(SWEEP);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut outage = Outage::default();
    loop {
        ticks.tick().await;
        while let Some(deleted @ 1..) =
            outage.told("expired sessions cannot be swept", auth.sweep().await.map_err(Into::into))
        {
            swept.fetch_add(deleted, Ordering::Relaxed);
        }
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
