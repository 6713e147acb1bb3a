//! Measures Doorward against its peers and against the machine that it runs on, each as a ratio of
//! figures that were taken side by side:
//!
//! ```console
//! $ cargo run --release -p doorward-bench -- all
//! $ cargo run --release -p doorward-bench -- dashboard
//! ```
//!
//! The first fills `crates/bench/RESULTS.md` and the plots beside it; the second renews one part of
//! them. `quick` goes through everything in short, to see that it works; its figures go nowhere.
//!
//! # The picture
//!
//! A [measure](measures) starts servers in a [`Lab`](lab::Lab), puts load on them, and answers with
//! [findings](finding::Finding): a figure, the target that it has to reach, and the numbers behind
//! it. What is compared is loaded in turn, several times over, and the ratio is the median of the
//! rounds' ratios, so that a machine that is slow for a minute is slow for both. What cannot be
//! measured here is a finding too, with its reason. Nothing is assumed.
//!
//! Load comes from `wrk`, with the scripts in `lua/`; it and `pgbench`, `strace`, `perf` and
//! `vmtouch` are Debian packages. A load that is as fast as its answers [waits](tools::patient) for the
//! processor, so that it does not interrupt whom it measures. PostgreSQL is started from the installed
//! programs, as durable as it is by default. The Django peer is the project in `django/`, in a Python
//! environment of its own.
//!
//! # Adding a measure
//!
//! A file in `measures/` with a function over the lab that answers with findings, and a line in
//! [`measures::Measure`].

mod arguments;
mod clock;
mod cluster;
mod doorward;
mod finding;
mod lab;
mod load;
mod machine;
mod measures;
mod peers;
mod plot;
mod population;
mod process;
mod report;
mod residence;
mod seed;
mod statistics;
mod tools;

use arguments::{Arguments, Command};
use clap::Parser as _;

fn main() -> anyhow::Result<()> {
    let Arguments { command, options } = Arguments::parse();
    match command {
        Command::Bare { port } => peers::bare::serve(port),
        Command::Commits { path, seconds } => peers::commits::run(&path, seconds),
        Command::Measure(what) => measures::run(what.measures(), what.is_quick(), &options),
    }
}
