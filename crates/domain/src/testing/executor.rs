use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Runs a case of a contract on a thread of its name, so that a panic tells which case it was.
///
/// # Panics
/// As the case does.
#[expect(clippy::expect_used, reason = "a case fails by a panic, which this hands on")]
pub fn run_named(name: &str, case: impl FnOnce() + Send + 'static) {
    let running = thread::Builder::new().name(name.to_owned()).spawn(case);
    running.expect("a thread").join().expect("the case panicked");
}

/// Runs a future to its end on this thread: all the runtime that the domain's tests need.
pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut context = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(value) => return value,
            Poll::Pending => thread::park(),
        }
    }
}
