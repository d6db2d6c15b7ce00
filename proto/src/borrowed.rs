//! Decodes a payload without allocating.
