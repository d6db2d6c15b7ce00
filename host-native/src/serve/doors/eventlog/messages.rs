//! Log records as Python's `logging.handlers.HTTPHandler` posts them: a form with the record's attributes.

use logd_core::event::{Attribute, Value, names};
use logd_core::severity::Severity;

use super::event::Parsed;
use super::facility::key_of;
use super::python;
use crate::serve::doors::batch::Draft;
use crate::serve::http::params::unix_seconds;

/// Fields that become part of the event itself, or say what others say better.
const TAKEN: [&str; 12] = [
    "name",
    "msg",
    "args",
    "levelname",
    "levelno",
    "created",
    "msecs",
    "relativeCreated",
    "filename",
    "module",
    "exc_text",
    "asctime",
];
/// Fields that are whole numbers.
const NUMBERS: [&str; 3] = ["lineno", "process", "thread"];

/// Fields of a record at most; Python's have some twenty-five.
const MAX_FIELDS: usize = 128;

/// Reads one record. Its logger is the facility, its other fields are attributes.
pub(super) fn parse(body: &[u8], prefix: &str, max_text: usize) -> Result<Parsed, String> {
    let form = form_urlencoded::parse(body).into_owned().take(MAX_FIELDS + 1);
    let form: Vec<(String, String)> = form.collect();
    if form.len() > MAX_FIELDS {
        return Err(format!("a record has at most {MAX_FIELDS} fields"));
    }
    let field = |name: &str| {
        let found = form.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str());
        // Python's None.
        found.filter(|value| !value.is_empty() && *value != "None")
    };
    let required = |name| field(name).ok_or_else(|| missing(name));
    let facility = required("name")?;
    // An empty message is one, and so is None.
    let msg = form.iter().find(|(n, _)| n == "msg").map(|(_, value)| value.as_str());
    let msg = msg.ok_or_else(|| missing("msg"))?;
    let mut key = String::new();
    key_of(prefix, facility, &mut key).map_err(|e| e.to_string())?;
    let args = field("args").unwrap_or("()");
    let formatted = python::format(msg, args, max_text);
    let created = field("created").map(|created| {
        unix_seconds(&limited(created))
            .filter(|t| t.0 > 0)
            .ok_or_else(|| format!("`created` is no time: {created}"))
    });
    let draft = Draft {
        time: created.transpose()?,
        key: &key,
        severity: severity(field("levelno"), field("levelname"))?,
        text: formatted.as_deref().unwrap_or(msg),
    };
    let others =
        form.iter().filter(|(name, _)| !TAKEN.contains(&name.as_str()) && !name.is_empty());
    let others = others.filter_map(|(name, _)| Some((name.as_str(), field(name)?)));
    let args = formatted.is_none().then_some(("args", args));
    let trace = field("exc_text").map(|trace| (names::STACK_TRACE, trace));
    let attributes = [trace, args].into_iter().flatten().chain(others).map(|(name, text)| {
        let number = NUMBERS.contains(&name).then(|| text.parse().ok()).flatten();
        Attribute { name, value: number.map_or(Value::Text(text), Value::Int) }
    });
    let mut parsed = Parsed::default();
    parsed.batch.push(&draft, attributes);
    parsed.push(Ok(facility.to_owned()));
    Ok(parsed)
}

fn missing(name: &str) -> String {
    format!("the record has no `{name}`; this path takes the form that Python's HTTPHandler posts")
}

/// A level of one's own has a number between the usual ones, and any name.
fn severity(number: Option<&str>, name: Option<&str>) -> Result<Severity, String> {
    match (number, name) {
        (Some(number), _) => number
            .parse()
            .map(Severity::from_python)
            .map_err(|_| format!("`levelno` is no whole number: {number}")),
        (None, Some(name)) => {
            Severity::from_name(name).ok_or_else(|| format!("`levelname` is no level: {name}"))
        }
        (None, None) => Ok(Severity::NONE),
    }
}

/// Seconds with nine decimals at most: Python's floats have up to seventeen digits.
fn limited(seconds: &str) -> String {
    match seconds.split_once('.') {
        Some((whole, fraction)) => format!("{whole}.{}", fraction.get(..9).unwrap_or(fraction)),
        None => seconds.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use logd_proto::prost::Message as _;
    use logd_proto::wire::{Cmd, Msg, attribute};

    fn record(fields: &[(&str, &str)]) -> Result<Msg, String> {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let parsed = parse(body.as_bytes(), "/eventlog", 1000)?;
        let cmd = Cmd::decode(parsed.batch.writes().next().unwrap()).unwrap();
        Ok(cmd.batch.into_iter().next().unwrap())
    }

    #[test]
    fn a_record_becomes_an_event() {
        let event = record(&[
            ("name", "app.db"),
            ("msg", "slow query: %s took %.1f s"),
            ("args", "('SELECT 1', 2.25)"),
            ("levelname", "WARNING"),
            ("levelno", "30"),
            ("pathname", "/srv/app/db.py"),
            ("lineno", "17"),
            ("exc_info", "None"),
            ("exc_text", "Traceback (most recent call last):\n  …"),
            ("stack_info", "None"),
            ("created", "1700000000.5123456789"),
            ("thread", "140000"),
            ("request_id", "r-1"),
        ])
        .unwrap();
        assert_eq!(event.key, "/eventlog/app.db");
        assert_eq!(event.txt, "slow query: SELECT 1 took 2.2 s");
        assert_eq!((event.severity, event.time_unix_nano), (13, 1_700_000_000_512_345_678));
        let attributes: Vec<_> =
            event.attributes.into_iter().map(|a| (a.name, a.value.unwrap())).collect();
        let text = |name: &str, text: &str| (name.to_owned(), attribute::Value::Text(text.into()));
        let number = |name: &str, n| (name.to_owned(), attribute::Value::Int(n));
        assert_eq!(
            attributes,
            [
                text("stack_trace", "Traceback (most recent call last):\n  …"),
                text("pathname", "/srv/app/db.py"),
                number("lineno", 17),
                number("thread", 140_000),
                text("request_id", "r-1"),
            ]
        );
    }

    #[test]
    fn arguments_that_do_not_fit_are_kept() {
        let event = record(&[("name", "app"), ("msg", "a %s"), ("args", "(1, 2)")]).unwrap();
        assert_eq!(event.txt, "a %s");
        assert_eq!(event.attributes[0].name, "args");
    }

    #[test]
    fn an_empty_message_is_one() {
        assert_eq!(record(&[("name", "app"), ("msg", "")]).unwrap().txt, "");
        assert_eq!(record(&[("name", "app"), ("msg", "None")]).unwrap().txt, "None");
        let many: Vec<_> = (0..200).map(|n| (format!("f{n}"), "x")).collect();
        let many: Vec<_> = many.iter().map(|(name, value)| (name.as_str(), *value)).collect();
        assert!(record(&many).unwrap_err().contains("at most 128"));
    }

    #[test]
    fn says_what_is_wrong() {
        for (fields, part) in [
            (&[("msg", "x")][..], "no `name`"),
            (&[("name", "app")], "no `msg`"),
            (&[("name", "my app"), ("msg", "x")], "white space"),
            (&[("name", "app"), ("msg", "x"), ("levelno", "high")], "`levelno`"),
            (&[("name", "app"), ("msg", "x"), ("created", "noon")], "`created`"),
        ] {
            let error = record(fields).unwrap_err();
            assert!(error.contains(part), "{error}");
        }
    }
}
