//! Server-sent events (WHATWG HTML, "Server-sent events", interpretation of an event stream), pulled from a reader.

use std::io::{self, BufRead as _, BufReader, Read};

/// Longest line accepted; a daemon's events are bounded far below.
const MAX_LINE: u64 = 16 << 20;

/// One dispatched event.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Message {
    /// The field `event`; empty for the default.
    pub(crate) event: String,
    /// The `data` lines, joined by line feeds.
    pub(crate) data: String,
}

/// Reads messages until the stream ends.
pub(crate) struct Messages<R> {
    reader: BufReader<R>,
    line: Vec<u8>,
    /// The field `id` of the lines so far.
    id: Option<String>,
    last_id: Option<String>,
}

impl<R: Read> Messages<R> {
    pub(crate) fn new(reader: BufReader<R>) -> Self {
        Self { reader, line: Vec::new(), id: None, last_id: None }
    }

    /// Whether more has arrived already.
    pub(crate) fn has_more(&self) -> bool {
        !self.reader.buffer().is_empty()
    }

    /// Where to resume: the last id, also of a message without data.
    pub(crate) fn last_id(&self) -> Option<&str> {
        self.last_id.as_deref()
    }

    /// The next message; `None` at the end of the stream, where an unfinished message is discarded.
    ///
    /// Comments keep the connection alive and are skipped.
    pub(crate) fn next(&mut self) -> io::Result<Option<Message>> {
        let mut message = Message::default();
        let mut has_data = false;
        while self.read_line()? {
            let line = core::str::from_utf8(&self.line).map_err(|_| {
                io::Error::new(io::ErrorKind::InvalidData, "the stream is not UTF-8")
            })?;
            if line.is_empty() {
                self.last_id.clone_from(&self.id);
                if has_data {
                    return Ok(Some(message));
                }
                // Without data nothing is dispatched.
                message = Message::default();
                continue;
            }
            let (field, value) = line.split_once(':').unwrap_or((line, ""));
            let value = value.strip_prefix(' ').unwrap_or(value);
            match field {
                "event" => value.clone_into(&mut message.event),
                "id" => self.id = Some(value.to_owned()),
                "data" => {
                    if has_data {
                        message.data.push('\n');
                    }
                    message.data.push_str(value);
                    has_data = true;
                }
                // A comment (empty field name), `retry`, or something newer.
                _ => {}
            }
        }
        Ok(None)
    }

    /// Fills `self.line` without its end; false at the end of the stream.
    fn read_line(&mut self) -> io::Result<bool> {
        self.line.clear();
        let read = Read::take(&mut self.reader, MAX_LINE).read_until(b'\n', &mut self.line)?;
        if self.line.last() == Some(&b'\n') {
            self.line.pop();
            if self.line.last() == Some(&b'\r') {
                self.line.pop();
            }
            return Ok(true);
        }
        if read as u64 == MAX_LINE {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "a line of the stream is too long",
            ));
        }
        Ok(false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(stream: &str) -> Vec<Message> {
        let mut messages = Messages::new(BufReader::new(stream.as_bytes()));
        core::iter::from_fn(|| messages.next().unwrap()).collect()
    }

    #[test]
    fn reads_fields_and_joins_data() {
        let got = messages(
            ": hello\n\nid: 7\ndata: {\"a\":1}\n\nevent: missed\r\ndata:x\r\ndata: y\r\n\r\n",
        );
        assert_eq!(got.len(), 2);
        assert_eq!(got[0], Message { data: "{\"a\":1}".into(), event: String::new() });
        assert_eq!(got[1], Message { data: "x\ny".into(), event: "missed".into() });
    }

    #[test]
    fn the_last_id_moves_with_or_without_data_but_not_before_the_message_is_whole() {
        let stream = "id: 7\ndata: x\n\ndata: y\n\n: alive\nid: 9\n\nid: 10\ndata: cut";
        let mut messages = Messages::new(BufReader::new(stream.as_bytes()));
        assert_eq!(messages.last_id(), None);
        for expect in ["7", "7"] {
            assert!(messages.next().unwrap().is_some());
            assert_eq!(messages.last_id(), Some(expect));
        }
        assert!(messages.next().unwrap().is_none());
        assert_eq!(messages.last_id(), Some("9"));
    }

    #[test]
    fn an_unfinished_message_is_not_dispatched() {
        assert_eq!(messages("data: whole\n\ndata: cut"), messages("data: whole\n\n"));
        assert_eq!(messages("data: cut\n"), []);
        assert_eq!(messages("event: empty\n\n"), []);
    }

    #[test]
    fn a_stream_that_is_not_text_is_an_error() {
        assert!(Messages::new(BufReader::new(&b"data: \xff\n\n"[..])).next().is_err());
    }
}
