//! A store that remembers who its callers are, in front of one that asks a database.
//!
//! ```
//! use doorward_domain::store::Store;
//! use doorward_domain::testing::{World, block_on};
//! use doorward_recall::{Recall, Settings};
//! use std::sync::Arc;
//!
//! let world = World::with_user("alice", "alice@example.com", "pw-of-alice");
//! let recall = Arc::new(Recall::new(world.store.clone(), world.clock.clone(), Settings::default()));
//! block_on(recall.follow())?; // a server does this several times a second
//!
//! let alice = world.find("alice").id;
//! let store: Arc<dyn Store> = recall.clone(); // what the domain's services take
//! let ask = || block_on(store.standing(alice, None, world.clock.now_value()));
//! let first = ask()?;
//! world.store.go_down();
//! assert_eq!(ask()?, first); // from memory
//! # Ok::<(), doorward_domain::store::StoreError>(())
//! ```
//!
//! # The picture
//!
//! A request is judged by its token and by its caller's
//! [`Standing`](doorward_domain::standing::Standing), which is read all the time and changes rarely.
//! [`Recall`] is a [`Store`](doorward_domain::store::Store) that wraps another one, and the memory of
//! [`Callers`](doorward_domain::callers::Callers) that goes with it:
//!
//! * [`Callers::recall`](doorward_domain::callers::Callers::recall) tells at once who holds a token that
//!   was good a moment ago: with nearly every request that is one digest and one look into a table.
//! * [`Store::remembered`](doorward_domain::store::Store::remembered) answers on the thread that asks,
//!   if it knows: it is what the next token of a session is judged by. What
//!   [`Store::find_standing`](doorward_domain::store::Store::find_standing) finds in the database for
//!   those who get no answer is remembered.
//! * A unit of work runs on the database. The accounts whose standing it changed are forgotten before
//!   it is answered, with all of their tokens: a revocation is seen by the next request on the same
//!   instance.
//! * [`Recall::follow`] asks the database what has changed since it last asked, and forgets that:
//!   changes by other instances and by the command line.
//! * [`Recall::warm_up`] reads those who are signed in ahead of their requests, a page at a time.
//! * Whoever replaces the keys that vouch for tokens calls [`Recall::keys_changed`].
//!
//! # Why it is never wrong for long
//!
//! | danger | what prevents it |
//! |---|---|
//! | another instance revokes | memory answers only while its lease runs: for [`Settings::lease`] after the *beginning* of the last look at the changes that succeeded. A process that was stopped, a database that is away or a follower that starves let the lease run out, and the database is asked |
//! | a change commits while its account is being read, and what was read before it is remembered after it | each change of an account is stamped; what was read counts only if no stamp of its account is younger than the beginning of the read, and who was found to hold a token only if none is younger than the first look at it |
//! | the same, of a page that is read ahead | the same: the read of the page is the look |
//! | the keys are replaced while a token is being verified | that is stamped too |
//! | a token expires, or the clock goes back to before it was issued | it comes with the instants at which it is accepted |
//! | changes that commit in another order than they began in | they are numbered in the order of their commits ([`ChangeNumber`](doorward_domain::standing::ChangeNumber)), without gaps |
//! | a follower that missed too much | it is told so, and forgets everything |
//! | a clock that is set back | the lease is measured on the monotonic clock |
//! | a session that expired meanwhile | memory knows when, and then asks the database, since a rotation may have moved it on |
//! | a unit of work whose caller went away | nobody was answered; the follower sees its change |
//!
//! # What is not here
//!
//! No database, no runtime, no thread: whoever owns a [`Recall`] calls [`Recall::follow`]. Nothing
//! that is refused is remembered, so that garbage costs no memory.

mod callers;
mod history;
mod memory;
mod recall;

pub use recall::{Recall, Settings};
