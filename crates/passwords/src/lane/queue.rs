//! A bounded queue between those who ask for hashes and the threads that compute them.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// First in, first out.
pub(super) struct Queue<T> {
    capacity: usize,
    state: Mutex<State<T>>,
    changed: Condvar,
}

struct State<T> {
    waiting: VecDeque<T>,
    closed: bool,
}

impl<T> Queue<T> {
    pub(super) fn new(capacity: usize) -> Self {
        let state = State { waiting: VecDeque::new(), closed: false };
        Self { capacity, state: Mutex::new(state), changed: Condvar::new() }
    }

    /// Appends `item`, or gives it back if the queue is full. A full queue first makes room by
    /// dropping what is not `wanted` any more.
    pub(super) fn push(&self, item: T, wanted: impl Fn(&T) -> bool) -> Result<(), T> {
        let mut state = self.lock();
        if state.waiting.len() >= self.capacity {
            state.waiting.retain(wanted);
        }
        if state.closed || state.waiting.len() >= self.capacity {
            return Err(item);
        }
        state.waiting.push_back(item);
        drop(state);
        self.changed.notify_one();
        Ok(())
    }

    /// Waits for the next item; `None` once the queue is closed.
    pub(super) fn pop(&self) -> Option<T> {
        let mut state = self.lock();
        while !state.closed {
            if let Some(item) = state.waiting.pop_front() {
                return Some(item);
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        None
    }

    /// Drops what waits, takes nothing more, and sends the poppers home.
    pub(super) fn close(&self) {
        let dropped = {
            let mut state = self.lock();
            state.closed = true;
            std::mem::take(&mut state.waiting)
        };
        self.changed.notify_all();
        // Outside of the lock: a dropped item may wake somebody.
        drop(dropped);
    }

    pub(super) fn len(&self) -> usize {
        self.lock().waiting.len()
    }

    pub(super) fn capacity(&self) -> usize {
        self.capacity
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_come_out_in_the_order_in_which_they_went_in() {
        let queue = Queue::new(2);
        queue.push(1, |_| true).unwrap();
        queue.push(2, |_| true).unwrap();
        assert_eq!((queue.pop(), queue.pop(), queue.len()), (Some(1), Some(2), 0));
    }

    #[test]
    fn a_full_queue_gives_the_item_back() {
        let queue = Queue::new(1);
        queue.push(1, |_| true).unwrap();
        assert_eq!(queue.push(2, |_| true), Err(2));
        assert_eq!(queue.len(), 1);
    }

    #[test]
    fn a_full_queue_makes_room_by_dropping_what_nobody_wants() {
        let queue = Queue::new(2);
        queue.push(1, |_| true).unwrap();
        queue.push(2, |_| true).unwrap();
        queue.push(3, |item| *item != 1).unwrap();
        assert_eq!((queue.pop(), queue.pop()), (Some(2), Some(3)));
    }

    #[test]
    fn a_closed_queue_drops_what_waits_and_takes_nothing() {
        let queue = Queue::new(2);
        queue.push(1, |_| true).unwrap();
        queue.close();
        assert_eq!(queue.pop(), None);
        assert_eq!(queue.push(2, |_| true), Err(2));
    }

    #[test]
    fn closing_wakes_those_who_wait() {
        let queue = Queue::<u8>::new(1);
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| queue.pop());
            queue.close();
            assert_eq!(waiting.join().unwrap(), None);
        });
    }
}
