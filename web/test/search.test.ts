import { readFileSync } from "node:fs";

import { describe, expect, test } from "vitest";

import { fieldSuggestions, valueSuggestions } from "../src/search/complete";
import { colour, highlighter, split } from "../src/search/highlight";
import { initSync, parse, read, term, typing } from "../wasm/logd_wasm";

initSync({ module: readFileSync(new URL("../wasm/logd_wasm_bg.wasm", import.meta.url)) });

describe("the engine's reading", () => {
  test("knows the values that are asked for", () => {
    expect(read('key=/a/b -level:debug attr.x:"y z" word').terms).toEqual([
      { field: "key", value: "/a/b", negated: false },
      { field: "level", value: "debug", negated: true },
      { field: "attr.x", value: "y z", negated: false },
    ]);
    expect(read("key=/a/b OR c").terms).toEqual([]);
  });

  test.each([
    ["key", "/prod/api/login"],
    ["level", "error"],
    ["attr.status", "503"],
    ["attr.url", "/api/v1?x=1&y=2"],
    ["attr.user", 'ann "the\\ boss" lee'],
    ["attr.user name", "a(b)"],
    ["attr.x", "-a"],
    ["attr.x", "line\nbreak\ttab 🦀"],
  ])("finds the term that it makes of %s %j", (field, value) => {
    for (const negated of [false, true]) {
      const made = term(field, value, negated) ?? "";
      expect(parse(made)).toBeUndefined();
      expect(read(`x ${made}`).terms).toEqual([{ field, value, negated }]);
    }
  });
});

describe("highlighting", () => {
  const marked = (expression: string, text: string) =>
    split(text, highlighter(read(expression).wanted)).filter((_, i) => i % 2 === 1);

  test.each([
    ["time", "Timeout at TIME", ["Time", "TIME"]],
    ['"a b" c', "a b, c", ["a b", "c"]],
    ["/re[df]+us/", "it refused", ["refus"]],
    ["-time x", "time x", ["x"]],
    ["level:error key:/a", "level error /a", []],
    ['"("', "f(x)", ["("]],
    ["/(?-u)a/ b", "a b", ["b"]],
  ])("%s in %j", (expression, text, expected) => {
    expect(marked(expression, text)).toEqual(expected);
  });

  test("loses nothing of the text", () => {
    expect(split("aXbXc", /x/giu).join("")).toBe("aXbXc");
  });
});

describe("the box", () => {
  const coloured = (expression: string, filter: string) => colour(expression, { ...read(filter), filter });

  test("has the colours of what was read", () => {
    expect(coloured("🦀 -key:/a (", "🦀 -key:/a (").map(({ text, kind }) => [text, kind])).toEqual([
      ["🦀", "text"],
      [" ", ""],
      ["-", "operator"],
      ["key:", "field"],
      ["/a", "value"],
      [" ", ""],
      ["(", "operator"],
    ]);
  });

  test.each(["level:err", "level:error x", "x level:error", "", "l"])(
    "loses nothing when %j is typed",
    (expression) => {
      expect(
        coloured(expression, "level:error a")
          .map(({ text }) => text)
          .join(""),
      ).toBe(expression);
    },
  );
});

describe("completion", () => {
  test("knows which field has values to offer", () => {
    const facets = ["-key:/pr", "lvl>=", 'attr.user:"ann l', "time>=20", "lev"].map((before) => typing(before)?.facet);
    expect(facets).toEqual(["key", "level", "attr.user", undefined, undefined]);
    expect(typing("")).toBeUndefined();
  });

  test("offers fields, attributes too", () => {
    const at = typing("-at");
    if (!at) throw new Error("nothing is typed");
    expect(fieldSuggestions(at, ["status", "user name"]).map((s) => s.text)).toEqual(["attr.", "attr.status:"]);
  });

  test("offers values, those that begin so first", () => {
    const at = typing("a key:/p");
    if (!at) throw new Error("nothing is typed");
    const values = ["/dev/p q", "/prod/a"].map((value) => ({ value, count: 1 }));
    expect(valueSuggestions(at, values).map(({ text, start, value }) => [text, start, value])).toEqual([
      ["key:", 2, "/prod/a"],
      ["key:", 2, "/dev/p q"],
    ]);
  });
});
