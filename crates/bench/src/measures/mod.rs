//! What is measured, one file each.

mod dashboard;
mod footprint;
mod instances;
mod login;
mod mixed;
mod profile;
mod refresh;
mod scale;

use crate::arguments::Options;
use crate::finding::Finding;
use crate::lab::{Lab, root, say, target};
use crate::machine;
use crate::report::{Record, Report};
use anyhow::Result;

/// A part of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Measure {
    Dashboard,
    Refresh,
    Login,
    Mixed,
    Footprint,
    Scale,
    Instances,
    Profile,
}

impl Measure {
    /// Every one, in the order of the table.
    pub(crate) const ALL: &[Self] = &[
        Self::Dashboard,
        Self::Refresh,
        Self::Login,
        Self::Mixed,
        Self::Footprint,
        Self::Scale,
        Self::Instances,
        Self::Profile,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Dashboard => "dashboard",
            Self::Refresh => "refresh",
            Self::Login => "login",
            Self::Mixed => "mixed",
            Self::Footprint => "footprint",
            Self::Scale => "scale",
            Self::Instances => "instances",
            Self::Profile => "profile",
        }
    }

    /// What it finds, and what is to be said beside the table.
    fn take(self, lab: &Lab, report: &Report) -> (Vec<Finding>, Vec<String>) {
        let findings = match self {
            Self::Profile => return (Vec::new(), profile::measure(lab, &report.results())),
            Self::Dashboard => dashboard::measure(lab),
            Self::Refresh => refresh::measure(lab),
            Self::Login => login::measure(lab),
            Self::Mixed => mixed::measure(lab),
            Self::Footprint => footprint::measure(lab),
            Self::Scale => scale::measure(lab),
            Self::Instances => instances::measure(lab),
        };
        (findings, Vec::new())
    }
}

/// Takes the measures, and writes what was found after each, so that an accident costs one measure.
/// What is only a trial is written to where builds go.
///
/// # Errors
/// The server does not build, or the results cannot be written.
pub(crate) fn run(measures: &[Measure], quick: bool, options: &Options) -> Result<()> {
    let _evenly = machine::Evenly::arrange();
    let lab = Lab::set_up(options, quick)?;
    let place = if quick { target()?.join("bench/quick") } else { root().join("crates/bench") };
    let mut report = Report::open(&place)?;
    for measure in measures {
        say(&format!("== {}", measure.name()));
        let load_before = machine::load();
        let (findings, notes) = measure.take(&lab, &report);
        for line in findings.iter().map(crate::report::line).chain(notes.iter().cloned()) {
            say(&line);
        }
        report.put(Record {
            measure: measure.name().to_owned(),
            date: machine::date(),
            load_before,
            windows: format!("{} rounds of {} s", lab.rounds, lab.seconds),
            findings,
            notes,
        })?;
    }
    say(&format!("written: {}", report.path().display()));
    Ok(())
}
