use super::report::{Change, Outcome, Remark, Report};
use super::{AccountSource, ImportRules, SourceError, SourceRow, import_batch, judge_missing};
use crate::random::Random;
use crate::store::{StoreError, Transaction};
use crate::takeover::{ForeignAccount, ForeignKey, ForeignToken, ForeignTokenId, Group, ImportRecord};
use crate::time::Clock;
use std::collections::HashSet;
use std::sync::Arc;

/// The way through a source: reading a piece and applying it take turns, and who walks decides in
/// which unit of work a piece is applied.
pub(super) struct Walk {
    next: Stage,
    batch: u32,
    shown: usize,
    report: Report,
}

/// What is read next.
enum Stage {
    Groups,
    Accounts {
        after: Option<ForeignKey>,
    },
    Tokens {
        after: Option<ForeignTokenId>,
    },
    /// Who came in, now or earlier.
    Known {
        after: Option<ForeignKey>,
    },
    /// Which of these are no longer there.
    Missing {
        known: Vec<ImportRecord>,
    },
    Done,
}

/// A piece of work, read from the source. It may be applied again after a rollback.
pub(super) enum Piece {
    Groups(Vec<Group>),
    Accounts { accounts: Vec<ForeignAccount>, unreadable: Vec<Outcome> },
    Tokens(Vec<ForeignToken>),
    Known { after: Option<ForeignKey>, limit: u32 },
    Missing(Vec<ImportRecord>),
}

/// What applying a piece came to.
pub(super) enum Applied {
    Groups(usize),
    Outcomes(Vec<Outcome>),
    Tokens(usize),
    Known(Vec<ImportRecord>),
}

/// What a piece is applied with.
pub(super) struct Hands {
    pub(super) clock: Arc<dyn Clock>,
    pub(super) random: Arc<dyn Random>,
    pub(super) rules: ImportRules,
}

impl Walk {
    pub(super) fn new(batch: u32, shown: usize) -> Self {
        Self { next: Stage::Groups, batch: batch.max(1), shown, report: Report::default() }
    }

    /// Reads the next piece; `None` at the end.
    pub(super) fn next(&mut self, source: &mut dyn AccountSource) -> Result<Option<Piece>, SourceError> {
        loop {
            match std::mem::replace(&mut self.next, Stage::Done) {
                Stage::Groups => {
                    self.next = Stage::Accounts { after: None };
                    return Ok(Some(Piece::Groups(source.groups()?)));
                }
                Stage::Accounts { after } => {
                    let rows = source.accounts_after(after.as_ref(), self.batch)?;
                    let Some(last) = rows.last() else {
                        self.next = Stage::Tokens { after: None };
                        continue;
                    };
                    self.next = Stage::Accounts { after: Some(last.key().clone()) };
                    return Ok(Some(Piece::accounts(rows)));
                }
                Stage::Tokens { after } => {
                    let tokens = source.tokens_after(after.as_ref(), self.batch)?;
                    let Some(last) = tokens.last() else {
                        self.next = Stage::Known { after: None };
                        continue;
                    };
                    self.next = Stage::Tokens { after: Some(last.id.clone()) };
                    return Ok(Some(Piece::Tokens(tokens)));
                }
                Stage::Known { after } => return Ok(Some(Piece::Known { after, limit: self.batch })),
                Stage::Missing { known } => {
                    self.next = Stage::Known { after: known.last().map(|record| record.key.clone()) };
                    let missing = missing(source, known)?;
                    if !missing.is_empty() {
                        return Ok(Some(Piece::Missing(missing)));
                    }
                }
                Stage::Done => return Ok(None),
            }
        }
    }

    pub(super) fn note(&mut self, applied: Applied) {
        match applied {
            Applied::Groups(number) => self.report.groups = wide(number),
            Applied::Tokens(number) => self.report.tokens = self.report.tokens.saturating_add(wide(number)),
            Applied::Known(known) if known.is_empty() => self.next = Stage::Done,
            Applied::Known(known) => self.next = Stage::Missing { known },
            Applied::Outcomes(outcomes) => {
                for outcome in outcomes {
                    self.report.note(outcome, self.shown);
                }
            }
        }
    }

    pub(super) fn report(&self) -> &Report {
        &self.report
    }

    pub(super) fn into_report(self) -> Report {
        self.report
    }
}

impl Piece {
    fn accounts(rows: Vec<SourceRow>) -> Self {
        let (mut accounts, mut unreadable) = (Vec::new(), Vec::new());
        for row in rows {
            match row {
                SourceRow::Account(account) => accounts.push(*account),
                SourceRow::Unreadable { key, reason } => unreadable.push(Outcome {
                    key,
                    username: String::new(),
                    change: Change::Skipped,
                    remarks: vec![Remark::Unreadable(reason)],
                }),
            }
        }
        Self::Accounts { accounts, unreadable }
    }

    pub(super) fn apply(&self, tx: &mut dyn Transaction, hands: &Hands) -> Result<Applied, StoreError> {
        let now = hands.clock.now();
        Ok(match self {
            Self::Groups(groups) => {
                if !groups.is_empty() {
                    tx.archive().put_groups(groups)?;
                }
                Applied::Groups(groups.len())
            }
            Self::Accounts { accounts, unreadable } => {
                let mut outcomes = import_batch(tx, accounts, &hands.rules, &*hands.random, now)?;
                outcomes.extend(unreadable.iter().cloned());
                Applied::Outcomes(outcomes)
            }
            Self::Tokens(tokens) => {
                let live: Vec<_> = tokens.iter().filter(|token| now < token.expires_at).cloned().collect();
                if !live.is_empty() {
                    tx.archive().note_foreign_tokens(&live)?;
                }
                Applied::Tokens(live.len())
            }
            Self::Known { after, limit } => {
                Applied::Known(tx.archive().imports_after(after.as_ref(), *limit)?)
            }
            Self::Missing(records) => Applied::Outcomes(judge_missing(tx, records, &hands.rules, now)?),
        })
    }
}

/// Those of the records that have an account here, of which the source has none any more.
fn missing(
    source: &mut dyn AccountSource,
    known: Vec<ImportRecord>,
) -> Result<Vec<ImportRecord>, SourceError> {
    let here: Vec<_> = known.into_iter().filter(|record| record.user.is_some()).collect();
    let keys: Vec<_> = here.iter().map(|record| record.key.clone()).collect();
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let present: HashSet<_> = source.present(&keys)?.into_iter().collect();
    Ok(here.into_iter().filter(|record| !present.contains(&record.key)).collect())
}

fn wide(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}
