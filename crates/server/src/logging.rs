//! The log: lines for people or for machines, on standard error.

use crate::clock::SystemClock;
use crate::settings::{Log, LogFormat, LogLevel};
use doorward_domain::time::{Clock as _, Timestamp};
use env_logger::{Builder, Logger, TimestampPrecision};
use log::kv::{self, VisitSource};
use log::{LevelFilter, Metadata, Record};
use serde_json::Value;
use std::io::Write as _;

/// Libraries that write what goes through them into their debug log: heads of requests with their
/// tokens, parameters of statements with password hashes. They never get further than `info`.
const TALKATIVE: [&str; 6] = ["actix", "tokio_postgres", "diesel", "rustls", "mio", "h2"];

/// Starts the log. `RUST_LOG` is what `rust_log` says, and takes the place of the settings' level.
///
/// # Errors
/// There is a log already.
pub(crate) fn start(settings: &Log, rust_log: Option<&str>) -> Result<(), log::SetLoggerError> {
    let logger = build(settings, rust_log);
    log::set_max_level(logger.0.filter());
    log::set_boxed_logger(Box::new(logger))
}

fn build(settings: &Log, rust_log: Option<&str>) -> Careful {
    let mut builder = Builder::new();
    let level = LevelFilter::from(settings.level);
    match rust_log {
        Some(filters) => builder.parse_filters(filters),
        // Libraries only warn; `doorward` is the beginning of each of our crates' names.
        None => builder.filter_level(level.min(LevelFilter::Warn)).filter_module("doorward", level),
    };
    match settings.format {
        LogFormat::Text => builder.format_timestamp(Some(TimestampPrecision::Millis)),
        LogFormat::Json => builder
            .format(|formatter, record| writeln!(formatter, "{}", json_line(SystemClock.now(), record))),
    };
    Careful(builder.build())
}

impl From<LogLevel> for LevelFilter {
    fn from(level: LogLevel) -> Self {
        match level {
            LogLevel::Off => Self::Off,
            LogLevel::Error => Self::Error,
            LogLevel::Warn => Self::Warn,
            LogLevel::Info => Self::Info,
            LogLevel::Debug => Self::Debug,
            LogLevel::Trace => Self::Trace,
        }
    }
}

/// A logger that keeps talkative libraries from telling secrets, whatever it is asked for.
struct Careful(Logger);

impl log::Log for Careful {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        let may_tell_secrets = metadata.level() > log::Level::Info
            && TALKATIVE.iter().any(|library| metadata.target().starts_with(library));
        !may_tell_secrets && self.0.enabled(metadata)
    }

    fn log(&self, record: &Record<'_>) {
        if self.enabled(record.metadata()) {
            self.0.log(record);
        }
    }

    fn flush(&self) {
        self.0.flush();
    }
}

/// One JSON object: when, how grave, from where, what, and every pair that was logged with it.
fn json_line(now: Timestamp, record: &Record<'_>) -> String {
    let time = jiff::Timestamp::from_microsecond(now.as_micros()).unwrap_or_default();
    let mut line = Line(vec![
        ("time".to_owned(), format!("{time:.6}").into()),
        ("level".to_owned(), record.level().as_str().to_ascii_lowercase().into()),
        ("target".to_owned(), record.target().into()),
        ("message".to_owned(), record.args().to_string().into()),
    ]);
    // Visiting stops at an error, and our visitor makes none.
    let _ = record.key_values().visit(&mut line);
    serde_json::to_string(&line).unwrap_or_default()
}

/// The members of an object, in their order.
struct Line(Vec<(String, Value)>);

impl serde::Serialize for Line {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

impl<'kvs> VisitSource<'kvs> for Line {
    fn visit_pair(&mut self, key: kv::Key<'kvs>, value: kv::Value<'kvs>) -> Result<(), kv::Error> {
        // A name stands once in an object: ours are not given away.
        let name = if self.0.iter().any(|(name, _)| name == key.as_str()) {
            format!("{}_", key.as_str())
        } else {
            key.as_str().to_owned()
        };
        let value = value
            .to_bool()
            .map(Value::from)
            .or_else(|| value.to_i64().map(Value::from))
            .or_else(|| value.to_u64().map(Value::from))
            .or_else(|| value.to_f64().map(Value::from))
            .unwrap_or_else(|| value.to_string().into());
        self.0.push((name, value));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use log::{Level, Log as _};

    fn line(message: &str, pairs: &[(&str, kv::Value<'_>)]) -> Value {
        let args = format_args!("{message}");
        let record = Record::builder()
            .level(Level::Warn)
            .target("doorward_http::observe")
            .key_values(&pairs)
            .args(args)
            .build();
        let text = json_line(Timestamp::from_micros(1_763_847_545_000_042), &record);
        assert!(!text.contains('\n'), "{text}");
        serde_json::from_str(&text).unwrap()
    }

    #[test]
    fn a_json_line_tells_when_how_grave_from_where_and_what() {
        assert_eq!(
            line("it happened", &[]),
            serde_json::json!({
                "time": "2025-11-22T21:39:05.000042Z",
                "level": "warn",
                "target": "doorward_http::observe",
                "message": "it happened",
            })
        );
    }

    #[test]
    fn pairs_become_members_of_their_own_type() {
        let told = line(
            "answered",
            &[("status", 200.into()), ("ok", true.into()), ("ms", 1.5.into()), ("path", "/a".into())],
        );
        assert_eq!((&told["status"], &told["ok"]), (&200.into(), &true.into()));
        assert_eq!((&told["ms"], &told["path"]), (&1.5.into(), &"/a".into()));
    }

    #[test]
    fn what_clients_send_can_neither_end_a_line_nor_replace_a_member() {
        let told = line("a \"quoted\"\n\u{1b}[31m\u{0}line", &[("agent", "x\n{\"level\":\"error\"}".into())]);
        assert_eq!(told["message"], "a \"quoted\"\n\u{1b}[31m\u{0}line");
        assert_eq!(told["agent"], "x\n{\"level\":\"error\"}");
        let told = line("real", &[("message", "forged".into()), ("level", "debug".into())]);
        assert_eq!((&told["message"], &told["message_"]), (&"real".into(), &"forged".into()));
        assert_eq!(told["level"], "warn");
    }

    #[test]
    fn the_level_is_ours_and_libraries_only_warn() {
        let logger = build(&Log { format: LogFormat::Json, level: LogLevel::Debug }, None);
        let is_on =
            |target: &str, level| logger.enabled(&Metadata::builder().target(target).level(level).build());
        assert!(is_on("doorward_http::observe", Level::Debug) && is_on("doorward::app", Level::Debug));
        assert!(!is_on("doorward::app", Level::Trace));
        assert!(is_on("actix_server", Level::Warn) && !is_on("actix_server", Level::Info));
    }

    #[test]
    fn libraries_that_would_tell_secrets_are_not_asked_even_by_rust_log() {
        let logger = build(&Log::default(), Some("trace"));
        let is_on =
            |target: &str, level| logger.enabled(&Metadata::builder().target(target).level(level).build());
        assert!(is_on("doorward::app", Level::Trace) && is_on("actix_server", Level::Info));
        for library in ["tokio_postgres::prepare", "actix_http::h1::dispatcher", "rustls::client"] {
            assert!(!is_on(library, Level::Debug), "{library}");
        }
    }
}
