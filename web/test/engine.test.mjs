// The viewer's engine as it was built, and the page's own reading and writing of query.proto, against the corpus
// that the core is tested with. Run by `cargo xtask test`, after `cargo xtask web`.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { Buffer, initSync, parse } from "../dist/logd_wasm.js";
import { decodeResponse, encodeRequest, events } from "../dist/query.js";

const file = (path) => readFileSync(new URL(path, import.meta.url));
const corpus = (name) => file(`../../tests/corpus/${name}`);

initSync({ module: file("../dist/logd_wasm_bg.wasm") });
const sample = new Buffer(corpus("sample.logd"));

test("the answers are those of the core, byte for byte", () => {
  const lines = [];
  for (const line of corpus("questions.jsonl").toString().trim().split("\n")) {
    lines.push(line);
    const question = JSON.parse(line);
    let cursor = new Uint8Array();
    for (let page = 0; page < (question.pages ?? 1); page++) {
      const bytes = sample.query(encodeRequest(request(question, cursor)));
      const answer = decodeResponse(bytes);
      lines.push(describe(bytes, answer));
      cursor = answer.rows?.nextCursor ?? cursor;
      if (cursor.length === 0) break;
    }
  }
  assert.deepEqual(lines, corpus("answers.txt").toString().trimEnd().split("\n"));
});

test("an event has all its parts", () => {
  const ask = (filter) => {
    const bytes = sample.query(encodeRequest({ filter, page: { limit: 2000 } }));
    return [...events(decodeResponse(bytes).rows)];
  };
  const all = ask("");
  assert.ok(all.length > 1000);
  for (const [i, { seq, time, received, key, severity }] of all.entries()) {
    assert.ok(i === 0 || seq < all[i - 1].seq);
    assert.ok(received >= time && key.startsWith("/") && severity <= 24);
  }
  assert.equal(ask("Grüße")[0].text, "Viele Grüße, 日本語 and 🦀");
  const attributes = new Map(all.flatMap((event) => event.attributes));
  const types = Object.fromEntries([...attributes].map(([name, value]) => [name, typeof value]));
  const expected = { status: "bigint", host: "string", ratio: "number", cached: "boolean" };
  assert.deepEqual(types, { ...expected, trace_id: "string", digest: "object" });
  assert.deepEqual(attributes.get("digest"), Uint8Array.of(0xde, 0xad, 0xbe, 0xef));
});

test("a bad filter says where", () => {
  const { column, length, message } = parse("🦀 levle:error");
  assert.deepEqual([column, length], [3, 5]);
  assert.throws(() => sample.search(encodeRequest({ filter: "🦀 levle:error" })), {
    name: "FilterError",
    column,
    length,
    message,
  });
});

function request({ filter, from, until, rings, order, limit, total, histogram, facets }, cursor) {
  return {
    filter,
    from: from && BigInt(from),
    until: until && BigInt(until),
    rings,
    page: limit && { order: order === "oldest" ? 1 : 0, limit, cursor },
    total,
    histogram: histogram && { bucketNanos: histogram },
    facets: facets?.map((field) => ({ field, limit: 5 })),
  };
}

/** As `describe` in tests/corpus/mod.rs. */
function describe(bytes, { rows, total, histogram, facets }) {
  let line = `  crc32c ${crc32c(bytes)}, ${bytes.length} bytes`;
  if (rows) line += `, ${rows.seq.length} rows`;
  if (rows?.seq.length) line += `, seq ${rows.seq[0]} to ${rows.seq.at(-1)}`;
  if (total !== undefined) line += `, total ${total}`;
  if (histogram) line += `, ${histogram.buckets.length} buckets`;
  for (const { field, values } of facets) {
    line += `, ${field} [${values.map(({ value, count }) => `${value} ${count}`).join(" · ")}]`;
  }
  return line;
}

function crc32c(bytes) {
  let crc = ~0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0x82f63b78 : 0);
  }
  return (~crc >>> 0).toString(16).padStart(8, "0");
}
