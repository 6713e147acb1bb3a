//! Beside a real Django, and in its place: the project in `tests/django`.
//!
//! Where its environments are missing, these cases are ignored; with `DOORWARD_REQUIRE_PEERS=1` they
//! fail. That project's README tells how to make them.

mod back;
mod cut_over;
mod hashes;
mod killed;
mod moving;
mod peer;
mod recorded;
mod shadow;
mod stored;
mod tokens;

use crate::harness::SHARED_KEY;
use crate::processes::{Program, Site};
use doorward_testkit::{Database, Peers, SimpleJwt};
use libtest_mimic::Trial;
use peer::Shelf;
use std::path::Path;
use std::sync::{Arc, OnceLock};

pub(crate) fn trials() -> Vec<Trial> {
    let stage = Arc::new(Stage { peers: Peers::find(), shelf: OnceLock::new() });
    [
        back::cases(),
        cut_over::cases(),
        hashes::cases(),
        killed::cases(),
        moving::cases(),
        recorded::cases(),
        shadow::cases(),
        tokens::cases(),
    ]
    .into_iter()
    .flatten()
    .map(|case| case.trial(&stage))
    .collect()
}

/// The program under `config/django.toml`, in the texts of a simplejwt, with Django's key.
fn in_its_place(site: &Site, simplejwt: SimpleJwt) -> Program {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../config/django.toml");
    site.program
        .clone()
        .with_variable("DOORWARD_CONFIG", file.to_str().expect("a path in UTF-8"))
        .with("tokens.simplejwt", simplejwt.number())
        .with("tokens.shared_key", SHARED_KEY)
}

/// The environments, if they are there, and what the cases share; it goes with the last of them.
struct Stage {
    peers: Option<Peers>,
    shelf: OnceLock<Shelf>,
}

impl Stage {
    fn shelf(&self) -> &Shelf {
        self.shelf.get_or_init(|| Shelf::new(self.peers.clone().expect("the case is ignored")))
    }
}

/// A behaviour beside a Django whose data is in a kind of database, as Doorward's is then.
struct PeerCase {
    name: &'static str,
    database: Database,
    check: fn(&Shelf, Database),
}

impl PeerCase {
    /// For what does not depend on the database.
    fn once(name: &'static str, check: fn(&Shelf, Database)) -> Vec<Self> {
        vec![Self { name, database: Database::Sqlite, check }]
    }

    /// Once on each.
    fn on_both(name: &'static str, check: fn(&Shelf, Database)) -> Vec<Self> {
        Database::ALL.map(|database| Self { name, database, check }).into()
    }

    fn trial(self, stage: &Arc<Stage>) -> Trial {
        let Self { name, database, check } = self;
        let ignored = stage.peers.is_none() || !database.is_available();
        let stage = Arc::clone(stage);
        let test = move || {
            check(stage.shelf(), database);
            Ok(())
        };
        Trial::test(format!("{database}::django::{name}"), test).with_ignored_flag(ignored)
    }
}

/// Functions as cases of an area, each run by the constructor that is named.
macro_rules! peer_cases {
    ($area:ident, $how:ident: $($behaviour:ident),* $(,)?) => {
        [$($crate::django::PeerCase::$how(
            ::std::concat!(::std::stringify!($area), "::", ::std::stringify!($behaviour)),
            $behaviour,
        )),*]
        .into_iter()
        .flatten()
    };
}
use peer_cases;
