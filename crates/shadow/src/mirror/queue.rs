use bytes::Bytes;
use http::{Request, Response};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::mpsc::{Receiver, Sender, channel};

/// What the bodies that wait may take, in bytes.
const MEMORY: usize = 64 * 1024 * 1024;

/// A request with the upstream server's answer to it.
#[derive(Debug)]
pub(crate) struct Exchange {
    pub(crate) request: Request<Bytes>,
    pub(crate) upstream: Response<Bytes>,
    /// Its place among all of them: by the ends of the upstream server's answers.
    pub(crate) number: u64,
    /// The answers before this number had ended when the request came: whatever they say, it may
    /// follow from it.
    pub(crate) after: u64,
}

impl Exchange {
    fn size(&self) -> usize {
        self.request.body().len() + self.upstream.body().len()
    }
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
    bytes: usize,
}

/// The queue does not take it: it is full, or closed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct NotTaken;

impl Queue {
    pub(crate) fn new(length: usize) -> (Self, Receiver<Exchange>) {
        let (sender, receiver) = channel(length.max(1));
        (Self(Arc::new(Mutex::new(State { sender: Some(sender), next: 0, bytes: 0 }))), receiver)
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
    ) -> Result<(), NotTaken> {
        let mut state = self.state();
        // The number and the place in the channel are drawn under one lock, so that they agree.
        let exchange = Exchange { request, upstream, number: state.next, after: arrival.0 };
        let size = exchange.size();
        if state.bytes + size > MEMORY {
            return Err(NotTaken);
        }
        state.sender.as_ref().ok_or(NotTaken)?.try_send(exchange).map_err(|_| NotTaken)?;
        state.next += 1;
        state.bytes += size;
        Ok(())
    }

    /// Notes that an exchange was taken out and waits no more.
    pub(crate) fn release(&self, exchange: &Exchange) {
        let mut state = self.state();
        state.bytes = state.bytes.saturating_sub(exchange.size());
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
    use super::*;

    fn put(queue: &Queue, arrival: Arrival, body: usize) -> Result<(), NotTaken> {
        let body = || Bytes::from(vec![0; body]);
        queue.put(arrival, Request::new(body()), Response::new(body()))
    }

    #[test]
    fn a_request_comes_after_the_answers_that_had_ended() {
        let (queue, mut receiver) = Queue::new(4);
        let (first, second) = (queue.arrival(), queue.arrival());
        put(&queue, second, 0).unwrap();
        let third = queue.arrival();
        put(&queue, first, 0).unwrap();
        put(&queue, third, 0).unwrap();
        let mut next = || receiver.try_recv().map(|exchange| (exchange.number, exchange.after)).unwrap();
        assert_eq!([next(), next(), next()], [(0, 0), (1, 0), (2, 1)]);
    }

    #[test]
    fn a_full_queue_takes_no_more_and_says_so() {
        let (queue, mut receiver) = Queue::new(1);
        assert_eq!(put(&queue, queue.arrival(), 1), Ok(()));
        assert_eq!(put(&queue, queue.arrival(), 1), Err(NotTaken));
        assert_eq!(queue.taken(), 1);
        queue.release(&receiver.try_recv().unwrap());
        assert_eq!(put(&queue, queue.arrival(), 1), Ok(()));
    }

    #[test]
    fn the_bodies_that_wait_are_bounded() {
        let (queue, mut receiver) = Queue::new(4);
        let half = MEMORY / 2;
        assert_eq!(put(&queue, queue.arrival(), half), Ok(()));
        assert_eq!(put(&queue, queue.arrival(), half), Err(NotTaken));
        queue.release(&receiver.try_recv().unwrap());
        assert_eq!(put(&queue, queue.arrival(), half), Ok(()));
    }

    #[test]
    fn a_closed_queue_gives_what_it_has_and_takes_no_more() {
        let (queue, mut receiver) = Queue::new(4);
        put(&queue, queue.arrival(), 0).unwrap();
        queue.close();
        assert_eq!(put(&queue, queue.arrival(), 0), Err(NotTaken));
        assert!(receiver.try_recv().is_ok());
        assert!(receiver.try_recv().is_err());
    }
}
