import { describe, expect, test } from "vitest";

import { VirtualScroll } from "../src/grid/scroll";

function list(length: number, max?: number): VirtualScroll {
  const scroll = new VirtualScroll(20, max);
  scroll.length = length;
  scroll.viewport = 400;
  return scroll;
}

describe("a short list", () => {
  test("is where its bar is", () => {
    const scroll = list(1000);
    expect(scroll.spacer).toBe(20_000);
    scroll.moved(350);
    expect([scroll.top, scroll.first, scroll.last]).toEqual([350, 17, 38]);
    scroll.moved(19_600);
    expect([scroll.atEnd, scroll.last]).toEqual([true, 1000]);
  });

  test("that fits has nothing to scroll", () => {
    const scroll = list(5);
    expect([scroll.end, scroll.bar, scroll.last]).toEqual([0, 0, 5]);
    scroll.go(100);
    expect(scroll.top).toBe(0);
  });
});

describe("ten million rows behind a bar of a million pixels", () => {
  const long = () => list(10_000_000, 1_000_000);

  test("the thumb reaches both ends", () => {
    const scroll = long();
    scroll.moved(scroll.spacer - scroll.viewport);
    expect([scroll.atEnd, scroll.last]).toEqual([true, 10_000_000]);
    scroll.moved(0);
    expect(scroll.first).toBe(0);
  });

  test("the wheel moves by as many pixels, not by thousands of rows", () => {
    const scroll = long();
    scroll.go(100_000_000);
    scroll.put(scroll.bar);
    const before = scroll.top;
    scroll.moved(scroll.bar + 120);
    expect(scroll.top - before).toBeCloseTo(120, 3);
    expect(scroll.drifted).toBe(true);
    scroll.put(scroll.bar);
    expect(scroll.drifted).toBe(false);
  });

  test("small steps skip no row, wherever one is", () => {
    const scroll = long();
    for (const start of [30_000, 55_555_555, 9_990_000 * 20]) {
      scroll.go(start);
      scroll.put(scroll.bar);
      for (let i = 0; i < 50; i++) {
        const before = scroll.top;
        scroll.moved(scroll.bar + 60);
        expect(scroll.top - before).toBeCloseTo(60, 3);
        scroll.put(scroll.bar);
      }
    }
  });

  test("what the bar does by itself moves nothing", () => {
    const scroll = long();
    scroll.go(1234);
    scroll.put(scroll.bar);
    expect(scroll.moved(scroll.bar)).toBe(false);
    expect(scroll.top).toBe(1234);
  });
});

test("a row is revealed by the least movement", () => {
  const scroll = list(1000);
  scroll.go(1000);
  scroll.reveal(55);
  expect(scroll.top).toBe(1000);
  scroll.reveal(10);
  expect(scroll.top).toBe(200);
  scroll.reveal(100);
  expect(scroll.top).toBe(101 * 20 - 400);
});
