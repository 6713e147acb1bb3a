//! What the tests put in the place of a runtime, a clock and the operating system's randomness.

use doorward_domain::random::Random;
use doorward_domain::time::{Clock, Timestamp};
use std::pin::{Pin, pin};
use std::sync::{Arc, Condvar, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

/// Waits for a future on this thread; a future that nothing wakes fails the test.
pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    let signal = Arc::new(Signal { woken: Mutex::new(false), changed: Condvar::new() });
    let waker = Waker::from(Arc::clone(&signal));
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(output) => return output,
            Poll::Pending => signal.wait(),
        }
    }
}

struct Signal {
    woken: Mutex<bool>,
    changed: Condvar,
}

impl Signal {
    fn wait(&self) {
        let woken = self.woken.lock().unwrap();
        let patience = Duration::from_secs(30);
        let (mut woken, _) = self.changed.wait_timeout_while(woken, patience, |woken| !*woken).unwrap();
        assert!(std::mem::take(&mut *woken), "nothing woke the future");
    }
}

impl Wake for Signal {
    fn wake(self: Arc<Self>) {
        *self.woken.lock().unwrap() = true;
        self.changed.notify_all();
    }
}

/// Asks a future once.
pub(crate) fn poll_once<F: Future + ?Sized>(future: &mut Pin<Box<F>>) -> Poll<F::Output> {
    future.as_mut().poll(&mut Context::from_waker(Waker::noop()))
}

/// A clock that stands still until a test moves it.
pub(crate) struct StoppedClock(Mutex<Timestamp>);

impl StoppedClock {
    pub(crate) fn new() -> Self {
        Self(Mutex::new(Timestamp::EPOCH))
    }

    pub(crate) fn advance(&self, duration: Duration) {
        let mut now = self.0.lock().unwrap();
        *now = now.plus(duration);
    }
}

impl Clock for StoppedClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }

    fn monotonic(&self) -> Duration {
        self.now().since(Timestamp::EPOCH)
    }
}

/// Salts behind a gate: a hash thread that asks for one stays until the gate is open.
pub(crate) struct Gate {
    state: Mutex<GateState>,
    changed: Condvar,
}

struct GateState {
    open_for: usize,
    asked: usize,
}

impl Gate {
    pub(crate) fn closed() -> Self {
        Self { state: Mutex::new(GateState { open_for: 0, asked: 0 }), changed: Condvar::new() }
    }

    pub(crate) fn open(&self) {
        self.open_for(usize::MAX);
    }

    /// Opens the gate for the first `count` that ask, and nobody else.
    pub(crate) fn open_for(&self, count: usize) {
        self.state.lock().unwrap().open_for = count;
        self.changed.notify_all();
    }

    /// How many salts were asked for.
    pub(crate) fn asked(&self) -> usize {
        self.state.lock().unwrap().asked
    }

    /// Waits until `count` salts were asked for.
    pub(crate) fn wait_until_asked(&self, count: usize) {
        let state = self.state.lock().unwrap();
        drop(self.changed.wait_while(state, |state| state.asked < count).unwrap());
    }
}

impl Random for Gate {
    fn fill(&self, bytes: &mut [u8]) {
        let mut state = self.state.lock().unwrap();
        state.asked += 1;
        let turn = state.asked;
        self.changed.notify_all();
        drop(self.changed.wait_while(state, |state| state.open_for < turn).unwrap());
        bytes.fill(7);
    }
}
