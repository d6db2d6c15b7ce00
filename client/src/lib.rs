//! The library that applications log to logd with.
