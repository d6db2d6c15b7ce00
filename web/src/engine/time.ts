// Unix nanoseconds, which only a BigInt holds.

export const NANOS_PER_MS = 1_000_000n;
export const NANOS_PER_S = 1_000_000_000n;

/** Whole milliseconds, as Date counts; rounded down, also before 1970. */
export function toMs(nanos: bigint): number {
  return Number((nanos - fraction(nanos, NANOS_PER_MS)) / NANOS_PER_MS);
}

export function fromMs(ms: number): bigint {
  return BigInt(Math.round(ms * 1000)) * 1000n;
}

/** RFC 3339 in UTC, with all nine digits. */
export function rfc3339(nanos: bigint): string {
  const rest = fraction(nanos, NANOS_PER_S);
  const seconds = new Date(toMs(nanos - rest)).toISOString().slice(0, -5);
  return `${seconds}.${String(rest).padStart(9, "0")}Z`;
}

function fraction(nanos: bigint, unit: bigint): bigint {
  return ((nanos % unit) + unit) % unit;
}
