//! From an expression to its meaning.
//!
//! ```text
//! or      = and { "OR" and }
//! and     = unary { [ "AND" ] unary }
//! unary   = { "-" | "!" | "NOT" } primary
//! primary = "(" or ")" | word | phrase | regex | field
//! ```
//!
//! docs/query-language.md is the page for those who write expressions.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::ops::Range;

use super::ast::{Expr, Term};
use super::error::Fault;
use super::lexer::{self, Kind, Pattern, Token};
use super::{field, regex};

pub use super::error::ParseError;

/// Longest expression, in bytes.
pub const MAX_INPUT: usize = 16 * 1024;

/// Deepest nesting of parentheses.
pub const MAX_DEPTH: usize = 100;

/// Most words, phrases, regular expressions and fields of one expression.
pub const MAX_TERMS: usize = 256;

/// Most regular expressions of one expression: the dearest terms, in room and in time.
pub const MAX_REGEXES: usize = 4;

/// Parses an expression. The result is canonical ([`Expr::normalised`]); an empty or blank input is [`Expr::All`].
pub fn parse(input: &str) -> Result<Expr, ParseError> {
    expression(input).map_err(|fault| fault.locate(input))
}

fn expression(input: &str) -> Result<Expr, Fault> {
    if input.len() > MAX_INPUT {
        let what =
            format!("an expression has at most {MAX_INPUT} bytes, this one has {}", input.len());
        return Err(Fault::new(0..0, what));
    }
    let tokens = lexer::tokens(input)?;
    if tokens.is_empty() {
        return Ok(Expr::All);
    }
    let mut parser =
        Parser { input, tokens: tokens.into_iter().peekable(), depth: 0, terms: 0, regexes: 0 };
    let expr = parser.or(None)?;
    match parser.tokens.next() {
        None => Ok(expr),
        Some(token) => {
            Err(Fault::new(token.span, "this parenthesis closes none; quote it to search for text"))
        }
    }
}

struct Parser<'a> {
    input: &'a str,
    tokens: core::iter::Peekable<alloc::vec::IntoIter<Token<'a>>>,
    depth: usize,
    terms: usize,
    regexes: usize,
}

/// The token that asks for an operand: its name and place, for errors.
type Asks = Option<(&'static str, Range<usize>)>;

impl<'a> Parser<'a> {
    fn or(&mut self, asks: Asks) -> Result<Expr, Fault> {
        let mut any = Vec::from([self.and(asks)?]);
        while let Some(token) = self.tokens.next_if(|t| matches!(t.kind, Kind::Or)) {
            any.push(self.and(Some(("OR", token.span)))?);
        }
        Ok(Expr::any_of(any))
    }

    fn and(&mut self, asks: Asks) -> Result<Expr, Fault> {
        let mut all = Vec::from([self.unary(asks)?]);
        loop {
            match self.tokens.peek().map(|t| &t.kind) {
                None | Some(Kind::Or | Kind::Close) => return Ok(Expr::all_of(all)),
                Some(Kind::And) => {
                    let asks = self.tokens.next().map(|t| ("AND", t.span));
                    all.push(self.unary(asks)?);
                }
                Some(_) => all.push(self.unary(None)?),
            }
        }
    }

    fn unary(&mut self, mut asks: Asks) -> Result<Expr, Fault> {
        let mut negated = false;
        while let Some(token) = self.tokens.next_if(|t| matches!(t.kind, Kind::Not)) {
            negated = !negated;
            asks = Some(("NOT", token.span));
        }
        let expr = self.primary(asks)?;
        Ok(if negated { !expr } else { expr })
    }

    fn primary(&mut self, asks: Asks) -> Result<Expr, Fault> {
        let Some(Token { kind, span }) = self.tokens.next() else {
            // Without one that asks, the input would have been empty.
            let (name, span) = asks.unwrap_or(("the expression", 0..self.input.len()));
            let what = match name {
                "(" => "this parenthesis is never closed; quote it to search for text".into(),
                _ => format!("{name} needs a term after it"),
            };
            return Err(Fault::new(span, what));
        };
        match kind {
            Kind::Open => self.parentheses(span),
            Kind::And | Kind::Or | Kind::Close | Kind::Not => {
                Err(missing(&self.input[span.clone()], span, asks))
            }
            Kind::Word(word) => self.counted(span.clone(), |_| field::word(word, span)),
            Kind::Phrase(text) => self.counted(span.clone(), |_| {
                if text.is_empty() {
                    return Err(Fault::new(span, "there is nothing between the quotes"));
                }
                Ok(Term::Text(text).into())
            }),
            Kind::Regex(pattern) => {
                self.counted(span, |parser| Ok(Term::Regex(parser.checked(pattern)?).into()))
            }
            Kind::Field(f) => {
                self.counted(span, |parser| field::term(f, &mut |pattern| parser.checked(pattern)))
            }
        }
    }

    fn parentheses(&mut self, open: Range<usize>) -> Result<Expr, Fault> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(Fault::new(open, format!("parentheses nest at most {MAX_DEPTH} deep")));
        }
        let expr = self.or(Some(("(", open.clone())))?;
        if self.tokens.next_if(|t| matches!(t.kind, Kind::Close)).is_none() {
            return Err(Fault::new(
                open,
                "this parenthesis is never closed; quote it to search for text",
            ));
        }
        self.depth -= 1;
        Ok(expr)
    }

    fn counted(
        &mut self,
        span: Range<usize>,
        term: impl FnOnce(&mut Self) -> Result<Expr, Fault>,
    ) -> Result<Expr, Fault> {
        self.terms += 1;
        if self.terms > MAX_TERMS {
            return Err(Fault::new(span, format!("an expression has at most {MAX_TERMS} terms")));
        }
        term(self)
    }

    /// The pattern, if it compiles within the bounds.
    fn checked(&mut self, pattern: Pattern) -> Result<String, Fault> {
        let place = |bytes: Range<usize>| {
            let position = |byte| lexer::position_in(self.input, &pattern, byte);
            position(bytes.start)..position(bytes.end)
        };
        self.regexes += 1;
        if self.regexes > MAX_REGEXES {
            let what = format!("an expression has at most {MAX_REGEXES} regular expressions");
            return Err(Fault::new(place(0..pattern.text.len()), what));
        }
        match regex::compile(&pattern.text) {
            Ok(_) => Ok(pattern.text),
            Err(e) => {
                let bytes = e.span.clone().unwrap_or(0..pattern.text.len());
                Err(Fault::new(place(bytes), format!("in this regular expression: {}", e.message)))
            }
        }
    }
}

/// An operator or a parenthesis stands where a term should.
fn missing(found: &str, span: Range<usize>, asks: Asks) -> Fault {
    match (found, asks) {
        (")", Some(("(", open))) => Fault::new(
            open.start..span.end,
            "there is nothing between the parentheses; quote them to search for text",
        ),
        (_, Some((name, at))) if name != "(" => {
            Fault::new(at, format!("{name} needs a term after it"))
        }
        (")", _) => Fault::new(span, "this parenthesis closes none; quote it to search for text"),
        _ => {
            let what = format!(
                r#"{found} needs a term before it; quote it to search for text: "{found}""#
            );
            Fault::new(span, what)
        }
    }
}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
