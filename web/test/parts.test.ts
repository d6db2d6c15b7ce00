import { describe, expect, test } from "vitest";

import { rfc3339 } from "../src/engine/time";
import { parseTime } from "../src/state/jump";
import { ofFragment, toFragment } from "../src/state/permalink";
import { duration, lag, range, size } from "../src/text/format";
import { visible } from "../src/text/visible";
import { bucketFor, dense } from "../src/timeline/buckets";

const S = 1_000_000_000n;

describe("permalinks", () => {
  test("come back as they were", () => {
    const view = {
      filter: 'level>=warn "a+b & #c" 🦀',
      range: { from: 1763733900123456789n, until: 1763733901000000000n },
      at: { seq: 10n ** 18n, received: 1763733900123456789n },
      buffers: ["a-1", "b-2"],
      compared: ["b-2", "a-1"] as [string, string],
    };
    expect(ofFragment(toFragment(view))).toEqual(view);
    expect(toFragment({ filter: " ", range: null, at: null, buffers: [], compared: null })).toBe("");
  });

  test("that somebody spoiled are taken as far as they go", () => {
    const rest = { range: null, at: null, buffers: [], compared: null };
    expect(ofFragment("#q=a&from=x&until=5&at=1&compare=a-1")).toEqual({ filter: "a", ...rest });
    expect(ofFragment("#from=9&until=5").range).toBeNull();
  });
});

describe("times", () => {
  test("are written with all digits, before 1970, too", () => {
    expect(rfc3339(1763733900000000007n)).toBe("2025-11-21T14:05:00.000000007Z");
    expect(rfc3339(-1n)).toBe("1969-12-31T23:59:59.999999999Z");
  });

  test.each([
    ["2026-11-21", "2026-11-21T00:00:00.000000000Z"],
    ["2026-11-21 14:05", "2026-11-21T14:05:00.000000000Z"],
    ["2026-11-21T14:05:01.25Z", "2026-11-21T14:05:01.250000000Z"],
    ["9:30", "2025-11-21T09:30:00.000000000Z"],
  ])("are understood: %s", (text, expected) => {
    const time = parseTime(text, 1763733900n * S, true);
    expect(time === null ? null : rfc3339(time)).toBe(expected);
  });

  test.each(["", "soon", "25:00", "2026-13-01", "2026-02-29", "2026-00-01", "12:60", "14"])(
    "are refused: %j",
    (text) => {
      expect(parseTime(text, 0n, true)).toBeNull();
    },
  );

  test("take their two largest units", () => {
    const shown = [0.25, 999, 1500, 61_000, 3_600_000, 90_000_000].map(duration);
    expect(shown).toEqual(["0.25 ms", "999 ms", "1.5 s", "1 min 1 s", "1 h", "1 d 1 h"]);
  });
});

test("a sender's clock that is wrong is told", () => {
  const sent = 1763733900n * S;
  const of = (seconds: bigint) => lag({ time: sent, received: sent + seconds * S });
  expect([of(0n), of(2n)]).toEqual([
    { text: "", far: false },
    { text: "2.0 s later", far: false },
  ]);
  expect(of(7200n)).toEqual({ text: expect.stringMatching(/^2 h later: .*behind/) as string, far: true });
  expect(of(-7200n)).toEqual({ text: expect.stringMatching(/^2 h before .*ahead/) as string, far: true });
});

test("a time has its years only where they differ", () => {
  const from = 1763733900n * S;
  expect(range(from, from + 60n * S, "utc")).toBe("11-21T14:05:00.000 – 11-21T14:06:00.000");
  expect(range(from, from + 86_400n * 60n * S, "utc")).toMatch(/^2025-.* – 2026-/);
});

test.each([
  ["\u001b[31mred\u001b[0m", "^[[31mred^[[0m"],
  ["a\r\nb\tc\rd", "a\nb\tc^Md"],
  ["\u0000\u007f\u0085", "^@^?[U+0085]"],
  ["\u202egpj.exe", "[U+202E]gpj.exe"],
  ["👩‍👧 שלום é", "👩‍👧 שלום é"],
])("what has no shape is written out: %j", (text, expected) => {
  expect(visible(text)).toBe(expected);
});

test("sizes are read in powers of a thousand", () => {
  expect([0, 999, 1000, 1_540_000, 2_000_000_000].map(size)).toEqual(["0 B", "999 B", "1.0 kB", "1.5 MB", "2.0 GB"]);
});

describe("the timeline", () => {
  test("has as many buckets as fit, and no more", () => {
    for (const span of [1n, S, 3600n * S, 86_400n * 400n * S]) {
      expect(Number(span) / bucketFor(span)).toBeLessThanOrEqual(150);
    }
    expect(bucketFor(150n * S)).toBe(Number(S));
  });

  test("fills the gaps between the engine's buckets", () => {
    const buckets = [
      { start: 10n * S, byLevel: [0, 0, 0, 5, 0, 0, 0] },
      { start: 14n * S, byLevel: [0, 0, 0, 0, 0, 2, 0] },
    ];
    const bars = dense({ bucketNanos: 2e9, buckets, capped: false }, 11n * S, 15n * S);
    expect(bars.starts).toEqual([10, 12, 14]);
    expect(bars.levels[3]).toEqual([5, 0, 0]);
    expect(bars.levels[5]).toEqual([0, 0, 2]);
  });
});
