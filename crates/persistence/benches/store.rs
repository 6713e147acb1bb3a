//! What the store's hot operations cost, with every commit synced to the disk. On PostgreSQL only
//! where it is installed.

#![allow(clippy::unwrap_used, reason = "a benchmark fails as a test does")]

use divan::Bencher;
use divan::counter::ItemsCount;
use doorward_domain::identity::{EmailAddress, Username};
use doorward_domain::mail::{LetterId, LetterKind, LetterState, OutboxEntry};
use doorward_domain::password::PasswordHash;
use doorward_domain::session::{Client, Generation, Rotation, Session, SessionId, SessionPolicy};
use doorward_domain::store::{Done, Ending, Store, Transaction, Verdict};
use doorward_domain::testing::block_on;
use doorward_domain::time::Timestamp;
use doorward_domain::user::{NewUser, Subject, UserId};
use doorward_persistence::{Database, DatabaseUrl, Migrator, Settings, open};
use doorward_testkit::{Database as Kind, Durability, Postgres};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;
use tempfile::TempDir;

fn main() {
    divan::main();
    if let Some(server) = SERVER.get() {
        server.destroy();
    }
}

#[divan::bench(args = kinds())]
fn look_up_session(bencher: Bencher<'_, '_>, kind: Kind) {
    let bed = Bed::new(kind);
    let id = bed.session();
    bencher.bench(|| block_on(bed.store().query(move |db| db.session(id))).unwrap().unwrap());
}

#[divan::bench(args = kinds())]
fn look_up_64_sessions_at_once(bencher: Bencher<'_, '_>, kind: Kind) {
    let bed = Bed::new(kind);
    let id = bed.session();
    bencher.bench(|| {
        let look = || bed.database.store().run_read(Box::new(move |db| db.session(id).map(drop)));
        wait_for_all((0..64).map(|_| look()).collect());
    });
}

#[divan::bench(args = kinds())]
fn insert_session(bencher: Bencher<'_, '_>, kind: Kind) {
    let bed = Bed::new(kind);
    bencher.bench(|| bed.session());
}

#[divan::bench(args = kinds())]
fn insert_64_sessions_at_once(bencher: Bencher<'_, '_>, kind: Kind) {
    let bed = Bed::new(kind);
    bencher.bench(|| {
        let insert = |session: Session| {
            bed.store().run_write(Box::new(move |tx| tx.insert_session(&session).map(|()| Ending::Commit)))
        };
        wait_for_all((0..64).map(|_| insert(bed.new_session())).collect());
    });
}

#[divan::bench(args = kinds())]
fn rotate_session(bencher: Bencher<'_, '_>, kind: Kind) {
    let bed = Bed::new(kind);
    let session = Rotated::new(bed.session());
    bencher.bench(|| assert!(block_on(session.rotate(&bed)).unwrap().is_some()));
}

/// As many callers as a busy server has; what one of them waits is a 64th of the figure.
#[divan::bench(args = kinds())]
fn rotate_64_sessions_at_once(bencher: Bencher<'_, '_>, kind: Kind) {
    let bed = Bed::new(kind);
    let sessions: Vec<_> = (0..64).map(|_| Rotated::new(bed.session())).collect();
    bencher.counter(ItemsCount::new(sessions.len())).bench(|| {
        let rotations: Vec<_> = sessions.iter().map(|session| session.rotate(&bed)).collect();
        for rotation in rotations {
            assert!(block_on(rotation).unwrap().is_some());
        }
    });
}

#[divan::bench(args = kinds())]
fn standing(bencher: Bencher<'_, '_>, kind: Kind) {
    let bed = Bed::new(kind);
    let (user, session) = (bed.user, bed.session());
    bencher
        .bench(|| block_on(bed.store().query(move |db| db.standing(user, Some(session)))).unwrap().unwrap());
}

/// What every process asks several times a second, with an outbox of letters that were sent.
#[divan::bench(args = kinds())]
fn look_whether_mail_is_due(bencher: Bencher<'_, '_>, kind: Kind) {
    let bed = Bed::new(kind);
    let letters = |tx: &mut dyn Transaction| {
        (0..10_000_u128).try_for_each(|number| tx.mailroom().post(&sent_letter(number)))?;
        Ok(Verdict::Commit(()))
    };
    block_on(bed.store().transact(letters)).unwrap();
    bencher.bench(|| block_on(bed.store().query(|db| db.mail_due(NOW))).unwrap());
}

fn sent_letter(number: u128) -> OutboxEntry {
    OutboxEntry {
        id: LetterId::from_bytes(number.to_be_bytes()),
        user: None,
        kind: LetterKind::Test,
        to: EmailAddress::from_stored("ann@example.com".to_owned()),
        sealed: None,
        written_at: NOW,
        expires_at: NOW.plus(Duration::from_secs(3600)),
        state: LetterState::Sent,
        attempts: 1,
        next_attempt_at: NOW,
        last_error: None,
        settled_at: Some(NOW),
    }
}

/// A session and how often it was rotated.
struct Rotated {
    id: SessionId,
    generation: AtomicU64,
}

impl Rotated {
    fn new(id: SessionId) -> Self {
        Self { id, generation: AtomicU64::new(0) }
    }

    fn rotate(&self, bed: &Bed) -> doorward_domain::store::Rotated {
        let from = Generation(self.generation.fetch_add(1, Relaxed).try_into().unwrap());
        let rotation = Rotation::of(from, Client::new("192.0.2.1", "bench"), NOW, &SessionPolicy::default());
        bed.store().rotate(bed.user, self.id, rotation)
    }
}

const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

static SERVER: OnceLock<Postgres> = OnceLock::new();

fn kinds() -> impl Iterator<Item = Kind> {
    Kind::ALL.into_iter().filter(|kind| kind.is_available())
}

fn wait_for_all(jobs: Vec<Done>) {
    for job in jobs {
        block_on(job).unwrap();
    }
}

/// A database with one account.
struct Bed {
    database: Database,
    user: UserId,
    next: AtomicU64,
    _directory: TempDir,
}

impl Bed {
    fn new(kind: Kind) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let url = match kind {
            Kind::Sqlite => format!("sqlite://{}", directory.path().join("bench.db").display()),
            Kind::Postgres => {
                let server = SERVER.get_or_init(|| Postgres::start(Durability::Full).unwrap());
                server.url(&server.create_database().unwrap())
            }
        };
        let url = DatabaseUrl::parse(&url).unwrap();
        Migrator::new(&url).run().unwrap();
        let database = open(&url, &Settings::default()).unwrap();
        let user = NewUser {
            subject: Subject::from_stored("subject".to_owned()),
            username: Username::from_stored("ann".to_owned()),
            email: None,
            email_verified_at: None,
            password: PasswordHash::unusable(),
            is_active: true,
            is_staff: false,
            is_superuser: false,
            date_joined: NOW,
        };
        let insert = database.store();
        let user = block_on(insert.transact(move |tx| Ok(Verdict::Commit(tx.insert_user(&user)?))));
        Self { database, user: user.unwrap().unwrap().id, next: AtomicU64::new(0), _directory: directory }
    }

    fn store(&self) -> std::sync::Arc<dyn Store> {
        self.database.store()
    }

    fn new_session(&self) -> Session {
        let number = u128::from(self.next.fetch_add(1, Relaxed));
        let id = SessionId::from_bytes(number.to_be_bytes());
        Session::begin(id, self.user, Client::new("192.0.2.1", "bench"), NOW, &SessionPolicy::default())
    }

    fn session(&self) -> SessionId {
        let session = self.new_session();
        let id = session.id;
        let step = move |tx: &mut dyn Transaction| Ok(Verdict::Commit(tx.insert_session(&session)?));
        block_on(self.store().transact(step)).unwrap();
        id
    }
}

impl Drop for Bed {
    fn drop(&mut self) {
        self.database.close();
    }
}
