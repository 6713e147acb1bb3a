//! What a hash costs: `cargo bench -p doorward-passwords`.

use divan::Bencher;
use doorward_domain::password::Password;
use doorward_domain::random::Random;
use doorward_passwords::{Cost, DjangoHasher};
use std::sync::Arc;

const COSTS: [u32; 3] = [4, 10, 12];

struct Salts;

impl Random for Salts {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(0x5a);
    }
}

fn main() {
    divan::main();
}

fn subject(cost: u32) -> Option<(DjangoHasher, Password)> {
    let hasher = DjangoHasher::new(Cost::new(cost).ok()?, Arc::new(Salts));
    Some((hasher, Password::new("correct horse battery staple")?))
}

#[divan::bench(args = COSTS, sample_count = 10)]
fn hash(bencher: Bencher<'_, '_>, cost: u32) {
    let Some((hasher, password)) = subject(cost) else { return };
    bencher.bench(|| hasher.hash(&password));
}

#[divan::bench(args = COSTS, sample_count = 10)]
fn verify(bencher: Bencher<'_, '_>, cost: u32) {
    let Some((hasher, password)) = subject(cost) else { return };
    let Ok(hash) = hasher.hash(&password) else { return };
    bencher.bench(|| hasher.verify(&password, Some(&hash)));
}
