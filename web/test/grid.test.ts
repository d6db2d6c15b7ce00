// @vitest-environment happy-dom

import { afterEach, beforeEach, expect, test } from "vitest";

import { type Delegate, VirtualGrid } from "../src/grid/grid";

const ROW = 20;
const VIEW = 400;

let root: HTMLElement;
let grid: VirtualGrid;
let chosen: [number, boolean][];
let missing: Set<number>;

beforeEach(() => {
  root = document.createElement("div");
  document.body.append(root);
  // happy-dom lays nothing out.
  Object.defineProperty(root, "clientHeight", { value: VIEW });
  chosen = [];
  missing = new Set();
  const delegate: Delegate = {
    fill: (_, cells, index) => {
      if (cells[0]) cells[0].textContent = missing.has(index) ? "" : `event ${String(index)}`;
      return !missing.has(index);
    },
    show: () => undefined,
    choose: (index, open) => {
      chosen.push([index, open]);
      grid.setActive(index, true);
    },
    scrolled: () => undefined,
  };
  grid = new VirtualGrid(root, "Events", ROW, delegate);
  grid.setColumns([{ id: "text", label: "Text", width: "1fr" }], ROW);
});

afterEach(() => {
  grid.destroy();
  root.remove();
});

const visible = () => [...root.querySelectorAll<HTMLElement>(".grid-row")].filter((row) => !row.hidden);
const texts = () => visible().map((row) => row.textContent);
const press = (key: string) => root.dispatchEvent(new KeyboardEvent("keydown", { key, cancelable: true }));

test("ten million rows need a screenful of elements", () => {
  grid.setRows(10_000_000, 0, -1);
  expect(visible().length).toBeLessThanOrEqual(VIEW / ROW + 1);
  expect(texts()[0]).toBe("event 0");
  grid.end();
  expect(texts().at(-1)).toBe("event 9999999");
  expect(root.querySelectorAll(".grid-row").length).toBe(VIEW / ROW + 1);
});

test("it tells how many rows there are and which ones are shown", () => {
  grid.setRows(1000, 100 * ROW, 105);
  const of = (name: string, element: Element | null) => element?.getAttribute(name);
  expect(["role", "aria-rowcount", "aria-colcount"].map((name) => of(name, root))).toEqual(["grid", "1001", "1"]);
  const active = document.getElementById(of("aria-activedescendant", root) ?? "");
  expect([of("aria-rowindex", active), of("aria-selected", active), active?.textContent]).toEqual([
    "107",
    "true",
    "event 105",
  ]);
  expect(root.querySelectorAll('[role="columnheader"]').length).toBe(1);
});

test("an active row that is off screen is nobody's descendant", () => {
  grid.setRows(1000, 0, 500);
  expect(root.hasAttribute("aria-activedescendant")).toBe(false);
});

test("the keyboard goes everywhere and no further", () => {
  grid.setRows(1000, 0, 0);
  for (const key of ["ArrowDown", "PageDown", "End", "ArrowDown", "ArrowUp", "Home", "ArrowUp", "Enter"]) press(key);
  expect(chosen).toEqual([
    [1, false],
    [20, false],
    [999, false],
    [999, false],
    [998, false],
    [0, false],
    [0, false],
    [0, true],
  ]);
});

test("a click chooses the row that is under it now", () => {
  grid.setRows(1000, 300 * ROW, -1);
  visible()
    .find((row) => row.textContent === "event 307")
    ?.click();
  expect(chosen).toEqual([[307, true]]);
});

test("a row whose event comes later is filled when it has come", () => {
  missing.add(3);
  grid.setRows(10, 0, -1);
  expect(texts()[3]).toBe("");
  missing.clear();
  grid.draw();
  expect(texts()[3]).toBe("event 3");
});

test("rows that come before leave what is read where it is", () => {
  grid.setRows(1000, 500 * ROW + 7, 510);
  const place = () => visible().find((row) => row.getAttribute("aria-selected") === "true")?.style.transform;
  const before = place();
  expect(before).toBe("translateY(193px)");
  grid.setRows(1300, 800 * ROW + 7, 810);
  expect(place()).toBe(before);
});

test("an event keeps its element while it is on screen, in the order of the events", () => {
  grid.setRows(1000, 100 * ROW, -1);
  const element = visible().find((row) => row.textContent === "event 110");
  for (const index of [125, 104, 111, 92]) {
    grid.setActive(index, true);
    expect(visible().find((row) => row.textContent === "event 110")).toBe(element);
    const numbers = visible().map((row) => Number(row.getAttribute("aria-rowindex")));
    expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
  }
});

test("fewer rows than before hide the elements that are too many", () => {
  grid.setRows(1000, 0, -1);
  grid.setRows(2, 0, -1);
  expect(texts()).toEqual(["event 0", "event 1"]);
  grid.setRows(0, 0, -1);
  expect(texts()).toEqual([]);
});
