use super::*;
use crate::cost::Cost;
use crate::doubles::{Gate, StoppedClock, block_on, poll_once};
use std::sync::atomic::AtomicBool;
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
    let (gate, clock) = (Arc::new(Gate::closed()), Arc::new(StoppedClock::new()));
    let lane = start(queue, gate.clone(), clock.clone());
    Narrow { lane, gate, clock }
}

fn start(queue: usize, random: Arc<dyn Random>, clock: Arc<dyn Clock>) -> HashLane {
    let settings = LaneSettings { cost: Cost::MIN, threads: 1, queue, deadline: DEADLINE };
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
    struct PanicsOnce(AtomicBool);

    impl Random for PanicsOnce {
        fn fill(&self, bytes: &mut [u8]) {
            assert!(self.0.swap(true, Ordering::Relaxed), "this panic belongs to the test");
            bytes.fill(7);
        }
    }

    let random = Arc::new(PanicsOnce(AtomicBool::new(false)));
    let lane = start(1, random, Arc::new(StoppedClock::new()));
    assert_eq!(block_on(lane.hash(password())), Err(HashError::Failed));
    assert!(block_on(lane.hash(password())).is_ok());
    assert_eq!(lane.busy(), 0);
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
