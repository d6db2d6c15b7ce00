// The messages of query.proto. Times and sequence numbers are BigInt: a Number does not hold their 64 bits.

import { Reader, Writer } from "./wire";

export interface QueryRequest {
  filter?: string;
  /** Unix nanoseconds of the senders' clocks, from ≤ time < until. */
  from?: bigint | undefined;
  until?: bigint | undefined;
  rings?: string[];
  page?: { oldestFirst?: boolean; limit?: number; cursor?: Uint8Array };
  total?: boolean;
  histogram?: { bucketNanos: number } | undefined;
  facets?: { field: string; limit: number }[];
}

export interface QueryResponse {
  rows?: Rows;
  total?: number;
  histogram?: Histogram;
  facets: Facet[];
  coverage?: Coverage;
}

/** Columns: the n-th element of each belongs to the n-th event. */
export interface Rows {
  seq: BigUint64Array;
  time: BigInt64Array;
  received: BigInt64Array;
  severity: Uint8Array;
  key: number[];
  keys: string[];
  /** UTF-8: an event's text is cut out of it without decoding the others. */
  text: Uint8Array;
  textLength: number[];
  attributes: Attribute[][];
  nextCursor: Uint8Array;
  source: number[];
}

export type Value = string | bigint | number | boolean | Uint8Array;
export type Attribute = readonly [name: string, value: Value];

export interface Histogram {
  bucketNanos: number;
  buckets: { start: bigint; byLevel: number[] }[];
  capped: boolean;
}

export interface Facet {
  field: string;
  values: { value: string; count: number }[];
  /** Events that match and have the field. */
  present: number;
  capped: boolean;
}

export interface Coverage {
  overwritten: number;
  evictedDuring: number;
}

/** One event, out of its columns. */
export interface Event {
  seq: bigint;
  time: bigint;
  received: bigint;
  severity: number;
  key: string;
  text: string;
  attributes: Attribute[];
  /** Which open buffer it is from. */
  source: number;
}

export function encodeRequest(request: QueryRequest): Uint8Array<ArrayBuffer> {
  const out = new Writer().string(1, request.filter ?? "");
  if (request.from !== undefined) out.sfixed64(2, request.from);
  if (request.until !== undefined) out.sfixed64(3, request.until);
  for (const ring of request.rings ?? []) out.string(4, ring);
  if (request.page) {
    const { oldestFirst = false, limit = 0, cursor = new Uint8Array() } = request.page;
    out.message(5, new Writer().bool(1, oldestFirst).uint(2, limit).bytes(3, cursor).finish());
  }
  out.bool(6, request.total ?? false);
  if (request.histogram) out.message(7, new Writer().uint(1, request.histogram.bucketNanos).finish());
  for (const { field, limit } of request.facets ?? []) {
    out.message(8, new Writer().string(1, field).uint(2, limit).finish());
  }
  return out.finish();
}

export function decodeResponse(bytes: Uint8Array): QueryResponse {
  const response: QueryResponse = { facets: [] };
  const r = new Reader(bytes);
  while (r.next()) {
    if (r.field === 1) response.rows = decodeRows(r.bytes());
    else if (r.field === 2) response.total = r.uint();
    else if (r.field === 3) response.histogram = decodeHistogram(r.bytes());
    else if (r.field === 4) response.facets.push(decodeFacet(r.bytes()));
    else if (r.field === 5) response.coverage = decodeCoverage(r.bytes());
  }
  return response;
}

export function decodeRows(bytes: Uint8Array): Rows {
  const rows: Rows = {
    seq: new BigUint64Array(),
    time: new BigInt64Array(),
    received: new BigInt64Array(),
    severity: new Uint8Array(),
    key: [],
    keys: [],
    text: new Uint8Array(),
    textLength: [],
    attributes: [],
    nextCursor: new Uint8Array(),
    source: [],
  };
  const r = new Reader(bytes);
  while (r.next()) {
    if (r.field === 1) rows.seq = r.fixed64s();
    else if (r.field === 2) rows.time = r.sfixed64s();
    else if (r.field === 3) rows.received = r.sfixed64s();
    else if (r.field === 4) rows.severity = r.bytes();
    else if (r.field === 5) r.uints(rows.key);
    else if (r.field === 6) rows.keys.push(r.string());
    else if (r.field === 7) rows.text = r.bytes();
    else if (r.field === 8) r.uints(rows.textLength);
    else if (r.field === 9) rows.attributes.push(decodeAttributes(r.bytes()));
    else if (r.field === 10) rows.nextCursor = r.bytes();
    else if (r.field === 12) r.uints(rows.source);
  }
  return rows;
}

/** The events of `rows`, in its order. */
export function events(rows: Rows): Event[] {
  const decoder = new TextDecoder();
  let end = 0;
  return Array.from(rows.seq, (seq, i) => {
    const start = end;
    end += rows.textLength[i] ?? 0;
    return {
      seq,
      time: rows.time[i] ?? 0n,
      received: rows.received[i] ?? 0n,
      severity: rows.severity[i] ?? 0,
      key: rows.keys[rows.key[i] ?? 0] ?? "",
      text: decoder.decode(rows.text.subarray(start, end)),
      attributes: rows.attributes[i] ?? [],
      source: rows.source[i] ?? 0,
    };
  });
}

function decodeAttributes(bytes: Uint8Array): Attribute[] {
  const attributes: Attribute[] = [];
  const r = new Reader(bytes);
  while (r.next()) if (r.field === 1) attributes.push(decodeAttribute(r.bytes()));
  return attributes;
}

function decodeAttribute(bytes: Uint8Array): Attribute {
  let name = "";
  let value: Value = "";
  const r = new Reader(bytes);
  while (r.next()) {
    if (r.field === 1) name = r.string();
    else if (r.field === 2) value = r.string();
    else if (r.field === 3) value = r.sint64();
    else if (r.field === 4) value = r.double();
    else if (r.field === 5) value = r.bool();
    else if (r.field === 6) value = r.bytes();
  }
  return [name, value];
}

function decodeHistogram(bytes: Uint8Array): Histogram {
  const histogram: Histogram = { bucketNanos: 0, buckets: [], capped: false };
  const r = new Reader(bytes);
  while (r.next()) {
    if (r.field === 1) histogram.bucketNanos = r.uint();
    else if (r.field === 2) histogram.buckets.push(decodeBucket(r.bytes()));
    else if (r.field === 3) histogram.capped = r.bool();
  }
  return histogram;
}

function decodeBucket(bytes: Uint8Array): { start: bigint; byLevel: number[] } {
  const bucket = { start: 0n, byLevel: [] as number[] };
  const r = new Reader(bytes);
  while (r.next()) {
    if (r.field === 1) bucket.start = r.sfixed64();
    else if (r.field === 2) r.uints(bucket.byLevel);
  }
  return bucket;
}

function decodeFacet(bytes: Uint8Array): Facet {
  const facet: Facet = { field: "", values: [], present: 0, capped: false };
  const r = new Reader(bytes);
  while (r.next()) {
    if (r.field === 1) facet.field = r.string();
    else if (r.field === 2) facet.values.push(decodeFacetValue(r.bytes()));
    else if (r.field === 3) facet.present = r.uint();
    else if (r.field === 4) facet.capped = r.bool();
  }
  return facet;
}

function decodeFacetValue(bytes: Uint8Array): { value: string; count: number } {
  const of = { value: "", count: 0 };
  const r = new Reader(bytes);
  while (r.next()) {
    if (r.field === 1) of.value = r.string();
    else if (r.field === 2) of.count = r.uint();
  }
  return of;
}

function decodeCoverage(bytes: Uint8Array): Coverage {
  const coverage: Coverage = { overwritten: 0, evictedDuring: 0 };
  const r = new Reader(bytes);
  while (r.next()) {
    if (r.field === 1) coverage.overwritten = r.uint();
    else if (r.field === 2) coverage.evictedDuring = r.uint();
  }
  return coverage;
}
