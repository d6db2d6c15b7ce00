//! Questions over events: the expression language, and its evaluation over blocks.

pub mod ast;
