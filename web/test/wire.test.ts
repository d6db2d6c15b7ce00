import { expect, test } from "vitest";

import { Reader, Writer } from "../src/engine/wire";

test.each([1, 127, 128, 300, 2 ** 31, 2 ** 32, Number.MAX_SAFE_INTEGER])("a number comes back: %d", (n) => {
  const r = new Reader(new Writer().uint(3, n).uint(500, 7).finish());
  expect(r.next()).toBe(true);
  expect([r.field, r.uint()]).toEqual([3, n]);
  expect(r.next()).toBe(true);
  expect([r.field, r.uint()]).toEqual([500, 7]);
  expect(r.next()).toBe(false);
});

test("defaults are not written", () => {
  expect(new Writer().uint(1, 0).bool(2, false).string(3, "").finish()).toHaveLength(0);
});

test("times come back with all their bits", () => {
  for (const n of [0n, -1n, 1763733900123456789n, -(2n ** 63n), 2n ** 63n - 1n]) {
    const r = new Reader(new Writer().sfixed64(1, n).finish());
    r.next();
    expect(r.sfixed64()).toBe(n);
  }
});

test("zigzag numbers of 64 bits", () => {
  // -1, and the smallest and largest that there are.
  const ones = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01];
  for (const [bytes, n] of [
    [[0x01], -1n],
    [ones, -(2n ** 63n)],
    [[0xfe, ...ones.slice(1)], 2n ** 63n - 1n],
  ] as const) {
    const r = new Reader(Uint8Array.from([0x18, ...bytes]));
    r.next();
    expect(r.sint64()).toBe(n);
  }
});

test("a column of numbers may be packed or not", () => {
  const packed = new Reader(Uint8Array.from([0x2a, 4, 1, 0xac, 0x02, 3]));
  const loose = new Reader(Uint8Array.from([0x28, 1, 0x28, 0xac, 0x02, 0x28, 3]));
  for (const r of [packed, loose]) {
    const column: number[] = [];
    while (r.next()) r.uints(column);
    expect(column).toEqual([1, 300, 3]);
  }
});

test("unknown fields are passed over", () => {
  const r = new Reader(new Writer().string(90, "new").sfixed64(91, 5n).uint(92, 9).string(1, "known").finish());
  const known: string[] = [];
  while (r.next()) if (r.field === 1) known.push(r.string());
  expect(known).toEqual(["known"]);
});

test("a message that was cut anywhere throws, or ends at a field", () => {
  const bytes = new Writer().string(1, "text").sfixed64(2, 1n).uint(3, 70_000).finish();
  const ends = [0, 6, 15, 19];
  for (let length = 0; length <= bytes.length; length++) {
    const read = () => {
      const r = new Reader(bytes.subarray(0, length));
      while (r.next());
    };
    if (ends.includes(length)) expect(read).not.toThrow();
    else expect(read).toThrow(RangeError);
  }
});
