//! What a hash costs, and how many of them the lane computes: `cargo bench -p doorward-passwords`.

use divan::Bencher;
use divan::counter::ItemsCount;
use doorward_domain::hashing::PasswordHasher;
use doorward_domain::password::Password;
use doorward_domain::random::Random;
use doorward_domain::time::{Clock, Timestamp};
use doorward_passwords::{Cost, DjangoHasher, Engine, HashLane, LaneSettings};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Duration;

/// A fourth of the default's time; the ratios are the same.
const COST: u32 = 10;

const JOBS: usize = 64;

struct Machine;

impl Random for Machine {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(0x5a);
    }
}

impl Clock for Machine {
    fn now(&self) -> Timestamp {
        Timestamp::EPOCH
    }
}

fn main() {
    divan::main();
}

fn subject(cost: u32, engine: Engine) -> Option<(DjangoHasher, Password)> {
    let hasher = DjangoHasher::new(Cost::new(cost).ok()?, Arc::new(Machine)).with_engine(engine);
    Some((hasher, Password::new("correct horse battery staple")?))
}

#[divan::bench(args = [4, 10, 12], sample_count = 10)]
fn verify(bencher: Bencher<'_, '_>, cost: u32) {
    let Some((hasher, password)) = subject(cost, Engine::default()) else { return };
    let Ok(hash) = hasher.hash(&password) else { return };
    bencher.bench(|| hasher.verify(&password, Some(&hash)));
}

/// The time of as many hashes as are named, on one thread.
#[divan::bench(
    args = [(Engine::Crate, 1), (Engine::Interleaved, 1), (Engine::Interleaved, 2), (Engine::Interleaved, 3), (Engine::Interleaved, 4)],
    sample_count = 40,
    sample_size = 1
)]
fn hashes_at_once(bencher: Bencher<'_, '_>, (engine, count): (Engine, usize)) {
    let Some((hasher, password)) = subject(COST, engine) else { return };
    let passwords = vec![password; count];
    bencher.counter(ItemsCount::new(count)).bench(|| hasher.hash_all(&passwords));
}

/// A lane of the default width with 64 logins before it.
#[divan::bench(args = [Engine::Crate, Engine::Interleaved], sample_count = 8, sample_size = 1)]
fn lane_with_64_waiting(bencher: Bencher<'_, '_>, engine: Engine) {
    let Some((hasher, password)) = subject(COST, engine) else { return };
    let Ok(hash) = hasher.hash(&password) else { return };
    let settings = LaneSettings { cost: hasher.cost(), engine, queue: JOBS, ..LaneSettings::default() };
    let Ok(lane) = HashLane::start(settings, Arc::new(Machine), Arc::new(Machine)) else { return };
    bencher.counter(ItemsCount::new(JOBS)).bench(|| {
        let logins = [(); JOBS].map(|()| lane.verify(password.clone(), Some(hash.clone())));
        logins.map(block_on)
    });
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

fn block_on<F: Future>(future: F) -> F::Output {
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::park_timeout(Duration::from_secs(1)),
        }
    }
}
