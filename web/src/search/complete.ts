// What may stand where a person types: fields, then the values that the events have.

import type { Typing } from "../../wasm/logd_wasm";
import { LEVELS } from "../engine/level";

export interface Suggestion {
  /** What takes the place of the characters from `start` to the caret; in front of a value, its field and operator. */
  text: string;
  start: number;
  /** What is written after `text`, in quotes where it needs them. */
  value?: string;
  label: string;
  /** Events that have it. */
  count?: number;
}

const FIELDS = ["level", "key", "text", "pattern", "attr.", "time", "received", "seq"];
const MOST = 12;

/** The field whose values complete what is typed, if there is one: that of a facet. */
export function facetOf({ field, operator }: Typing): string | null {
  if (field === undefined || operator === undefined || !/^(>=|<=|!=|[:=<>])$/.test(operator)) return null;
  if (["level", "severity", "lvl"].includes(field.toLowerCase())) return "level";
  return field === "key" || field.startsWith("attr.") ? field : null;
}

export function fieldSuggestions({ start, typed }: Typing, attributes: string[]): Suggestion[] {
  const all = [...FIELDS, ...attributes.filter((name) => /^[\w.-]+$/.test(name)).map((name) => `attr.${name}`)];
  return all
    .filter((name) => name.startsWith(typed.toLowerCase()) && name !== typed)
    .slice(0, MOST)
    .map((name) => ({ text: name.endsWith(".") ? name : `${name}:`, start, label: name }));
}

export function valueSuggestions(typing: Typing, values: { value: string; count: number }[]): Suggestion[] {
  const { start, field = "", operator = "", typed } = typing;
  const counted = (value: string) => values.find((v) => v.value === value) ?? { value, count: 0 };
  const known = facetOf(typing) === "level" ? LEVELS.map(counted) : values;
  const wanted = typed.toLowerCase();
  const starts = (value: string) => value.toLowerCase().startsWith(wanted);
  return known
    .filter(({ value }) => value.toLowerCase().includes(wanted) && value !== typed)
    .sort((a, b) => Number(starts(b.value)) - Number(starts(a.value)))
    .slice(0, MOST)
    .map(({ value, count }) => ({
      text: `${field}${operator}`,
      start,
      value,
      label: value,
      ...(count > 0 ? { count } : {}),
    }));
}
