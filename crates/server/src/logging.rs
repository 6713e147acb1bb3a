//! The log: lines for people or for machines, on standard error.
//!
//! `env_logger` decides what is logged and how text looks. What it writes goes to an [`Outlet`], whose
//! thread writes many lines at once, so that no request waits for whoever reads the log. The lines of
//! requests, which are nearly all, are made here in a fraction of its time.
//!
//! What can be lost: the requests of the last 50 ms, if the process is killed; and, while nobody reads
//! standard error, what goes beyond four mebibytes. A line then tells how many were left out.

mod line;
mod outlet;

use crate::clock::SystemClock;
use crate::settings::{Log, LogFormat, LogLevel};
use doorward_domain::time::Clock as _;
use env_logger::{Builder, Logger, Target, TimestampPrecision, WriteStyle};
use log::{Level, LevelFilter, Metadata, Record};
use outlet::{Lost, Outlet, Weight};
use std::cell::Cell;
use std::io::{self, IsTerminal as _, Write as _};
use std::time::Duration;

/// Libraries that write what goes through them into their debug log: heads of requests with their
/// tokens, parameters of statements with password hashes. They never get further than `info`.
const TALKATIVE: [&str; 6] = ["actix", "tokio_postgres", "diesel", "rustls", "mio", "h2"];

/// Who tells of requests.
const ACCESS: &str = "doorward::access";

/// How long the end of the process may wait for a reader that does not read.
const PATIENCE: Duration = Duration::from_secs(1);

/// Starts the log. `RUST_LOG` is what `rust_log` says, and takes the place of the settings' level.
///
/// # Errors
/// There is a log already, or no thread for it.
pub(crate) fn start(settings: &Log, rust_log: Option<&str>) -> anyhow::Result<()> {
    let format = settings.format;
    let outlet = Outlet::start(io::stderr(), move |lost| told(lost, format))?;
    let style = if wants_colour() { WriteStyle::Always } else { WriteStyle::Never };
    let logger = build(settings, rust_log, style, outlet);
    log::set_max_level(logger.front.filter());
    log::set_boxed_logger(Box::new(logger))?;
    Ok(())
}

fn build(settings: &Log, rust_log: Option<&str>, style: WriteStyle, outlet: Outlet) -> Careful {
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
            .format(|formatter, record| with_line(LogFormat::Json, record, |line| formatter.write_all(line))),
    };
    // A line of JSON has no colours, nor escapes that could be some.
    builder.write_style(style).target(Target::Pipe(Box::new(outlet.clone())));
    let is_plain = settings.format == LogFormat::Json || style == WriteStyle::Never;
    Careful { front: builder.build(), outlet, by_hand: is_plain.then_some(settings.format) }
}

/// Whether a person looks at standard error who has not asked for plain text.
fn wants_colour() -> bool {
    let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    io::stderr().is_terminal()
        && !is_set("NO_COLOR")
        && std::env::var_os("TERM").is_some_and(|term| term != "dumb")
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
struct Careful {
    front: Logger,
    outlet: Outlet,
    /// How lines about requests look, where that needs nothing of `front`.
    by_hand: Option<LogFormat>,
}

impl log::Log for Careful {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        !may_tell_secrets(metadata) && self.front.enabled(metadata)
    }

    fn log(&self, record: &Record<'_>) {
        // Whoever logs need not have asked.
        if may_tell_secrets(record.metadata()) || !self.front.matches(record) {
            return;
        }
        match self.by_hand {
            Some(format) if record.target() == ACCESS => {
                with_line(format, record, |line| self.outlet.put(line, Weight::Access));
            }
            _ => self.front.log(record),
        }
    }

    fn flush(&self) {
        self.outlet.settle(PATIENCE);
    }
}

fn may_tell_secrets(metadata: &Metadata<'_>) -> bool {
    metadata.level() > Level::Info && TALKATIVE.iter().any(|library| metadata.target().starts_with(library))
}

/// Has a record written as a line into memory that the next line of this thread uses again.
fn with_line<T>(format: LogFormat, record: &Record<'_>, then: impl FnOnce(&[u8]) -> T) -> T {
    thread_local! {
        static LINE: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
    }
    // Whoever logs while a value is written finds an empty one.
    let mut line = LINE.take();
    line::write(&mut line, format, SystemClock.now(), record);
    let result = then(&line);
    line.clear();
    LINE.set(line);
    result
}

/// The line about lines that are not there.
fn told(lost: Lost, format: LogFormat) -> Vec<u8> {
    let pairs = [("requests", lost.access), ("others", lost.other)];
    let mut line = Vec::new();
    let record = Record::builder()
        .level(Level::Warn)
        .target("doorward::logging")
        .key_values(&pairs)
        .args(format_args!("standard error was not read in time: lines were left out"))
        .build();
    line::write(&mut line, format, SystemClock.now(), &record);
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use log::Log as _;
    use std::sync::{Arc, Mutex};

    /// Keeps what is written.
    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Kept {
        fn write(&mut self, lines: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend(lines);
            Ok(lines.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn logger(settings: &Log, rust_log: Option<&str>, style: WriteStyle) -> (Careful, Kept) {
        let kept = Kept::default();
        let format = settings.format;
        let outlet = Outlet::start(kept.clone(), move |lost| told(lost, format)).unwrap();
        (build(settings, rust_log, style, outlet), kept)
    }

    /// What becomes of the line about a request and of a warning.
    fn written(format: LogFormat, style: WriteStyle) -> String {
        let (logger, kept) = logger(&Log { format, level: LogLevel::Info }, None, style);
        let address: std::net::IpAddr = "::1".parse().unwrap();
        let pairs = [
            ("request_id", log::kv::Value::from("edge-1")),
            ("status", 200.into()),
            ("address", log::kv::Value::from_display(&address)),
        ];
        let mut record = Record::builder();
        record.key_values(&pairs);
        logger.log(&record.level(Level::Info).target(ACCESS).args(format_args!("answered")).build());
        logger.log(&record.level(Level::Warn).target("doorward::app").args(format_args!("beware")).build());
        logger.flush();
        let bytes = kept.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn lines_about_requests_look_as_all_others_do() {
        let text = written(LogFormat::Text, WriteStyle::Never);
        let lines: Vec<_> = text.lines().collect();
        let [access, warning] = lines[..] else { panic!("{text}") };
        // `[2025-11-22T21:39:05.000Z INFO  doorward::access] …`
        assert_eq!(access.find(' '), warning.find(' '));
        assert!(
            access.ends_with("Z INFO  doorward::access] answered request_id=edge-1 status=200 address=::1")
        );
        assert!(warning.ends_with("Z WARN  doorward::app] beware request_id=edge-1 status=200 address=::1"));

        let json = written(LogFormat::Json, WriteStyle::Never);
        let lines: Vec<serde_json::Value> =
            json.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!((&lines[0]["message"], &lines[1]["message"]), (&"answered".into(), &"beware".into()));
        assert_eq!((&lines[0]["status"], &lines[0]["address"]), (&200.into(), &"::1".into()));
    }

    #[test]
    fn people_at_a_terminal_get_colours_and_machines_do_not() {
        let text = written(LogFormat::Text, WriteStyle::Always);
        assert!(text.lines().count() == 2 && text.lines().all(|line| line.contains("\u{1b}[")), "{text}");
        let json = written(LogFormat::Json, WriteStyle::Always);
        assert!(json.lines().count() == 2 && !json.contains('\u{1b}'), "{json}");
    }

    #[test]
    fn what_was_left_out_is_told_in_the_format_of_the_log() {
        let lost = Lost { access: 3, other: 1 };
        let text = String::from_utf8(told(lost, LogFormat::Text)).unwrap();
        assert!(
            text.contains("WARN  doorward::logging] ") && text.ends_with(" requests=3 others=1\n"),
            "{text}"
        );
        let json: serde_json::Value = serde_json::from_slice(&told(lost, LogFormat::Json)).unwrap();
        assert_eq!((&json["level"], &json["requests"]), (&"warn".into(), &3.into()));
    }

    #[test]
    fn the_level_is_ours_and_libraries_only_warn() {
        let settings = Log { format: LogFormat::Json, level: LogLevel::Debug };
        let (logger, _) = logger(&settings, None, WriteStyle::Never);
        let is_on =
            |target: &str, level| logger.enabled(&Metadata::builder().target(target).level(level).build());
        assert!(is_on("doorward_http::observe", Level::Debug) && is_on("doorward::app", Level::Debug));
        assert!(!is_on("doorward::app", Level::Trace));
        assert!(is_on("actix_server", Level::Warn) && !is_on("actix_server", Level::Info));
    }

    #[test]
    fn libraries_that_would_tell_secrets_are_not_asked_even_by_rust_log() {
        let (logger, _) = logger(&Log::default(), Some("trace"), WriteStyle::Never);
        let is_on =
            |target: &str, level| logger.enabled(&Metadata::builder().target(target).level(level).build());
        assert!(is_on("doorward::app", Level::Trace) && is_on("actix_server", Level::Info));
        for library in ["tokio_postgres::prepare", "actix_http::h1::dispatcher", "rustls::client"] {
            assert!(!is_on(library, Level::Debug), "{library}");
        }
    }
}
