// What matches, as a file. It grows as a Blob, which a browser may keep on disk.

import { type Listing, TextFormat, type Workspace, term } from "../../wasm/logd_wasm";
import type { Calls } from "./messages";
import { encodeRequest } from "./query";
import { TURN_MS, breathe } from "./turn";

const ROWS_AT_A_TIME = 2000;
const STEP_BYTES = 4 << 20;
const TYPES = { logd: "application/octet-stream", ndjson: "application/x-ndjson", csv: "text/csv" };

export async function exportMatches(workspace: Workspace, question: Calls["export"]["body"]): Promise<Blob> {
  const parts = question.format === "logd" ? buffer(workspace, question) : text(workspace, question);
  const blobs: Blob[] = [];
  let turn = performance.now() + TURN_MS;
  for (const part of parts) {
    blobs.push(new Blob([part]));
    if (performance.now() < turn) continue;
    await breathe();
    turn = performance.now() + TURN_MS;
  }
  return new Blob(blobs, { type: TYPES[question.format] });
}

function* buffer(workspace: Workspace, { filter, from, until }: Calls["export"]["body"]): Generator<BlobPart> {
  const terms = [filter.trim() === "" ? "" : `(${filter})`];
  if (from !== undefined) terms.push(`time>=${String(from)}`);
  if (until !== undefined) terms.push(`time<${String(until)}`);
  const writing = workspace.export(terms.join(" ").trim(), BigInt(Date.now()) * 1_000_000n);
  try {
    for (let part = writing.step(); part; part = writing.step()) yield part as Uint8Array<ArrayBuffer>;
  } finally {
    writing.free();
  }
}

function* text(workspace: Workspace, { filter, from, until, format }: Calls["export"]["body"]): Generator<BlobPart> {
  const search = workspace.search(encodeRequest({ filter, from, until }));
  while (!search.step(STEP_BYTES)) yield "";
  const listing = search.listing();
  search.free();
  try {
    const kind = format === "csv" ? TextFormat.Csv : TextFormat.Ndjson;
    // At least once: a table without events has its head.
    for (let start = 0; start === 0 || start < listing.length; start += ROWS_AT_A_TIME) {
      yield listing.text(kind, start, ROWS_AT_A_TIME) as Uint8Array<ArrayBuffer>;
    }
  } finally {
    listing.free();
  }
}

/** One event as a JSON object, as an export has it. */
export function eventAsJson(workspace: Workspace, { seq, received, key }: Calls["json"]["body"]): string {
  // Its number is its own in one daemon; of several daemons, the time of receipt and the key tell them apart.
  const filter = `seq=${String(seq)} received=${String(received)} ${term("key", key, false) ?? ""}`;
  const search = workspace.search(encodeRequest({ filter }));
  while (!search.step(STEP_BYTES));
  const listing: Listing = search.listing();
  search.free();
  const bytes = listing.text(TextFormat.Ndjson, 0, 1);
  listing.free();
  return new TextDecoder().decode(bytes).trimEnd();
}
