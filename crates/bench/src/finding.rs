//! What a measure answers.

use crate::lab::Database;
use anyhow::Result;
use serde::{Deserialize, Serialize};
use std::fmt;

/// What a figure counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Unit {
    /// How many times something else.
    Times,
    /// Milliseconds.
    Millis,
    /// Mebibytes.
    Mebibytes,
    /// Of a hundred.
    Percent,
}

/// A figure with its unit.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Figure(pub(crate) f64, pub(crate) Unit);

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(value, unit) = self;
        // Three digits that count, and no more.
        let digits = match value.abs() {
            10.0.. => usize::from(*value < 100.0 && value.fract() != 0.0),
            _ => 2,
        };
        let unit = match unit {
            Unit::Times => "×",
            Unit::Millis => " ms",
            Unit::Mebibytes => " MiB",
            Unit::Percent => " %",
        };
        write!(f, "{value:.digits$}{unit}")
    }
}

/// What a figure has to reach.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) enum Target {
    /// This or more.
    AtLeast(Figure),
    /// This or less.
    AtMost(Figure),
}

impl Target {
    pub(crate) const fn at_least(value: f64, unit: Unit) -> Self {
        Self::AtLeast(Figure(value, unit))
    }

    pub(crate) const fn at_most(value: f64, unit: Unit) -> Self {
        Self::AtMost(Figure(value, unit))
    }

    pub(crate) fn unit(self) -> Unit {
        let (Self::AtLeast(Figure(_, unit)) | Self::AtMost(Figure(_, unit))) = self;
        unit
    }

    /// How many times better than asked for a value is: 1 is just enough.
    pub(crate) fn margin(self, value: f64) -> f64 {
        match self {
            Self::AtLeast(Figure(target, _)) => value / target,
            Self::AtMost(Figure(target, _)) => target / value,
        }
    }

    /// Whether a value reaches it.
    pub(crate) fn is_met_by(self, value: f64) -> bool {
        match self {
            Self::AtLeast(Figure(target, _)) => value >= target,
            Self::AtMost(Figure(target, _)) => value <= target,
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AtLeast(figure) => write!(f, "at least {figure}"),
            Self::AtMost(figure) => write!(f, "at most {figure}"),
        }
    }
}

/// One row of the table, before it is measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Question {
    /// What is measured against what.
    pub(crate) what: String,
    /// On which kind of database, where that matters.
    pub(crate) database: Option<Database>,
    /// What it has to reach.
    pub(crate) target: Target,
}

/// What came of a question.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum Outcome {
    /// A value in the target's unit, and the numbers behind it.
    Measured { value: f64, detail: String },
    /// Why there is none.
    NotMeasured(String),
}

/// One row of the table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Finding {
    /// The row.
    #[serde(flatten)]
    pub(crate) question: Question,
    /// What came of it.
    pub(crate) outcome: Outcome,
}

impl Question {
    pub(crate) fn new(what: &str, database: impl Into<Option<Database>>, target: Target) -> Self {
        Self { what: what.to_owned(), database: database.into(), target }
    }

    /// With a value.
    pub(crate) fn measured(self, value: f64, detail: String) -> Finding {
        let outcome = if value.is_finite() {
            Outcome::Measured { value, detail }
        } else {
            Outcome::NotMeasured(format!("the figures give no ratio: {detail}"))
        };
        Finding { question: self, outcome }
    }

    /// Without one.
    pub(crate) fn not_measured(self, why: &anyhow::Error) -> Finding {
        Finding { question: self, outcome: Outcome::NotMeasured(format!("{why:#}")) }
    }

    /// With the value that was found, if one was.
    pub(crate) fn answered(self, answer: Result<(f64, String)>) -> Finding {
        match answer {
            Ok((value, detail)) => self.measured(value, detail),
            Err(why) => self.not_measured(&why),
        }
    }
}

/// The answers to several questions that are measured together, or why there are none.
pub(crate) fn answer_all<const N: usize>(
    questions: [Question; N],
    measure: impl FnOnce() -> Result<[(f64, String); N]>,
) -> Vec<Finding> {
    match measure() {
        Ok(answers) => questions
            .into_iter()
            .zip(answers)
            .map(|(question, answer)| question.answered(Ok(answer)))
            .collect(),
        Err(why) => questions.into_iter().map(|question| question.not_measured(&why)).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_met_from_its_own_side() {
        let (least, most) = (Target::at_least(0.8, Unit::Times), Target::at_most(50.0, Unit::Millis));
        assert!(least.is_met_by(0.8) && least.is_met_by(2.0) && !least.is_met_by(0.79));
        assert!(most.is_met_by(50.0) && most.is_met_by(1.0) && !most.is_met_by(50.1));
        assert!(!least.is_met_by(f64::NAN) && !most.is_met_by(f64::NAN));
        assert!(least.margin(1.6) > 1.9 && most.margin(25.0) > 1.9);
    }

    #[test]
    fn figures_have_three_digits_that_count() {
        let shown: Vec<_> =
            [(0.8, Unit::Times), (61.26, Unit::Times), (100.0, Unit::Percent), (431.2, Unit::Millis)]
                .into_iter()
                .map(|(value, unit)| Figure(value, unit).to_string())
                .collect();
        assert_eq!(shown, ["0.80×", "61.3×", "100 %", "431 ms"]);
    }

    #[test]
    fn what_gives_no_number_is_not_measured() {
        let question = Question::new("a ratio", None, Target::at_least(1.0, Unit::Times));
        let finding = question.measured(f64::NAN, "0 / 0".to_owned());
        assert!(matches!(finding.outcome, Outcome::NotMeasured(_)));
    }
}
