//! Dashboards a second with the tokens of all sessions in turn and the log that ships.

use crate::finding::{Finding, Question, Target, Unit, answer_all};
use crate::lab::{CLIENTS, Database, Lab, SESSIONS};
use crate::load::{Load, Script};
use crate::peers::bare::Bare;
use crate::peers::django::Django;
use crate::statistics::Series;
use anyhow::Result;
use std::path::Path;

/// How long each is loaded before it is the other's turn, in seconds. A machine is slow now and then for some
/// seconds, and short turns are slow together; of many the median says more than of few.
const TURN: u32 = 1;

pub(super) fn measure(lab: &Lab) -> Vec<Finding> {
    lab.databases.iter().flat_map(|database| measure_on(lab, *database)).collect()
}

fn measure_on(lab: &Lab, database: Database) -> Vec<Finding> {
    let bare = Question::new(
        "dashboard, against a bare actix-web handler",
        database,
        Target::at_least(0.8, Unit::Times),
    );
    let django = Question::new("dashboard, against Django", database, Target::at_least(60.0, Unit::Times));
    // Only the peer may be missing.
    match Django::start(lab, database, Script::Dashboard) {
        Ok(mut peer) => answer_all([bare, django], || {
            let figures = compare(lab, database, Some(&mut peer))?;
            let theirs = format!(
                "{:.0} and {:.0} a second ({})",
                figures.ours.median(),
                figures.django.median(),
                peer.described()
            );
            Ok([against_bare(&figures), (figures.ours.over(&figures.django), theirs)])
        }),
        Err(why) => {
            let answer = compare(lab, database, None).map(|figures| against_bare(&figures));
            vec![bare.answered(answer), django.not_measured(&why)]
        }
    }
}

#[derive(Default)]
struct Figures {
    ours: Series,
    bare: Series,
    django: Series,
}

fn against_bare(figures: &Figures) -> (f64, String) {
    let detail = format!("{:.0} and {:.0} a second", figures.ours.median(), figures.bare.median());
    (figures.ours.over(&figures.bare), detail)
}

fn compare(lab: &Lab, database: Database, mut django: Option<&mut Django>) -> Result<Figures> {
    let site = lab.site(database, SESSIONS)?;
    let tokens = site.access_tokens(0..SESSIONS)?;
    let rate = |base: &str, lines: &Path, seconds: u32| -> Result<f64> {
        let (script, connections, lines) = (Script::Dashboard, CLIENTS, lines.to_owned());
        Ok(Load { script, base, connections, seconds, lines, rate: None }.run()?.successful()?.rate())
    };
    let mut figures = Figures::default();
    for _ in 0..lab.rounds {
        // Of two processes of one program one may be a tenth faster for as long as it lives, by where its
        // memory happens to lie.
        let server = site.serve(&[])?;
        let bare = Bare::start(lab.place())?;
        // Once for nothing: connections to the database, caches, the first write of the log.
        rate(server.base(), &tokens, 2)?;
        rate(bare.base(), &tokens, 1)?;
        for _ in 0..lab.seconds / TURN {
            bare.process().settle();
            figures.bare.push(rate(bare.base(), &tokens, TURN)?);
            server.process().settle();
            figures.ours.push(rate(server.base(), &tokens, TURN)?);
            if let Some(django) = &mut django {
                django.process().settle();
                figures.django.push(django.rate(Script::Dashboard, TURN)?);
            }
        }
    }
    Ok(figures)
}
