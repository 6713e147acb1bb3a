//! How many logins this machine answers, for sizing a deployment: the lane with 64 clients before it
//! against the `bcrypt` crate's function on all cores, and one hash alone.
//! `cargo bench -p doorward-passwords --bench sizing`
//!
//! Both sides are measured in turn, so that what else the machine does meets both. Printed are medians.

#![expect(clippy::print_stdout, reason = "the table is the result")]

use doorward_domain::hashing::{HashError, PasswordHasher};
use doorward_domain::password::Password;
use doorward_domain::random::Random;
use doorward_domain::time::{Clock, Timestamp};
use doorward_passwords::{Cost, HashLane, LaneSettings};
use std::collections::VecDeque;
use std::error::Error;
use std::hint::black_box;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread, available_parallelism};
use std::time::{Duration, Instant};

const COSTS: [u32; 4] = [10, 11, 12, 13];
const CLIENTS: u32 = 64;
/// How many hashes the clients ask for, one after the other has its answer.
const LOGINS: u32 = 128;
/// How many hashes each core computes with the function.
const CALLS: u32 = 8;
const ROUNDS: usize = 5;

fn main() -> Result<(), Box<dyn Error>> {
    let cores = u32::try_from(available_parallelism()?.get())?;
    println!("{cores} cores, {CLIENTS} clients; milliseconds for one hash alone, hashes a second for many\n");
    println!("| cost | alone: function | alone: lane | function, all cores | lane | ratio | lane, a core |");
    println!("|---|---|---|---|---|---|---|");
    for cost in COSTS {
        let subject = Subject::new(cost)?;
        let mut samples: [Vec<f64>; 4] = Default::default();
        for _ in 0..ROUNDS {
            let ((), function_alone) = timed(|| subject.call());
            let (answered, lane_alone) = timed(|| subject.clients(1, 1));
            answered?;
            let ((), function) = timed(|| subject.call_on_all(cores));
            let (answered, lane) = timed(|| subject.clients(CLIENTS, LOGINS));
            answered?;
            let round = [
                function_alone * 1e3,
                lane_alone * 1e3,
                f64::from(cores * CALLS) / function,
                f64::from(LOGINS) / lane,
            ];
            samples.iter_mut().zip(round).for_each(|(samples, sample)| samples.push(sample));
        }
        let [function_alone, lane_alone, function, lane] = samples.map(median);
        let (ratio, a_core) = (lane / function, lane / f64::from(cores));
        println!(
            "| {cost} | {function_alone:.1} | {lane_alone:.1} | {function:.1} | {lane:.1} | {ratio:.2} | {a_core:.1} |"
        );
    }
    Ok(())
}

/// The same hash for both sides.
struct Subject {
    cost: Cost,
    password: Password,
    lane: HashLane,
}

impl Subject {
    fn new(cost: u32) -> Result<Self, Box<dyn Error>> {
        let cost = Cost::new(cost)?;
        let settings = LaneSettings { cost, ..LaneSettings::default() };
        let lane = HashLane::start(settings, Arc::new(Machine), Arc::new(Machine))?;
        let password = Password::new("correct horse battery staple").ok_or("too long")?;
        Ok(Self { cost, password, lane })
    }

    /// One call of the function.
    fn call(&self) {
        let password = self.password.expose().as_bytes();
        black_box(bcrypt::bcrypt(self.cost.as_u32(), [0x5a; 16], black_box(password)));
    }

    fn call_on_all(&self, cores: u32) {
        thread::scope(|scope| {
            for _ in 0..cores {
                scope.spawn(|| (0..CALLS).for_each(|_| self.call()));
            }
        });
    }

    /// So many clients, each of which asks again when it is answered, until there were `logins`.
    fn clients(&self, clients: u32, logins: u32) -> Result<(), HashError> {
        let ask = || self.lane.hash(self.password.clone());
        let mut asked: VecDeque<_> = (0..clients).map(|_| ask()).collect();
        let mut left = logins - clients;
        while let Some(hashing) = asked.pop_front() {
            block_on(hashing)?;
            if left > 0 {
                left -= 1;
                asked.push_back(ask());
            }
        }
        Ok(())
    }
}

/// What the action came to, and how many seconds it took.
#[expect(clippy::disallowed_methods, reason = "the one place that measures")]
fn timed<T>(action: impl FnOnce() -> T) -> (T, f64) {
    let begun = Instant::now();
    let outcome = action();
    (outcome, begun.elapsed().as_secs_f64())
}

fn median(mut samples: Vec<f64>) -> f64 {
    samples.sort_by(f64::total_cmp);
    samples.get(samples.len() / 2).copied().unwrap_or(f64::NAN)
}

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

    fn monotonic(&self) -> Duration {
        Duration::ZERO
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

fn block_on<T>(mut future: Pin<Box<dyn Future<Output = T> + Send>>) -> T {
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::park(),
        }
    }
}
