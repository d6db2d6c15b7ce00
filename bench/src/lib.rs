//! Realistic loads: what the benches, the demo and the limits on instructions run on.

extern crate alloc;

mod load;
mod sample;

pub use load::Load;
pub use sample::{Random, Samples, unix_nanos};
