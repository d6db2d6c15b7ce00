//! From characters to tokens.
//!
//! Blanks separate, so a token knows nothing of its neighbours: a field, its operator and its value are one token.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::ops::Range;

use super::ast::Compare;
use super::display::{quoted_short as quoted, short};
use super::error::Fault;
use super::field::{self, Target};

#[derive(Debug)]
pub(super) struct Token<'a> {
    pub(super) kind: Kind<'a>,
    pub(super) span: Range<usize>,
}

#[derive(Debug)]
pub(super) enum Kind<'a> {
    Open,
    Close,
    And,
    Or,
    Not,
    Word(&'a str),
    Phrase(String),
    Regex(Pattern),
    Field(Field<'a>),
}

/// `level>=warn`
#[derive(Debug)]
pub(super) struct Field<'a> {
    pub(super) target: Target,
    pub(super) op: Op,
    pub(super) op_span: Range<usize>,
    /// As in `!=`.
    pub(super) negated: bool,
    pub(super) value: Value<'a>,
    pub(super) value_span: Range<usize>,
}

#[derive(Debug)]
pub(super) enum Value<'a> {
    /// `word`, or `word*`
    Bare(&'a str),
    /// `"words"`, or with a star directly after it
    Quoted { text: String, star: bool },
    /// `/regex/i`
    Regex(Pattern),
}

/// A regular expression with its flags folded in, as in `(?i)error`.
#[derive(Debug)]
pub(super) struct Pattern {
    pub(super) text: String,
    /// Bytes that the flags took at the start of `text`.
    folded: usize,
    /// What was typed between the slashes.
    body: Range<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Op {
    /// `:`, whatever that means for the field.
    Is,
    /// `=`
    Equal,
    /// `<` and its like, never `Eq` or `Ne`.
    Order(Compare),
    /// `~`
    Match,
}

/// Each operator, and whether it negates. Longest first, so that the first that fits is the right one. The habits of
/// other tools are welcome.
const OPS: [(&str, Op, bool); 15] = [
    (":>=", Op::Order(Compare::Ge), false),
    (":<=", Op::Order(Compare::Le), false),
    (":>", Op::Order(Compare::Gt), false),
    (":<", Op::Order(Compare::Lt), false),
    (">=", Op::Order(Compare::Ge), false),
    ("<=", Op::Order(Compare::Le), false),
    ("==", Op::Equal, false),
    ("=~", Op::Match, false),
    ("!=", Op::Equal, true),
    ("!~", Op::Match, true),
    (">", Op::Order(Compare::Gt), false),
    ("<", Op::Order(Compare::Lt), false),
    ("=", Op::Equal, false),
    ("~", Op::Match, false),
    (":", Op::Is, false),
];

pub(super) fn tokens(input: &str) -> Result<Vec<Token<'_>>, Fault> {
    let mut lexer = Lexer::new(input);
    let mut tokens = Vec::new();
    while let Some(token) = lexer.token()? {
        tokens.push(token);
    }
    Ok(tokens)
}

/// The position of a byte of `pattern` in the input, for errors: undoes the folding of flags and of `\/`.
pub(super) fn position_in(input: &str, pattern: &Pattern, byte: usize) -> usize {
    let mut left = byte.saturating_sub(pattern.folded);
    let mut at = pattern.body.start;
    let mut chars = input[pattern.body.clone()].chars().peekable();
    while let Some(c) = chars.next()
        && left > 0
    {
        at += c.len_utf8();
        if c == '\\' && chars.next_if_eq(&'/').is_some() {
            at += 1;
        }
        left = left.saturating_sub(c.len_utf8());
    }
    at
}

pub(super) struct Lexer<'a> {
    input: &'a str,
    at: usize,
}

impl<'a> Lexer<'a> {
    pub(super) fn new(input: &'a str) -> Self {
        Self { input, at: 0 }
    }

    /// Where the next token begins.
    pub(super) fn next_start(&mut self) -> usize {
        self.take_while(char::is_whitespace);
        self.at
    }

    /// After a fault, what follows means nothing.
    pub(super) fn token(&mut self) -> Result<Option<Token<'a>>, Fault> {
        let start = self.next_start();
        let Some(first) = self.peek() else { return Ok(None) };
        let kind = match first {
            '(' => self.single(Kind::Open),
            ')' => self.single(Kind::Close),
            '-' | '!' if operator(self.rest()).is_none() => self.negation()?,
            '"' => {
                let phrase = self.phrase()?;
                self.expect_gap(start)?;
                Kind::Phrase(phrase)
            }
            '/' => {
                let pattern = self.regex()?;
                self.expect_gap(start)?;
                Kind::Regex(pattern)
            }
            _ => self.word_or_field()?,
        };
        Ok(Some(Token { kind, span: start..self.at }))
    }

    fn single(&mut self, kind: Kind<'a>) -> Kind<'a> {
        self.at += 1;
        kind
    }

    /// `-` or `!` directly before what it negates.
    fn negation(&mut self) -> Result<Kind<'a>, Fault> {
        let start = self.at;
        self.at += 1;
        match self.peek() {
            Some('-' | '!') => Err(self.quote_hint(start, "a term is negated once")),
            None | Some(')') => Err(self.quote_hint(start, "nothing follows to negate")),
            Some(c) if c.is_whitespace() => {
                Err(self.quote_hint(start, "no blank stands between the sign and what it negates"))
            }
            Some(_) => Ok(Kind::Not),
        }
    }

    fn word_or_field(&mut self) -> Result<Kind<'a>, Fault> {
        let start = self.at;
        if let Some((symbol, ..)) = operator(self.rest()) {
            self.at += symbol.len();
            let what = "an operator stands directly after its field, as in level>=warn";
            return Err(self.quote_hint(start, what));
        }
        if self.peek().is_some_and(char::is_alphabetic) {
            let name = self.take_while(field::in_name);
            if name.eq_ignore_ascii_case("attr.") && self.peek() == Some('"') {
                let name = self.phrase()?;
                return self.field(start, Target::Attr(name));
            }
            if operator(self.rest()).is_some() {
                let Some(target) = field::resolve(name) else {
                    let run = self.run(start);
                    return Err(Fault::new(start..self.at, field::unknown(name, run)));
                };
                return self.field(start, target);
            }
        }
        self.take_while(in_word);
        let word = &self.input[start..self.at];
        self.expect_gap(start)?;
        Ok(match word {
            "AND" => Kind::And,
            "OR" => Kind::Or,
            "NOT" => Kind::Not,
            _ => Kind::Word(word),
        })
    }

    /// The rest of a field, from its operator on.
    fn field(&mut self, start: usize, target: Target) -> Result<Kind<'a>, Fault> {
        if matches!(&target, Target::Attr(name) if name.is_empty()) {
            return Err(Fault::new(start..self.at, "the attribute's name is missing: attr.NAME"));
        }
        let Some((symbol, op, negated)) = operator(self.rest()) else {
            let what =
                format!("an operator is missing after {}", short(&self.input[start..self.at]));
            return Err(Fault::new(self.at..self.at, what));
        };
        let op_span = self.at..self.at + symbol.len();
        self.at = op_span.end;
        let value_start = self.at;
        let value = match self.peek() {
            Some('"') => {
                let text = self.phrase()?;
                let star = self.peek() == Some('*');
                self.at += usize::from(star);
                Value::Quoted { text, star }
            }
            // Not in general after `:` and `=`: keys and URLs begin with a slash, too.
            Some('/') if op == Op::Match || matches!(target, Target::Text) => {
                Value::Regex(self.regex()?)
            }
            _ => Value::Bare(self.take_while(in_word)),
        };
        if let Value::Bare("") = value {
            let typed = short(&self.input[start..self.at]);
            let what = format!("a value is missing directly after {typed}");
            return Err(Fault::new(self.at..self.at, what));
        }
        let value_span = value_start..self.at;
        self.expect_gap(start)?;
        Ok(Kind::Field(Field { target, op, op_span, negated, value, value_span }))
    }

    fn phrase(&mut self) -> Result<String, Fault> {
        let start = self.at;
        self.at += 1;
        let mut text = String::new();
        loop {
            match self.bump() {
                None => return Err(Fault::new(start..start + 1, "this quote is never closed")),
                Some('"') => return Ok(text),
                Some('\\') => text.push(self.escape()?),
                Some(c) => text.push(c),
            }
        }
    }

    /// What follows a backslash within quotes.
    fn escape(&mut self) -> Result<char, Fault> {
        let start = self.at - 1;
        match self.bump() {
            Some(c @ ('"' | '\\')) => Ok(c),
            Some('n') => Ok('\n'),
            Some('r') => Ok('\r'),
            Some('t') => Ok('\t'),
            Some('u') => {
                let hex = self.rest().strip_prefix('{').and_then(|r| r.split_once('}'));
                let hex = hex.map(|(hex, _)| hex).filter(|h| (1..=6).contains(&h.len()));
                let hex = hex.filter(|h| h.bytes().all(|b| b.is_ascii_hexdigit()));
                let c = hex.and_then(|h| char::from_u32(u32::from_str_radix(h, 16).ok()?));
                let (Some(hex), Some(c)) = (hex, c) else {
                    let what = r"\u{…} takes the hexadecimal number of a character, as in \u{e9}";
                    return Err(Fault::new(start..self.at, what));
                };
                self.at += hex.len() + 2;
                Ok(c)
            }
            _ => {
                let what = r#"within quotes, a backslash stands before " \ n r t or u{…}; write \\ for a backslash"#;
                Err(Fault::new(start..self.at, what))
            }
        }
    }

    /// `/pattern/flags`; only `\/` is not handed on as it is.
    fn regex(&mut self) -> Result<Pattern, Fault> {
        let start = self.at;
        self.at += 1;
        let mut body = String::new();
        loop {
            match self.bump() {
                None => {
                    self.at = start;
                    let what = "a slash begins a regular expression, and this one is never closed";
                    return Err(self.path_hint(start, start..start + 1, what));
                }
                Some('/') => break,
                Some('\\') => match self.bump() {
                    Some('/') => body.push('/'),
                    Some(c) => body.extend(['\\', c]),
                    None => body.push('\\'),
                },
                Some(c) => body.push(c),
            }
        }
        let typed = start + 1..self.at - 1;
        let flags_start = self.at;
        let flags = self.take_while(in_word);
        let mut seen = String::new();
        for (i, c) in flags.char_indices() {
            if !matches!(c, 'i' | 's' | 'm' | 'x') {
                let at = flags_start + i;
                let what = format!("a regular expression has no flag {c:?}, only i s m x");
                return Err(self.path_hint(start, at..at + c.len_utf8(), &what));
            }
            if !seen.contains(c) {
                seen.push(c);
            }
        }
        if body.is_empty() {
            return Err(self.path_hint(start, start..self.at, "the regular expression is empty"));
        }
        let prefix = if seen.is_empty() { seen } else { format!("(?{seen})") };
        Ok(Pattern { folded: prefix.len(), text: prefix + &body, body: typed })
    }

    /// A fault in the regular expression at `start`, which may have been meant as a path.
    fn path_hint(&self, start: usize, span: Range<usize>, what: &str) -> Fault {
        let run = self.run(start);
        if self.input[start..self.at].contains(char::is_whitespace) {
            return Fault::new(span, what);
        }
        let (text, run) = (quoted(run), short(run));
        Fault::new(span, format!("{what}; for text, quote it: {text}; for a key, write key:{run}"))
    }

    /// A fault at the sign or operator at `start`, with the advice to quote all up to the next blank.
    fn quote_hint(&self, start: usize, what: &str) -> Fault {
        let run = quoted(self.run(start));
        Fault::new(start..self.at, format!("{what}; quote it to search for text: {run}"))
    }

    /// What was typed from `start` to the next blank.
    fn run(&self, start: usize) -> &'a str {
        let rest = &self.input[start..];
        rest.split(char::is_whitespace).next().unwrap_or(rest)
    }

    /// A term ends with a blank, a closing parenthesis or the input; anything else is a surprise to whoever typed it.
    fn expect_gap(&self, start: usize) -> Result<(), Fault> {
        match self.peek() {
            None | Some(')') => Ok(()),
            Some(c) if c.is_whitespace() => Ok(()),
            Some(c) => {
                let run = quoted(self.run(start));
                let what =
                    format!("a blank is missing before this; for text, quote the whole: {run}");
                Err(Fault::new(self.at..self.at + c.len_utf8(), what))
            }
        }
    }

    fn rest(&self) -> &'a str {
        &self.input[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn bump(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += c.len_utf8();
        Some(c)
    }

    fn take_while(&mut self, keep: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let taken = &rest[..rest.find(|c| !keep(c)).unwrap_or(rest.len())];
        self.at += taken.len();
        taken
    }
}

/// The operator that `s` begins with.
pub(super) fn operator(s: &str) -> Option<(&'static str, Op, bool)> {
    OPS.into_iter().find(|(symbol, ..)| s.starts_with(symbol))
}

/// Whether a bare word or value may contain it.
fn in_word(c: char) -> bool {
    !c.is_whitespace() && !matches!(c, '(' | ')' | '"')
}
