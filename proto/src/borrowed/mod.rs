//! Decodes a payload without allocating: every string and every nested message is a slice of the datagram.
//!
//! The format is that of [`wire`]. Two things differ from the generated decoder on purpose: a singular
//! message that occurs twice is an error and not a merge, because a merge cannot be borrowed and no encoder
//! writes one; and an unknown command is an error, because nothing can be done with it.
//!
//! Decoding is lazy by level, so that each byte is looked at once: [`Cmd::parse`] walks the fields of the
//! command, [`Msg::parse`] those of one event and of its attributes. One damaged event therefore does not take
//! the others of its datagram with it.
//!
//! ```
//! use logd_proto::borrowed::{Cmd, Msg};
//! use logd_proto::prost::Message;
//! use logd_proto::wire;
//!
//! let written = wire::Msg { key: "/dev/api".into(), txt: "hello".into(), ..Default::default() };
//! let payload = wire::Cmd { msg: Some(written), ..Default::default() }.encode_to_vec();
//!
//! let cmd = Cmd::parse(&payload)?;
//! assert_eq!(cmd.name, wire::Name::Write);
//! for bytes in cmd.msgs() {
//!     let msg = Msg::parse(bytes, |_attribute| {})?;
//!     assert_eq!((msg.key, msg.txt), ("/dev/api", "hello"));
//! }
//! # Ok::<(), logd_proto::borrowed::DecodeError>(())
//! ```

mod msg;
mod reader;
#[cfg(test)]
mod tests;

use core::iter::FusedIterator;

use prost::Message;

pub use msg::{Attribute, Msg};
pub use reader::DecodeError;
use reader::{I64, LEN, Reader, VARINT, key};

use crate::wire;

/// A command, borrowed from the payload of a datagram.
#[derive(Clone, Copy, Debug)]
pub struct Cmd<'a> {
    /// What is asked.
    pub name: wire::Name,
    /// The id of the sending process; 0 when it does not number its events.
    pub sender: u64,
    /// How many events the sender had numbered before the first of this datagram.
    pub counter: u64,
    msgs: Msgs<'a>,
    query_params: Option<&'a [u8]>,
}

impl<'a> Cmd<'a> {
    /// Reads the fields of a command; the events in it stay raw.
    ///
    /// A payload that begins with the first field of a [`Msg`] is a bare `Msg`, as some released loggers send
    /// it, and is read as a WRITE of that event.
    #[inline]
    pub fn parse(payload: &'a [u8]) -> Result<Self, DecodeError> {
        // In a command, field 1 is a varint, so that this byte cannot begin one.
        if payload.first() == Some(&BARE_MSG) {
            let msgs = Msgs { msg: Some(payload), batch: Reader::new(&[]), left: 0 };
            return Ok(Self {
                name: wire::Name::Write,
                sender: 0,
                counter: 0,
                msgs,
                query_params: None,
            });
        }
        let mut reader = Reader::new(payload);
        let (mut name, mut sender, mut counter) = (0, 0, 0);
        let (mut msg, mut query_params) = (None, None);
        // From the first event of the batch on.
        let (mut batch, mut batched) = (Reader::new(&[]), 0);
        loop {
            let field = reader;
            let Some(key) = reader.key()? else { break };
            match key {
                NAME => name = reader.varint()? as i32,
                MSG => once(&mut msg, reader.bytes()?)?,
                QUERY_PARAMS => once(&mut query_params, reader.bytes()?)?,
                BATCH => {
                    reader.bytes()?;
                    if batched == 0 {
                        batch = field;
                    }
                    batched += 1;
                }
                SENDER => sender = reader.fixed64()?,
                COUNTER => counter = reader.varint()?,
                other => reader.skip_unknown(other, 1..=6)?,
            }
        }
        let name = wire::Name::try_from(name).map_err(|_| DecodeError::UnknownCommand)?;
        let msgs = Msgs { msg, batch, left: batched };
        Ok(Self { name, sender, counter, msgs, query_params })
    }

    /// The events, each for [`Msg::parse`]: `msg` first, then the batch in its order.
    #[inline]
    pub fn msgs(&self) -> Msgs<'a> {
        self.msgs
    }

    /// The filter of a TAIL or a QUERY, if there is one. Allocates; neither is a hot path.
    pub fn query_params(&self) -> Option<Result<wire::QueryParams, prost::DecodeError>> {
        self.query_params.map(wire::QueryParams::decode)
    }
}

/// The raw events of a [`Cmd`].
#[derive(Clone, Copy, Debug)]
pub struct Msgs<'a> {
    msg: Option<&'a [u8]>,
    /// Fields of a command that have been walked before, so that reading them again cannot fail.
    batch: Reader<'a>,
    /// How many events are left in `batch`.
    left: usize,
}

impl<'a> Iterator for Msgs<'a> {
    type Item = &'a [u8];

    #[inline]
    fn next(&mut self) -> Option<&'a [u8]> {
        if let Some(msg) = self.msg.take() {
            return Some(msg);
        }
        self.left = self.left.checked_sub(1)?;
        self.batch.find(BATCH)
    }

    #[inline]
    fn size_hint(&self) -> (usize, Option<usize>) {
        let len = self.left + usize::from(self.msg.is_some());
        (len, Some(len))
    }
}

impl ExactSizeIterator for Msgs<'_> {}
impl FusedIterator for Msgs<'_> {}

const BARE_MSG: u8 = key(1, LEN) as u8;
const NAME: u32 = key(1, VARINT);
const MSG: u32 = key(2, LEN);
const QUERY_PARAMS: u32 = key(3, LEN);
const BATCH: u32 = key(4, LEN);
const SENDER: u32 = key(5, I64);
const COUNTER: u32 = key(6, VARINT);

/// Sets a field that may occur once.
#[inline]
fn once<T>(field: &mut Option<T>, value: T) -> Result<(), DecodeError> {
    match field.replace(value) {
        None => Ok(()),
        Some(_) => Err(DecodeError::Repeated),
    }
}
