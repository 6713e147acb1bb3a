//! Taking accounts in from another system, again and again while that is still in use.

mod batch;
mod merge;
mod missing;
mod names;
mod report;
mod source;
#[cfg(test)]
mod tests;
mod walk;
mod yielding;

pub use batch::import_batch;
pub use missing::judge_missing;
pub use report::{Change, Outcome, Remark, RemarkKind, Remarked, Remarks, Report};
pub use source::{AccountSource, SourceError, SourceRow};

use crate::password::PasswordHash;
use crate::random::Random;
use crate::store::{Store, StoreError, Transaction, Verdict};
use crate::takeover::{Attributes, ForeignPassword};
use crate::time::Clock;
use std::sync::Arc;
use walk::{Hands, Walk};

/// Who comes in, where two accounts have one username, or one address, once case and Unicode form are
/// folded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum CollisionPolicy {
    /// Whoever is here first stays.
    #[default]
    Skip,
    /// Whoever was made last, if the other came in too and was not changed here.
    Newest,
}

/// What an operator decides about an import.
#[derive(Debug, Clone, Copy)]
pub struct ImportRules {
    /// Who comes in.
    pub collisions: CollisionPolicy,
    /// Whether accounts are deactivated that came in earlier and are no longer there.
    pub deactivate_missing: bool,
    /// Attributes with an address beside them: what an account is given that comes in without its
    /// address, so that an export can give it back. The same arguments MUST give the same result.
    pub keep_address: fn(&Attributes, &str) -> Attributes,
}

/// Why an import stopped. What it has taken in by then stays; it can be run again.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ImportError {
    /// The source cannot be read.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The use case of taking accounts in.
#[derive(Clone)]
pub struct Imports {
    /// The database.
    pub store: Arc<dyn Store>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Draws subjects.
    pub random: Arc<dyn Random>,
    /// What the operator decided.
    pub rules: ImportRules,
    /// How many accounts one unit of work takes in; 0 counts as 1.
    pub batch: u32,
    /// Of how many accounts a report tells at most, for each kind of remark.
    pub shown: usize,
}

impl Imports {
    /// How many accounts one unit of work takes in, where nobody decided otherwise.
    pub const BATCH: u32 = 1_000;

    /// Takes everything in, batch by batch, and tells after each how far it has come. Each batch is
    /// durable once it is told of. An import that was interrupted is run again from the start, and
    /// finds what it has done. A name that becomes free on the way, for somebody who has been looked at
    /// before, is given by the next run.
    ///
    /// The source is read between the units of work, on the thread that awaits this.
    ///
    /// # Errors
    /// The source or the database failed.
    pub async fn run(
        &self,
        source: &mut dyn AccountSource,
        mut progress: impl FnMut(&Report),
    ) -> Result<Report, ImportError> {
        let mut walk = Walk::new(self.batch, self.shown);
        while let Some(piece) = walk.next(source)? {
            let (piece, hands) = (Arc::new(piece), self.hands());
            let work = move |tx: &mut dyn Transaction| piece.apply(tx, &hands).map(Verdict::Commit);
            walk.note(self.store.transact(work).await?);
            progress(walk.report());
        }
        Ok(walk.into_report())
    }

    /// Does as [`Imports::run`] does, in one unit of work that is rolled back. Others who want to write
    /// wait meanwhile, if the database has one writer; else those who want to change an account that was
    /// looked at, and a login is such a change.
    ///
    /// # Errors
    /// The source or the database failed.
    pub async fn dry_run(
        &self,
        mut source: Box<dyn AccountSource>,
        mut progress: impl FnMut(&Report) + Send + 'static,
    ) -> Result<Report, ImportError> {
        let (batch, shown, hands) = (self.batch, self.shown, self.hands());
        let work = move |tx: &mut dyn Transaction| {
            let mut walk = Walk::new(batch, shown);
            loop {
                match walk.next(&mut *source) {
                    Ok(Some(piece)) => walk.note(piece.apply(tx, &hands)?),
                    Ok(None) => return Ok(Verdict::RollBack(Ok(walk.into_report()))),
                    Err(error) => return Ok(Verdict::RollBack(Err(error))),
                }
                progress(walk.report());
            }
        };
        Ok(self.store.transact(work).await??)
    }

    fn hands(&self) -> Hands {
        Hands { clock: self.clock.clone(), random: self.random.clone(), rules: self.rules }
    }
}

/// What is stored in a password's place.
fn to_store(password: &ForeignPassword) -> PasswordHash {
    match password {
        ForeignPassword::Hash(hash) => hash.clone(),
        ForeignPassword::Unusable | ForeignPassword::MustReset => PasswordHash::unusable(),
    }
}
