// The viewer's engine as it was built, and the page's own reading and writing of query.proto, against the corpus
// that the core is tested with: the bytes of the answers are the same.

import { readFileSync } from "node:fs";

import { expect, test } from "vitest";

import {
  type QueryRequest,
  type QueryResponse,
  decodeResponse,
  decodeRows,
  encodeRequest,
  events,
} from "../src/engine/query";
import { Workspace, initSync, parse } from "../wasm/logd_wasm";

const file = (path: string) => readFileSync(new URL(path, import.meta.url));
const corpus = (name: string) => file(`../../tests/corpus/${name}`);

initSync({ module: file("../wasm/logd_wasm_bg.wasm") });

/** A workspace with the sample in it, read as the engine asks. */
function workspace(copies = 1): Workspace {
  const bytes = corpus("sample.logd");
  const made = new Workspace(64 << 20);
  for (let i = 0; i < copies; i++) {
    const source = made.open(`sample${String(i)}`, bytes.length);
    for (let w = made.wanted(source); w; w = made.wanted(source)) {
      made.supply(source, bytes.subarray(w.offset, w.offset + w.length));
    }
  }
  return made;
}

function answer(of: Workspace, request: QueryRequest, step: number): Uint8Array {
  const search = of.search(encodeRequest(request));
  while (!search.step(step));
  return search.answer();
}

const sample = workspace();

interface Question {
  filter?: string;
  from?: string;
  until?: string;
  rings?: string[];
  order?: string;
  limit?: number;
  total?: boolean;
  histogram?: number;
  facets?: string[];
  pages?: number;
}

test.each([
  ["in one go", 2 ** 30],
  ["in small steps", 1],
])("answers %s are those of the core, byte for byte", (_, step) => {
  const lines: string[] = [];
  for (const line of corpus("questions.jsonl").toString().trim().split("\n")) {
    lines.push(line);
    const question = JSON.parse(line) as Question;
    let cursor = new Uint8Array();
    for (let page = 0; page < (question.pages ?? 1); page++) {
      const bytes = answer(sample, request(question, cursor), step);
      const response = decodeResponse(bytes);
      lines.push(describe(bytes, response));
      cursor = new Uint8Array(response.rows?.nextCursor ?? cursor);
      if (cursor.length === 0) break;
    }
  }
  expect(lines).toEqual(corpus("answers.txt").toString().trimEnd().split("\n"));
});

test("an event has all its parts", () => {
  const ask = (filter: string) => {
    const { rows } = decodeResponse(answer(sample, { filter, page: { limit: 2000 } }, 2 ** 30));
    return rows ? events(rows) : [];
  };
  const all = ask("");
  expect(all.length).toBeGreaterThan(1000);
  all.forEach(({ seq, time, received, key, severity }, i) => {
    expect(i === 0 || seq < (all[i - 1]?.seq ?? 0n)).toBe(true);
    expect(received >= time && key.startsWith("/") && severity <= 24).toBe(true);
  });
  expect(ask("Grüße")[0]?.text).toBe("Viele Grüße, 日本語 and 🦀");
  const attributes = new Map(all.flatMap((event) => event.attributes));
  const types = Object.fromEntries([...attributes].map(([name, value]) => [name, typeof value]));
  expect(types).toEqual({
    status: "bigint",
    host: "string",
    ratio: "number",
    cached: "boolean",
    trace_id: "string",
    digest: "object",
  });
  expect(attributes.get("digest")).toEqual(Uint8Array.of(0xde, 0xad, 0xbe, 0xef));
});

test("a listing has the events that the total counts, oldest first", () => {
  const made = workspace();
  const search = made.search(encodeRequest({ filter: "level>=warn", total: true }));
  while (!search.step(1));
  const listing = search.listing();
  const { total } = decodeResponse(search.answer());
  expect(listing.length).toBe(total);
  const rows = events(decodeRows(listing.rows(0, listing.length)));
  expect(rows).toHaveLength(total ?? -1);
  rows.forEach(({ seq, severity }, i) => {
    expect(severity).toBeGreaterThanOrEqual(13);
    expect(listing.indexOfSeq(seq)).toBe(i);
  });
});

test("of two buffers, each event says which one it is from", () => {
  const made = workspace(2);
  const search = made.search(encodeRequest({}));
  while (!search.step(1 << 20));
  const listing = search.listing();
  const rows = events(decodeRows(listing.rows(0, listing.length)));
  const [first, second] = [0, 1].map((source) => rows.filter((r) => r.source === source).length);
  expect(first).toBe(second);
  expect(rows).toHaveLength((first ?? 0) * 2);
});

test("a bad filter says where", () => {
  const problem = parse("🦀 levle:error");
  expect([problem?.column, problem?.length]).toEqual([3, 5]);
  expect(() => sample.search(encodeRequest({ filter: "🦀 levle:error" }))).toThrow(
    expect.objectContaining({ name: "FilterError", ...problem }) as Error,
  );
});

test("what is no buffer is refused by name", () => {
  const made = new Workspace(1 << 20);
  const source = made.open("x", 100);
  const read = () => {
    for (let w = made.wanted(source); w; w = made.wanted(source)) made.supply(source, new Uint8Array(w.length).fill(7));
  };
  expect(read).toThrow(expect.objectContaining({ name: "BufferError" }) as Error);
});

function request(question: Question, cursor: Uint8Array): QueryRequest {
  const { filter = "", from, until, rings = [], order, limit, total = false, histogram, facets = [] } = question;
  return {
    filter,
    from: from ? BigInt(from) : undefined,
    until: until ? BigInt(until) : undefined,
    rings,
    ...(limit === undefined ? {} : { page: { oldestFirst: order === "oldest", limit, cursor } }),
    total,
    histogram: histogram === undefined ? undefined : { bucketNanos: histogram },
    facets: facets.map((field) => ({ field, limit: 5 })),
  };
}

/** As `describe` in tests/corpus/mod.rs. */
function describe(bytes: Uint8Array, { rows, total, histogram, facets }: QueryResponse): string {
  let line = `  crc32c ${crc32c(bytes)}, ${String(bytes.length)} bytes`;
  if (rows) line += `, ${String(rows.seq.length)} rows`;
  if (rows?.seq.length) line += `, seq ${String(rows.seq[0])} to ${String(rows.seq.at(-1))}`;
  if (total !== undefined) line += `, total ${String(total)}`;
  if (histogram) line += `, ${String(histogram.buckets.length)} buckets`;
  for (const { field, values } of facets) {
    line += `, ${field} [${values.map(({ value, count }) => `${value} ${String(count)}`).join(" · ")}]`;
  }
  return line;
}

function crc32c(bytes: Uint8Array): string {
  let crc = ~0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0x82f63b78 : 0);
  }
  return (~crc >>> 0).toString(16).padStart(8, "0");
}
