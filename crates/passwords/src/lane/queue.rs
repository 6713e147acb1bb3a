//! A bounded queue between those who ask for hashes and the threads that compute them.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// First in, first out.
pub(super) struct Queue<T> {
    state: Mutex<State<T>>,
    changed: Condvar,
}

struct State<T> {
    waiting: VecDeque<T>,
    /// How many poppers wait.
    idle: usize,
    closed: bool,
}

/// What a popper takes away.
pub(super) struct Taken<T> {
    /// What stood in front and was not live any more.
    pub(super) lapsed: Vec<T>,
    /// What goes together. Empty only if something lapsed.
    pub(super) together: Vec<T>,
}

impl<T> Queue<T> {
    pub(super) fn new() -> Self {
        let state = State { waiting: VecDeque::new(), idle: 0, closed: false };
        Self { state: Mutex::new(state), changed: Condvar::new() }
    }

    /// Appends `item`, or gives it back if as many as `capacity` wait. Such a queue first makes room
    /// by dropping what is not `wanted` any more.
    pub(super) fn push(&self, item: T, capacity: usize, wanted: impl Fn(&T) -> bool) -> Result<(), T> {
        let mut state = self.lock();
        if state.waiting.len() >= capacity {
            state.waiting.retain(wanted);
        }
        if state.closed || state.waiting.len() >= capacity {
            return Err(item);
        }
        state.waiting.push_back(item);
        drop(state);
        self.changed.notify_one();
        Ok(())
    }

    /// Waits for items. Takes those in front that are not `live`, the next one, and with it those
    /// behind that go with it: as many as leave the other idle poppers their share, and no more than
    /// `most` in all. `None` once the queue is closed.
    pub(super) fn pop_alike(
        &self,
        most: usize,
        live: impl Fn(&T) -> bool,
        go_together: impl Fn(&T, &T) -> bool,
    ) -> Option<Taken<T>> {
        let mut state = self.lock();
        while !state.closed {
            if !state.waiting.is_empty() {
                let lapsed = state.waiting.iter().take_while(|item| !live(item)).count();
                let lapsed = state.waiting.drain(..lapsed).collect();
                let share = share(state.waiting.len(), state.idle, most);
                let mut together = Vec::from_iter(state.waiting.pop_front());
                take_alike(&mut state.waiting, &mut together, share, go_together);
                return Some(Taken { lapsed, together });
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
            self.pop_alike(1, |_| true, |_, _| true)?.together.pop()
        }
    }

    fn filled<const N: usize>(items: [u8; N]) -> Queue<u8> {
        let queue = Queue::new();
        for item in items {
            queue.push(item, N, |_| true).unwrap();
        }
        queue
    }

    /// Takes items of the same ten.
    fn pop_tens(queue: &Queue<u8>, most: usize) -> Option<Vec<u8>> {
        Some(queue.pop_alike(most, |_| true, |first, item| first / 10 == item / 10)?.together)
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
    fn what_lapsed_is_taken_away_and_takes_no_place_in_the_group() {
        let queue = filled([10, 11, 12, 13, 14, 15]);
        let taken = queue.pop_alike(2, |item| *item > 12, |_, _| true).unwrap();
        assert_eq!((taken.lapsed, taken.together), (vec![10, 11, 12], vec![13, 14]));
        let taken = queue.pop_alike(2, |_| false, |_, _| true).unwrap();
        assert_eq!((taken.lapsed, taken.together), (vec![15], vec![]));
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
        let queue = Queue::new();
        queue.push(1, 2, |_| true).unwrap();
        queue.push(2, 2, |_| true).unwrap();
        assert_eq!((queue.pop(), queue.pop(), queue.len()), (Some(1), Some(2), 0));
    }

    #[test]
    fn a_full_queue_gives_the_item_back() {
        let queue = Queue::new();
        queue.push(1, 1, |_| true).unwrap();
        assert_eq!(queue.push(2, 1, |_| true), Err(2));
        assert_eq!(queue.len(), 1);
    }

    #[test]
    fn a_full_queue_makes_room_by_dropping_what_nobody_wants() {
        let queue = Queue::new();
        queue.push(1, 2, |_| true).unwrap();
        queue.push(2, 2, |_| true).unwrap();
        queue.push(3, 2, |item| *item != 1).unwrap();
        assert_eq!((queue.pop(), queue.pop()), (Some(2), Some(3)));
    }

    #[test]
    fn a_closed_queue_drops_what_waits_and_takes_nothing() {
        let queue = Queue::new();
        queue.push(1, 2, |_| true).unwrap();
        queue.close();
        assert_eq!(queue.pop(), None);
        assert_eq!(queue.push(2, 2, |_| true), Err(2));
    }

    #[test]
    fn closing_wakes_those_who_wait() {
        let queue = Queue::<u8>::new();
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| queue.pop());
            queue.close();
            assert_eq!(waiting.join().unwrap(), None);
        });
    }
}
