// Where the words of an expression are in a text.

import type { Reading } from "../../wasm/logd_wasm";

/** What finds the texts and patterns that are looked for. Null if there are none. */
export function highlighter(wanted: Reading["wanted"]): RegExp | null {
  const parts = wanted.map(({ text, regex }) =>
    regex ? text.replaceAll("(?i)", "") : text.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&"),
  );
  // One by one: a pattern that only Rust's syntax knows spoils no other.
  const valid = parts.filter((part) => isPattern(part));
  return valid.length > 0 ? new RegExp(valid.join("|"), "giu") : null;
}

/** The text in pieces, every second one a match. */
export function split(text: string, pattern: RegExp | null): string[] {
  if (!pattern) return [text];
  const pieces: string[] = [];
  let end = 0;
  for (const match of text.matchAll(pattern)) {
    if (match[0] === "") continue;
    pieces.push(text.slice(end, match.index), match[0]);
    end = match.index + match[0].length;
  }
  pieces.push(text.slice(end));
  return pieces;
}

/** A part of an expression, and what the engine takes it for. */
export interface Coloured {
  text: string;
  kind: Reading["pieces"][number]["kind"] | "";
}

/** An expression in pieces with their kinds. Where it has changed since it was read, its end has none yet. */
export function colour(expression: string, { filter, pieces }: Reading & { filter: string }): Coloured[] {
  let same = 0;
  while (same < filter.length && filter.charCodeAt(same) === expression.charCodeAt(same)) same++;
  const coloured: Coloured[] = [];
  let end = 0;
  for (const { kind, start, length } of pieces) {
    // A piece that changes at its end is of the same kind, most likely.
    if (start >= same && filter !== expression) break;
    coloured.push({ text: expression.slice(end, start), kind: "" });
    end = start + length;
    coloured.push({ text: expression.slice(start, end), kind });
  }
  coloured.push({ text: expression.slice(end), kind: "" });
  return coloured.filter(({ text }) => text !== "");
}

function isPattern(source: string): boolean {
  try {
    new RegExp(source, "giu");
    return true;
  } catch {
    return false;
  }
}
