// `Comparison` of query.proto: what differs between two buffers.

import { Reader } from "./wire";

/** In the order of the protocol's numbers. */
export const CHANGES = ["alike", "shifted", "gone", "new"] as const;
export type Change = (typeof CHANGES)[number];

export interface Comparison {
  /** Events of A and of B that match. */
  a: number;
  b: number;
  aspects: Aspect[];
}

export interface Aspect {
  /** `level`, `key` or `pattern`. */
  field: string;
  /** The most surprising first. */
  differences: Difference[];
  /** How many values there are of each change; `differences` may have fewer. */
  byChange: Record<Change, number>;
  capped: boolean;
}

export interface Difference {
  value: string;
  change: Change;
  a: number;
  b: number;
  /** The term that finds these events. */
  filter: string;
  /** Of the most severe one. */
  severity: number;
}

export function decodeComparison(bytes: Uint8Array): Comparison {
  const comparison: Comparison = { a: 0, b: 0, aspects: [] };
  const r = new Reader(bytes);
  while (r.next()) {
    if (r.field === 1) comparison.a = r.uint();
    else if (r.field === 2) comparison.b = r.uint();
    else if (r.field === 3) comparison.aspects.push(decodeAspect(r.bytes()));
  }
  return comparison;
}

function decodeAspect(bytes: Uint8Array): Aspect {
  const aspect: Aspect = {
    field: "",
    differences: [],
    byChange: { alike: 0, shifted: 0, gone: 0, new: 0 },
    capped: false,
  };
  const counts: number[] = [];
  const r = new Reader(bytes);
  while (r.next()) {
    if (r.field === 1) aspect.field = r.string();
    else if (r.field === 2) aspect.differences.push(decodeDifference(r.bytes()));
    else if (r.field === 3) r.uints(counts);
    else if (r.field === 4) aspect.capped = r.bool();
  }
  CHANGES.forEach((change, i) => (aspect.byChange[change] = counts[i] ?? 0));
  return aspect;
}

function decodeDifference(bytes: Uint8Array): Difference {
  const difference: Difference = { value: "", change: "alike", a: 0, b: 0, filter: "", severity: 0 };
  const r = new Reader(bytes);
  while (r.next()) {
    if (r.field === 1) difference.value = r.string();
    else if (r.field === 2) difference.change = CHANGES[r.uint()] ?? "alike";
    else if (r.field === 3) difference.a = r.uint();
    else if (r.field === 4) difference.b = r.uint();
    else if (r.field === 6) difference.filter = r.string();
    else if (r.field === 7) difference.severity = r.uint();
  }
  return difference;
}
