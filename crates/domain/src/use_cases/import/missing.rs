use super::ImportRules;
use super::report::{Change, Outcome, Remark};
use crate::store::{StoreError, Transaction};
use crate::takeover::{Field, ImportRecord, Seen};
use crate::time::Timestamp;
use crate::use_cases::set_account_active;
use std::collections::BTreeMap;

/// The step: tells which of these records' accounts are here, of which the other system has none any
/// more, and deactivates them if the rules say so.
///
/// # Errors
/// The database failed.
pub fn judge_missing(
    tx: &mut dyn Transaction,
    records: &[ImportRecord],
    rules: &ImportRules,
    now: Timestamp,
) -> Result<Vec<Outcome>, StoreError> {
    let by_id: BTreeMap<_, _> =
        records.iter().filter_map(|record| record.user.map(|id| (id, record))).collect();
    let mut outcomes = Vec::new();
    let mut changed = Vec::new();
    if by_id.is_empty() {
        return Ok(outcomes);
    }
    let mut accounts = tx.archive().accounts(&by_id.keys().copied().collect::<Vec<_>>())?;
    accounts.sort_by_key(|account| account.user.id);
    for account in accounts {
        let Some(record) = by_id.get(&account.user.id) else { continue };
        let deactivates = rules.deactivate_missing && account.user.is_active;
        let (change, remark) = if deactivates {
            set_account_active(tx, account.user.id, false, now)?;
            let mut seen = record.seen.clone();
            let mut idle = account.clone();
            idle.user.is_active = false;
            // Were it to come back, active, that would be a change of theirs.
            seen.adopt(Field::IsActive, &Seen::of_record(&idle));
            changed.push(ImportRecord { seen, ..(*record).clone() });
            (Change::Deactivated, Remark::Deactivated)
        } else {
            (Change::Missing, Remark::Missing)
        };
        let username = account.user.username.as_str().to_owned();
        outcomes.push(Outcome { key: record.key.clone(), username, change, remarks: vec![remark] });
    }
    if !changed.is_empty() {
        tx.archive().put_imports(&changed)?;
    }
    Ok(outcomes)
}
