//! Attributes of the command line: `status=404`, `took=1.5`, `ok=true`, `zip="01234"`.

use logd_proto::encode;

/// A name with a typed value.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Attribute {
    name: String,
    value: Value,
}

#[derive(Clone, Debug, PartialEq)]
enum Value {
    Text(String),
    Int(i64),
    Float(f64),
    Flag(bool),
}

impl core::str::FromStr for Attribute {
    type Err = String;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        match s.split_once('=') {
            Some((name, value)) if !name.is_empty() => {
                Ok(Self { name: name.to_owned(), value: Value::guess(value) })
            }
            _ => Err(format!("`{s}` is no attribute; write NAME=VALUE, for instance status=404")),
        }
    }
}

impl Attribute {
    /// Appends the attribute to an encoded event.
    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        let value = match &self.value {
            Value::Text(text) => encode::Value::Text(text),
            Value::Int(n) => encode::Value::Int(*n),
            Value::Float(x) => encode::Value::Float(*x),
            Value::Flag(flag) => encode::Value::Flag(*flag),
        };
        encode::attribute(out, &self.name, value);
    }
}

impl Value {
    /// The type that the value looks like; text when in doubt or in double quotes.
    fn guess(s: &str) -> Self {
        if let Some(text) = s.strip_prefix('"').and_then(|s| s.strip_suffix('"')) {
            return Self::Text(text.to_owned());
        }
        if let Ok(flag) = s.parse() {
            return Self::Flag(flag);
        }
        let digits = s.strip_prefix('-').unwrap_or(s);
        // 007 and 01234 are names of something, and `inf` is a word.
        let leading_zero =
            digits.starts_with('0') && digits[1..].starts_with(|c: char| c.is_ascii_digit());
        if !digits.starts_with(|c: char| c.is_ascii_digit()) || leading_zero {
            return Self::Text(s.to_owned());
        }
        if let Ok(n) = s.parse() {
            return Self::Int(n);
        }
        match s.parse::<f64>() {
            // A whole number that no integer holds would lose digits.
            Ok(x) if x.is_finite() && s.contains(['.', 'e', 'E']) => Self::Float(x),
            _ => Self::Text(s.to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_have_the_type_they_look_like() {
        let text = |s: &str| Value::Text(s.to_owned());
        for (s, expect) in [
            ("404", Value::Int(404)),
            ("-1", Value::Int(-1)),
            ("0", Value::Int(0)),
            ("1.50", Value::Float(1.5)),
            ("0.5", Value::Float(0.5)),
            ("1e3", Value::Float(1000.0)),
            ("true", Value::Flag(true)),
            ("\"404\"", text("404")),
            ("\"\"", text("")),
            ("", text("")),
            ("007", text("007")),
            ("-", text("-")),
            ("1.2.3", text("1.2.3")),
            ("nan", text("nan")),
            ("inf", text("inf")),
            ("1e999", text("1e999")),
            ("12345678901234567890", text("12345678901234567890")),
            ("a=b", text("a=b")),
            ("\"", text("\"")),
        ] {
            assert_eq!(Value::guess(s), expect, "{s}");
        }
    }

    #[test]
    fn a_name_is_needed() {
        assert!("status".parse::<Attribute>().is_err());
        assert!("=404".parse::<Attribute>().is_err());
        assert_eq!("a=b=c".parse::<Attribute>().unwrap().name, "a");
    }
}
