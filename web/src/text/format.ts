// Times and sizes as people read them.

import { rfc3339, toMs } from "../engine/time";
import type { Clock } from "../state/prefs.svelte";
import { t } from "./index";

const pad = (value: number, digits = 2) => String(value).padStart(digits, "0");

/** Month, day, hour to millisecond. The fraction is part of the number, not of the language. */
export function short(nanos: bigint, clock: Clock, now: number): string {
  if (clock === "relative") return relative(nanos, now);
  if (clock === "utc") return rfc3339(nanos).slice(5, 23).replace("T", " ");
  const d = new Date(toMs(nanos));
  const day = `${pad(d.getMonth() + 1)}-${pad(d.getDate())}`;
  return `${day} ${pad(d.getHours())}:${pad(d.getMinutes())}:${pad(d.getSeconds())}.${pad(d.getMilliseconds(), 3)}`;
}

/** Whole, with the zone; nanoseconds only in UTC. */
export function long(nanos: bigint, clock: Clock): string {
  if (clock === "utc") return rfc3339(nanos);
  const d = new Date(toMs(nanos));
  const zone = -d.getTimezoneOffset();
  const sign = zone < 0 ? "-" : "+";
  const offset = `${sign}${pad(Math.floor(Math.abs(zone) / 60))}:${pad(Math.abs(zone) % 60)}`;
  return `${String(d.getFullYear())}-${short(nanos, "local", 0)}${offset}`;
}

const UNITS: [string, number][] = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["min", 60_000],
  ["s", 1000],
];

export function relative(nanos: bigint, now: number): string {
  const ms = now - toMs(nanos);
  if (Math.abs(ms) < 500) return t.relative.now;
  return ms > 0 ? t.relative.ago(duration(ms)) : t.relative.ahead(duration(-ms));
}

/** The two largest units. */
export function duration(ms: number): string {
  const at = UNITS.findIndex(([, unit]) => ms >= unit);
  if (at < 0) return `${String(Math.round(ms * 1000) / 1000)} ms`;
  const [name, unit] = UNITS[at] ?? ["s", 1000];
  if (unit === 1000) return `${(ms / 1000).toFixed(ms < 10_000 ? 1 : 0)} s`;
  const [smaller, small] = UNITS[at + 1] ?? ["s", 1000];
  const rest = Math.floor((ms % unit) / small);
  const whole = `${String(Math.floor(ms / unit))} ${name}`;
  return rest > 0 ? `${whole} ${String(rest)} ${smaller}` : whole;
}

/** Clocks that agree to this, in milliseconds, are right, and a way that takes longer is a long one. */
const FAR_MS = 60_000;

/** How much later than it was sent an event was received, in words; `far` if that is odd. */
export function lag({ time, received }: { time: bigint; received: bigint }): { text: string; far: boolean } {
  const ms = Number(received - time) / 1e6;
  const far = Math.abs(ms) > FAR_MS;
  if (ms === 0) return { text: "", far };
  const by = duration(Math.abs(ms));
  return { text: ms > 0 ? t.detail.late(by, far) : t.detail.early(by), far };
}

/** From one time to another, with the years if they differ. */
export function range(from: bigint, until: bigint, clock: Clock): string {
  const [first, last] = [long(from, clock), long(until, clock)];
  const begin = first.slice(0, 4) === last.slice(0, 4) ? 5 : 0;
  return t.timeline.range(first.slice(begin, 23), last.slice(begin, 23));
}

export function size(bytes: number): string {
  if (bytes < 1000) return `${String(bytes)} B`;
  const units = ["kB", "MB", "GB"];
  const at = Math.min(units.length, Math.floor(Math.log10(bytes) / 3));
  const value = bytes / 1000 ** at;
  return `${value.toFixed(value < 10 ? 1 : 0)} ${units[at - 1] ?? ""}`;
}
