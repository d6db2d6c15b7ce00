// What an address holds after its #: the question, the event that is looked at, and which buffers it is about.

import type { Range } from "./search.svelte";

export interface View {
  filter: string;
  range: Range | null;
  /** The event: its number and time of receipt. */
  at: { seq: bigint; received: bigint } | null;
  /** Content hashes of the open buffers. */
  buffers: string[];
  /** Content hashes of the two that are compared. */
  compared: [a: string, b: string] | null;
}

export function toFragment({ filter, range, at, buffers, compared }: View): string {
  const parts = new URLSearchParams();
  if (filter.trim() !== "") parts.set("q", filter);
  if (range) {
    parts.set("from", String(range.from));
    parts.set("until", String(range.until));
  }
  if (at) parts.set("at", `${String(at.seq)}.${String(at.received)}`);
  for (const buffer of buffers) parts.append("buffer", buffer);
  for (const buffer of compared ?? []) parts.append("compare", buffer);
  return parts.size > 0 ? `#${parts.toString()}` : "";
}

export function ofFragment(fragment: string): View {
  const parts = new URLSearchParams(fragment.replace(/^#/, ""));
  const from = integer(parts.get("from"));
  const until = integer(parts.get("until"));
  const [a, b] = parts.getAll("compare");
  const [seq, received] = (parts.get("at") ?? "").split(".").map(integer);
  return {
    filter: parts.get("q") ?? "",
    range: from !== undefined && until !== undefined && from < until ? { from, until } : null,
    at: seq !== undefined && received !== undefined ? { seq, received } : null,
    buffers: parts.getAll("buffer"),
    compared: a !== undefined && b !== undefined ? [a, b] : null,
  };
}

function integer(text: string | null | undefined): bigint | undefined {
  return text && /^-?\d{1,19}$/.test(text) ? BigInt(text) : undefined;
}
