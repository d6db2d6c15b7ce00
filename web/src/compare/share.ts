// Shares of two buffers, for people to compare.

import type { Comparison, Difference } from "../engine/comparison";

/** Of the events of one side; 0 where there are none. */
export function share(count: number, of: number): number {
  return of > 0 ? count / of : 0;
}

/** How many times larger the share in B is than the one in A; `Infinity` where A has none. */
export function shift({ a, b }: Pick<Difference, "a" | "b">, of: Pick<Comparison, "a" | "b">): number {
  return share(b, of.b) / share(a, of.a);
}
