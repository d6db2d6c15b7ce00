//! What Python's `logging` would have written of a record whose arguments came beside its message.
//!
//! `logging.handlers.HTTPHandler` sends `msg` and the `repr` of `args` as they are: the text is `msg % args`. Source: the
//! Python library reference, "printf-style String Formatting" and `reprlib`.

use core::fmt::Write as _;
use core::iter::Peekable;
use core::str::Chars;

/// `msg % args`, or none where the arguments do not fit, have a form that is not understood, or make more than `limit` bytes.
pub(super) fn format(msg: &str, args: &str, limit: usize) -> Option<String> {
    let args = Args::parse(args)?;
    if let Args::List(list) = &args
        && list.is_empty()
    {
        // Without arguments nothing is formatted: a % stays a %.
        return Some(msg.to_owned());
    }
    let mut out = String::with_capacity(msg.len() + 32);
    let mut chars = msg.chars().peekable();
    let mut next = 0;
    while let Some(c) = chars.next() {
        if c != '%' {
            out.push(c);
            continue;
        }
        if chars.next_if_eq(&'%').is_some() {
            out.push('%');
            continue;
        }
        let name =
            if chars.next_if_eq(&'(').is_some() { Some(until(&mut chars, ')')?) } else { None };
        let spec = Spec::parse(&mut chars)?;
        let value = match (&args, name) {
            (Args::Map(pairs), Some(name)) => &pairs.iter().find(|(n, _)| *n == name)?.1,
            (Args::List(list), None) => {
                next += 1;
                list.get(next - 1)?
            }
            (Args::Map(_), None) | (Args::List(_), Some(_)) => return None,
        };
        spec.write(value, &mut out)?;
        if out.len() > limit {
            return None;
        }
    }
    // Python refuses arguments that are left over.
    matches!(&args, Args::Map(_)).then_some(()).or_else(|| args.has(next).then_some(()))?;
    Some(out)
}

enum Args {
    List(Vec<Literal>),
    Map(Vec<(String, Literal)>),
}

impl Args {
    /// From the `repr` of a tuple, or of the one dictionary that stands for all arguments.
    fn parse(repr: &str) -> Option<Self> {
        let mut chars = repr.trim().chars().peekable();
        let args = match chars.next()? {
            '(' => Self::List(sequence(&mut chars, ')', Literal::parse)?),
            '{' => Self::Map(sequence(&mut chars, '}', |chars| {
                let name = Literal::parse(chars)?;
                skip(chars);
                chars.next_if_eq(&':')?;
                Some((name.text, Literal::parse(chars)?))
            })?),
            _ => return None,
        };
        chars.next().is_none().then_some(args)
    }

    fn has(&self, count: usize) -> bool {
        matches!(self, Self::List(list) if list.len() == count)
    }
}

/// A string, a number, a constant, or anything else as its `repr`.
struct Literal {
    repr: String,
    /// What `str` gives.
    text: String,
}

impl Literal {
    fn parse(chars: &mut Peekable<Chars<'_>>) -> Option<Self> {
        skip(chars);
        match *chars.peek()? {
            quote @ ('\'' | '"') => {
                chars.next();
                let mut repr = String::from(quote);
                let text = string(chars, quote, &mut repr)?;
                Some(Self { repr, text })
            }
            _ => {
                let repr = bare(chars)?;
                Some(Self { text: repr.clone(), repr })
            }
        }
    }
}

/// `%[flags][width][.precision]conversion`, with what log lines have: no signs, no precision of whole numbers.
struct Spec {
    left: bool,
    zero: bool,
    width: usize,
    precision: Option<usize>,
    conversion: char,
}

impl Spec {
    fn parse(chars: &mut Peekable<Chars<'_>>) -> Option<Self> {
        /// What no log line needs more of.
        const MAX: usize = 1000;
        let (mut left, mut zero) = (false, false);
        while let Some(flag) = chars.next_if(|c| "-0".contains(*c)) {
            left |= flag == '-';
            zero |= flag == '0';
        }
        let number = |chars: &mut Peekable<Chars<'_>>| {
            let mut n = 0_usize;
            while let Some(digit) = chars.next_if(char::is_ascii_digit) {
                n = n.saturating_mul(10).saturating_add(digit.to_digit(10).unwrap_or(0) as usize);
            }
            n.min(MAX)
        };
        let width = number(chars);
        let precision = chars.next_if_eq(&'.').map(|_| number(chars));
        let conversion = chars.next()?;
        Some(Self { left, zero, width, precision, conversion })
    }

    fn write(&self, value: &Literal, out: &mut String) -> Option<()> {
        let text = match self.conversion {
            's' => cut(&value.text, self.precision),
            'r' | 'a' => cut(&value.repr, self.precision),
            'd' | 'i' | 'u' | 'x' | 'X' | 'o' if self.precision.is_some() => return None,
            'd' | 'i' | 'u' => match value.text.parse::<i128>() {
                Ok(n) => n.to_string(),
                // Rounded towards zero.
                Err(_) => (value.text.parse::<f64>().ok().filter(|x| x.abs() < 1e18)?.trunc()
                    as i64)
                    .to_string(),
            },
            'f' | 'F' => {
                format!("{:.*}", self.precision.unwrap_or(6), value.text.parse::<f64>().ok()?)
            }
            'x' => format!("{:x}", value.text.parse::<u64>().ok()?),
            'X' => format!("{:X}", value.text.parse::<u64>().ok()?),
            'o' => format!("{:o}", value.text.parse::<u64>().ok()?),
            _ => return None,
        };
        let (width, is_number) = (self.width, !"sra".contains(self.conversion));
        // Writing to a string cannot fail.
        let _ = match text.strip_prefix('-') {
            _ if self.left => write!(out, "{text:<width$}"),
            Some(digits) if self.zero && is_number => {
                write!(out, "-{digits:0>width$}", width = width.saturating_sub(1))
            }
            None if self.zero && is_number => write!(out, "{text:0>width$}"),
            _ => write!(out, "{text:>width$}"),
        };
        Some(())
    }
}

fn cut(text: &str, chars: Option<usize>) -> String {
    chars.map_or_else(|| text.to_owned(), |n| text.chars().take(n).collect())
}

fn until(chars: &mut Peekable<Chars<'_>>, end: char) -> Option<String> {
    let mut text = String::new();
    loop {
        match chars.next()? {
            c if c == end => return Some(text),
            c => text.push(c),
        }
    }
}

fn skip(chars: &mut Peekable<Chars<'_>>) {
    while chars.next_if(|c| c.is_whitespace()).is_some() {}
}

/// Items with commas between them, up to `end`.
fn sequence<T>(
    chars: &mut Peekable<Chars<'_>>,
    end: char,
    item: impl Fn(&mut Peekable<Chars<'_>>) -> Option<T>,
) -> Option<Vec<T>> {
    let mut items = Vec::new();
    loop {
        skip(chars);
        if chars.next_if_eq(&end).is_some() {
            return Some(items);
        }
        items.push(item(chars)?);
        skip(chars);
        if chars.next_if_eq(&',').is_none() {
            return chars.next_if_eq(&end).map(|_| items);
        }
    }
}

/// The rest of a quoted string; as it stands there goes to `repr`.
fn string(chars: &mut Peekable<Chars<'_>>, quote: char, repr: &mut String) -> Option<String> {
    let mut text = String::new();
    loop {
        let mut next = || {
            let c = chars.next()?;
            repr.push(c);
            Some(c)
        };
        match next()? {
            c if c == quote => return Some(text),
            '\\' => text.push(match next()? {
                'n' => '\n',
                'r' => '\r',
                't' => '\t',
                'x' => code(next, 2)?,
                'u' => code(next, 4)?,
                'U' => code(next, 8)?,
                c @ ('\\' | '\'' | '"') => c,
                _ => return None,
            }),
            c => text.push(c),
        }
    }
}

fn code(mut next: impl FnMut() -> Option<char>, digits: usize) -> Option<char> {
    let mut code = 0;
    for _ in 0..digits {
        code = code << 4 | next()?.to_digit(16)?;
    }
    char::from_u32(code)
}

/// Anything else, up to the comma or bracket that ends it: a number, `None`, `Decimal('1.5')`, `[1, 2]`, `<object at 0x7f>`.
fn bare(chars: &mut Peekable<Chars<'_>>) -> Option<String> {
    let (mut text, mut depth) = (String::new(), 0_u32);
    while let Some(&c) = chars.peek() {
        match c {
            ',' | ')' | '}' | ':' if depth == 0 => break,
            '(' | '[' | '{' | '<' => depth += 1,
            ')' | ']' | '}' | '>' => depth = depth.checked_sub(1)?,
            '\'' | '"' => {
                chars.next();
                text.push(c);
                string(chars, c, &mut text)?;
                continue;
            }
            _ => {}
        }
        text.push(c);
        chars.next();
    }
    let text = text.trim_end();
    (!text.is_empty()).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_as_python_does() {
        // What Python 3.11 gives for each.
        for (msg, args, expect) in [
            ("plain 100%", "()", "plain 100%"),
            ("user %s did %d things", "('bob', 3)", "user bob did 3 things"),
            ("%r and %s", r#"("it's", None)"#, r#""it's" and None"#),
            ("%5.1f%%|%-6s|%03d|%s", "(12.345, 'ab', 7, True)", " 12.3%|ab    |007|True"),
            ("%r %s", "('a\\nb', ['c\\nd'])", "'a\\nb' ['c\\nd']"),
            ("%(who)s: %(n)d", "{'n': 2, 'who': 'eve'}", "eve: 2"),
            ("%s", "('line\\nbreak \\u00e9 \\x41',)", "line\nbreak é A"),
            ("%s %s", "([1, 'a, b'], <Thing at 0x7f01>)", "[1, 'a, b'] <Thing at 0x7f01>"),
            ("%x %X %o", "(255, 255, 8)", "ff FF 10"),
            ("%d", "(3.9,)", "3"),
            ("%.2s|%5s", "('abcdef', 'é')", "ab|    é"),
            ("%04d", "(-7,)", "-007"),
        ] {
            assert_eq!(format(msg, args, 1000).as_deref(), Some(expect), "{msg} % {args}");
        }
    }

    #[test]
    fn what_does_not_fit_is_left_alone() {
        for (msg, args) in [
            ("%s", ""),
            ("%s", "None"),
            ("%s %s", "('one',)"),
            ("%s", "('one', 'two')"),
            ("%(a)s", "('one',)"),
            ("%s", "{'a': 1}"),
            ("%(b)s", "{'a': 1}"),
            ("%d", "('x',)"),
            ("%q", "('x',)"),
            ("%", "('x',)"),
            ("%s", "('open"),
            ("%s", "('x',) and more"),
            ("%s", "(')"),
            ("%+d", "(7,)"),
            ("%#x", "(7,)"),
            ("%.3d", "(7,)"),
        ] {
            assert_eq!(format(msg, args, 1000), None, "{msg} % {args}");
        }
    }

    #[test]
    fn a_short_record_does_not_become_a_long_text() {
        let (msg, args) = ("%(a)s".repeat(100), format!("{{'a': '{}'}}", "x".repeat(100)));
        assert_eq!(format(&msg, &args, 9_999), None);
        assert_eq!(format(&msg, &args, 10_000).map(|text| text.len()), Some(10_000));
    }

    proptest::proptest! {
        #[test]
        fn any_input_ends(msg in ".{0,40}", args in "[(){}'\"\\\\,:a-c0-9 %<>\\[\\]]{0,40}") {
            let _ = format(&msg, &args, 1000);
        }
    }
}
