//! What is kept for the comparison, within one bound.

use super::Skipped;
use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What a header takes beside its letters, about: its place in the map, and two handles.
const HEADER: usize = 96;

/// The memory that everything which is kept shares: what is being received, what waits and what is
/// compared now.
#[derive(Clone)]
pub(crate) struct Budget(Arc<AtomicUsize>);

/// A part of the budget, given back when it is dropped.
pub(crate) struct Share {
    budget: Budget,
    bytes: usize,
}

/// A body that is kept as it comes.
pub(crate) struct KeptBody {
    bytes: BytesMut,
    limit: usize,
    share: Share,
}

impl Budget {
    /// A budget of so many bytes.
    pub(crate) fn new(bytes: usize) -> Self {
        Self(Arc::new(AtomicUsize::new(bytes)))
    }

    /// A share that holds nothing yet.
    pub(crate) fn share(&self) -> Share {
        Share { budget: self.clone(), bytes: 0 }
    }
}

impl Share {
    /// Another share of the same budget, which holds nothing yet.
    pub(crate) fn another(&self) -> Self {
        self.budget.share()
    }

    /// Takes that much more.
    ///
    /// # Errors
    /// There is not that much left.
    pub(crate) fn grow(&mut self, bytes: usize) -> Result<(), Skipped> {
        let take = |left: usize| left.checked_sub(bytes);
        let Self { budget: Budget(left), .. } = self;
        // It counts, and guards nothing that another thread would have to see.
        left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take).map_err(|_| Skipped::MemoryFull)?;
        self.bytes += bytes;
        Ok(())
    }

    /// Takes what headers take, about.
    ///
    /// # Errors
    /// There is not that much left.
    pub(crate) fn grow_by_headers(&mut self, headers: &HeaderMap) -> Result<(), Skipped> {
        self.grow(headers.iter().map(|(name, value)| name.as_str().len() + value.len() + HEADER).sum())
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.budget.0.fetch_add(self.bytes, Ordering::Relaxed);
    }
}

impl KeptBody {
    /// A body of at most `limit` bytes, which takes its memory from the share.
    pub(crate) fn new(limit: usize, share: Share) -> Self {
        Self { bytes: BytesMut::new(), limit, share }
    }

    /// Adds what came. It is added in any case, so that nothing is lost for who passes the body on.
    ///
    /// # Errors
    /// Why the body cannot be kept: it is too long, or the memory is used up.
    pub(crate) fn push(&mut self, chunk: &[u8]) -> Result<(), Skipped> {
        let before = self.bytes.capacity();
        self.bytes.extend_from_slice(chunk);
        if self.bytes.len() > self.limit {
            return Err(Skipped::TooLarge);
        }
        self.share.grow(self.bytes.capacity().saturating_sub(before))
    }

    /// The body, and the memory that it takes.
    pub(crate) fn into_parts(self) -> (Bytes, Share) {
        (self.bytes.freeze(), self.share)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_that_are_being_received_share_one_budget() {
        let budget = Budget::new(100);
        let mut bodies = [KeptBody::new(80, budget.share()), KeptBody::new(80, budget.share())];
        assert_eq!(bodies[0].push(&[0; 60]), Ok(()));
        assert_eq!(bodies[1].push(&[0; 60]), Err(Skipped::MemoryFull));
        let [first, second] = bodies;
        drop(first);
        // What was refused is given back as well, and takes nothing with it.
        drop(second);
        assert_eq!(KeptBody::new(80, budget.share()).push(&[0; 60]), Ok(()));
        assert_eq!(budget.share().grow(100), Ok(()));
        assert_eq!(budget.share().grow(101), Err(Skipped::MemoryFull));
    }

    #[test]
    fn a_body_counts_for_as_long_as_its_share_lives() {
        let budget = Budget::new(100);
        let mut body = KeptBody::new(100, budget.share());
        body.push(&[0; 80]).unwrap();
        let (bytes, share) = body.into_parts();
        assert_eq!(share.another().grow(80), Err(Skipped::MemoryFull));
        drop(share);
        assert_eq!(budget.share().grow(80), Ok(()));
        assert_eq!(bytes.len(), 80);
    }

    #[test]
    fn a_body_that_is_not_kept_has_lost_nothing() {
        let budget = Budget::new(1000);
        let mut body = KeptBody::new(5, budget.share());
        assert_eq!(body.push(b"abc"), Ok(()));
        assert_eq!(body.push(b"def"), Err(Skipped::TooLarge));
        assert_eq!(body.into_parts().0, "abcdef");
    }

    #[test]
    fn headers_count_with_their_letters() {
        let mut headers = HeaderMap::new();
        headers.insert("cookie", "x".repeat(1000).parse().unwrap());
        assert_eq!(Budget::new(1000).share().grow_by_headers(&headers), Err(Skipped::MemoryFull));
        assert_eq!(Budget::new(2000).share().grow_by_headers(&headers), Ok(()));
    }
}
