//! Events as people read them, one a line:
//!
//! ```text
//! 2026-11-21 14:05:01.123 ERROR /prod/api/login no such user  status=404 url="/login?u=a b"
//!     the second line of the text
//! ```
//!
//! The first four fields never contain a space more or less, so that `cut` and `awk` find them. What follows the
//! first line of an event is indented: no text can pass for an event of its own.

use core::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::tz::TimeZone;
use logd_core::event::{Attribute, Value};
use logd_core::json::Event;
use logd_core::time::UnixNanos;

use super::escape;
use super::style::Palette;

const INDENT: &str = "    ";

/// Renders events; keeps what neighbours share.
pub(crate) struct Renderer {
    palette: Palette,
    clock: Clock,
}

impl Renderer {
    pub(crate) fn new(palette: Palette, zone: TimeZone) -> Self {
        Self { palette, clock: Clock::new(zone) }
    }

    /// Appends `event`, with its line ends, to `out`.
    pub(crate) fn event(&mut self, event: &Event<'_>, out: &mut String) {
        let (dim, key) = (self.palette.dim(), self.palette.key());
        let level = self.palette.level(event.severity.level());
        push(out, format_args!("{dim}"));
        self.clock.write(event.time, out);
        // Padded as a string: `Severity`'s own Display ignores the width.
        push(out, format_args!("{dim:#} {level}{:<5}{level:#} {key}", event.severity.to_string()));
        escape::line(event.key, out);
        push(out, format_args!("{key:#}"));

        let text = event.text.trim_end_matches(['\n', '\r']);
        let mut lines = text.split('\n').map(|line| line.trim_end_matches('\r'));
        if let Some(first) = lines.next().filter(|line| !line.is_empty()) {
            out.push(' ');
            escape::keep_tabs(first, out);
        }
        let mut separator = "  ";
        for attribute in event.attributes.iter().filter(|a| !is_block(a)) {
            push(out, format_args!("{separator}{dim}"));
            separator = " ";
            escape::line(attribute.name, out);
            push(out, format_args!("={dim:#}"));
            value(attribute.value, out);
        }
        out.push('\n');
        indented(lines, INDENT, out);
        for attribute in event.attributes.iter().filter(|a| is_block(a)) {
            push(out, format_args!("{INDENT}{dim}"));
            escape::line(attribute.name, out);
            push(out, format_args!("={dim:#}\n"));
            if let Value::Text(text) = attribute.value {
                indented(text.trim_end_matches('\n').split('\n'), "        ", out);
            }
        }
    }
}

/// Whether the value has lines, as a stack trace does.
fn is_block(attribute: &Attribute<'_>) -> bool {
    matches!(attribute.value, Value::Text(text) if text.trim_end_matches('\n').contains('\n'))
}

fn indented<'a>(lines: impl Iterator<Item = &'a str>, indent: &str, out: &mut String) {
    for line in lines {
        out.push_str(indent);
        escape::keep_tabs(line.trim_end_matches('\r'), out);
        out.push('\n');
    }
}

fn value(value: Value<'_>, out: &mut String) {
    match value {
        Value::Text(text) => quoted(text, out),
        Value::Int(n) => push(out, n),
        // As in JSON, which a tail reads: with the fraction of a whole number, and these names.
        Value::Float(x) if x.is_infinite() => {
            out.push_str(if x > 0.0 { "Infinity" } else { "-Infinity" })
        }
        Value::Float(x) => push(out, format_args!("{x:?}")),
        Value::Flag(flag) => push(out, flag),
        Value::Bytes(bytes) => quoted(&STANDARD.encode(bytes), out),
    }
}

/// In quotes where the end would not be seen.
fn quoted(text: &str, out: &mut String) {
    let special = |c: char| c.is_whitespace() || matches!(c, '"' | '\\' | '=');
    if text.is_empty() || text.contains(special) {
        out.push('"');
        escape::line(&text.replace('\\', "\\\\").replace('"', "\\\""), out);
        out.push('"');
    } else {
        escape::line(text, out);
    }
}

/// Writes wall-clock times; consecutive events mostly share their second.
pub(crate) struct Clock {
    zone: TimeZone,
    second: i64,
    text: String,
}

impl Clock {
    pub(crate) fn new(zone: TimeZone) -> Self {
        Self { zone, second: i64::MIN, text: String::new() }
    }

    /// Appends `2026-11-21 14:05:01.123`.
    pub(crate) fn write(&mut self, time: UnixNanos, out: &mut String) {
        let (second, nanos) = time.to_parts();
        if self.second != second || self.text.is_empty() {
            let timestamp = jiff::Timestamp::from_second(second)
                .expect("64 bits of nanoseconds span fewer years than jiff");
            self.text = timestamp.to_zoned(self.zone.clone()).strftime("%F %T").to_string();
            self.second = second;
        }
        push(out, format_args!("{}.{:03}", self.text, nanos / 1_000_000));
    }
}

/// Appends what is displayed.
pub(crate) fn push(out: &mut String, value: impl core::fmt::Display) {
    write!(out, "{value}").expect("a String accepts everything");
}

#[cfg(test)]
mod tests {
    use super::*;
    use logd_core::severity::Severity;

    fn render(
        colour: bool,
        severity: Severity,
        text: &str,
        attributes: &[(&str, Value<'_>)],
    ) -> String {
        let mut out = String::new();
        let event = Event {
            seq: 1,
            time: UnixNanos(1_795_270_701_123_456_789),
            received: UnixNanos(0),
            key: "/prod/api",
            severity,
            text,
            attributes: attributes.iter().map(|&(name, value)| Attribute { name, value }).collect(),
        };
        let zone = TimeZone::fixed(jiff::tz::offset(1));
        Renderer::new(Palette::new(colour), zone).event(&event, &mut out);
        out
    }

    #[test]
    fn one_line_with_attributes() {
        let attributes = [
            ("status", Value::Int(404)),
            ("url", Value::Text("/login?u=a b")),
            ("user", Value::Text("ann")),
            ("took", Value::Float(2.0)),
            ("ok", Value::Flag(false)),
            ("raw", Value::Bytes(b"\x00\xff")),
        ];
        assert_eq!(
            render(false, Severity::INFO, "no such user\n", &attributes),
            "2026-11-21 15:18:21.123 INFO  /prod/api no such user  \
             status=404 url=\"/login?u=a b\" user=ann took=2.0 ok=false raw=\"AP8=\"\n"
        );
    }

    #[test]
    fn further_lines_are_indented() {
        let trace = [("stack_trace", Value::Text("main\n  at x\n")), ("status", Value::Int(5))];
        assert_eq!(
            render(
                false,
                Severity::ERROR,
                "panic\r\n\tat a\n2026-11-21 00:00:00.000 INFO  /x/y",
                &trace
            ),
            "2026-11-21 15:18:21.123 ERROR /prod/api panic  status=5\n    \tat a\n    \
             2026-11-21 00:00:00.000 INFO  /x/y\n    stack_trace=\n        main\n          at x\n"
        );
    }

    #[test]
    fn an_event_cannot_drive_the_terminal() {
        let hostile = "\x1b]0;owned\x07\u{9b}2J\r";
        let out = render(
            true,
            Severity::WARN,
            &format!("{hostile}x\n{hostile}"),
            &[(hostile, Value::Text(hostile))],
        );
        // What is left of ESC are the colours of the palette.
        assert!(out.split('\x1b').skip(1).all(|rest| rest.starts_with('[')), "{out:?}");
        assert!(!out.contains('\x07') && !out.contains('\r') && !out.contains('\u{9b}'), "{out:?}");
        assert!(!render(false, Severity::WARN, hostile, &[]).contains('\x1b'));
    }

    #[test]
    fn times_of_any_second_are_written() {
        let mut clock = Clock::new(TimeZone::UTC);
        let mut out = String::new();
        for time in
            [UnixNanos(0), UnixNanos(999_999), UnixNanos(-1), UnixNanos::MAX, UnixNanos::MIN]
        {
            clock.write(time, &mut out);
            out.push('|');
        }
        assert_eq!(
            out,
            "1970-01-01 00:00:00.000|1970-01-01 00:00:00.000|1969-12-31 23:59:59.999|\
             2262-04-11 23:47:16.854|1677-09-21 00:12:43.145|"
        );
    }
}
