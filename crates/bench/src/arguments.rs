//! The command line.

use crate::measures::Measure;
use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;

/// Measures Doorward against its peers and against this machine.
#[derive(Parser)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
    #[command(flatten)]
    pub(crate) options: Options,
}

/// How much is measured. What is not given is as for the published figures, or short for `quick`.
#[derive(Args, Debug, Clone, Default)]
pub(crate) struct Options {
    /// How long each load lasts, in seconds.
    #[arg(long, global = true)]
    pub(crate) seconds: Option<u32>,
    /// How often what is compared is loaded in turn.
    #[arg(long, global = true)]
    pub(crate) rounds: Option<u32>,
    /// How many users and sessions the large database of `scale` has.
    #[arg(long, global = true)]
    pub(crate) users: Option<u32>,
    /// Only on this kind of database.
    #[arg(long, global = true)]
    pub(crate) database: Option<crate::lab::Database>,
    /// Take the programs in `target/` as they are.
    #[arg(long, global = true)]
    pub(crate) no_build: bool,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    #[command(flatten)]
    Measure(What),
    /// A bare handler: what the dashboard is compared with.
    #[command(hide = true)]
    Bare { port: u16 },
    /// One writer that commits: what a refresh is compared with.
    #[command(hide = true)]
    Commits { path: PathBuf, seconds: u32 },
}

/// What is to be measured.
#[derive(Subcommand, Clone, Copy)]
pub(crate) enum What {
    /// Everything, as it is published.
    All,
    /// Everything in short, to see that it works.
    Quick,
    /// Dashboards a second, against a bare handler and Django.
    Dashboard,
    /// Durable rotations a second, against plain commits and Django.
    Refresh,
    /// Logins a second, against the bcrypt crate and Django; and one alone.
    Login,
    /// Dashboards and refreshes while ten times too many log in.
    Mixed,
    /// Start, memory, size.
    Footprint,
    /// Latency with ten million users against a thousand.
    Scale,
    /// One, two and four processes on one PostgreSQL.
    Instances,
    /// Flame graphs.
    Profile,
}

impl What {
    pub(crate) fn is_quick(self) -> bool {
        matches!(self, Self::Quick)
    }

    pub(crate) fn measures(self) -> &'static [Measure] {
        match self {
            Self::All | Self::Quick => Measure::ALL,
            Self::Dashboard => &[Measure::Dashboard],
            Self::Refresh => &[Measure::Refresh],
            Self::Login => &[Measure::Login],
            Self::Mixed => &[Measure::Mixed],
            Self::Footprint => &[Measure::Footprint],
            Self::Scale => &[Measure::Scale],
            Self::Instances => &[Measure::Instances],
            Self::Profile => &[Measure::Profile],
        }
    }
}
