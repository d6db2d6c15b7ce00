// What a person must know of a buffer that does not hold everything.

import type { SourceInfo } from "../../wasm/logd_wasm";
import type { LinkInfo } from "../state/session.svelte";
import { t } from "../text";

const MOST_FAULTS = 5;

export function lacks(source: SourceInfo, link: LinkInfo | undefined, read: boolean): string[] {
  const { overwritten, origin, faults, leftOut, missed, live } = source;
  const texts: string[] = [];
  if (link?.state === "broken") texts.push(t.sources.broken(link.failure));
  const unreadable = faults.filter(({ length }) => length > 0);
  for (const { offset, length, message } of unreadable.slice(0, MOST_FAULTS)) {
    texts.push(t.sources.fault(offset, offset + length, message));
  }
  if (unreadable.length > MOST_FAULTS) texts.push(t.sources.moreFaults(unreadable.length - MOST_FAULTS));
  if (!live && !origin && read) texts.push(t.sources.noEnd);
  if (origin && origin.filter !== "") texts.push(t.sources.filtered(origin.filter));
  if (leftOut > 0) texts.push(t.sources.leftOut(leftOut));
  if (missed > 0) texts.push(t.sources.missed(missed));
  if (overwritten > 0n) texts.push(t.sources.overwritten(overwritten));
  return texts;
}
