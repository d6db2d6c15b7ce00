//! The engine of logd for JavaScript.
