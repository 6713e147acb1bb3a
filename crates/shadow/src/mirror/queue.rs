use super::Share;
use bytes::Bytes;
use http::{Request, Response};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::mpsc::{Receiver, Sender, channel};

/// A request with the upstream server's answer to it. Both hold live tokens: nothing prints it.
pub(crate) struct Exchange {
    pub(crate) request: Request<Bytes>,
    pub(crate) upstream: Response<Bytes>,
    /// Its place among all of them: by the ends of the upstream server's answers.
    pub(crate) number: u64,
    /// The answers before this number had ended when the request came: whatever they say, it may
    /// follow from it.
    pub(crate) after: u64,
    /// The memory that both take.
    pub(crate) share: Share,
}

/// When a request came: after how many answers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Arrival(u64);

/// What waits for the candidate, in the order in which the upstream server answered.
#[derive(Clone)]
pub(crate) struct Queue(Arc<Mutex<State>>);

struct State {
    /// None once it is closed.
    sender: Option<Sender<Exchange>>,
    next: u64,
}

/// The queue does not take it: it is full, or closed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct NotTaken;

impl Queue {
    pub(crate) fn new(length: usize) -> (Self, Receiver<Exchange>) {
        let (sender, receiver) = channel(length.max(1));
        (Self(Arc::new(Mutex::new(State { sender: Some(sender), next: 0 }))), receiver)
    }

    /// Notes that a request comes now.
    pub(crate) fn arrival(&self) -> Arrival {
        Arrival(self.state().next)
    }

    /// Takes an exchange, whose answer ends now. It never waits.
    pub(crate) fn put(
        &self,
        arrival: Arrival,
        request: Request<Bytes>,
        upstream: Response<Bytes>,
        share: Share,
    ) -> Result<(), NotTaken> {
        let mut state = self.state();
        // The number and the place in the channel are drawn under one lock, so that they agree.
        let exchange = Exchange { request, upstream, number: state.next, after: arrival.0, share };
        state.sender.as_ref().ok_or(NotTaken)?.try_send(exchange).map_err(|_| NotTaken)?;
        state.next += 1;
        Ok(())
    }

    /// Takes no more. What waits can still be taken out.
    pub(crate) fn close(&self) {
        self.state().sender = None;
    }

    /// How many exchanges were taken.
    pub(crate) fn taken(&self) -> u64 {
        self.state().next
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Budget, Skipped};
    use super::*;

    fn put(queue: &Queue, arrival: Arrival) -> Result<(), NotTaken> {
        let share = Budget::new(0).share();
        queue.put(arrival, Request::new(Bytes::new()), Response::new(Bytes::new()), share)
    }

    #[test]
    fn a_request_comes_after_the_answers_that_had_ended() {
        let (queue, mut receiver) = Queue::new(4);
        let (first, second) = (queue.arrival(), queue.arrival());
        put(&queue, second).unwrap();
        let third = queue.arrival();
        put(&queue, first).unwrap();
        put(&queue, third).unwrap();
        let mut next = || receiver.try_recv().map(|exchange| (exchange.number, exchange.after)).unwrap();
        assert_eq!([next(), next(), next()], [(0, 0), (1, 0), (2, 1)]);
    }

    #[test]
    fn a_full_queue_takes_no_more_and_says_so() {
        let (queue, mut receiver) = Queue::new(1);
        assert_eq!(put(&queue, queue.arrival()), Ok(()));
        assert_eq!(put(&queue, queue.arrival()), Err(NotTaken));
        assert_eq!(queue.taken(), 1);
        assert!(receiver.try_recv().is_ok());
        assert_eq!(put(&queue, queue.arrival()), Ok(()));
    }

    #[test]
    fn an_exchange_holds_its_memory_until_nobody_needs_it() {
        let (queue, mut receiver) = Queue::new(1);
        let budget = Budget::new(100);
        let mut share = budget.share();
        share.grow(100).unwrap();
        let request = || Request::new(Bytes::new());
        queue.put(queue.arrival(), request(), Response::new(Bytes::new()), share).unwrap();
        let taken = receiver.try_recv().ok();
        assert_eq!(budget.share().grow(1), Err(Skipped::MemoryFull));
        drop(taken);
        assert_eq!(budget.share().grow(100), Ok(()));
    }

    #[test]
    fn a_closed_queue_gives_what_it_has_and_takes_no_more() {
        let (queue, mut receiver) = Queue::new(4);
        put(&queue, queue.arrival()).unwrap();
        queue.close();
        assert_eq!(put(&queue, queue.arrival()), Err(NotTaken));
        assert!(receiver.try_recv().is_ok());
        assert!(receiver.try_recv().is_err());
    }
}
