//! The log daemon and its command line.
fn main() {}
