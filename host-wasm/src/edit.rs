//! Help with typing an expression. Places are in UTF-16 code units, as JavaScript counts.

use core::ops::Range;

use logd_core::query::ast::Expr;
use logd_core::query::{edit, parse};
use serde::Serialize;
use wasm_bindgen::prelude::*;

use crate::types::{number, to_js};

#[wasm_bindgen(typescript_custom_section)]
const TYPESCRIPT: &str = r#"
/** What the engine reads in an expression; `start` and `length` in UTF-16 code units. */
export interface Reading {
  pieces: { kind: "text" | "regex" | "field" | "value" | "operator" | "fault"; start: number; length: number }[];
  /** The values that events must have, or must not: those of `term`. */
  terms: { field: string; value: string; negated: boolean }[];
  /** What is looked for in texts. */
  wanted: { text: string; regex: boolean }[];
}

/** What is being typed in front of the caret: a word, or the value of a field. */
export interface Typing {
  start: number;
  field?: string;
  operator?: string;
  typed: string;
  /** The names of fields that the word begins. */
  fields: string[];
  /** The facet whose values can stand there. */
  facet?: string;
}
"#;

#[derive(Debug, Serialize)]
struct Reading<'a> {
    pieces: Vec<Piece>,
    terms: Vec<FieldTerm>,
    wanted: Vec<Wanted<'a>>,
}

#[derive(Debug, Serialize)]
struct Piece {
    kind: &'static str,
    start: u32,
    length: u32,
}

#[derive(Debug, Serialize)]
struct FieldTerm {
    field: String,
    value: String,
    negated: bool,
}

#[derive(Debug, Serialize)]
struct Wanted<'a> {
    text: &'a str,
    regex: bool,
}

#[derive(Debug, Serialize)]
struct Typing<'a> {
    start: u32,
    field: Option<&'a str>,
    operator: Option<&'a str>,
    typed: &'a str,
    fields: Vec<&'static str>,
    facet: Option<String>,
}

/// What an expression says, whole or not.
#[wasm_bindgen(unchecked_return_type = "Reading")]
pub fn read(filter: &str) -> Result<JsValue, JsValue> {
    let piece = |(kind, span): (edit::PieceKind, Range<usize>)| Piece {
        kind: kind.name(),
        start: units(&filter[..span.start]),
        length: units(&filter[span]),
    };
    let terms = edit::terms(filter);
    let field_term = |expr| {
        let (field, value, negated) = edit::field_and_value(expr)?;
        Some(FieldTerm { field, value, negated })
    };
    let expr = parse::parse(filter).unwrap_or(Expr::All);
    let wanted = edit::wanted(&expr).into_iter().map(|(text, regex)| Wanted { text, regex });
    to_js(&Reading {
        pieces: edit::pieces(filter).into_iter().map(piece).collect(),
        terms: terms.iter().filter_map(field_term).collect(),
        wanted: wanted.collect(),
    })
}

/// What is being typed at the end of what is in front of the caret, where it can be completed.
#[wasm_bindgen(unchecked_return_type = "Typing | undefined")]
pub fn typing(before: &str) -> Result<JsValue, JsValue> {
    to_js(&edit::typing(before).map(|t| Typing {
        start: units(&before[..t.start]),
        field: t.field.map(|(name, _)| name),
        operator: t.field.map(|(_, operator)| operator),
        typed: t.typed,
        fields: t.fields().collect(),
        facet: t.facet(),
    }))
}

/// The term for events whose field has this value, or has it not; nothing if there is no such field.
#[wasm_bindgen]
pub fn term(field: &str, value: &str, negated: bool) -> Option<String> {
    let term = edit::term(field, value)?;
    Some(if negated { !term } else { term }.to_string())
}

/// A value as it is written behind a field's operator: in quotes where it needs them.
#[wasm_bindgen]
pub fn value(text: &str) -> String {
    edit::value(text)
}

/// The filter without this term if it has it, else with it.
#[wasm_bindgen]
pub fn toggled(filter: &str, term: &str) -> String {
    edit::toggled(filter, term)
}

/// The filter with this term for a level in the place of its others, or without any if it has this one already.
#[wasm_bindgen(js_name = onlyLevel)]
pub fn only_level(filter: &str, term: &str) -> String {
    edit::only_level(filter, term)
}

fn units(text: &str) -> u32 {
    number(text.encode_utf16().count())
}
