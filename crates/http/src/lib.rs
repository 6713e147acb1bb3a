//! Doorward over HTTP: a JSON API that answers like Django REST framework and simplejwt, and the
//! pages around it.
//!
//! ```
//! use doorward_domain::testing::World;
//! use doorward_http::{HttpSettings, Services, serve};
//! use std::net::TcpListener;
//!
//! let listener = TcpListener::bind("127.0.0.1:0")?; // any free port
//! let World { auth, post, .. } = World::new();
//! let services = Services { auth, post, gauges: Vec::new() };
//! actix_web::rt::System::new().block_on(async {
//!     let server = serve(services, HttpSettings::default(), listener)?;
//!     let handle = server.handle();
//!     let running = actix_web::rt::spawn(server);
//!     // It answers from here …
//!     handle.stop(true).await; // … to here, and to its end whatever has begun.
//!     running.await?
//! })
//! # ; Ok::<(), std::io::Error>(())
//! ```
//!
//! # How a request goes
//!
//! 1. `observe` names it, finds out its client's address, and logs and counts its answer; `headers`
//!    adds what browsers should know.
//! 2. `Routes` leads its path to an `Endpoint`, which checks in REST framework's order: who calls,
//!    then whether the method is there. A stranger does not learn the methods of a closed path.
//! 3. The handler reads what it needs of the `Call`: the body (JSON, form-encoded or multipart,
//!    bounded in size and time), then its fields, whose errors are told all at once.
//! 4. The handler asks the domain and answers, or fails with a `Problem`. One function makes an
//!    answer of every problem; `wording` holds simplejwt's sentences. A failure inside the server is
//!    logged once, with the request's id, and its cause is not shown.
//!
//! All of this is done by a `Worker`, on one thread from its connection to its answer. Workers share
//! a `State` that nobody writes to, so that none waits for another.
//!
//! # What is not here
//!
//! No rule, no SQL, no signature: all of that is asked of [`doorward_domain`]. No handler believes a
//! forwarded header; no figure or log line holds a password, a token or a query string.
//!
//! # Other packages' paths
//!
//! Front ends that were written for djoser or dj-rest-auth find their paths under `aliases`, where
//! [`Aliases`] says. An alias has the names, sentences and shapes of its package and asks the same use
//! cases as the API; it has no rule of its own.
//!
//! # Pages
//!
//! Links in letters lead to pages under `site::account`, which need no script and no cookie: looking at
//! one uses nothing up, its form does. Each names the account that it is about, so that nobody proves
//! their address for a stranger's. `site::page` is the frame of them all: it escapes what is text,
//! keeps the page to its reader, and tells problems in HTML. Where [`HttpSettings::dev_mailbox`] says so,
//! `site::mailbox` shows letters to the machine that the server runs on.
//!
//! # Adding an endpoint
//!
//! Write a file under `api`: its `endpoint()`, what it takes, what it answers, and the handler with
//! its entry for the OpenAPI document beside it. List it in `api::endpoints` and in `openapi`; a test
//! fails while only one of the two knows it. Its tests go into the file of its name under `tests/it`.

mod address;
mod aliases;
mod api;
mod body;
mod call;
mod dossier;
mod endpoint;
mod headers;
mod hold;
mod metrics;
mod new_password;
mod observe;
mod offer;
mod openapi;
mod prefix;
mod problem;
mod problem_docs;
mod proof;
mod registration;
mod routes;
mod serve;
mod settings;
mod site;
mod state;
mod wire;
mod wording;
mod worker;

pub use metrics::Gauge;
pub use prefix::{PathPrefix, PathPrefixError};
pub use serve::{Services, serve};
pub use settings::{Aliases, HttpSettings, SimpleJwt};
