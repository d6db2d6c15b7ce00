//! Buffers: events in a file or on the wire.
//!
//! A buffer is a head, frames of one block each, a footer that indexes them, and a trailer that tells where the
//! footer begins; `docs/buffer-format.md` has every byte. A reader that can seek starts at the end; one that
//! cannot, or whose file was cut, goes from frame to frame.

mod content;
mod export;
mod frame;
mod live;
mod load;
mod open;
mod region;
mod rings;
mod stream;
mod times;
mod write;

pub use export::{Export, Progress};
pub use frame::{
    FRAME_HEADER_LEN, Frame, HEAD_LEN, TRAILER_LEN, check_head, footer_offset, read_frame,
};
pub use live::Live;
pub use load::{Loaded, Loader};
pub use open::{Buffer, Fault};
pub use region::{Lack, Region};
pub use rings::Ring;
pub use stream::FrameStream;
pub use times::Times;
pub use write::Writer;

#[cfg(test)]
mod tests;
