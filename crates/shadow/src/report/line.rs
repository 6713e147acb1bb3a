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
    format!(
        "{warning}{} clients are answered by {upstream}; compared with {candidate}: {methods} below {paths}",
        rfc3339(now)
    )
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
    format!(
        "{} {method} {target} {kind}{place}: upstream {upstream} | candidate {candidate}{request}",
        rfc3339(*at)
    )
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
    format!("{} {method} {path} {kind}{at}: again, {}", rfc3339(now), counted(times, "time"))
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
