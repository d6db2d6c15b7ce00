// How wide the buckets of a histogram are, and where they lie.

import { toMs } from "../engine/time";
import type { Histogram } from "../engine/query";

const MS = 1_000_000;
const S = 1000 * MS;
const MIN = 60 * S;
const HOUR = 60 * MIN;
const DAY = 24 * HOUR;

/** Widths that people count in, nanoseconds. */
const WIDTHS = [
  ...[1, 2, 5, 10, 20, 50, 100, 200, 500].map((n) => n * MS),
  ...[1, 2, 5, 10, 15, 30].map((n) => n * S),
  ...[1, 2, 5, 10, 15, 30].map((n) => n * MIN),
  ...[1, 2, 3, 6, 12].map((n) => n * HOUR),
  ...[1, 2, 7, 14, 28, 91, 364].map((n) => n * DAY),
];

const MOST = 150;

/** The least width that needs no more than `most` buckets for so many nanoseconds. */
export function bucketFor(span: bigint, most = MOST): number {
  const least = Number(span) / most;
  return WIDTHS.find((width) => width >= least) ?? Math.ceil(least / DAY) * DAY;
}

/** A time that is not too short to be seen: with as much before it as after it. */
export function widened({ from, until }: { from: bigint; until: bigint }): { from: bigint; until: bigint } {
  const lacking = BigInt(S) - (until - from);
  return lacking > 0n ? { from: from - lacking / 2n, until: until + lacking / 2n } : { from, until };
}

export interface Bars {
  /** Start of each bucket, Unix seconds. */
  starts: number[];
  /** For each level of query.proto's order, its count in each bucket. */
  levels: number[][];
  width: number;
}

/** The buckets of a time, empty ones included, from the first to the last. */
export function dense(histogram: Histogram, from: bigint, until: bigint): Bars {
  const width = BigInt(histogram.bucketNanos || S);
  const first = floor(from, width);
  const count = Math.min(10_000, Number((until - 1n - first) / width) + 1);
  const starts = Array.from({ length: Math.max(0, count) }, (_, i) => toMs(first + BigInt(i) * width) / 1000);
  const levels = Array.from({ length: 7 }, () => new Array<number>(starts.length).fill(0));
  for (const { start, byLevel } of histogram.buckets) {
    const at = Number((start - first) / width);
    if (start < first || at >= starts.length) continue;
    byLevel.forEach((n, level) => {
      const counts = levels[level];
      if (counts) counts[at] = n;
    });
  }
  return { starts, levels, width: Number(width) / S };
}

function floor(nanos: bigint, width: bigint): bigint {
  const rest = nanos % width;
  return nanos - (rest < 0n ? rest + width : rest);
}
