// What the page and the worker say to each other. Every call has an answer; news come on their own.

import type { Reading, RingOfKey, SourceInfo, Spans, Typing } from "../../wasm/logd_wasm";

/** A daemon to follow: where it is, and the read secret. */
export interface Daemon {
  url: string;
  secret: string;
}

/** Rows are read in pages of so many. */
export const PAGE = 256;

export type ExportFormat = "logd" | "ndjson" | "csv";

export interface Calls {
  /** Opens a file and reads it in the background; its number, once it turned out to be a buffer. */
  open: { body: { name: string; file: Blob }; result: number };
  /** The same with a file that a server has. */
  fetch: { body: { name: string; url: string }; result: number };
  /** Reads what a daemon has, and follows it; its number, once the daemon accepted the secret. */
  follow: { body: Daemon; result: number };
  close: { body: { source: number }; result: undefined };
  /** Takes the place of the search before. Its finds come as news; `newest`: with the rows at the end of the list. */
  search: { body: { search: number; request: Uint8Array; newest: boolean }; result: undefined };
  /** Whether the search goes on over what is loaded from now on. */
  refresh: { body: { on: boolean }; result: undefined };
  /** `Rows` of a listing; null if there is a newer listing. */
  rows: { body: { listing: number; start: number; count: number }; result: Uint8Array | null };
  /** How many events of a listing lie before this one; null if there is a newer listing. */
  place: { body: { listing: number; at: Place }; result: number | null };
  /** One answer to one question beside the search, as bytes of `QueryResponse`; null if a newer one took its place. */
  ask: { body: { request: Uint8Array }; result: Uint8Array | null };
  /** `Rows` with the first event that a question finds, if it finds one; null if a newer one took its place. */
  first: { body: { request: Uint8Array }; result: Uint8Array | null };
  /** What differs between two sources, as bytes of `Comparison`; null if a newer one took its place. */
  compare: { body: { request: Uint8Array; a: number; b: number }; result: Uint8Array | null };
  /** What an expression says. */
  read: { body: { filter: string }; result: Reading };
  /** What is being typed in front of the caret. */
  typing: { body: { before: string }; result: Typing | undefined };
  /** A value as an expression has it, in quotes where it needs them. */
  quote: { body: { text: string }; result: string };
  /** The filter with a term more, or without it if it has it. */
  edit: { body: { filter: string; edit: Edit }; result: string };
  /** The ring that the events of a key are in, if the source tells. */
  ring: { body: { source: number; key: string }; result: RingOfKey | undefined };
  /** One event as JSON. */
  json: { body: { seq: bigint; received: bigint; key: string }; result: string };
  export: { body: { filter: string; from?: bigint; until?: bigint; format: ExportFormat }; result: Blob };
}

/** A term as it is written, or the value of a field; or a level that is to be the only one. */
export type Edit = { term: string } | { field: string; value: string; negated: boolean } | { onlyLevel: string };

/** An event, or a time of receipt. */
export interface Place {
  received: bigint;
  seq?: bigint;
}

/** What a search has found so far. */
export interface Found {
  type: "found";
  search: number;
  /** A number for the list of what was found, to ask for its rows. */
  listing: number;
  length: number;
  /** The last rows of the list, from the beginning of a page on, as bytes of `Rows`. */
  rows?: { start: number; bytes: Uint8Array };
  /** When it began, everything that is open had been read: what is not in it will not come. */
  whole: boolean;
  /** `QueryResponse`, when everything was searched. */
  answer?: Uint8Array;
}

export type LinkState = "connecting" | "live" | "waiting" | "refused" | "broken";

export type News =
  | Found
  /** `spans`: when their events were, if there is any. */
  | { type: "sources"; sources: SourceInfo[]; spans: Spans | undefined }
  /** All of a file was read, or as much as fits. */
  | { type: "loaded"; source: number }
  /** The engine broke one of its own rules outside of a call. */
  | { type: "crashed"; failure: Failure }
  | { type: "link"; source: number; state: LinkState; failure?: Failure; retryInMs?: number };

/** An error as it crosses the border: `name` is FilterError (with a place), QueryError, BufferError, Panic, or a `FailedKind`. */
export interface Failure {
  name: string;
  message: string;
  column?: number;
  length?: number;
}

export type Name = keyof Calls;
export type Call = { [N in Name]: { id: number; type: N; body: Calls[N]["body"] } }[Name];
export type Answer = { id: number; result: unknown } | { id: number; failure: Failure };

export function failureOf(error: unknown): Failure {
  if (!(error instanceof Error)) return { name: "Error", message: String(error) };
  const { name, message, column, length } = error as Error & { column?: number; length?: number };
  // A trap of the engine's code that was no panic: memory ran out, for one.
  if (error instanceof WebAssembly.RuntimeError) return { name: "Panic", message };
  return { name, message, ...(column && length !== undefined ? { column, length } : {}) };
}
