//! What a hash costs, alone and with others on one thread: `cargo bench -p doorward-passwords --bench hashing`.

use divan::Bencher;
use divan::counter::ItemsCount;
use doorward_domain::password::Password;
use doorward_domain::random::Random;
use doorward_passwords::{Cost, DjangoHasher, Engine};
use std::sync::Arc;

/// A fourth of the default's time; the ratios are the same.
const COST: u32 = 10;

struct Machine;

impl Random for Machine {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(0x5a);
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
