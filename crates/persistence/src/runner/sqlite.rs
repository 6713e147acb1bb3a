//! Writes on SQLite: one thread writes, and one brings the log into the file meanwhile.

use super::job::{Answer, Outcome};
use super::{Job, Queue, StoreGauges, Work};
use crate::connection::AnyConnection;
use crate::error::store_error;
use crate::queries::numbering;
use diesel::QueryResult;
use diesel::connection::SimpleConnection;
use doorward_domain::store::StoreError;
use std::sync::mpsc::{Receiver, SyncSender};

/// The most jobs that share one commit, and so one sync to the disk. It bounds how long the first
/// waits for the last.
const BATCH: usize = 256;

/// After how many commits the log is brought into the file beside the writer. Where the rows that
/// change lie all over a large file, that is work of tens of milliseconds, and the writer, who does
/// what is left of it when the log has grown, would keep everybody waiting.
const COMMITS_BETWEEN_CHECKPOINTS: u32 = 250;

/// Runs write jobs until the queue is closed. What waits is run in one transaction, each job in a
/// savepoint of its own; answers are given when the commit is on the disk.
pub(crate) fn write_jobs(
    mut connection: AnyConnection,
    queue: &Queue,
    gauges: &StoreGauges,
    checkpoints: &SyncSender<()>,
) {
    let _open = gauges.open();
    let mut commits = 0;
    loop {
        let batch = queue.take(BATCH);
        if batch.is_empty() {
            return;
        }
        let _in_use = gauges.in_use();
        gauges.batch_of_writes(batch.len());
        run_batch(&mut connection, batch);
        commits += 1;
        if commits >= COMMITS_BETWEEN_CHECKPOINTS {
            commits = 0;
            // One that is under way, or waits already, does.
            let _ = checkpoints.try_send(());
        }
    }
}

/// Brings the log into the file whenever it is told to, and never waits for writers or readers, nor
/// they for it. It ends with the writer.
pub(crate) fn checkpoint_when_told(mut connection: AnyConnection, told: &Receiver<()>) {
    while told.recv().is_ok() {
        if let Err(error) = execute(&mut connection, "PRAGMA wal_checkpoint(PASSIVE)") {
            // The writer's own come all the same.
            log::warn!("a checkpoint of the database failed: {error}");
        }
    }
}

fn run_batch(connection: &mut AnyConnection, mut batch: Vec<Job>) {
    match in_one_transaction(connection, &mut batch) {
        Ok(answers) => batch.into_iter().zip(answers).for_each(|(job, answer)| job.answer(answer)),
        Err(error) => {
            drop(connection.batch_execute("ROLLBACK"));
            log::warn!(jobs = batch.len(); "a batch of writes was rolled back: {error}");
            for job in batch {
                job.answer(Err(error.clone()));
            }
        }
    }
}

/// Each job's answer, once all of them are committed. The error means that the whole transaction is
/// lost, as it is when the disk is full and SQLite rolls back by itself.
fn in_one_transaction(connection: &mut AnyConnection, batch: &mut [Job]) -> Result<Vec<Answer>, StoreError> {
    execute(connection, "BEGIN IMMEDIATE")?;
    let mut answers = Vec::with_capacity(batch.len());
    for job in batch {
        answers.push(match job.work {
            // One statement is all or nothing by itself. Since its guards are no errors, it fails only
            // where the transaction cannot go on either.
            Work::Rotate(_) => Ok(job.work.attempt(connection)?.answer()),
            Work::Write(_) | Work::Read(_) | Work::Health => in_savepoint(connection, job)?,
        });
    }
    execute(connection, "COMMIT")?;
    Ok(answers)
}

/// The job's own answer, or the error that loses the whole transaction.
fn in_savepoint(connection: &mut AnyConnection, job: &mut Job) -> Result<Answer, StoreError> {
    execute(connection, "SAVEPOINT job")?;
    let outcome = job.work.attempt(connection);
    let end = match &outcome {
        Ok(Outcome::Commit(changed)) => numbering(changed) + "RELEASE job",
        Ok(_) | Err(_) => "ROLLBACK TO job; RELEASE job".to_owned(),
    };
    match (execute(connection, &end), outcome.map(Outcome::answer)) {
        (Ok(()), answer) => Ok(answer),
        (Err(_consequence), Err(cause)) => Err(cause),
        (Err(error), Ok(_)) => Err(error),
    }
}

fn execute(connection: &mut AnyConnection, statement: &str) -> Result<(), StoreError> {
    let done: QueryResult<()> = connection.batch_execute(statement);
    done.map_err(|error| store_error(&error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connection::{Access, open_sqlite};
    use crate::migrations::Migrator;
    use crate::queries::Unit;
    use crate::runner::Work;
    use crate::url::DatabaseUrl;
    use doorward_domain::keys::{Algorithm, KeyId, KeyRecord, KeyTimes};
    use doorward_domain::session::{Client, Session, SessionId, SessionPolicy};
    use doorward_domain::store::{Ending, Lookup};
    use doorward_domain::time::Timestamp;
    use doorward_domain::user::UserId;
    use futures_util::FutureExt;
    use tempfile::TempDir;

    fn database() -> (TempDir, AnyConnection) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("test.db");
        Migrator::new(&DatabaseUrl::Sqlite(path.clone())).run().unwrap();
        let connection = AnyConnection::Sqlite(open_sqlite(&path, Access::Write).unwrap());
        (directory, connection)
    }

    /// Runs a batch of jobs that each store a key of that many bytes.
    fn store_keys(connection: &mut AnyConnection, sizes: &[usize]) -> Vec<Result<(), StoreError>> {
        run(connection, sizes.iter().map(|size| key_of(*size)))
    }

    fn run(
        connection: &mut AnyConnection,
        works: impl IntoIterator<Item = Work>,
    ) -> Vec<Result<(), StoreError>> {
        let (batch, answers): (Vec<_>, Vec<_>) = works.into_iter().map(Job::new).unzip();
        run_batch(connection, batch);
        answers.into_iter().map(|answer| answer.now_or_never().unwrap()).collect()
    }

    fn orphaned_session() -> Work {
        let id = SessionId::from_bytes([1; 16]);
        let policy = SessionPolicy::default();
        let session = Session::begin(id, UserId(404), Client::default(), Timestamp::EPOCH, &policy);
        Work::Write(Box::new(move |tx| tx.insert_session(&session).map(|()| Ending::Commit)))
    }

    fn key_of(size: usize) -> Work {
        let now = Timestamp::EPOCH;
        let key = KeyRecord {
            id: KeyId(size.to_string()),
            algorithm: Algorithm::EdDsa,
            times: KeyTimes { created_at: now, activates_at: now, retires_at: None },
            sealed: vec![0; size],
        };
        Work::Write(Box::new(move |tx| tx.put_key(&key).map(|()| Ending::Commit)))
    }

    #[test]
    fn a_full_disk_makes_writes_unavailable_until_there_is_room() {
        let (_directory, mut connection) = database();
        connection.batch_execute("PRAGMA max_page_count = 64").unwrap();
        let full = store_keys(&mut connection, &[10, 1_000_000, 20]);
        assert!(full.iter().any(|answer| matches!(answer, Err(StoreError::Unavailable(_)))), "{full:?}");
        connection.batch_execute("PRAGMA max_page_count = 10000").unwrap();
        let room = store_keys(&mut connection, &[10, 1_000_000, 20]);
        assert!(room.iter().all(Result::is_ok), "{room:?}");
    }

    #[test]
    fn a_commit_that_fails_fails_every_job_of_its_batch() {
        let (_directory, mut connection) = database();
        // Until the commit, nobody minds a session without an account.
        connection.batch_execute("PRAGMA defer_foreign_keys = ON").unwrap();
        let works = [key_of(10), orphaned_session(), key_of(20)];
        let answers = run(&mut connection, works);
        assert!(answers.iter().all(|answer| matches!(answer, Err(StoreError::Failed(_)))), "{answers:?}");
        assert_eq!(Unit::new(&mut connection).keys().unwrap(), []);
        assert!(store_keys(&mut connection, &[10, 20]).iter().all(Result::is_ok));
    }

    #[test]
    fn a_file_that_another_process_holds_is_unavailable() {
        let (directory, mut connection) = database();
        let mut other =
            AnyConnection::Sqlite(open_sqlite(&directory.path().join("test.db"), Access::Write).unwrap());
        other.batch_execute("BEGIN IMMEDIATE").unwrap();
        connection.batch_execute("PRAGMA busy_timeout = 1").unwrap();
        let locked = store_keys(&mut connection, &[10, 20]);
        assert!(locked.iter().all(|answer| matches!(answer, Err(StoreError::Unavailable(_)))), "{locked:?}");
        other.batch_execute("ROLLBACK").unwrap();
        assert!(store_keys(&mut connection, &[10, 20]).iter().all(Result::is_ok));
    }
}
