// Times as people type them.

import { fromMs, toMs } from "../engine/time";

const PATTERN = /^(?:(\d{4})-(\d{2})-(\d{2}))?(?:[T ]?(\d{1,2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?)?(Z)?$/;

/** `14:05`, `2026-11-21`, `2026-11-21 14:05:01.5`, with a Z for UTC. Without a day it is that of `reference`; Unix nanoseconds. */
export function parseTime(text: string, reference: bigint, utc: boolean): bigint | null {
  const match = PATTERN.exec(text.trim());
  if (!match || text.trim() === "") return null;
  const [, year, month, day, hour = "0", minute = "0", second = "0", fraction = "", zulu] = match;
  const inUtc = utc || zulu !== undefined;
  const near = new Date(toMs(reference));
  const parts: [number, number, number, number, number, number] = [
    year ? Number(year) : inUtc ? near.getUTCFullYear() : near.getFullYear(),
    month ? Number(month) - 1 : inUtc ? near.getUTCMonth() : near.getMonth(),
    day ? Number(day) : inUtc ? near.getUTCDate() : near.getDate(),
    Number(hour),
    Number(minute),
    Number(second),
  ];
  const daysOfMonth = new Date(Date.UTC(parts[0], parts[1] + 1, 0)).getUTCDate();
  if (parts[1] < 0 || parts[1] > 11 || parts[2] < 1 || parts[2] > daysOfMonth) return null;
  if (parts[3] > 23 || parts[4] > 59 || parts[5] > 59) return null;
  const ms = inUtc ? Date.UTC(...parts) : new Date(...parts).getTime();
  return Number.isNaN(ms) ? null : fromMs(ms) + BigInt(fraction.padEnd(9, "0"));
}
