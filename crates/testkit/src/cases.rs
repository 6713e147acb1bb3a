use crate::Postgres;
use libtest_mimic::{Arguments, Trial};
use std::fmt;
use std::sync::Arc;

/// A kind of database that a case runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Database {
    /// The embedded one.
    Sqlite,
    /// A server.
    Postgres,
}

impl Database {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Sqlite, Self::Postgres];

    /// Whether it can be used on this machine.
    ///
    /// # Panics
    /// If PostgreSQL is demanded and not there.
    pub fn is_available(self) -> bool {
        match self {
            Self::Sqlite => true,
            Self::Postgres => Postgres::available(),
        }
    }
}

impl fmt::Display for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
        })
    }
}

type Check<F> = Arc<dyn Fn(&F) + Send + Sync>;

/// A behaviour to check on a fixture.
pub struct Case<F> {
    name: String,
    check: Check<F>,
}

impl<F> Case<F> {
    /// A case of that name; it fails by panicking.
    pub fn new(name: impl Into<String>, check: impl Fn(&F) + Send + Sync + 'static) -> Self {
        Self { name: name.into(), check: Arc::new(check) }
    }
}

/// The named functions as cases of an area: `cases![area: behaviour, other_behaviour]`.
#[macro_export]
macro_rules! cases {
    ($area:ident: $($behaviour:ident),* $(,)?) => {
        ::std::vec![$($crate::Case::new(
            ::std::concat!(::std::stringify!($area), "::", ::std::stringify!($behaviour)),
            $behaviour,
        )),*]
    };
}

/// Each case once per kind of database, on a fixture of its own.
pub fn trials_on_both<F: 'static>(cases: &[Case<F>], fixture: fn(Database) -> F) -> Vec<Trial> {
    Database::ALL.into_iter().flat_map(|database| trials_on(database, cases, fixture)).collect()
}

/// Each case on one kind of database, on a fixture of its own.
pub fn trials_on<F: 'static>(
    database: Database,
    cases: &[Case<F>],
    fixture: fn(Database) -> F,
) -> Vec<Trial> {
    let ignored = !database.is_available();
    let trial = |case: &Case<F>| {
        let check = Arc::clone(&case.check);
        let test = move || {
            check(&fixture(database));
            Ok(())
        };
        Trial::test(format!("{database}::{}", case.name), test).with_ignored_flag(ignored)
    };
    cases.iter().map(trial).collect()
}

/// Runs the trials as the command line asks, stops what was started for them, and ends the process.
pub fn run(trials: Vec<Trial>) -> ! {
    let conclusion = libtest_mimic::run(&Arguments::from_args(), trials);
    Postgres::stop_shared();
    conclusion.exit()
}
