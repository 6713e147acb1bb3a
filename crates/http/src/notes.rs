//! What is noted on a request on its way in, for whoever handles or reports it.

/// What is known of a request before anything is asked of it.
pub(crate) struct Seen {
    /// The client's address in text form; empty if not known.
    pub(crate) address: String,
}

/// The pattern of the path that a request was found to be for.
#[derive(Clone, Copy)]
pub(crate) struct Matched(pub(crate) &'static str);
