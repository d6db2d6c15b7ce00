//! Text from events, made safe for a terminal: a log line must not be able to move the cursor, change colours,
//! retitle the window or reorder what is read.

use core::fmt::Write as _;

/// Appends `text` to `out` with everything that could drive a terminal written as `\x1b` or `\u{202e}`.
///
/// Line feeds and tabs are escaped, too: callers that lay out lines split them first.
pub(crate) fn line(text: &str, out: &mut String) {
    let mut clean = 0;
    for (at, c) in text.char_indices().filter(|&(_, c)| is_dangerous(c)) {
        out.push_str(&text[clean..at]);
        clean = at + c.len_utf8();
        match c {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\0'..='\x7f' => push(out, format_args!("\\x{:02x}", u32::from(c))),
            _ => push(out, format_args!("\\u{{{:x}}}", u32::from(c))),
        }
    }
    out.push_str(&text[clean..]);
}

/// As [`line()`], but leaves tabs: for the text of an event, where they are layout.
pub(crate) fn keep_tabs(text: &str, out: &mut String) {
    for (n, piece) in text.split('\t').enumerate() {
        if n > 0 {
            out.push('\t');
        }
        line(piece, out);
    }
}

/// Appends a JSON document, with the dangerous characters that JSON allows inside strings written as `\u009b`.
///
/// JSON itself escapes only those below U+0020; the result stays the same document.
pub(crate) fn json(document: &str, out: &mut String) {
    let mut clean = 0;
    let above_ascii_control = |&(_, c): &(usize, char)| c > '\x1f' && is_dangerous(c);
    for (at, c) in document.char_indices().filter(above_ascii_control) {
        out.push_str(&document[clean..at]);
        clean = at + c.len_utf8();
        // All of them are in the basic multilingual plane: one escape, no surrogates.
        push(out, format_args!("\\u{:04x}", u32::from(c)));
    }
    out.push_str(&document[clean..]);
}

/// Control characters (C0, DEL, C1), line and paragraph separators, and what reorders text (Unicode's Bidi_Control).
fn is_dangerous(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn push(out: &mut String, arguments: core::fmt::Arguments<'_>) {
    out.write_fmt(arguments).expect("a String accepts everything");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn escaped(f: fn(&str, &mut String), text: &str) -> String {
        let mut out = String::new();
        f(text, &mut out);
        out
    }

    #[test]
    fn nothing_that_drives_a_terminal_is_left() {
        let all: String = (0..=0x2fff).filter_map(char::from_u32).collect();
        assert!(!escaped(line, &all).contains(is_dangerous));
        // A JSON document has no raw characters below the space, save white space between tokens.
        assert!(!escaped(json, &all).contains(|c| c > '\x1f' && is_dangerous(c)));
    }

    #[test]
    fn escapes_are_readable() {
        assert_eq!(escaped(line, "a\x1b[31mb\r\n\tc\x07"), "a\\x1b[31mb\\r\\n\\tc\\x07");
        assert_eq!(escaped(line, "x\u{9b}2J\u{202e}y"), "x\\u{9b}2J\\u{202e}y");
        assert_eq!(escaped(keep_tabs, "a\tb\x1b"), "a\tb\\x1b");
        assert_eq!(escaped(line, "größe → 😀"), "größe → 😀");
    }

    #[test]
    fn json_stays_the_same_document() {
        let value = serde_json::json!({"text": "a\u{7f}\u{9b}\u{202e}\u{1b}\n\"ö😀"});
        let out = escaped(json, &value.to_string());
        assert!(out.contains("\\u007f\\u009b\\u202e"), "{out}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&out).unwrap(), value);
    }
}
