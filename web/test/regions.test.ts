import { expect, test } from "vitest";

import type { SourceInfo } from "../wasm/logd_wasm";
import { extent, stretches, summaries, within } from "../src/timeline/regions";

const source = (name: string, regions: SourceInfo["regions"]) => ({ name, regions }) as SourceInfo;
const axis = { from: 100n, until: 200n };

test("what is missing is added up by kind", () => {
  const all = stretches([
    source("a", [
      { lack: "overwritten", until: 110n, events: 5n, ring: "/x" },
      { lack: "overwritten", until: 150n, events: 7n, ring: "/" },
    ]),
    source("b", [
      { lack: "missed", from: 160n, until: 170n, events: 2n },
      { lack: "damaged", from: 180n },
    ]),
  ]);
  expect(all.map(({ place }) => place)).toEqual(["a /x", "a /", "b", "b"]);
  const [overwritten, damaged, missed] = summaries(all);
  expect(overwritten).toMatchObject({ lack: "overwritten", from: null, until: 150n, events: 12n });
  expect(overwritten?.parts).toHaveLength(2);
  expect(damaged).toMatchObject({ lack: "damaged", from: 180n, until: null, events: null });
  expect(missed).toMatchObject({ from: 160n, until: 170n, events: 2n, place: "b" });
  expect(within(all, 120n, 130n).map(({ place }) => place)).toEqual(["a /"]);
  expect(within(all, 170n, 171n).map(({ lack }) => lack)).toEqual(["missed"]);
});

test("stretches lie on the axis, or at its edge", () => {
  const at = (from: bigint | null, until: bigint | null) =>
    extent({ lack: "missed", from, until, events: null, place: "" }, axis);
  expect(at(null, 150n)).toEqual([0, 0.5]);
  expect(at(120n, 130n)).toEqual([0.2, 0.3]);
  expect(at(150n, null)).toEqual([0.5, 1]);
  expect(at(1n, 2n)).toEqual([0, 0]);
  expect(at(300n, null)).toEqual([1, 1]);
});
