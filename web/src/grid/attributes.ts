// Which attributes events have: what can be a column, a facet, a completion.

import type { Event } from "../engine/query";

/** Events that are looked at, and names that are remembered. */
const EVENTS = 2000;
const NAMES = 200;

/** Names known from before, then new ones, those of most events first. The same array if nothing is new. */
export function attributeNames(events: Event[], known: string[]): string[] {
  const counts = new Map<string, number>();
  for (const { attributes } of events.slice(0, EVENTS)) {
    for (const [name] of attributes) counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  const fresh = Array.from(counts).filter(([name]) => !known.includes(name));
  if (fresh.length === 0) return known;
  fresh.sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
  return [...known, ...fresh.map(([name]) => name)].slice(0, NAMES);
}
