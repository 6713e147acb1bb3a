//! What the whole crate promises, above all to refuse. Each file is one kind of attack or promise.

mod accepting;
mod claims;
mod forgery;
mod issuing;
mod mutation;
mod other_keys;
mod refreshing;
mod rotation;
pub(crate) mod support;
mod takeover;
mod verifier;
