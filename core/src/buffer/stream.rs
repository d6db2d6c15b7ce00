//! Reading a buffer that arrives in pieces, as a daemon sends it.

use alloc::vec::Vec;

use super::frame::{Frame, HEAD_LEN, check_head, frame_len, read_frame};
use crate::block::Damage;

/// The longest frame that is waited for, in bytes. A block is a few MiB at most; this only stops a stream that claims
/// one without end.
const MAX_FRAME: u64 = 512 << 20;

/// Puts pieces together and takes frames off.
#[derive(Debug, Default)]
pub struct FrameStream {
    pending: Vec<u8>,
    /// How much of `pending` has been taken.
    taken: usize,
    begun: bool,
    /// The index has come; only the trailer follows it.
    ended: bool,
}

impl FrameStream {
    /// The next bytes of the stream.
    pub fn push(&mut self, bytes: &[u8]) {
        self.pending.drain(..self.taken);
        self.taken = 0;
        self.pending.extend_from_slice(bytes);
    }

    /// The next frame; `None` until more bytes have come. After an error the stream is of no use.
    pub fn next_frame(&mut self) -> Result<Option<Frame>, Damage> {
        if !self.begun {
            if self.pending.len() < HEAD_LEN {
                return Ok(None);
            }
            check_head(&self.pending)?;
            self.begun = true;
            self.taken = HEAD_LEN;
        }
        if self.ended {
            return Ok(None);
        }
        let rest = &self.pending[self.taken..];
        match read_frame(rest) {
            Ok((frame, len)) => {
                self.taken += len;
                self.ended = matches!(frame, Frame::Footer(_));
                Ok(Some(frame))
            }
            Err(Damage::Truncated) if frame_len(rest).is_none_or(|len| len <= MAX_FRAME) => {
                Ok(None)
            }
            Err(damage) => Err(damage),
        }
    }
}
