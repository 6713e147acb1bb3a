//! The port's own suite.

use crate::fixture::Fixture;
use doorward_domain::testing::store_contract::CASES;
use doorward_testkit::Case;

pub(crate) fn cases() -> Vec<Case<Fixture>> {
    let case = |(name, check): &(&str, fn(&dyn doorward_domain::store::Store))| {
        let check = *check;
        Case::new(format!("contract::{name}"), move |f: &Fixture| check(&*f.store))
    };
    CASES.iter().map(case).collect()
}
