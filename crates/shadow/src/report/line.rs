//! The lines of a report, for people and for programs.

use super::Summary;
use crate::compare::Difference;
use crate::options::{Format, Options};
use doorward_domain::time::Timestamp;
use serde_json::{Map, Value, json};
use std::fmt::Display;
use std::time::Duration;

/// What to know of databases before requests that write go to both servers.
const WARNING: &str = "WARNING: requests that write are sent to BOTH servers. Each login, registration and \
    change happens in the candidate's database as well: it must be a copy, which nobody needs. Stop now \
    if it is not.";

/// A difference, with the request that it was found at; all of it masked.
pub(super) struct Told<'a> {
    pub(super) at: Timestamp,
    pub(super) method: &'a str,
    pub(super) target: &'a str,
    pub(super) request: &'a str,
    pub(super) difference: &'a Difference,
}

/// The first lines.
pub(super) fn start(format: Format, now: Timestamp, options: &Options) -> String {
    let Options { upstream, candidate, .. } = options;
    let methods = if options.mirror_writes { "all methods" } else { "requests that read" };
    let paths = options.paths.join(" ");
    if format == Format::Json {
        let mut line = json!({
            "event": "start", "time": rfc3339(now), "upstream": upstream.to_string(),
            "candidate": candidate.to_string(), "mirror_writes": options.mirror_writes, "paths": options.paths,
        });
        if let (true, Value::Object(members)) = (options.mirror_writes, &mut line) {
            members.insert("warning".to_owned(), WARNING.into());
        }
        return line.to_string();
    }
    let warning = if options.mirror_writes { format!("{WARNING}\n") } else { String::new() };
    let line = format!(
        "{} clients are answered by {upstream}; compared with {candidate}: {methods} below {paths}",
        rfc3339(now)
    );
    format!("{warning}{}", printable(&line))
}

/// A difference that is told for the first time in an interval.
pub(super) fn difference(format: Format, told: &Told<'_>) -> String {
    let Told { at, method, target, request, difference } = told;
    let Difference { kind, at: place, upstream, candidate } = difference;
    if format == Format::Json {
        return json!({
            "event": "difference", "time": rfc3339(*at), "method": method, "path": target, "kind": kind.name(),
            "at": place, "upstream": upstream, "candidate": candidate, "request": request,
        })
        .to_string();
    }
    let place = if place.is_empty() { String::new() } else { format!(" {place}") };
    let request = if request.is_empty() { String::new() } else { format!(" | request: {request}") };
    printable(&format!(
        "{} {method} {target} {kind}{place}: upstream {upstream} | candidate {candidate}{request}",
        rfc3339(*at)
    ))
}

/// A difference that came again since it was told.
pub(super) fn repeated(
    format: Format,
    now: Timestamp,
    key: &super::reporter::Fingerprint,
    times: u64,
) -> String {
    let super::reporter::Fingerprint { method, path, kind, at } = key;
    if format == Format::Json {
        return json!({
            "event": "repeated", "time": rfc3339(now), "method": method, "path": path, "kind": kind.name(),
            "at": at, "times": times,
        })
        .to_string();
    }
    let at = if at.is_empty() { String::new() } else { format!(" {at}") };
    printable(&format!("{} {method} {path} {kind}{at}: again, {}", rfc3339(now), counted(times, "time")))
}

/// The figures.
pub(super) fn summary(format: Format, summary: &Summary) -> String {
    let Summary { began, now, requests, mirrored, compared, skipped, differences, expected, clean_since } =
        summary;
    let (skipped, differences, expected) = (by_name(skipped), by_name(differences), by_name(expected));
    if format == Format::Json {
        let object = |counts: &[(String, u64)]| -> Map<String, Value> {
            counts.iter().map(|(name, count)| (name.clone(), (*count).into())).collect()
        };
        return json!({
            "event": "summary", "time": rfc3339(*now), "began": rfc3339(*began), "requests": requests,
            "mirrored": mirrored, "compared": compared, "skipped": object(&skipped),
            "differences": object(&differences), "expected": object(&expected),
            "clean_since": rfc3339(*clean_since),
        })
        .to_string();
    }
    let listed = |counts: &[(String, u64)]| {
        let counts: Vec<_> = counts.iter().map(|(name, count)| format!("{name} {count}")).collect();
        if counts.is_empty() { "none".to_owned() } else { counts.join(", ") }
    };
    let clean = match compared {
        0 => "nothing compared yet".to_owned(),
        _ => format!("clean since {} ({})", rfc3339(*clean_since), span(now.since(*clean_since))),
    };
    format!(
        "{} {clean}; {}, {mirrored} mirrored, {compared} compared; differences: {}; expected: {}; skipped: {}",
        rfc3339(*now),
        counted(*requests, "request"),
        listed(&differences),
        listed(&expected),
        listed(&skipped),
    )
}

/// The text as one line that reads as it is. Clients and servers write parts of it: what would begin
/// another line, steer a terminal or turn the order of letters around (UAX #9, section 2) is replaced.
fn printable(text: &str) -> String {
    let steers = |character: char| {
        character.is_control()
            || matches!(
                character,
                '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
            )
    };
    text.chars().map(|it| if steers(it) { char::REPLACEMENT_CHARACTER } else { it }).collect()
}

fn by_name<K: Display>(counts: &std::collections::BTreeMap<K, u64>) -> Vec<(String, u64)> {
    counts.iter().map(|(name, count)| (name.to_string(), *count)).collect()
}

fn counted(count: u64, what: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {what}{plural}")
}

/// Days, hours and minutes.
fn span(duration: Duration) -> String {
    let minutes = duration.as_secs() / 60;
    match (minutes / 1440, minutes / 60 % 24, minutes % 60) {
        (0, 0, minutes) => format!("{minutes} min"),
        (0, hours, minutes) => format!("{hours} h {minutes} min"),
        (days, hours, _) => format!("{days} d {hours} h"),
    }
}

/// The instant in whole seconds, in UTC.
fn rfc3339(instant: Timestamp) -> String {
    jiff::Timestamp::from_second(instant.as_seconds())
        .map_or_else(|_| instant.as_seconds().to_string(), |instant| instant.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::Kind;
    use crate::report::reporter::Fingerprint;

    const FORGED: &str = "a\nb\rc\u{1b}[2Jd\u{85}e\u{2028}f\u{202e}g\u{2066}h\u{200f}i\u{61c}j\u{7f}k\u{0}l";
    const TOLD: &str = "a�b�c�[2Jd�e�f�g�h�i�j�k�l";

    #[test]
    fn lines_for_people_hold_no_character_that_steers() {
        let now = Timestamp::from_seconds(0);
        let forged = || FORGED.to_owned();
        let difference =
            Difference { kind: Kind::Value, at: forged(), upstream: forged(), candidate: forged() };
        let told = Told { at: now, method: "GET", target: FORGED, request: FORGED, difference: &difference };
        assert_eq!(
            super::difference(Format::Text, &told),
            format!(
                "1970-01-01T00:00:00Z GET {TOLD} value {TOLD}: upstream {TOLD} | candidate {TOLD} | request: {TOLD}"
            )
        );
        let key = Fingerprint { method: "GET".to_owned(), path: forged(), kind: Kind::Value, at: forged() };
        assert_eq!(
            repeated(Format::Text, now, &key, 1),
            format!("1970-01-01T00:00:00Z GET {TOLD} value {TOLD}: again, 1 time")
        );
        let origin = || "http://127.0.0.1".parse().unwrap();
        let options = Options { paths: vec![forged()], ..Options::new(origin(), origin()) };
        assert!(start(Format::Text, now, &options).ends_with(&format!(" below {TOLD}")));
    }

    #[test]
    fn letters_of_all_scripts_are_told_as_they_are() {
        for text in ["Grüße", "مرحبا", "שלום", "日本語", "👩\u{200d}💻"] {
            assert_eq!(printable(text), text);
        }
    }
}
