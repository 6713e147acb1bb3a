//! Opening a database and handing it jobs.

use crate::connection::{Access, AnyConnection, open_sqlite};
use crate::queries::Rotate;
use crate::runner::{
    Job, Lines, Lost, Queue, Readers, Rotator, StoreGauges, Work, Worker, checkpoint_when_told, write_jobs,
};
use crate::url::DatabaseUrl;
use doorward_domain::session::{Rotation, SessionId};
use doorward_domain::standing::Standing;
use doorward_domain::store::{Done, Found, ReadJob, Rotated, Store, WriteJob, standing_by_job};
use doorward_domain::time::Timestamp;
use doorward_domain::user::UserId;
use std::future::ready;
use std::io;
use std::path::Path;
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

/// How many connections there are, and how much may wait for them. More connections are not
/// faster: they fight for the same cores and locks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// Connections to PostgreSQL, each with its thread; and as many more at most, each for a thread that
    /// asks and runs a runtime of tokio with its drivers.
    pub postgres_connections: usize,
    /// Connections to PostgreSQL beside those, each with its thread, that do nothing but rotate
    /// sessions: all that wait with one statement and one commit.
    pub postgres_rotators: usize,
    /// Connections that read from SQLite, beside the one that writes, and threads for them; look-ups
    /// at a glance are made on the callers' threads.
    pub sqlite_readers: usize,
    /// How many jobs may wait, before more are refused.
    pub queue: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self { postgres_connections: 4, postgres_rotators: 1, sqlite_readers: 2, queue: 10_000 }
    }
}

/// A database could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The file cannot be opened or made.
    #[error("the database cannot be opened: {0}")]
    File(String),
    /// The system gives no thread.
    #[error("no thread for the database: {0}")]
    Thread(#[from] io::Error),
}

/// An open database.
///
/// Its threads end when this and every [`Store`] that came from it are dropped, after they have run
/// what was handed in before.
pub struct Database {
    queues: Arc<Queues>,
    gauges: StoreGauges,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

/// Opens a database. A SQLite file is created where it is missing; a PostgreSQL server is called
/// when the first job needs it. Neither is migrated: that is [`Migrator`](crate::Migrator)'s.
///
/// # Errors
/// The file cannot be opened, or the system gives no thread.
pub fn open(url: &DatabaseUrl, settings: &Settings) -> Result<Database, OpenError> {
    match url {
        DatabaseUrl::Sqlite(path) => open_file(path, settings),
        DatabaseUrl::Postgres(url) => {
            let gauges = StoreGauges::default();
            let queue = Arc::new(Queue::new(settings.queue, &gauges));
            let rotations = Arc::new(Queue::new(settings.queue, &gauges));
            let queues = Arc::new(Queues {
                writes: Arc::clone(&queue),
                rotations: Arc::clone(&rotations),
                reads: Arc::clone(&queue),
                glances: None,
                lines: Some(Lines::new(url.clone(), settings.postgres_connections, gauges.clone())),
            });
            let mut threads = Vec::new();
            for number in 1..=settings.postgres_rotators.max(1) {
                let rotator =
                    Rotator::new(url.clone(), Arc::clone(&rotations), Arc::clone(&queue), gauges.clone());
                threads.push(spawn(format!("postgres-rotator-{number}"), move || rotator.run())?);
            }
            for number in 1..=settings.postgres_connections.max(1) {
                let worker = Worker::new(url.clone(), Arc::clone(&queue), gauges.clone());
                threads.push(spawn(format!("postgres-{number}"), move || worker.run())?);
            }
            Ok(Database { queues, gauges, threads: Mutex::new(threads) })
        }
    }
}

fn open_file(path: &Path, settings: &Settings) -> Result<Database, OpenError> {
    let gauges = StoreGauges::default();
    let for_writes = open_file_as(path, Access::Write)?;
    let for_checkpoints = open_file_as(path, Access::Checkpoint)?;
    let numbers = 1..=settings.sqlite_readers.max(1);
    let open_reader = |_| open_file_as(path, Access::Read);
    let connections = numbers.clone().map(open_reader).collect::<Result<Vec<_>, _>>()?;
    let readers = Arc::new(Readers::new(connections, gauges.clone()));

    let writes = Arc::new(Queue::new(settings.queue, &gauges));
    let reads = Arc::new(Queue::new(settings.queue, &gauges));
    let queues = Arc::new(Queues {
        writes: Arc::clone(&writes),
        rotations: Arc::clone(&writes),
        reads: Arc::clone(&reads),
        glances: Some(Arc::clone(&readers)),
        lines: None,
    });
    let mut threads = Vec::new();
    let figures = gauges.clone();
    let (tell, told) = sync_channel(1);
    threads
        .push(spawn("sqlite-writer".to_owned(), move || write_jobs(for_writes, &writes, &figures, &tell))?);
    threads
        .push(spawn("sqlite-checkpoint".to_owned(), move || checkpoint_when_told(for_checkpoints, &told))?);
    for number in numbers {
        let (readers, reads) = (Arc::clone(&readers), Arc::clone(&reads));
        threads.push(spawn(format!("sqlite-reader-{number}"), move || readers.serve(&reads))?);
    }
    Ok(Database { queues, gauges, threads: Mutex::new(threads) })
}

fn open_file_as(path: &Path, access: Access) -> Result<AnyConnection, OpenError> {
    let opened = open_sqlite(path, access).map_err(|error| OpenError::File(error.to_string()))?;
    Ok(AnyConnection::Sqlite(opened))
}

fn spawn(name: String, work: impl FnOnce() + Send + 'static) -> io::Result<JoinHandle<()>> {
    thread::Builder::new().name(name).spawn(work)
}

impl Database {
    /// The port that the domain's services take.
    pub fn store(&self) -> Arc<dyn Store> {
        Arc::<Queues>::clone(&self.queues)
    }

    /// What the store is doing.
    pub fn gauges(&self) -> StoreGauges {
        self.gauges.clone()
    }

    /// Takes no more jobs, runs those that wait, and returns when every connection of its own is closed;
    /// those of threads that ask are closed by their runtimes, soon. Later jobs are answered as
    /// unavailable. It blocks.
    pub fn close(&self) {
        self.queues.close();
        let threads = std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        for thread in threads {
            // A thread of ours that panicked has said so already.
            drop(thread.join());
        }
        if let Some(readers) = &self.queues.glances {
            readers.close();
        }
    }
}

/// The queues before the threads. On PostgreSQL writes and reads share one, on SQLite writes and
/// rotations.
struct Queues {
    writes: Arc<Queue>,
    rotations: Arc<Queue>,
    reads: Arc<Queue>,
    /// Who looks without a thread of its own, where the database is in this process.
    glances: Option<Arc<Readers>>,
    /// Who looks without a thread of its own, where the database is a server.
    lines: Option<Lines>,
}

impl Queues {
    fn close(&self) {
        self.writes.close();
        self.rotations.close();
        self.reads.close();
        if let Some(lines) = &self.lines {
            lines.close();
        }
    }
}

impl Drop for Queues {
    fn drop(&mut self) {
        self.close();
    }
}

impl Store for Queues {
    fn run_write(&self, job: WriteJob) -> Done {
        hand_in(&self.writes, Work::Write(job))
    }

    fn rotate(&self, user: UserId, id: SessionId, rotation: Rotation) -> Rotated {
        let (job, rotated) = Job::rotation(Rotate { user, id, rotation });
        self.rotations.push(job);
        rotated
    }

    fn remembered(&self, _: UserId, _: Option<SessionId>, _: Timestamp) -> Option<Standing> {
        None
    }

    fn run_read(&self, job: ReadJob) -> Done {
        hand_in(&self.reads, Work::Read(job))
    }

    fn run_glance(&self, job: ReadJob) -> Done {
        let seen = match &self.glances {
            Some(readers) => readers.glance(job),
            None => Err(job),
        };
        match seen {
            Ok(answer) => Box::pin(ready(answer)),
            Err(job) => self.run_read(job),
        }
    }

    fn find_standing(&self, user: UserId, session: Option<SessionId>) -> Found {
        let lines = self.lines.as_ref().zip(session);
        let Some(answer) = lines.and_then(|(lines, session)| lines.standing(user, session)) else {
            return standing_by_job(user, session, |job| self.run_glance(job));
        };
        let reads = Arc::clone(&self.reads);
        Box::pin(async move {
            match answer.await {
                Ok(standing) => Ok(standing),
                Err(Lost) => standing_by_job(user, session, |job| hand_in(&reads, Work::Read(job))).await,
            }
        })
    }

    fn health(&self) -> Done {
        hand_in(&self.reads, Work::Health)
    }
}

fn hand_in(queue: &Queue, work: Work) -> Done {
    let (job, done) = Job::new(work);
    queue.push(job);
    done
}
