// Where the words of an expression are in a text.

import { terms } from "./terms";

/** What to look for: the words, phrases and patterns that an event must have. Null if there are none. */
export function wanted(expression: string): RegExp | null {
  const parts = terms(expression).flatMap(({ negated, field, value, kind, operator }) => {
    if (negated || value === "" || value === "*") return [];
    if (field !== "" && !(field === "text" && /^[:=~]/.test(operator))) return [];
    return [kind === "pattern" ? value.replaceAll("(?i)", "") : value.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&")];
  });
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

function isPattern(source: string): boolean {
  try {
    new RegExp(source, "giu");
    return true;
  } catch {
    return false;
  }
}
