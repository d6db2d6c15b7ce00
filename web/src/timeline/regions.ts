// Stretches of time of which events are missing, as the timeline shows them. The engine knows them; here they are added up
// by their kind.

import type { Region, SourceInfo } from "../../wasm/logd_wasm";

export type Lack = Region["lack"];
export const LACKS: Lack[] = ["overwritten", "leftOut", "damaged", "missed"];

/** Where a stretch lies, in Unix nanoseconds; open on a side that is null. */
export interface Stretch {
  lack: Lack;
  from: bigint | null;
  until: bigint | null;
  /** How many events; null if that is not known. */
  events: bigint | null;
  /** Where they were: a ring, or a buffer where there are several. */
  place: string;
}

export interface Summary extends Stretch {
  parts: Stretch[];
}

export function stretches(sources: SourceInfo[]): Stretch[] {
  return sources.flatMap(({ name, regions }) =>
    regions.map(({ lack, from, until, events, ring }) => ({
      lack,
      from: from ?? null,
      until: until ?? null,
      events: events ?? null,
      place: [sources.length > 1 ? name : "", ring ?? ""].filter((part) => part !== "").join(" "),
    })),
  );
}

/** One for each kind that there is. */
export function summaries(all: Stretch[]): Summary[] {
  return LACKS.flatMap((lack) => {
    const parts = all.filter((s) => s.lack === lack);
    const [first] = parts;
    if (!first) return [];
    const whole = parts.reduce((sum, part) => ({
      ...sum,
      from: sum.from === null || part.from === null ? null : sum.from < part.from ? sum.from : part.from,
      until: sum.until === null || part.until === null ? null : sum.until > part.until ? sum.until : part.until,
      events: sum.events === null || part.events === null ? null : sum.events + part.events,
    }));
    return [{ ...whole, parts }];
  });
}

/** Those that touch a time: from ≤ time < until. */
export function within(all: Stretch[], from: bigint, until: bigint): Stretch[] {
  return all.filter((s) => (s.from === null || s.from < until) && (s.until === null || s.until >= from));
}

/** Which part of an axis from 0 to 1 a stretch takes. What lies before or after it is at its edge. */
export function extent({ from, until }: Stretch, axis: { from: bigint; until: bigint }): [start: number, end: number] {
  const place = (time: bigint) => Number(time - axis.from) / Number(axis.until - axis.from);
  const within = (x: number) => Math.min(1, Math.max(0, x));
  return [from === null ? 0 : within(place(from)), until === null ? 1 : within(place(until))];
}
