import { readFileSync } from "node:fs";

import { describe, expect, test } from "vitest";

import { fieldSuggestions, placeOf, valueSuggestions } from "../src/search/complete";
import { split, wanted } from "../src/search/highlight";
import { equals, hasTerm, terms, toggled, withTerm, withoutTerms } from "../src/search/terms";
import { initSync, parse } from "../wasm/logd_wasm";

initSync({ module: readFileSync(new URL("../wasm/logd_wasm_bg.wasm", import.meta.url)) });

describe("terms", () => {
  test.each([
    ["timeout", ["timeout"]],
    ['"connection refused" -level:debug', ['"connection refused"', "-level:debug"]],
    ["level:error (timeout OR /refused|re set/)", ["level:error", "timeout", "/refused|re set/"]],
    ["key=/prod/api /a b/ x", ["key=/prod/api", "/a b/", "x"]],
    ['attr."user name":"ann \\" lee"* z', ['attr."user name":"ann \\" lee"*', "z"]],
    ["-(a b)", ["a", "b"]],
    ["a AND NOT b", ["a", "b"]],
    ['"not closed', ['"not closed']],
    ["", []],
  ])("of %s", (expression, expected) => {
    expect(terms(expression).map((t) => t.text)).toEqual(expected);
  });

  test("know whether they are denied", () => {
    const denied = terms("a -b !c NOT d NOT -e x!=y -x!=y").map((t) => t.negated);
    expect(denied).toEqual([false, true, true, true, false, true, false]);
  });
});

describe("editing", () => {
  test("adds a term and takes it out again", () => {
    const longer = toggled("timeout", "-level:debug");
    expect(longer).toBe("timeout -level:debug");
    expect(hasTerm(longer, "-level:debug")).toBe(true);
    expect(toggled(longer, "-level:debug")).toBe("timeout");
    expect(toggled("-level:debug timeout", "-level:debug")).toBe("timeout");
  });

  test("keeps alternatives together", () => {
    expect(withTerm("a OR b", "c")).toBe("(a OR b) c");
    expect(withTerm("(a OR b)", "c")).toBe("(a OR b) c");
    expect(toggled("a OR -level:debug", "-level:debug")).toBe("(a OR -level:debug) -level:debug");
    expect(withTerm('"a OR b"', "c")).toBe('"a OR b" c');
    expect(withTerm("*", "c")).toBe("c");
  });

  test("takes out all terms of a field", () => {
    expect(withoutTerms("level:error a -level:debug b", (t) => t.field === "level")).toBe("a b");
  });

  test.each([
    ["key", "/prod/api/login"],
    ["level", "error"],
    ["attr.status", "503"],
    ["attr.url", "/api/v1?x=1&y=2"],
    ["attr.url", "/"],
    ["attr.user", 'ann "the\\ boss" lee'],
    ["attr.user name", "a(b)"],
    ["attr.x", ""],
    ["attr.x", "*"],
    ["attr.x", "-a"],
    ["attr.x", "a:b=c~d<e>"],
    ["attr.x", "OR"],
    ["attr.x", "line\nbreak\ttab 🦀"],
  ])("makes a term of %s %j that the engine understands", (field, value) => {
    const term = equals(field, value);
    expect(parse(term)).toBeUndefined();
    expect(parse(`-${term}`)).toBeUndefined();
    expect(terms(term)).toHaveLength(1);
    expect(hasTerm(withTerm("x", term), term)).toBe(true);
  });
});

describe("highlighting", () => {
  const marked = (expression: string, text: string) => split(text, wanted(expression)).filter((_, i) => i % 2 === 1);

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
    expect(split("aXbXc", wanted("x")).join("")).toBe("aXbXc");
  });
});

describe("completion", () => {
  const place = (text: string) => placeOf(text, text.length);

  test("knows fields from values", () => {
    expect(place("lev")).toEqual({ kind: "field", start: 0, typed: "lev" });
    expect(place("a -key:/pr")).toEqual({ kind: "value", start: 3, field: "key", operator: ":", typed: "/pr" });
    expect(place('attr.user:"ann l')).toMatchObject({ field: "attr.user", typed: "ann l" });
    expect(place("time>=20")).toBeNull();
  });

  test("offers fields, attributes too", () => {
    const at = place("-at");
    if (at?.kind !== "field") throw new Error("no field");
    expect(fieldSuggestions(at, ["status", "user name"]).map((s) => s.text)).toEqual(["attr.", "attr.status:"]);
  });

  test("offers values that the engine understands, those that begin so first", () => {
    const at = place("key:/p");
    if (at?.kind !== "value") throw new Error("no value");
    const values = ["/dev/p q", "/prod/a"].map((value) => ({ value, count: 1 }));
    expect(valueSuggestions(at, values).map((s) => s.text)).toEqual(["key:/prod/a ", 'key:"/dev/p q" ']);
  });
});
