//! What the cases stand on: a database of their own, servers on it, and a client for each.

pub(crate) mod bodies;
mod client;
mod jws;
mod mailing;
mod page;
mod place;
mod raw;
mod server;
mod verbs;
mod verbs_of_accounts;
mod wait;

pub(crate) use client::{Answer, Client, Request};
pub(crate) use jws::{
    Forge, claims, decode, encode, hs256, hs256_is_right, parts, readable_claims, tampered,
};
pub(crate) use mailing::{Mailing, PUBLIC_URL, VERIFIED};
pub(crate) use page::Page;
pub(crate) use place::{Place, SHARED_KEY, beside_django};
pub(crate) use raw::{Raw, head_of};
pub(crate) use server::Server;
pub(crate) use verbs::{Pair, Registration};
pub(crate) use wait::eventually;

/// A password that keeps every rule.
pub(crate) const PASSWORD: &str = "Corr3ct-horse!";

/// Another one.
pub(crate) const NEW_PASSWORD: &str = "An0ther-staple!";
