//! The port's own suite.

use crate::fixture::Fixture;
use doorward_domain::testing::store_contract;
use doorward_testkit::Case;

pub(crate) fn cases() -> Vec<Case<Fixture>> {
    let case = |(name, check): store_contract::Case| {
        Case::new(format!("contract::{name}"), move |f: &Fixture| check(&*f.store))
    };
    store_contract::cases().map(case).collect()
}
