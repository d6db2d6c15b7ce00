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

const MOST = 12;

export function fieldSuggestions({ start, typed, fields }: Typing, attributes: string[]): Suggestion[] {
  const all = [...fields, ...attributes.filter((name) => /^[\w.-]+$/.test(name)).map((name) => `attr.${name}`)];
  return all
    .filter((name) => name.startsWith(typed.toLowerCase()) && name !== typed)
    .slice(0, MOST)
    .map((name) => ({ text: name.endsWith(".") ? name : `${name}:`, start, label: name }));
}

export function valueSuggestions(typing: Typing, values: { value: string; count: number }[]): Suggestion[] {
  const { start, field = "", operator = "", typed } = typing;
  const counted = (value: string) => values.find((v) => v.value === value) ?? { value, count: 0 };
  const known = typing.facet === "level" ? LEVELS.map(counted) : values;
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
