//! One value from a thread to a future, with no async runtime between them.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

/// The two ends of a channel for one value.
pub(super) fn oneshot<T>() -> (Sender<T>, Receiver<T>) {
    let slot = Arc::new(Slot(Mutex::new(State { value: None, sent: false, waker: None })));
    (Sender(Arc::clone(&slot)), Receiver(slot))
}

/// The end of the thread. Dropping it without a value resolves the future with `None`.
pub(super) struct Sender<T>(Arc<Slot<T>>);

/// The end of the future.
pub(super) struct Receiver<T>(Arc<Slot<T>>);

struct Slot<T>(Mutex<State<T>>);

struct State<T> {
    value: Option<T>,
    sent: bool,
    waker: Option<Waker>,
}

impl<T> Slot<T> {
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Sender<T> {
    pub(super) fn send(self, value: T) {
        self.0.lock().value = Some(value);
    }

    /// Whether nobody waits for the value any more.
    pub(super) fn is_abandoned(&self) -> bool {
        Arc::strong_count(&self.0) == 1
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        let waker = {
            let mut state = self.0.lock();
            state.sent = true;
            state.waker.take()
        };
        // Outside of the lock: what wakes may poll at once.
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        // Else the sender would wake a task that no longer waits for it.
        let waker = self.0.lock().waker.take();
        drop(waker);
    }
}

impl<T> Future for Receiver<T> {
    type Output = Option<T>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<T>> {
        let mut state = self.0.lock();
        if state.sent {
            return Poll::Ready(state.value.take());
        }
        state.waker = Some(context.waker().clone());
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doubles::{block_on, poll_once};

    #[test]
    fn a_value_from_another_thread_wakes_the_future() {
        let (sender, receiver) = oneshot();
        let thread = std::thread::spawn(move || sender.send(7));
        assert_eq!(block_on(receiver), Some(7));
        thread.join().unwrap();
    }

    #[test]
    fn the_future_is_pending_until_the_sender_is_gone_and_then_resolves_without_a_value() {
        let (sender, receiver) = oneshot::<u8>();
        let mut receiver = Box::pin(receiver);
        assert_eq!(poll_once(&mut receiver), Poll::Pending);
        drop(sender);
        assert_eq!(poll_once(&mut receiver), Poll::Ready(None));
    }

    #[test]
    fn the_sender_knows_that_the_future_was_dropped() {
        let (sender, receiver) = oneshot::<u8>();
        assert!(!sender.is_abandoned());
        drop(receiver);
        assert!(sender.is_abandoned());
    }
}
