//! Look-ups on SQLite: on threads of their own, or at a glance on the caller's.

use super::gauges::Counted;
use super::{Queue, StoreGauges, Work};
use crate::connection::AnyConnection;
use doorward_domain::store::{ReadJob, StoreError};
use std::ops::RangeInclusive;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// What a look-up at a glance may take. One that took longer had to wait for the disk, or for the
/// processor.
const GLANCE: Duration = Duration::from_millis(1);

/// How many look-ups go to the readers' threads after one that took longer than a glance: few, since it
/// may have been nothing but another thread's turn; eight times as many after the next one, and up to
/// the most; half of that again for each that took no longer. So where the disk has to be waited for,
/// callers' threads wait for one look-up in hundreds.
const DETOURS: RangeInclusive<u32> = 8..=512;

/// The connections that look-ups are run on, lent to one look-up at a time.
pub(crate) struct Readers {
    stock: Mutex<Stock>,
    /// A connection came back.
    returned: Condvar,
    gauges: StoreGauges,
    /// How many look-ups still go to the threads.
    detours: AtomicU32,
    /// How many will after the next one that takes longer than a glance.
    next_detours: AtomicU32,
}

struct Stock {
    /// The last to come back is the first to be lent: its memory is the warmest.
    free: Vec<Open>,
    lent: usize,
    is_closed: bool,
}

struct Open {
    connection: AnyConnection,
    _counted: Counted,
}

impl Readers {
    /// Readers on these connections.
    pub(crate) fn new(connections: Vec<AnyConnection>, gauges: StoreGauges) -> Self {
        let open = |connection| Open { connection, _counted: gauges.open() };
        let free = connections.into_iter().map(open).collect();
        let stock = Mutex::new(Stock { free, lent: 0, is_closed: false });
        Self {
            stock,
            returned: Condvar::new(),
            gauges,
            detours: AtomicU32::new(0),
            next_detours: AtomicU32::new(*DETOURS.start()),
        }
    }

    /// Runs look-ups until the queue is closed. Each is one statement, which sees one snapshot by
    /// itself.
    pub(crate) fn serve(&self, queue: &Queue) {
        while let Some(mut job) = queue.pop() {
            let answer = match self.wait() {
                Some(open) => self.run(open, &mut job.work),
                None => Err(StoreError::unavailable("the store was closed")),
            };
            job.answer(answer.map(|()| None));
        }
    }

    /// Runs a look-up here and now, or gives it back where that might take longer than a glance.
    #[expect(clippy::disallowed_methods, reason = "it decides on which thread to look, not what is seen")]
    pub(crate) fn glance(&self, job: ReadJob) -> Result<Result<(), StoreError>, ReadJob> {
        if self.detours.fetch_update(Relaxed, Relaxed, |left| left.checked_sub(1)).is_ok() {
            return Err(job);
        }
        let Some(open) = self.lock().lend() else { return Err(job) };
        let began = Instant::now();
        let answer = self.run(open, &mut Work::Read(job));
        self.judge(began.elapsed());
        Ok(answer)
    }

    /// Learns what a glance took.
    fn judge(&self, took: Duration) {
        let many = self.next_detours.load(Relaxed);
        let next = if took > GLANCE {
            self.detours.store(many, Relaxed);
            many.saturating_mul(8)
        } else {
            many / 2
        };
        self.next_detours.store(next.clamp(*DETOURS.start(), *DETOURS.end()), Relaxed);
    }

    /// Lends no more, and returns when every connection has come back and is closed.
    pub(crate) fn close(&self) {
        let mut stock = self.lock();
        stock.is_closed = true;
        stock.free.clear();
        drop(self.returned.wait_while(stock, |stock| stock.lent > 0));
    }

    /// Work does not panic beyond its attempt: the connection comes back.
    fn run(&self, mut open: Open, work: &mut Work) -> Result<(), StoreError> {
        let in_use = self.gauges.in_use();
        let answer = work.attempt(&mut open.connection);
        drop(in_use);
        self.take_back(open);
        answer.map(drop)
    }

    /// A connection, as soon as there is one; none once they are closed.
    fn wait(&self) -> Option<Open> {
        let is_none_free = |stock: &mut Stock| stock.free.is_empty() && !stock.is_closed;
        let waited = self.returned.wait_while(self.lock(), is_none_free);
        waited.unwrap_or_else(PoisonError::into_inner).lend()
    }

    fn take_back(&self, open: Open) {
        let mut stock = self.lock();
        stock.lent -= 1;
        if stock.is_closed {
            drop(open);
            self.returned.notify_all();
        } else {
            stock.free.push(open);
            self.returned.notify_one();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Stock> {
        self.stock.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Stock {
    fn lend(&mut self) -> Option<Open> {
        let open = self.free.pop()?;
        self.lent += 1;
        Some(open)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use diesel::{Connection as _, SqliteConnection};
    use std::sync::Arc;
    use std::thread::{self, ThreadId};

    fn readers(connections: usize) -> Readers {
        let open = |_| AnyConnection::Sqlite(SqliteConnection::establish(":memory:").unwrap());
        Readers::new((0..connections).map(open).collect(), StoreGauges::default())
    }

    /// A look-up that tells on which thread it was made.
    fn asking(thread: &Arc<Mutex<Option<ThreadId>>>) -> ReadJob {
        let thread = Arc::clone(thread);
        Box::new(move |_| {
            *thread.lock().unwrap() = Some(thread::current().id());
            Ok(())
        })
    }

    fn is_taken(readers: &Readers) -> bool {
        readers.glance(Box::new(|_| Ok(()))).is_ok()
    }

    #[test]
    fn a_glance_is_made_on_the_thread_that_asks() {
        let (readers, thread) = (readers(1), Arc::default());
        assert!(matches!(readers.glance(asking(&thread)), Ok(Ok(()))));
        assert_eq!(*thread.lock().unwrap(), Some(thread::current().id()));
    }

    #[test]
    fn after_one_that_took_long_the_next_look_ups_go_to_other_threads_and_then_one_is_tried_again() {
        let readers = readers(1);
        readers.judge(GLANCE);
        assert!(is_taken(&readers));
        readers.judge(GLANCE + Duration::from_micros(1));
        assert!((0..*DETOURS.start()).all(|_| !is_taken(&readers)));
        // However it fares here: what it took is not the test's.
        assert!(is_taken(&readers));
    }

    #[test]
    fn the_more_of_them_take_long_the_more_go_to_other_threads() {
        let readers = readers(1);
        let mut detours_after = |took: Duration| {
            readers.judge(took);
            readers.detours.swap(0, Relaxed)
        };
        let long = GLANCE + Duration::from_micros(1);
        assert_eq!([long; 4].map(&mut detours_after), [8, 64, 512, 512]);
        assert_eq!([GLANCE, GLANCE, long].map(&mut detours_after), [0, 0, 128]);
        assert_eq!([GLANCE; 9].map(&mut detours_after), [0; 9]);
        assert_eq!(detours_after(long), 8);
    }

    #[test]
    fn while_every_connection_is_lent_nobody_waits_for_one() {
        let readers = Arc::new(readers(1));
        let inner = Arc::clone(&readers);
        let within = Arc::new(Mutex::new(None));
        let told = Arc::clone(&within);
        let outer = readers.glance(Box::new(move |_| {
            *told.lock().unwrap() = Some(is_taken(&inner));
            Ok(())
        }));
        assert!(matches!(outer, Ok(Ok(()))));
        assert_eq!(*within.lock().unwrap(), Some(false));
    }

    #[test]
    fn a_glance_that_panics_fails_alone_and_gives_its_connection_back() {
        let readers = readers(1);
        let failed = readers.glance(Box::new(|_| panic!("on purpose")));
        assert!(matches!(failed, Ok(Err(StoreError::Failed(_)))));
        assert_eq!(readers.lock().free.len(), 1);
    }

    #[test]
    fn once_closed_it_lends_no_more() {
        let readers = readers(2);
        readers.close();
        assert!(!is_taken(&readers));
        assert_eq!(readers.gauges.connections(), 0);
    }
}
