//! The table of results: kept as JSON, shown as Markdown and as a plot.

use crate::finding::{Figure, Finding, Outcome};
use crate::measures::Measure;
use crate::{machine, plot};
use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

/// What one measure found, and when.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Record {
    /// Its name.
    pub(crate) measure: String,
    /// The day.
    pub(crate) date: String,
    /// The machine's load before it began.
    pub(crate) load_before: String,
    /// How much was measured.
    pub(crate) windows: String,
    /// What came of it.
    pub(crate) findings: Vec<Finding>,
    /// Sentences beside the table.
    pub(crate) notes: Vec<String>,
}

/// All that was found, in files.
pub(crate) struct Report {
    place: PathBuf,
    records: Vec<Record>,
}

impl Report {
    /// Reads what was found before, if anything was.
    ///
    /// # Errors
    /// The files cannot be read.
    pub(crate) fn open(place: &Path) -> Result<Self> {
        let mut report = Self { place: place.to_owned(), records: Vec::new() };
        fs::create_dir_all(report.results())?;
        if let Ok(text) = fs::read_to_string(report.figures()) {
            report.records = serde_json::from_str(&text).context("the figures before are damaged")?;
        }
        Ok(report)
    }

    /// Puts a measure's findings in place of those before, and writes everything anew.
    ///
    /// # Errors
    /// The files cannot be written.
    pub(crate) fn put(&mut self, record: Record) -> Result<()> {
        self.records.retain(|before| before.measure != record.measure);
        self.records.push(record);
        let place =
            |record: &Record| Measure::ALL.iter().position(|measure| measure.name() == record.measure);
        self.records.sort_by_key(place);
        fs::write(self.figures(), serde_json::to_string_pretty(&self.records)? + "\n")?;
        let findings: Vec<_> = self.records.iter().flat_map(|record| &record.findings).collect();
        fs::write(self.results().join("targets.svg"), plot::margins(&findings))?;
        fs::write(self.path(), self.markdown())?;
        Ok(())
    }

    /// The table.
    pub(crate) fn path(&self) -> PathBuf {
        self.place.join("RESULTS.md")
    }

    /// Where pictures go.
    pub(crate) fn results(&self) -> PathBuf {
        self.place.join("results")
    }

    fn figures(&self) -> PathBuf {
        self.results().join("figures.json")
    }

    fn markdown(&self) -> String {
        let mut text = format!(
            "# Results\n\n\
             Written by `cargo run --release -p doorward-bench -- all`; with a measure's name in place of `all` it\n\
             renews that part. Every ratio is of figures taken side by side, in turn, in one run on one machine, and is\n\
             the median of its rounds. Dashboards take turns every second, between servers that are started anew for\n\
             each round. Load: wrk, two threads for dashboards and one for the rest, 64 connections where nothing else\n\
             is said, on the machine that serves. Where it asks as fast as it is answered, it and pgbench run as\n\
             `SCHED_BATCH`: woken by an answer they wait for their turn, and do not take the processor from who serves,\n\
             as no client on another machine can. Logs are written to the disk as the server ships; the only settings\n\
             that differ are `tokens.access_lifetime` (tokens are made before the load), `passwords.hash_queue` and\n\
             `passwords.hash_deadline` where 64 clients wait for hashes, and `memory.sessions` and `memory.warm_up` of\n\
             the servers whose dashboards `scale` compares: both have memory for the sessions of the larger database,\n\
             and have read ahead who is signed in. In `scale` the files of both databases are kept in memory by\n\
             vmtouch, as on a machine with memory for them: a kernel that takes pages away which nobody asked for in a\n\
             while would have the disk measured. Each server there has been shown as many tokens as come in a window\n\
             before its dashboards count: all of a thousand, which it remembers, and next to none of millions.\n\n\
             Machine: {}. PostgreSQL runs on it too, with fsync and {}. Parts of different days may be of\n\
             different machines of that description: figures compare within their part.\n\n\
             Versions: {}.\n\n\
             ![How many times better than its target each figure is](results/targets.svg)\n",
            machine::described(),
            machine::postgres_settings(),
            machine::versions().join("; ")
        );
        for record in &self.records {
            // A `String` takes all that is written to it.
            let _ = write!(text, "\n{}", section(record));
        }
        text
    }
}

fn section(record: &Record) -> String {
    let Record { measure, date, load_before, windows, findings, notes } = record;
    let mut text = format!("## {measure}\n\n{date}; {windows}; load before: {load_before}\n\n");
    if !findings.is_empty() {
        text += "| measure | database | target | measured | met | figures |\n|---|---|---|---|---|---|\n";
    }
    for finding in findings {
        let Finding { question, outcome } = finding;
        let database = question.database.map(|database| database.to_string()).unwrap_or_default();
        let (measured, met, figures) = match outcome {
            Outcome::Measured { value, detail } => {
                let met = if question.target.is_met_by(*value) { "yes" } else { "**no**" };
                (Figure(*value, question.target.unit()).to_string(), met, detail.clone())
            }
            Outcome::NotMeasured(why) => ("not measured".to_owned(), "", why.replace(['\n', '|'], " ")),
        };
        let _ = writeln!(
            text,
            "| {} | {database} | {} | {measured} | {met} | {figures} |",
            question.what, question.target
        );
    }
    for note in notes {
        let _ = writeln!(text, "* {}", note.replace('\n', " "));
    }
    text
}

/// A finding in a line, for who waits.
pub(crate) fn line(finding: &Finding) -> String {
    let Finding { question, outcome } = finding;
    let database = question.database.map(|database| format!(" ({database})")).unwrap_or_default();
    let told = match outcome {
        Outcome::Measured { value, detail } => {
            let met = if question.target.is_met_by(*value) { "" } else { " [MISSED]" };
            format!("{}{met}, {}; {detail}", Figure(*value, question.target.unit()), question.target)
        }
        Outcome::NotMeasured(why) => format!("not measured: {why}"),
    };
    format!("{}{database}: {told}", question.what)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::{Question, Target, Unit};
    use crate::lab::Database;

    fn record(measure: &str, value: f64) -> Record {
        let question = |what| Question::new(what, Database::Sqlite, Target::at_least(2.0, Unit::Times));
        Record {
            measure: measure.to_owned(),
            date: "2026-11-23".to_owned(),
            load_before: "0.1".to_owned(),
            windows: "3 rounds of 10 s".to_owned(),
            findings: vec![
                question("speed").measured(value, "6 and 2 a second".to_owned()),
                question("peer").not_measured(&anyhow::anyhow!("it is not installed")),
            ],
            notes: Vec::new(),
        }
    }

    #[test]
    fn what_is_measured_again_takes_the_place_of_what_was_before() {
        let place = tempfile::tempdir().unwrap();
        let mut report = Report::open(place.path()).unwrap();
        report.put(record("login", 1.0)).unwrap();
        report.put(record("dashboard", 3.0)).unwrap();
        let mut again = Report::open(place.path()).unwrap();
        again.put(record("login", 3.0)).unwrap();

        let text = fs::read_to_string(again.path()).unwrap();
        assert_eq!(text.matches("## login").count(), 1);
        assert!(text.find("## dashboard") < text.find("## login"), "in the order of the table");
        assert!(
            text.contains("| speed | SQLite | at least 2.00× | 3.00× | yes | 6 and 2 a second |"),
            "{text}"
        );
        assert!(text.contains("| not measured |  | it is not installed |"), "{text}");
        assert!(!text.contains("**no**"));
    }

    #[test]
    fn a_target_that_is_missed_is_shown_as_missed() {
        let text = section(&record("login", 1.5));
        assert!(text.contains("| 1.50× | **no** |"), "{text}");
    }
}
