//! Look-ups on PostgreSQL that begin and end on the thread of whoever asks.

use super::link::{PATIENCE, SETTINGS};
use crate::connection::connect_postgres;
use crate::queries::standing_of_session;
use crate::runner::StoreGauges;
use crate::runner::gauges::Counted;
use crate::url::PostgresUrl;
use diesel::{ConnectionError, ConnectionResult};
use diesel_async::{AsyncPgConnection, SimpleAsyncConnection as _};
use doorward_domain::session::SessionId;
use doorward_domain::standing::Standing;
use doorward_domain::user::UserId;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};

/// How long a thread does without a line after it lost one or could not have one.
const PAUSE: Duration = Duration::from_secs(1);

/// The look-ups that may be under way on one line. The server answers them one after another: where more
/// come, other connections are sooner.
const MOST_UNDER_WAY: usize = 32;

/// The connections of threads that ask the store, at most one for each.
///
/// To ask through the queue, another thread has to be woken, and to wake this one again once the server has
/// woken it. So a thread that runs a runtime of tokio gets a connection that lives on that: what it asks
/// wakes nobody but the server. Many look-ups can be under way at once, one behind the other.
///
/// It is a short cut. Where a thread has no line, or a broken or busy one, the queue is the way.
pub(crate) struct Lines {
    url: PostgresUrl,
    /// How many threads may have a line.
    most: usize,
    gauges: StoreGauges,
    table: Arc<Mutex<Table>>,
}

#[derive(Default)]
struct Table {
    /// Those that are there, and those that are being opened or were just lost.
    lines: HashMap<ThreadId, Arc<Line>>,
    is_closed: bool,
}

#[derive(Default)]
struct Line {
    open: Mutex<Option<Arc<Open>>>,
    /// The connection is not used any more.
    lost: Notify,
}

struct Open {
    connection: AsyncPgConnection,
    _counted: Counted,
}

/// The line was lost before it answered.
pub(crate) struct Lost;

impl Lines {
    /// None is open yet.
    pub(crate) fn new(url: PostgresUrl, most: usize, gauges: StoreGauges) -> Self {
        Self { url, most, gauges, table: Arc::default() }
    }

    /// Asks what an account and its session stand on, if this thread has a line that is not busy.
    pub(crate) fn standing(
        &self,
        user: UserId,
        session: SessionId,
    ) -> Option<impl Future<Output = Result<Option<Standing>, Lost>> + Send + 'static> {
        let line = self.of_this_thread()?;
        let open = line.free()?;
        let asked = Arc::clone(&open);
        let look = async move { standing_of_session(&asked.connection, user, session).await };
        let answer = timeout(PATIENCE, look);
        Some(async move {
            let error = match answer.await {
                Ok(Ok(standing)) => return Ok(standing),
                Ok(Err(error)) => error.to_string(),
                Err(_) => "the server did not answer in time".to_owned(),
            };
            line.lose(&open, &error);
            Err(Lost)
        })
    }

    /// Closes what is open as soon as it has answered, and opens no more.
    pub(crate) fn close(&self) {
        let mut table = lock(&self.table);
        table.is_closed = true;
        table.lines.drain().for_each(|(_, line)| line.close());
    }

    /// The line of this thread. Where it has none and may have one, that is opened, for those who ask
    /// later.
    fn of_this_thread(&self) -> Option<Arc<Line>> {
        let runtime = Handle::try_current().ok()?;
        let thread = thread::current().id();
        let mut table = lock(&self.table);
        if let Some(line) = table.lines.get(&thread) {
            return Some(Arc::clone(line));
        }
        if table.lines.len() < self.most && !table.is_closed {
            let line = Arc::<Line>::default();
            table.lines.insert(thread, Arc::clone(&line));
            // A runtime that is ending ends the entry at once.
            drop(table);
            let entry = Entry { table: Arc::clone(&self.table), thread };
            runtime.spawn(keep(line, entry, self.url.clone(), self.gauges.clone()));
        }
        None
    }
}

/// Keeps a line for as long as it lasts, and its entry for a little longer.
async fn keep(line: Arc<Line>, _entry: Entry, url: PostgresUrl, gauges: StoreGauges) {
    // Those who serve the queue tell of a server that is away.
    if let Ok(Ok(connection)) = timeout(PATIENCE, connect(&url)).await {
        let open = Open { connection, _counted: gauges.line() };
        *lock(&line.open) = Some(Arc::new(open));
        line.lost.notified().await;
        // Where it was closed while it was being opened, it is still there.
        drop(lock(&line.open).take());
    }
    sleep(PAUSE).await;
}

async fn connect(url: &PostgresUrl) -> ConnectionResult<AsyncPgConnection> {
    let connection = connect_postgres(url).await?;
    let settings = (&connection).batch_execute(SETTINGS).await;
    settings.map_err(ConnectionError::CouldntSetupConfiguration)?;
    Ok(connection)
}

/// A place in the table. It is given back when who keeps the line ends, or is ended with the runtime.
struct Entry {
    table: Arc<Mutex<Table>>,
    thread: ThreadId,
}

impl Drop for Entry {
    fn drop(&mut self) {
        let line = lock(&self.table).lines.remove(&self.thread);
        if let Some(line) = line {
            line.close();
        }
    }
}

impl Line {
    /// The connection, if it is open and not busy. Each look-up under way has it twice.
    fn free(&self) -> Option<Arc<Open>> {
        let open = lock(&self.open);
        open.as_ref().filter(|open| Arc::strong_count(open) <= 2 * MOST_UNDER_WAY).cloned()
    }

    /// Does without a connection that failed, unless somebody else has seen to that.
    fn lose(&self, failed: &Arc<Open>, error: &str) {
        let lost = lock(&self.open).take_if(|open| Arc::ptr_eq(open, failed));
        if lost.is_some() {
            log::warn!("a connection to PostgreSQL broke: {error}");
            self.lost.notify_one();
        }
    }

    fn close(&self) {
        drop(lock(&self.open).take());
        self.lost.notify_one();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
