//! Answers clients with the upstream server's answers.

mod client;
mod forward;
mod hop;
mod inbound;
mod outbound;

pub(crate) use client::{Client, Failure, tls};
pub(crate) use forward::Proxy;
