//! What `/metrics` tells of the parts.

use super::Parts;
use doorward_http::Gauge;
use doorward_passwords::HashLane;
use doorward_persistence::StoreGauges;
use doorward_recall::Recall;
use std::sync::Arc;

impl Parts {
    /// What `/metrics` tells of these parts.
    pub(crate) fn gauges(&self) -> Vec<Gauge> {
        let lane = |name, help, read: fn(&HashLane) -> u64| {
            let lane = Arc::clone(&self.lane);
            gauge(name, help, move || read(&lane))
        };
        let store = |name, help, read: fn(&StoreGauges) -> u64| {
            let gauges = self.database.gauges();
            gauge(name, help, move || read(&gauges))
        };
        let recall = |name, help, read: fn(&Recall) -> usize| {
            let recall = Arc::clone(&self.recall);
            gauge(name, help, move || size(read(&recall)))
        };
        vec![
            recall(
                "doorward_remembered_sessions",
                "Sessions in memory, forgotten ones included",
                Recall::sessions,
            ),
            recall(
                "doorward_remembered_tokens",
                "Access tokens in memory with their holders, forgotten ones included",
                Recall::tokens,
            ),
            lane("doorward_hash_queue_length", "Password hashes that wait for a thread", |lane| {
                size(lane.waiting())
            }),
            lane("doorward_hash_queue_capacity", "Password hashes that may wait", |lane| {
                size(lane.capacity())
            }),
            lane("doorward_hash_threads", "Threads that hash passwords", |lane| size(lane.threads())),
            lane("doorward_hash_threads_busy", "Threads that hash a password now", |lane| size(lane.busy())),
            lane("doorward_hash_refused_full", "Hashes refused since the start: full queue", |lane| {
                lane.refused().full
            }),
            lane("doorward_hash_refused_late", "Hashes refused since the start: deadline", |lane| {
                lane.refused().late
            }),
            store("doorward_db_jobs_waiting", "Jobs that wait for a connection", |store| {
                size(store.waiting())
            }),
            store("doorward_db_connections", "Open connections", |store| size(store.connections())),
            store("doorward_db_connections_in_use", "Connections that run a job", |store| {
                size(store.connections_in_use())
            }),
            store(
                "doorward_db_write_batches",
                "Transactions of writes since the start",
                StoreGauges::write_batches,
            ),
            store("doorward_db_write_jobs", "Units of work since the start", StoreGauges::write_jobs),
            store(
                "doorward_db_jobs_refused",
                "Jobs refused since the start: full queue",
                StoreGauges::refused,
            ),
        ]
    }
}

/// A figure for `/metrics`.
pub(crate) fn gauge(
    name: &'static str,
    help: &'static str,
    read: impl Fn() -> u64 + Send + Sync + 'static,
) -> Gauge {
    // Beyond 2³² a figure says "very many" all the same.
    let read = move || f64::from(u32::try_from(read()).unwrap_or(u32::MAX));
    Gauge { name, help, read: Arc::new(read) }
}

fn size(size: usize) -> u64 {
    u64::try_from(size).unwrap_or(u64::MAX)
}
