use super::*;
use crate::cost::Cost;
use crate::doubles::{Gate, StoppedClock, block_on, poll_once};
use crate::engine::Engine;
use std::sync::{Mutex, mpsc};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

const DEADLINE: Duration = Duration::from_secs(2);

/// One hash thread, which stays with its first new hash until the gate is open.
struct Narrow {
    lane: HashLane,
    gate: Arc<Gate>,
    clock: Arc<StoppedClock>,
}

fn narrow(queue: usize) -> Narrow {
    narrow_with(Engine::Interleaved, queue)
}

fn narrow_with(engine: Engine, queue: usize) -> Narrow {
    let (gate, clock) = (Arc::new(Gate::closed()), Arc::new(StoppedClock::new()));
    let lane = start(engine, queue, gate.clone(), clock.clone());
    Narrow { lane, gate, clock }
}

fn start(engine: Engine, queue: usize, random: Arc<dyn Random>, clock: Arc<dyn Clock>) -> HashLane {
    let settings = LaneSettings { cost: Cost::MIN, threads: 1, queue, deadline: DEADLINE, engine };
    HashLane::start(settings, random, clock).unwrap()
}

fn password() -> Password {
    Password::new("correct horse battery staple").unwrap()
}

const BUSY: HashError = HashError::Busy { retry_after: DEADLINE };

#[test]
fn what_the_lane_hashed_it_verifies() {
    let Narrow { lane, gate, .. } = narrow(4);
    gate.open();
    let hash = block_on(lane.hash(password())).unwrap();
    let right = block_on(lane.verify(password(), Some(hash.clone())));
    assert_eq!(right, Ok(Verification::Match { outdated: false }));
    let wrong = block_on(lane.verify(Password::new("wrong").unwrap(), Some(hash)));
    assert_eq!(wrong, Ok(Verification::Mismatch));
    assert_eq!(block_on(lane.verify(password(), None)), Ok(Verification::Mismatch));
}

#[test]
fn a_full_queue_refuses_at_once_and_says_when_to_come_back() {
    let Narrow { lane, gate, .. } = narrow(1);
    let first = lane.hash(password());
    gate.wait_until_asked(1);
    let second = lane.verify(password(), None);
    assert_eq!((lane.busy(), lane.waiting(), lane.capacity(), lane.threads()), (1, 1, 1, 1));

    assert_eq!(poll_once(&mut lane.hash(password())), Poll::Ready(Err(BUSY)));
    assert_eq!(poll_once(&mut lane.verify(password(), None)), Poll::Ready(Err(BUSY)));
    assert_eq!(lane.refused(), Refused { full: 2, late: 0 });

    gate.open();
    assert!(block_on(first).is_ok());
    assert_eq!(block_on(second), Ok(Verification::Mismatch));
    assert_eq!((lane.busy(), lane.waiting()), (0, 0));
}

#[test]
fn a_job_that_waited_past_the_deadline_is_refused_and_not_computed() {
    let Narrow { lane, gate, clock } = narrow(4);
    let first = lane.hash(password());
    gate.wait_until_asked(1);
    let late = lane.hash(password());
    clock.advance(Duration::from_micros(1));
    let just_in_time = lane.hash(password());
    clock.advance(DEADLINE);
    gate.open();
    assert!(block_on(first).is_ok());
    assert_eq!(block_on(late), Err(BUSY));
    assert!(block_on(just_in_time).is_ok());
    assert_eq!(gate.asked(), 2);
    assert_eq!(lane.refused(), Refused { full: 0, late: 1 });
}

#[test]
fn a_job_that_would_be_late_is_refused_at_once() {
    let Narrow { lane, gate, clock } = narrow(64);
    let first = lane.hash(password());
    gate.wait_until_asked(1);
    // Before anything was measured, a job waits and sees.
    let second = lane.hash(password());
    clock.advance(DEADLINE / 2);
    gate.open_for(1);
    assert!(block_on(first).is_ok());
    gate.wait_until_asked(2);

    // A round of four takes one second: that is the time for a round to begin at once, after one
    // second, and after two.
    let in_time: Vec<_> = (0..12).map(|_| lane.hash(password())).collect();
    assert_eq!(poll_once(&mut lane.hash(password())), Poll::Ready(Err(BUSY)));
    assert_eq!(lane.refused(), Refused { full: 0, late: 1 });

    // Who leaves makes room.
    drop(in_time);
    let another = lane.hash(password());
    gate.open();
    assert!(block_on(second).is_ok() && block_on(another).is_ok());
}

#[test]
fn late_jobs_take_no_place_among_those_that_are_computed_together() {
    let Narrow { lane, gate, clock } = narrow(8);
    let first = lane.hash(password());
    gate.wait_until_asked(1);
    let late = [(); 3].map(|()| lane.hash(password()));
    clock.advance(DEADLINE + Duration::from_micros(1));
    let in_time = [(); 4].map(|()| lane.hash(password()));
    gate.open_for(1);
    gate.wait_until_asked(2);
    assert_eq!((lane.waiting(), lane.refused()), (0, Refused { full: 0, late: 3 }));
    gate.open();
    assert!(block_on(first).is_ok());
    for late in late {
        assert_eq!(block_on(late), Err(BUSY));
    }
    for in_time in in_time {
        assert!(block_on(in_time).is_ok());
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_hash_thread_has_a_lower_priority_than_the_rest_of_the_process() {
    use rustix::process::getpriority_process;

    /// Tells how nice the thread is that asks for a salt.
    struct Niceness(mpsc::Sender<i32>);

    impl Random for Niceness {
        fn fill(&self, _: &mut [u8]) {
            self.0.send(getpriority_process(None).unwrap()).unwrap();
        }
    }

    let (sender, niceness) = mpsc::channel();
    let lane = start(Engine::Interleaved, 1, Arc::new(Niceness(sender)), Arc::new(StoppedClock::new()));
    assert!(block_on(lane.hash(password())).is_ok());
    let own = getpriority_process(None).unwrap();
    assert_eq!(niceness.recv().unwrap(), (own + 10).min(19));
}

#[test]
fn a_job_whose_caller_left_is_skipped() {
    let Narrow { lane, gate, .. } = narrow(4);
    let first = lane.hash(password());
    gate.wait_until_asked(1);
    drop(lane.hash(password()));
    let third = lane.hash(password());
    gate.open();
    assert!(block_on(first).is_ok() && block_on(third).is_ok());
    assert_eq!(gate.asked(), 2);
}

#[test]
fn callers_who_left_do_not_fill_the_queue() {
    let Narrow { lane, gate, .. } = narrow(1);
    let first = lane.hash(password());
    gate.wait_until_asked(1);
    drop(lane.hash(password()));
    let third = lane.hash(password());
    gate.open();
    assert!(block_on(first).is_ok() && block_on(third).is_ok());
    assert_eq!(lane.refused(), Refused { full: 0, late: 0 });
}

#[test]
fn a_panic_fails_its_job_and_leaves_the_thread_alive() {
    let gate = Arc::new(Gate::closed());
    gate.open();
    let random = Arc::new(PanicsOnTurn { gate, turn: 1 });
    let lane = start(Engine::Interleaved, 1, random, Arc::new(StoppedClock::new()));
    assert_eq!(block_on(lane.hash(password())), Err(HashError::Failed));
    assert!(block_on(lane.hash(password())).is_ok());
    assert_eq!(lane.busy(), 0);
}

#[test]
fn a_panic_over_one_job_harms_none_of_those_computed_with_it() {
    let (gate, clock) = (Arc::new(Gate::closed()), Arc::new(StoppedClock::new()));
    let random = Arc::new(PanicsOnTurn { gate: gate.clone(), turn: 3 });
    let lane = start(Engine::Interleaved, 4, random, clock);
    let first = lane.hash(password());
    gate.wait_until_asked(1);
    let [second, third, fourth] = [(); 3].map(|()| lane.hash(password()));
    gate.open();
    assert!(block_on(first).is_ok() && block_on(second).is_ok());
    assert_eq!(block_on(third), Err(HashError::Failed));
    assert!(block_on(fourth).is_ok());
}

/// While the thread is busy with one job, `waiting` more queue up; then it comes to them.
fn left_waiting_once_the_thread_comes_back(engine: Engine, waiting: usize) -> usize {
    let Narrow { lane, gate, .. } = narrow_with(engine, waiting);
    let first = lane.hash(password());
    gate.wait_until_asked(1);
    let others: Vec<_> = (0..waiting).map(|_| lane.hash(password())).collect();
    gate.open_for(1);
    gate.wait_until_asked(2);
    let left = lane.waiting();
    assert_eq!(lane.busy(), 1);
    gate.open();
    assert!(block_on(first).is_ok());
    for other in others {
        assert!(block_on(other).is_ok());
    }
    left
}

#[test]
fn a_thread_takes_up_to_four_waiting_jobs_at_once() {
    for (waiting, left) in [(1, 0), (3, 0), (4, 0), (6, 2)] {
        assert_eq!(left_waiting_once_the_thread_comes_back(Engine::Interleaved, waiting), left, "{waiting}");
    }
}

#[test]
fn the_crates_engine_takes_one_job_at_a_time() {
    assert_eq!(left_waiting_once_the_thread_comes_back(Engine::Crate, 3), 2);
}

#[test]
fn only_jobs_of_one_bcrypt_cost_are_taken_together() {
    let costlier = DjangoHasher::new(Cost::new(5).unwrap(), Arc::new(Constant)).hash(&password()).unwrap();
    let pbkdf2 = "pbkdf2_sha1$1000$zHZS2zEtkJv6WR8fPkPazu$auFtnbSz23tAKK+DzRdj6ztmvgM=";
    let Narrow { lane, gate, .. } = narrow(8);
    let first = lane.hash(password());
    gate.wait_until_asked(1);
    let second = lane.hash(password());
    let others = [
        lane.verify(password(), Some(PasswordHash::from_encoded(pbkdf2))),
        lane.verify(password(), Some(costlier.clone())),
        lane.verify(password(), Some(costlier)),
    ];
    let dummy = lane.verify(password(), None);
    gate.open_for(1);
    gate.wait_until_asked(2);
    assert_eq!(lane.waiting(), 3, "the pretence is computed with the new hash, the others are not");
    gate.open();
    assert!(block_on(first).is_ok() && block_on(second).is_ok());
    assert_eq!(block_on(dummy), Ok(Verification::Mismatch));
    for other in others {
        assert_eq!(block_on(other), Ok(Verification::Match { outdated: true }));
    }
}

#[test]
fn jobs_taken_together_are_answered_each_with_its_own_result() {
    let Narrow { lane, gate, .. } = narrow(8);
    gate.open_for(1);
    let hash = block_on(lane.hash(password())).unwrap();
    let first = lane.hash(password());
    gate.wait_until_asked(2);
    let wrong = || Password::new("wrong").unwrap();
    let right = lane.verify(password(), Some(hash.clone()));
    let mismatch = lane.verify(wrong(), Some(hash));
    let nobody = lane.verify(password(), None);
    let new = lane.hash(wrong());
    gate.open();
    assert!(block_on(first).is_ok());
    assert_eq!(block_on(right), Ok(Verification::Match { outdated: false }));
    assert_eq!(block_on(mismatch), Ok(Verification::Mismatch));
    assert_eq!(block_on(nobody), Ok(Verification::Mismatch));
    let new = block_on(new).unwrap();
    assert_eq!(block_on(lane.verify(wrong(), Some(new))), Ok(Verification::Match { outdated: false }));
}

#[test]
fn a_dropped_lane_fails_what_waits_finishes_what_runs_and_ends_its_threads() {
    let Narrow { lane, gate, clock } = narrow(1);
    let running = lane.hash(password());
    gate.wait_until_asked(1);
    let waiting = lane.hash(password());
    thread::scope(|scope| {
        let dropping = scope.spawn(move || drop(lane));
        assert_eq!(block_on(waiting), Err(HashError::Failed));
        gate.open();
        dropping.join().unwrap();
    });
    assert!(matches!(poll_once(&mut { running }), Poll::Ready(Ok(_))));
    assert_eq!(Arc::strong_count(&clock), 1, "no thread holds the clock any more");
}

#[test]
fn a_lane_can_be_dropped_by_what_it_wakes() {
    struct DropsTheLane(Mutex<Option<HashLane>>, mpsc::Sender<()>);

    impl Wake for DropsTheLane {
        fn wake(self: Arc<Self>) {
            drop(self.0.lock().unwrap().take());
            self.1.send(()).unwrap();
        }
    }

    let Narrow { lane, gate, .. } = narrow(1);
    let (dropped, lane_dropped) = mpsc::channel();
    let mut hashing = lane.hash(password());
    let waker = Waker::from(Arc::new(DropsTheLane(Mutex::new(Some(lane)), dropped)));
    assert!(hashing.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    gate.open();
    lane_dropped.recv_timeout(Duration::from_secs(30)).unwrap();
    assert!(block_on(hashing).is_ok());
}

struct Constant;

impl Random for Constant {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(7);
    }
}

/// Salts behind a gate; one turn panics.
struct PanicsOnTurn {
    gate: Arc<Gate>,
    turn: usize,
}

impl Random for PanicsOnTurn {
    fn fill(&self, bytes: &mut [u8]) {
        self.gate.fill(bytes);
        assert_ne!(self.gate.asked(), self.turn, "this panic belongs to the test");
    }
}
