//! Questions over events: the expression language, and its evaluation over blocks.

pub mod ast;
pub mod error;
pub mod parse;
pub mod regex;

mod display;
mod field;
mod lexer;
mod normal;
