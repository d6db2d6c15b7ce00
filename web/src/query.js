// The tables of query.proto, and the events of an answer one by one.

import { decode, encode } from "./protobuf.js";

const Page = { order: [1, "enum"], limit: [2, "uint32"], cursor: [3, "bytes"] };

const QueryRequest = {
  filter: [1, "string"],
  from: [2, "sfixed64", "optional"],
  until: [3, "sfixed64", "optional"],
  rings: [4, "string", "repeated"],
  page: [5, Page],
  total: [6, "bool"],
  histogram: [7, { bucketNanos: [1, "uint64"] }],
  facets: [8, { field: [1, "string"], limit: [2, "uint32"] }, "repeated"],
};

// wire.proto
const Attribute = {
  name: [1, "string"],
  text: [2, "string", "optional"],
  int: [3, "sint64", "optional"],
  double: [4, "double", "optional"],
  flag: [5, "bool", "optional"],
  bytes: [6, "bytes", "optional"],
};

const Rows = {
  seq: [1, "fixed64", "repeated"],
  time: [2, "sfixed64", "repeated"],
  received: [3, "sfixed64", "repeated"],
  severity: [4, "bytes"],
  key: [5, "uint32", "repeated"],
  keys: [6, "string", "repeated"],
  // A string on the wire; as bytes, an event's text is cut out of it without decoding the others.
  text: [7, "bytes"],
  textLen: [8, "uint32", "repeated"],
  attributes: [9, { attributes: [1, Attribute, "repeated"] }, "repeated"],
  nextCursor: [10, "bytes"],
  capped: [11, "bool"],
};

const QueryResponse = {
  rows: [1, Rows],
  total: [2, "uint64", "optional"],
  histogram: [
    3,
    {
      bucketNanos: [1, "uint64"],
      buckets: [2, { start: [1, "sfixed64"], byLevel: [2, "uint64", "repeated"] }, "repeated"],
      capped: [3, "bool"],
    },
  ],
  facets: [
    4,
    {
      field: [1, "string"],
      values: [2, { value: [1, "string"], count: [2, "uint64"] }, "repeated"],
      present: [3, "uint64"],
      capped: [4, "bool"],
    },
    "repeated",
  ],
  coverage: [
    5,
    {
      overwritten: [1, "uint64"],
      evictedDuring: [2, "uint64"],
      oldestSeq: [3, "uint64"],
      newestSeq: [4, "uint64"],
    },
  ],
};

export const NEWEST_FIRST = 0;
export const OLDEST_FIRST = 1;

/** A question to bytes. */
export function encodeRequest(request) {
  return encode(QueryRequest, request);
}

/** Bytes to an answer. */
export function decodeResponse(bytes) {
  return decode(QueryResponse, bytes);
}

/** The events of `rows`, in its order. An attribute's value is a string, BigInt, number, boolean or Uint8Array. */
export function* events(rows) {
  const decoder = new TextDecoder();
  let at = 0;
  for (let i = 0; i < rows.seq.length; i++) {
    const end = at + rows.textLen[i];
    yield {
      seq: rows.seq[i],
      time: rows.time[i],
      received: rows.received[i],
      severity: rows.severity[i],
      key: rows.keys[rows.key[i]],
      text: decoder.decode(rows.text.subarray(at, end)),
      attributes: (rows.attributes[i]?.attributes ?? []).map(({ name, ...value }) => [name, oneOf(value)]),
    };
    at = end;
  }
}

function oneOf({ text, int, double, flag, bytes }) {
  return text ?? int ?? double ?? flag ?? bytes;
}
