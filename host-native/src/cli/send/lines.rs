//! Lines of an input, as texts of events.

use std::io::{self, BufRead, Write};

use crate::cli::failure::Failure;

/// Longest text of one event, in bytes; a longer line becomes several events.
pub(super) const MAX_TEXT: usize = 16 << 10;

/// The attribute that numbers the parts of a line that did not fit one event, from 1.
pub(super) const PART: &str = "part";

/// One event's worth of a line.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Line {
    /// Never empty.
    pub(super) text: String,
    /// The line is in several events, and this is which of them, from 1.
    pub(super) part: Option<u64>,
    /// Bytes that are not UTF-8 were replaced.
    pub(super) repaired: bool,
}

/// Splits an input into [`Line`]s. Holds no more than one event's text.
pub(super) struct Lines<R, T> {
    input: R,
    tee: Option<T>,
    buffer: Vec<u8>,
    part: Option<u64>,
}

impl<R: BufRead, T: Write> Lines<R, T> {
    /// `tee` gets every byte that was read, as it was.
    pub(super) fn new(input: R, tee: Option<T>) -> Self {
        Self { input, tee, buffer: Vec::new(), part: None }
    }

    /// The next line that is not empty, or part of one; `None` at the end of the input. An `io::Error` is one of the
    /// tee.
    pub(super) fn next(&mut self) -> anyhow::Result<Option<Line>> {
        loop {
            let complete = self.fill()?;
            let at_end = !complete && self.buffer.len() <= MAX_TEXT;
            if at_end && self.buffer.is_empty() {
                return Ok(None);
            }
            let line = if complete || at_end { self.whole() } else { self.piece() };
            if line.is_some() {
                return Ok(line);
            }
            // An empty line is no event.
        }
    }

    /// Reads until the buffer has a line's end (true), more than an event's text, or the input's last byte.
    fn fill(&mut self) -> anyhow::Result<bool> {
        // What an earlier piece left cannot contain a line's end.
        while self.buffer.len() <= MAX_TEXT {
            let room = MAX_TEXT + 1 - self.buffer.len();
            let available = match self.input.fill_buf() {
                Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                Err(e) => {
                    return Err(
                        Failure::new(format_args!("cannot read standard input: {e}")).into()
                    );
                }
                Ok(available) => available,
            };
            if available.is_empty() {
                return Ok(false);
            }
            let window = &available[..available.len().min(room)];
            let end = memchr::memchr(b'\n', window);
            let taken = &window[..end.map_or(window.len(), |at| at + 1)];
            if let Some(tee) = &mut self.tee {
                tee.write_all(taken)?;
                tee.flush()?;
            }
            self.buffer.extend_from_slice(&taken[..end.unwrap_or(taken.len())]);
            let used = taken.len();
            self.input.consume(used);
            if end.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The buffer as the end of a line.
    fn whole(&mut self) -> Option<Line> {
        let part = self.part.take();
        let bytes = core::mem::take(&mut self.buffer);
        let text = bytes.strip_suffix(b"\r").unwrap_or(&bytes);
        (!text.is_empty()).then(|| Line::new(text, part))
    }

    /// As much of the buffer as one event takes; the rest stays.
    fn piece(&mut self) -> Option<Line> {
        // Between two characters, if these are characters.
        let boundary = |at: &usize| self.buffer[*at] & 0xc0 != 0x80;
        let at = (MAX_TEXT - 3..=MAX_TEXT).rev().find(boundary).unwrap_or(MAX_TEXT);
        let rest = self.buffer.split_off(at);
        let bytes = core::mem::replace(&mut self.buffer, rest);
        let part = self.part.unwrap_or(1);
        self.part = Some(part + 1);
        Some(Line::new(&bytes, Some(part)))
    }
}

impl Line {
    fn new(bytes: &[u8], part: Option<u64>) -> Self {
        let text = String::from_utf8_lossy(bytes);
        let repaired = matches!(text, alloc::borrow::Cow::Owned(_));
        Self { text: text.into_owned(), part, repaired }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(input: &[u8]) -> Vec<Line> {
        let mut lines = Lines::new(input, None::<Vec<u8>>);
        core::iter::from_fn(|| lines.next().unwrap()).collect()
    }

    fn texts(input: &[u8]) -> Vec<String> {
        lines(input).into_iter().map(|line| line.text).collect()
    }

    #[test]
    fn lines_end_with_or_without_a_carriage_return_or_the_input() {
        assert_eq!(texts(b"a\nb\r\n\n\r\nc"), ["a", "b", "c"]);
        assert_eq!(texts(b""), [""; 0]);
        assert_eq!(texts(b"\n"), [""; 0]);
        assert!(lines(b"a\n").iter().all(|line| line.part.is_none() && !line.repaired));
    }

    #[test]
    fn long_lines_are_split_between_characters_and_nothing_is_lost() {
        for (unit, reader) in [("x", 7), ("€", 4096), ("😀", 1 << 20)] {
            let long = unit.repeat(3 * MAX_TEXT / unit.len() + 5);
            let input = format!("{long}\nafter\n");
            let mut lines =
                Lines::new(io::BufReader::with_capacity(reader, input.as_bytes()), None::<Vec<u8>>);
            let got: Vec<_> = core::iter::from_fn(|| lines.next().unwrap()).collect();
            let (after, parts) = got.split_last().unwrap();
            assert_eq!((after.text.as_str(), after.part), ("after", None));
            assert_eq!(parts.iter().map(|line| line.text.as_str()).collect::<String>(), long);
            assert!(
                parts
                    .iter()
                    .zip(1..)
                    .all(|(line, n)| line.part == Some(n) && line.text.len() <= MAX_TEXT)
            );
            assert!(parts.iter().all(|line| !line.repaired));
        }
    }

    #[test]
    fn a_line_of_exactly_the_limit_is_whole() {
        for end in ["\n", "", "\r\n"] {
            let fits = MAX_TEXT - usize::from(end.starts_with('\r'));
            let got = lines(format!("{}{end}", "x".repeat(fits)).as_bytes());
            assert_eq!(got.len(), 1);
            assert_eq!((got[0].text.len(), got[0].part), (fits, None));
        }
    }

    #[test]
    fn what_is_no_text_is_replaced_and_told() {
        let got = lines(b"caf\xe9 ok\nfine\n");
        assert_eq!((got[0].text.as_str(), got[0].repaired), ("caf\u{fffd} ok", true));
        assert!(!got[1].repaired);
        let noise = vec![0x80; 2 * MAX_TEXT];
        assert!(lines(&noise).len() >= 2);
    }

    #[test]
    fn the_tee_gets_every_byte() {
        let input: Vec<u8> = (0..=255).cycle().take(3 * MAX_TEXT).collect();
        let mut copy = Vec::new();
        let mut lines = Lines::new(&input[..], Some(&mut copy));
        while lines.next().unwrap().is_some() {}
        assert_eq!(copy, input);
    }
}
