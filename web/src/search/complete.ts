// What may stand where a person types: fields, then the values that the events have.

import { equals } from "./terms";

export interface Suggestion {
  /** What takes the place of the characters from `start` to the caret. */
  text: string;
  start: number;
  label: string;
  /** Events that have it. */
  count?: number;
}

/** What is being typed in front of the caret: a field's name, or a value of a field. */
export type Place =
  | { kind: "field"; start: number; typed: string }
  | { kind: "value"; start: number; field: string; operator: string; typed: string };

const FIELDS = ["level", "key", "text", "attr.", "time", "received", "seq"];
const LEVELS = ["trace", "debug", "info", "warn", "error", "fatal", "none"];
const MOST = 12;

export function placeOf(expression: string, caret: number): Place | null {
  const word = /(?:^|[\s(])([-!]?)([^\s()"]*|[^\s()"]*"[^"]*)$/.exec(expression.slice(0, caret));
  if (!word) return null;
  const typed = word[2] ?? "";
  const start = caret - typed.length;
  const field = /^(level|severity|lvl|key|attr\.[\w.-]+)(>=|<=|!=|[:=<>])(.*)$/s.exec(typed);
  if (!field) return /^[\w.]*$/.test(typed) ? { kind: "field", start, typed } : null;
  const [, name = "", operator = "", value = ""] = field;
  return { kind: "value", start, field: name, operator, typed: value.replace(/^"/, "") };
}

export function fieldSuggestions({ start, typed }: Place & { kind: "field" }, attributes: string[]): Suggestion[] {
  if (typed === "") return [];
  const all = [...FIELDS, ...attributes.filter((name) => /^[\w.-]+$/.test(name)).map((name) => `attr.${name}`)];
  return all
    .filter((name) => name.startsWith(typed.toLowerCase()) && name !== typed)
    .slice(0, MOST)
    .map((name) => ({ text: name.endsWith(".") ? name : `${name}:`, start, label: name }));
}

export function valueSuggestions(
  { start, field, operator, typed }: Place & { kind: "value" },
  values: { value: string; count: number }[],
): Suggestion[] {
  const isLevel = field === "level" || field === "severity" || field === "lvl";
  const known = isLevel ? LEVELS.map((value) => values.find((v) => v.value === value) ?? { value, count: 0 }) : values;
  const wanted = typed.toLowerCase();
  const matching = known.filter(({ value }) => value.toLowerCase().includes(wanted) && value !== typed);
  const starts = (value: string) => value.toLowerCase().startsWith(wanted);
  return matching
    .sort((a, b) => Number(starts(b.value)) - Number(starts(a.value)))
    .slice(0, MOST)
    .map(({ value, count }) => {
      const term = equals(isLevel ? "level" : field, value);
      const quoted = term.slice(term.search(/[:=]/) + 1);
      return { text: `${field}${operator}${quoted} `, start, label: value, ...(count > 0 ? { count } : {}) };
    });
}
