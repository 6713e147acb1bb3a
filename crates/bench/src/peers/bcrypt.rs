//! The bcrypt crate's function by itself.

use crate::clock::Stopwatch;
use crate::load::PASSWORD;
use crate::statistics::float;
use anyhow::Result;
use std::thread;

/// The cost of Doorward's and of Django's hashes.
const COST: u32 = 12;

/// Computes one hash.
pub(crate) fn once() {
    std::hint::black_box(bcrypt::bcrypt(COST, [7; 16], PASSWORD.as_bytes()));
}

/// Hashes a second, on all cores for about so many seconds.
pub(crate) fn rate(seconds: u32) -> Result<f64> {
    let threads = thread::available_parallelism()?.get();
    let rates = thread::scope(|scope| {
        let work = || {
            let since = Stopwatch::start();
            let mut hashes = 0;
            while since.elapsed().as_secs() < u64::from(seconds) {
                once();
                hashes += 1;
            }
            float(hashes) / since.seconds()
        };
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap_or(f64::NAN)).collect::<Vec<_>>()
    });
    Ok(rates.iter().sum())
}
