//! Realistic loads: what the benches, the demo and the limits on instructions run on.

extern crate alloc;

mod event;
mod inbox;
mod load;
mod sample;

pub use event::with_event;
pub use inbox::{Inbox, engine};
pub use load::Load;
pub use sample::{Random, Samples, unix_nanos};
