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
    /// How many poppers wait.
    idle: usize,
    closed: bool,
}

impl<T> Queue<T> {
    pub(super) fn new(capacity: usize) -> Self {
        let state = State { waiting: VecDeque::new(), idle: 0, closed: false };
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

    /// Waits for the next item, and takes with it those behind that go with it: as many as leave
    /// the other idle poppers their share, and no more than `most` in all. `None` once the queue is
    /// closed.
    pub(super) fn pop_alike(&self, most: usize, go_together: impl Fn(&T, &T) -> bool) -> Option<Vec<T>> {
        let mut state = self.lock();
        while !state.closed {
            if let Some(first) = state.waiting.pop_front() {
                let share = share(state.waiting.len() + 1, state.idle, most);
                let mut items = vec![first];
                take_alike(&mut state.waiting, &mut items, share, go_together);
                return Some(items);
            }
            state.idle += 1;
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
            state.idle -= 1;
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

/// How many of the waiting items one popper takes while others are idle.
fn share(waiting: usize, idle: usize, most: usize) -> usize {
    waiting.div_ceil(idle + 1).min(most)
}

/// Moves items that go with the first of `taken` to it, until there are `share` of them.
fn take_alike<T>(
    waiting: &mut VecDeque<T>,
    taken: &mut Vec<T>,
    share: usize,
    go_together: impl Fn(&T, &T) -> bool,
) {
    let mut place = 0;
    while taken.len() < share {
        let (Some(first), Some(item)) = (taken.first(), waiting.get(place)) else { return };
        if go_together(first, item) {
            taken.extend(waiting.remove(place));
        } else {
            place += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl<T> Queue<T> {
        fn pop(&self) -> Option<T> {
            self.pop_alike(1, |_, _| true)?.pop()
        }
    }

    fn filled<const N: usize>(items: [u8; N]) -> Queue<u8> {
        let queue = Queue::new(N);
        for item in items {
            queue.push(item, |_| true).unwrap();
        }
        queue
    }

    /// Takes items of the same ten.
    fn pop_tens(queue: &Queue<u8>, most: usize) -> Option<Vec<u8>> {
        queue.pop_alike(most, |first, item| first / 10 == item / 10)
    }

    #[test]
    fn alike_items_come_out_together_and_the_others_keep_their_order() {
        let queue = filled([10, 20, 11, 30, 12, 21, 13, 14]);
        assert_eq!(pop_tens(&queue, 4), Some(vec![10, 11, 12, 13]));
        assert_eq!(pop_tens(&queue, 4), Some(vec![20, 21]));
        assert_eq!(pop_tens(&queue, 4), Some(vec![30]));
        assert_eq!(pop_tens(&queue, 4), Some(vec![14]));
    }

    #[test]
    fn one_at_a_time_is_taken_where_that_is_most() {
        let queue = filled([10, 11]);
        assert_eq!(pop_tens(&queue, 1), Some(vec![10]));
        assert_eq!(queue.len(), 1);
    }

    #[test]
    fn idle_poppers_are_left_their_share() {
        for (waiting, idle, expected) in
            [(1, 0, 1), (3, 0, 3), (9, 0, 4), (1, 3, 1), (2, 1, 1), (3, 1, 2), (4, 1, 2), (64, 1, 4)]
        {
            assert_eq!(share(waiting, idle, 4), expected, "{waiting} waiting, {idle} idle");
        }
    }

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
