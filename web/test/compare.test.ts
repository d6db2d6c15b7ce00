// Two buffers compared by the built engine, as the page reads the answer.

import { readFileSync } from "node:fs";

import { expect, test } from "vitest";

import { share, shift } from "../src/compare/share";
import { type Comparison, decodeComparison } from "../src/engine/comparison";
import { decodeResponse, encodeRequest } from "../src/engine/query";
import { Workspace, initSync } from "../wasm/logd_wasm";

const file = (path: string) => readFileSync(new URL(path, import.meta.url));
initSync({ module: file("../wasm/logd_wasm_bg.wasm") });

function open(workspace: Workspace, bytes: Uint8Array): number {
  const source = workspace.open("buffer", bytes.length);
  for (let w = workspace.wanted(source); w; w = workspace.wanted(source)) {
    workspace.supply(source, bytes.subarray(w.offset, w.offset + w.length));
  }
  return source;
}

function exported(workspace: Workspace, filter: string): Uint8Array {
  const writing = workspace.export(filter, 0n);
  const parts: Uint8Array[] = [];
  for (let part = writing.step(); part; part = writing.step()) parts.push(part);
  return Buffer.concat(parts);
}

function compare(workspace: Workspace, a: number, b: number): Comparison {
  const comparison = workspace.compare(encodeRequest({}), a, b);
  while (!comparison.step(1 << 16));
  return decodeComparison(comparison.finish());
}

test("what a filter took away is gone, and each difference's term finds what it counted", () => {
  const workspace = new Workspace(64 << 20);
  const whole = open(workspace, file("../../tests/corpus/sample.logd"));
  const rest = open(workspace, exported(workspace, "level<error"));
  const found = compare(workspace, whole, rest);
  expect(found.aspects.map(({ field }) => field)).toEqual(["level", "key", "pattern"]);
  const levels = found.aspects[0];
  expect(levels?.byChange.gone).toBeGreaterThan(0);
  expect(levels?.byChange.new).toBe(0);
  expect(
    levels?.differences
      .filter((d) => d.change === "gone")
      .map((d) => d.value)
      .sort(),
  ).toEqual(["error", "fatal"]);
  workspace.close(rest);
  for (const { filter, a } of found.aspects.flatMap((aspect) => aspect.differences.slice(0, 20))) {
    const search = workspace.search(encodeRequest({ filter, total: true }));
    while (!search.step(1 << 20));
    expect([filter, decodeResponse(search.answer()).total]).toEqual([filter, a]);
  }
});

test("shares are of what there is", () => {
  expect(share(5, 0)).toBe(0);
  expect(share(5, 20)).toBe(0.25);
  expect(shift({ a: 1, b: 4 }, { a: 10, b: 20 })).toBe(2);
});
