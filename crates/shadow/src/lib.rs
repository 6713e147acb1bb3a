//! Two servers, one question: answers clients with one server, asks the other the same, and tells
//! where their answers differ.
//!
//! ```
//! use bytes::Bytes;
//! use doorward_shadow::{Kind, Tolerance, compare};
//! use http::{Request, Response};
//!
//! let request = Request::get("/api/dashboard/").body(Bytes::new())?;
//! let answer = |body: &'static str| {
//!     Response::builder().header("content-type", "application/json").body(Bytes::from(body))
//! };
//! let django = answer(r#"{"id": 7, "username": "alice", "is_staff": false}"#)?;
//! let doorward = answer(r#"{"is_staff": true, "username": "alice", "id": 8}"#)?;
//! let found = compare(&request, &django, &doorward, &Tolerance::default());
//! let [difference] = &found.differences[..] else { unreachable!("one member differs") };
//! assert_eq!((difference.kind, &*difference.at), (Kind::Value, "is_staff"));
//! # Ok::<(), http::Error>(())
//! ```
//!
//! # How a request goes
//!
//! 1. The proxy sends it to the *upstream* server (Django) and passes its answer on as it comes. That
//!    is all that the client sees and waits for.
//! 2. While request and answer pass, they are kept, up to a limit. With the answer's last byte both go
//!    into a bounded queue. What finds it full, or no [memory](Options::memory), is passed on all the
//!    same, is not compared, and is counted.
//! 3. The mirror takes them out, sends the same request to the *candidate* (Doorward), compares the
//!    two answers ([`compare`]) and reports what differs, with secrets masked.
//!
//! # In which order
//!
//! A refresh means something only after its login. The candidate is asked a question once it has
//! answered all that the upstream server had answered *before this question was asked*; no client can
//! have known more. So the candidate works on two requests at a time where the upstream server did, and
//! on one after the other where one may follow from the other, whoever sent them.
//!
//! # What is sent to the candidate
//!
//! Requests that only read, on [paths](Options::paths) that the candidate serves: `GET`, `HEAD`,
//! `OPTIONS`, and `POST` to the few [views](Options::read_only_posts) that write nothing. With
//! [`mirror_writes`](Options::mirror_writes) all methods; then the candidate writes too, and its
//! database must be a copy that nobody needs.
//!
//! The request is the same to the byte, but for tokens. Both servers answer a login with tokens of
//! their own; from then on each is sent its own, so that the candidate's sessions are tried too, and
//! ids may differ. A token from before that is sent as it is: the candidate must have Django's signing
//! key to know it, and [`same_tokens`](Options::same_tokens) has it know them all that way.
//!
//! # What may differ
//!
//! Ids, times and the letters of tokens must differ between two servers and are left aside, as [`compare`]
//! says. What differs by design is listed in [`Expected`], one by one; each is tolerated, and counted,
//! until a [`Tolerance`] is strict about it. To add one, add a variant there, ask
//! for it where the comparison meets it, and write a test of what it tolerates and of what it does not.

mod compare;
mod mask;
mod mirror;
mod options;
mod origin;
mod proxy;
mod report;
mod run;

pub use compare::{Comparison, Difference, Expected, Kind, Tolerance, UnknownExpectation, compare};
pub use mirror::Skipped;
pub use options::{Format, Options};
pub use origin::{InvalidOrigin, Origin};
pub use report::Summary;
pub use run::{Signal, run};
