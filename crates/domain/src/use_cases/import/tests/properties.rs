//! Whatever collides with whatever, in batches of any size.

use super::{Move, counts};
use crate::identity::{EmailAddress, Username};
use crate::takeover::ForeignAccount;
use crate::testing::{World, foreign};
use crate::time::Timestamp;
use crate::use_cases::import::{CollisionPolicy, Imports};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::{Strategy, any, proptest};
use proptest::sample::select;

/// So few that nearly everybody wants a name of somebody else.
const NAMES: [&str; 6] = ["a@x.org", "A@x.org", "b@x.org", "B@X.org", "c@x.org", "d@x.org"];

type Wish = (&'static str, Option<&'static str>, i64);

fn wishes() -> impl Strategy<Value = Vec<Wish>> {
    vec((select(&NAMES[..]), option::of(select(&NAMES[..])), 0..5_i64), 1..9)
}

fn population(wishes: &[Wish]) -> Vec<ForeignAccount> {
    let account = |(number, (username, email, joined)): (i64, &Wish)| ForeignAccount {
        username: Username::from_stored((*username).to_owned()),
        email: email.map(|address| EmailAddress::from_stored(address.to_owned())),
        date_joined: Timestamp::from_seconds(*joined),
        ..foreign(number, "name", None)
    };
    (1..).zip(wishes).map(account).collect()
}

fn moving(newest: bool, batch: u32) -> Move {
    let policy = if newest { CollisionPolicy::Newest } else { CollisionPolicy::Skip };
    let moving = Move::to(World::new(), policy);
    Move { imports: Imports { batch, ..moving.imports }, ..moving }
}

proptest! {
    #[test]
    fn the_size_of_a_batch_changes_nothing(wishes in wishes(), newest in any::<bool>(), size in 1..8_u32) {
        let [one, other] = [1, size].map(|size| {
            let moving = moving(newest, size);
            moving.run(population(&wishes));
            moving
        });
        assert_eq!(one.names(), other.names());
    }

    #[test]
    fn accounts_that_change_their_names_in_any_way_come_to_rest(
        first in wishes(),
        second in wishes(),
        newest in any::<bool>(),
        size in 1..8_u32,
    ) {
        let moving = moving(newest, size);
        moving.run(population(&first));
        moving.run(population(&second));
        // A name that becomes free in one run is given in the next.
        let rested = (0..20).any(|_| {
            let [added, amended, _, _, removed] = counts(&moving.run(population(&second)));
            [added, amended, removed] == [0, 0, 0]
        });
        assert!(rested);
    }

    #[test]
    fn where_the_first_stays_a_second_run_changes_nothing(wishes in wishes(), size in 1..8_u32) {
        let moving = moving(false, size);
        moving.run(population(&wishes));
        let before = moving.everything();
        let [added, amended, _, _, removed] = counts(&moving.run(population(&wishes)));
        assert_eq!([added, amended, removed], [0, 0, 0]);
        assert_eq!(moving.everything(), before);
    }
}
