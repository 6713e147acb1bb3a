//! The port's own suite.

use crate::fixture::{Fixture, with_a_line};
use doorward_domain::testing::store_contract;
use doorward_testkit::Case;

pub(crate) fn cases() -> Vec<Case<Fixture>> {
    let case = |(name, check): store_contract::Case| {
        Case::new(format!("contract::{name}"), move |f: &Fixture| check(&*f.store))
    };
    store_contract::cases().map(case).collect()
}

/// What threads that have a connection of their own ask on that.
pub(crate) fn cases_of_lines() -> Vec<Case<Fixture>> {
    let case = |(name, check): store_contract::Case| {
        let check = move |f: &Fixture| with_a_line(f, || check(&*f.store));
        Case::new(format!("contract::{name}_on_a_line"), check)
    };
    store_contract::cases().filter(|(name, _)| name.contains("standing")).map(case).collect()
}
