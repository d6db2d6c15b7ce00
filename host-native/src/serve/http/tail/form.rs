//! The forms of a tail: server-sent events, or a buffer without an end.

use core::fmt::Display;
use std::io::Write as _;

use axum::http::HeaderValue;
use logd_core::block::OpenBlock;
use logd_core::buffer::Writer;
use logd_core::event::NewEvent;
use logd_core::json::Event;
use logd_core::key::Key;

use crate::serve::http::error::Error;
use crate::serve::http::export::BUFFER_TYPE;
use crate::serve::http::params::Params;

/// Bytes after which a piece ends; one event may be longer.
pub(in crate::serve::http) const PIECE: usize = 64 << 10;

/// What becomes the next piece.
pub(super) enum Piece {
    /// With the daemon's life, for the ids.
    Events { life: u64, text: Vec<u8> },
    /// Each piece is a block. The sequence numbers tell what is missing.
    Buffer(Box<OpenBlock>),
}

impl Piece {
    /// `format=` decides.
    pub(super) fn choose(params: &Params, life: u64) -> Result<Self, Error> {
        match params.get("format") {
            None | Some("sse") => Ok(Self::Events { life, text: Vec::new() }),
            Some("buffer") => Ok(Self::Buffer(Box::default())),
            Some(_) => Err(Error::bad_request("format must be sse or buffer")),
        }
    }

    pub(super) fn content_type(&self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::Events { .. } => "text/event-stream",
            Self::Buffer(_) => BUFFER_TYPE,
        })
    }

    /// The first bytes of the stream.
    pub(super) fn head(&self) -> Vec<u8> {
        match self {
            Self::Events { .. } => b": logd\n\n".to_vec(),
            Self::Buffer(_) => {
                let mut head = Vec::new();
                Writer::new(&mut head);
                head
            }
        }
    }

    /// What shows that the stream is alive. Every event up to `seen` was sent, did not match, or was told as missed.
    pub(super) fn alive(&self, seen: u64) -> Vec<u8> {
        match self {
            // The id without data moves the point of resumption past what did not match.
            Self::Events { life, .. } => format!(": alive\nid: {}\n\n", id(seen, *life)).into(),
            // No block is without events. A client that has vanished is found by TCP, and one that a proxy cuts off
            // resumes.
            Self::Buffer(_) => Vec::new(),
        }
    }

    /// `n` events are missing after that of number `seq`, or before it.
    pub(super) fn missed(&mut self, n: u64, seq: u64) {
        if let Self::Events { life, text } = self {
            let id = id(seq, *life);
            let written = write!(text, "event: missed\nid: {id}\ndata: {{\"missed\":{n}}}\n\n");
            written.expect("writing to memory cannot fail");
        }
    }

    pub(super) fn push(&mut self, event: &Event<'_>) {
        match self {
            Self::Events { life, text } => {
                let id = id(event.seq, *life);
                write!(text, "id: {id}\ndata: ").expect("writing to memory cannot fail");
                // JSON has no raw line ends, so an event is one `data` line.
                event.write(text);
                text.extend_from_slice(b"\n\n");
            }
            Self::Buffer(block) => {
                // A stored key is valid.
                let Ok(key) = Key::parse(event.key) else { return };
                let new = NewEvent {
                    time: event.time,
                    key,
                    severity: event.severity,
                    text: event.text,
                    attributes: &event.attributes,
                };
                block.push(event.seq, event.received, &new);
            }
        }
    }

    pub(super) fn is_full(&self) -> bool {
        match self {
            Self::Events { text, .. } => text.len() >= PIECE,
            Self::Buffer(block) => block.capacity_bytes() >= PIECE && block.len_bytes() >= PIECE,
        }
    }

    /// The piece; what is pushed next belongs to another one. Empty when nothing was pushed.
    pub(super) fn take(&mut self) -> Vec<u8> {
        match self {
            Self::Events { text, .. } => core::mem::take(text),
            Self::Buffer(block) if block.is_empty() => Vec::new(),
            Self::Buffer(block) => {
                let mut frame = Vec::new();
                Writer::frame(&block.seal(), &mut frame);
                // What a long event has left behind would stay for as long as the tail.
                if block.capacity_bytes() > 2 * PIECE {
                    **block = OpenBlock::new();
                }
                frame
            }
        }
    }
}

/// What `resume` of the parent module takes.
fn id(seq: u64, life: u64) -> impl Display {
    core::fmt::from_fn(move |f| write!(f, "{seq}-{life:x}"))
}
