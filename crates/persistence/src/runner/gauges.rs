use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};

/// What the store is doing, for metrics. A clone reads the same figures.
#[derive(Debug, Clone, Default)]
pub struct StoreGauges(Arc<Figures>);

#[derive(Debug, Default)]
struct Figures {
    waiting: AtomicUsize,
    busy: AtomicUsize,
    open: AtomicUsize,
    lines: AtomicUsize,
    commits: AtomicU64,
    write_jobs: AtomicU64,
    refused: AtomicU64,
}

impl StoreGauges {
    /// Jobs that wait for a connection.
    pub fn waiting(&self) -> usize {
        self.0.waiting.load(Relaxed)
    }

    /// Connections that are running jobs.
    pub fn connections_in_use(&self) -> usize {
        self.0.busy.load(Relaxed)
    }

    /// Connections that are open.
    pub fn connections(&self) -> usize {
        self.own_connections() + self.lines()
    }

    /// Of those, the connections to PostgreSQL of threads that ask the store.
    pub fn lines(&self) -> usize {
        self.0.lines.load(Relaxed)
    }

    /// Of those, the connections of the store's own threads.
    pub(super) fn own_connections(&self) -> usize {
        self.0.open.load(Relaxed)
    }

    /// Transactions of writes since the start. One carries a batch of jobs: of any on SQLite, of
    /// rotations on PostgreSQL.
    pub fn write_batches(&self) -> u64 {
        self.0.commits.load(Relaxed)
    }

    /// Write jobs that ran since the start.
    pub fn write_jobs(&self) -> u64 {
        self.0.write_jobs.load(Relaxed)
    }

    /// Jobs that were refused since the start because too many were waiting.
    pub fn refused(&self) -> u64 {
        self.0.refused.load(Relaxed)
    }

    pub(super) fn job_waits(&self) {
        self.0.waiting.fetch_add(1, Relaxed);
    }

    pub(super) fn jobs_left_the_queue(&self, jobs: usize) {
        self.0.waiting.fetch_sub(jobs, Relaxed);
    }

    pub(super) fn job_refused(&self) {
        self.0.refused.fetch_add(1, Relaxed);
    }

    pub(super) fn batch_of_writes(&self, jobs: usize) {
        self.0.commits.fetch_add(1, Relaxed);
        self.0.write_jobs.fetch_add(u64::try_from(jobs).unwrap_or(u64::MAX), Relaxed);
    }

    /// Counts a connection as in use until the answer is dropped.
    pub(super) fn in_use(&self) -> Counted {
        Counted::new(self, |figures| &figures.busy)
    }

    /// Counts a connection of a thread that asks as open until the answer is dropped.
    pub(super) fn line(&self) -> Counted {
        Counted::new(self, |figures| &figures.lines)
    }

    /// Counts a connection of the store's own as open until the answer is dropped.
    pub(super) fn open(&self) -> Counted {
        Counted::new(self, |figures| &figures.open)
    }
}

/// One more on a gauge, for as long as it lives.
pub(super) struct Counted {
    figures: Arc<Figures>,
    which: fn(&Figures) -> &AtomicUsize,
}

impl Counted {
    fn new(gauges: &StoreGauges, which: fn(&Figures) -> &AtomicUsize) -> Self {
        which(&gauges.0).fetch_add(1, Relaxed);
        Self { figures: Arc::clone(&gauges.0), which }
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        (self.which)(&self.figures).fetch_sub(1, Relaxed);
    }
}
