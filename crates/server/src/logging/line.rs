//! A record as a line. Every request writes one, so that nothing here takes memory that it does not
//! give to the next line.

use crate::settings::LogFormat;
use doorward_domain::time::Timestamp;
use jiff::fmt::temporal::DateTimePrinter;
use log::kv::{self, Key, VisitSource, VisitValue};
use log::{Level, Record};
use serde::Serialize;
use std::cell::Cell;
use std::io::Write as _;

/// Writes a record as one line with its end. Text is as `env_logger` writes it without colours, for
/// messages of one line.
pub(super) fn write(line: &mut Vec<u8>, format: LogFormat, now: Timestamp, record: &Record<'_>) {
    match format {
        LogFormat::Text => write_text(line, now, record),
        LogFormat::Json => write_json(line, now, record),
    }
    line.push(b'\n');
}

fn write_text(line: &mut Vec<u8>, now: Timestamp, record: &Record<'_>) {
    line.push(b'[');
    write_time(line, now, Precision::Millis);
    line.extend_from_slice(match record.level() {
        Level::Error => b" ERROR ",
        Level::Warn => b" WARN  ",
        Level::Info => b" INFO  ",
        Level::Debug => b" DEBUG ",
        Level::Trace => b" TRACE ",
    });
    line.extend_from_slice(record.target().as_bytes());
    line.extend_from_slice(b"] ");
    match record.args().as_str() {
        Some(message) => line.extend_from_slice(message.as_bytes()),
        // Writing to memory does not fail; nor does any other writing in this file.
        None => {
            let _ = line.write_fmt(*record.args());
        }
    }
    let _ = record.key_values().visit(&mut TextPairs(line));
}

/// One JSON object: when, how grave, from where, what, and every pair that was logged with it.
fn write_json(line: &mut Vec<u8>, now: Timestamp, record: &Record<'_>) {
    line.extend_from_slice(b"{\"time\":\"");
    write_time(line, now, Precision::Micros);
    line.extend_from_slice(b"\",\"level\":\"");
    line.extend_from_slice(match record.level() {
        Level::Error => b"error",
        Level::Warn => b"warn",
        Level::Info => b"info",
        Level::Debug => b"debug",
        Level::Trace => b"trace",
    });
    line.extend_from_slice(b"\",\"target\":");
    json(line, record.target());
    line.extend_from_slice(b",\"message\":");
    match record.args().as_str() {
        Some(message) => json(line, message),
        None => json(line, record.args()),
    }
    let _ = record.key_values().visit(&mut JsonPairs { line, names: Vec::new() });
    line.push(b'}');
}

fn json(line: &mut Vec<u8>, value: &(impl Serialize + ?Sized)) {
    let _ = serde_json::to_writer(line, value);
}

/// ` name=value` for each pair.
struct TextPairs<'a>(&'a mut Vec<u8>);

impl<'kvs> VisitSource<'kvs> for TextPairs<'_> {
    fn visit_pair(&mut self, key: Key<'kvs>, value: kv::Value<'kvs>) -> Result<(), kv::Error> {
        self.0.push(b' ');
        self.0.extend_from_slice(key.as_str().as_bytes());
        self.0.push(b'=');
        value.visit(self)
    }
}

impl VisitValue<'_> for TextPairs<'_> {
    fn visit_any(&mut self, value: kv::Value<'_>) -> Result<(), kv::Error> {
        Ok(write!(self.0, "{value}")?)
    }

    fn visit_str(&mut self, value: &str) -> Result<(), kv::Error> {
        self.0.extend_from_slice(value.as_bytes());
        Ok(())
    }

    fn visit_u64(&mut self, value: u64) -> Result<(), kv::Error> {
        // The same digits, without the formatter.
        json(self.0, &value);
        Ok(())
    }
}

/// `,"name":value` for each pair.
struct JsonPairs<'a, 'kvs> {
    line: &'a mut Vec<u8>,
    names: Vec<Key<'kvs>>,
}

impl<'kvs> VisitSource<'kvs> for JsonPairs<'_, 'kvs> {
    fn visit_pair(&mut self, key: Key<'kvs>, value: kv::Value<'kvs>) -> Result<(), kv::Error> {
        // A name stands once in an object: ours are not given away.
        let is_ours = ["time", "level", "target", "message"].contains(&key.as_str());
        self.line.push(b',');
        if is_ours || self.names.contains(&key) {
            json(self.line, &format_args!("{key}_"));
        } else {
            json(self.line, key.as_str());
        }
        self.line.push(b':');
        self.names.push(key);
        value.visit(self)
    }
}

impl VisitValue<'_> for JsonPairs<'_, '_> {
    fn visit_any(&mut self, value: kv::Value<'_>) -> Result<(), kv::Error> {
        json(self.line, &format_args!("{value}"));
        Ok(())
    }

    fn visit_str(&mut self, value: &str) -> Result<(), kv::Error> {
        json(self.line, value);
        Ok(())
    }

    fn visit_u64(&mut self, value: u64) -> Result<(), kv::Error> {
        json(self.line, &value);
        Ok(())
    }

    fn visit_i64(&mut self, value: i64) -> Result<(), kv::Error> {
        json(self.line, &value);
        Ok(())
    }

    fn visit_f64(&mut self, value: f64) -> Result<(), kv::Error> {
        json(self.line, &value);
        Ok(())
    }

    fn visit_bool(&mut self, value: bool) -> Result<(), kv::Error> {
        json(self.line, &value);
        Ok(())
    }
}

#[derive(Clone, Copy)]
enum Precision {
    Millis,
    Micros,
}

/// Writes a time as RFC 3339 has it, in UTC. The lines of a millisecond share all but the digits after
/// it.
fn write_time(line: &mut Vec<u8>, now: Timestamp, precision: Precision) {
    thread_local! {
        static MILLI: Cell<(i64, [u8; 23])> = const { Cell::new((i64::MIN, [b'?'; 23])) };
    }
    let (milli, micros) = (now.as_micros().div_euclid(1_000), now.as_micros().rem_euclid(1_000));
    let (mut known, mut text) = MILLI.get();
    if known != milli {
        (known, text) = (milli, up_to_milli(milli));
        MILLI.set((known, text));
    }
    line.extend_from_slice(&text);
    if let Precision::Micros = precision {
        let digits = [micros / 100, micros / 10 % 10, micros % 10];
        line.extend(digits.map(|digit| b'0' + u8::try_from(digit).unwrap_or_default()));
    }
    line.push(b'Z');
}

/// As `2025-11-22T21:39:05.000`.
fn up_to_milli(milli: i64) -> [u8; 23] {
    const MILLIS: DateTimePrinter = DateTimePrinter::new().precision(Some(3));
    let time = jiff::Timestamp::from_millisecond(milli).unwrap_or_default();
    MILLIS.timestamp_to_string(&time).as_bytes().first_chunk().copied().unwrap_or([b'?'; 23])
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    const NOW: Timestamp = Timestamp::from_micros(1_763_847_545_000_042);

    fn line(message: &str, pairs: &[(&str, kv::Value<'_>)]) -> Value {
        let args = format_args!("{message}");
        let record = Record::builder()
            .level(Level::Warn)
            .target("doorward_http::observe")
            .key_values(&pairs)
            .args(args)
            .build();
        let mut line = Vec::new();
        write(&mut line, LogFormat::Json, NOW, &record);
        assert_eq!(line.iter().position(|byte| *byte == b'\n'), Some(line.len() - 1), "{line:?}");
        serde_json::from_slice(&line).unwrap()
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
        let address: std::net::IpAddr = "127.0.0.1".parse().unwrap();
        assert_eq!(line("", &[("address", kv::Value::from_display(&address))])["address"], "127.0.0.1");
    }

    #[test]
    fn what_clients_send_can_neither_end_a_line_nor_replace_a_member() {
        let told = line("a \"quoted\"\n\u{1b}[31m\u{0}line", &[("agent", "x\n{\"level\":\"error\"}".into())]);
        assert_eq!(told["message"], "a \"quoted\"\n\u{1b}[31m\u{0}line");
        assert_eq!(told["agent"], "x\n{\"level\":\"error\"}");
        let told = line("real", &[("message", "forged".into()), ("level", "debug".into())]);
        assert_eq!((&told["message"], &told["message_"]), (&"real".into(), &"forged".into()));
        assert_eq!(told["level"], "warn");
        let told = line("", &[("id", 1.into()), ("id", 2.into())]);
        assert_eq!((&told["id"], &told["id_"]), (&1.into(), &2.into()));
    }

    #[test]
    fn a_time_is_told_to_its_digit_before_and_after_1970() {
        for (micros, millis, told) in [
            (0, "1970-01-01T00:00:00.000Z", "1970-01-01T00:00:00.000000Z"),
            (999_999, "1970-01-01T00:00:00.999Z", "1970-01-01T00:00:00.999999Z"),
            (-1, "1969-12-31T23:59:59.999Z", "1969-12-31T23:59:59.999999Z"),
            (1_763_847_545_010_000, "2025-11-22T21:39:05.010Z", "2025-11-22T21:39:05.010000Z"),
        ] {
            for (precision, expected) in [(Precision::Millis, millis), (Precision::Micros, told)] {
                let mut line = Vec::new();
                write_time(&mut line, Timestamp::from_micros(micros), precision);
                assert_eq!(String::from_utf8(line).unwrap(), expected);
            }
        }
    }
}
