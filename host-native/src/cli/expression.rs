//! Query expressions from the command line, checked before anything is asked.

use logd_core::query::parse::{ParseError, parse};

use super::failure::Failure;

/// An expression that parses.
#[derive(Clone, Debug)]
pub(crate) struct Expression(String);

impl Expression {
    /// The arguments are joined by spaces: `logd query timeout key:/prod` needs no quotes.
    pub(crate) fn parse(arguments: &[String]) -> Result<Self, Failure> {
        let text = arguments.join(" ");
        match parse(&text) {
            Ok(_) => Ok(Self(text)),
            Err(error) => Err(explain(&text, &error)),
        }
    }

    /// The text, as a daemon takes it.
    pub(crate) fn into_text(self) -> String {
        self.0
    }
}

/// The message with a caret below the place.
fn explain(text: &str, error: &ParseError) -> Failure {
    Failure::new(format_args!("in the expression, {}", error.render(text)))
        .hint("docs/query-language.md describes expressions")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistake_is_pointed_at() {
        let arguments = ["größe".to_owned(), "level>=nonsense".to_owned()];
        let error = Expression::parse(&arguments).unwrap_err().to_string();
        let lines: Vec<_> = error.lines().collect();
        assert_eq!(lines[1], "  größe level>=nonsense");
        let caret = lines[2].chars().position(|c| c == '^').unwrap();
        assert_eq!(lines[1].chars().nth(caret), Some('n'), "{error}");
    }

    #[test]
    fn arguments_are_words_of_one_expression() {
        let expression = Expression::parse(&["a".to_owned(), "key:/prod".to_owned()]).unwrap();
        assert_eq!(expression.into_text(), "a key:/prod");
        assert_eq!(Expression::parse(&[]).unwrap().into_text(), "");
    }
}
