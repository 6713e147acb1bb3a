//! A plot without a plotting crate: one bar a figure.

use crate::finding::{Figure, Finding, Outcome};
use std::fmt::Write as _;

const WIDTH: f64 = 1000.0;
/// Where bars begin; names are to the left of it.
const LEFT: f64 = 500.0;
const ROW: f64 = 22.0;
const TOP: f64 = 44.0;

/// The ends of the axis, as powers of ten: from a tenth of the target to a hundred times it.
const DECADES: (i32, i32) = (-1, 2);

/// How many times better than its target each figure is, on a logarithmic axis. A bar that passes
/// the line at 1 meets its target.
pub(crate) fn margins(findings: &[&Finding]) -> String {
    let measured: Vec<_> = findings.iter().filter_map(|finding| bar(finding)).collect();
    let rows = u32::try_from(measured.len()).unwrap_or_default();
    let height = TOP + ROW * f64::from(rows) + 12.0;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" \
         font-family=\"sans-serif\" font-size=\"12\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n\
         <text x=\"{LEFT}\" y=\"14\">times better than the target</text>\n"
    );
    for decade in DECADES.0..=DECADES.1 {
        let at = position(10f64.powi(decade));
        let (stroke, width) = if decade == 0 { ("#222", 1.5) } else { ("#ddd", 1.0) };
        // A `String` takes all that is written to it.
        let _ = writeln!(
            svg,
            "<line x1=\"{at:.1}\" x2=\"{at:.1}\" y1=\"{}\" y2=\"{height}\" stroke=\"{stroke}\" stroke-width=\"{width}\"/>\
             <text x=\"{at:.1}\" y=\"32\" text-anchor=\"middle\">{}</text>",
            TOP - 6.0,
            10f64.powi(decade)
        );
    }
    for (row, Bar { name, margin, label }) in (0..rows).zip(measured) {
        let y = TOP + ROW * f64::from(row);
        let (start, end) = (position(1.0), position(margin));
        let (x, width) = (start.min(end), (end - start).abs().max(1.0));
        let fill = if margin >= 1.0 { "#2a7f62" } else { "#c0392b" };
        let _ = writeln!(
            svg,
            "<text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>\
             <rect x=\"{x:.1}\" y=\"{:.1}\" width=\"{width:.1}\" height=\"14\" fill=\"{fill}\"/>\
             <text x=\"{:.1}\" y=\"{:.1}\">{label}</text>",
            LEFT - 8.0,
            y + 12.0,
            escaped(&name),
            y + 1.0,
            x + width + 6.0,
            y + 12.0
        );
    }
    svg + "</svg>\n"
}

struct Bar {
    name: String,
    margin: f64,
    label: String,
}

fn bar(finding: &Finding) -> Option<Bar> {
    let Finding { question, outcome: Outcome::Measured { value, .. } } = finding else { return None };
    let database = question.database.map(|database| format!(", {database}")).unwrap_or_default();
    Some(Bar {
        name: format!("{}{database}", question.what),
        margin: question.target.margin(*value),
        label: Figure(*value, question.target.unit()).to_string(),
    })
}

/// Where a margin is on the axis; what is off it is at its end.
fn position(margin: f64) -> f64 {
    let (low, high) = (f64::from(DECADES.0), f64::from(DECADES.1));
    let share = (margin.log10().clamp(low, high) - low) / (high - low);
    // Room for the label behind the longest bar.
    LEFT + share * (WIDTH - LEFT - 90.0)
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::{Question, Target, Unit};

    #[test]
    fn a_bar_goes_to_the_right_where_the_target_is_met_and_to_the_left_where_not() {
        assert!(position(0.5) < position(1.0) && position(1.0) < position(3.0));
        assert!((position(1e9) - position(100.0)).abs() < 1e-9, "it stays in the picture");
    }

    #[test]
    fn what_was_not_measured_has_no_bar() {
        let question = |what| Question::new(what, None, Target::at_least(1.0, Unit::Times));
        let findings = [
            question("a < b").measured(2.0, String::new()),
            question("c").not_measured(&anyhow::anyhow!("no")),
        ];
        let svg = margins(&findings.iter().collect::<Vec<_>>());
        assert_eq!(svg.matches("height=\"14\"").count(), 1);
        assert!(svg.contains("a &lt; b") && svg.contains("2.00×"), "{svg}");
    }
}
