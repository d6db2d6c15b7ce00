// What is searched for, and what was found.

import type { EngineError } from "../engine/client";
import type { Edit, Found } from "../engine/messages";
import type { Reading } from "../../wasm/logd_wasm";
import { type QueryResponse, decodeResponse, encodeRequest } from "../engine/query";
import { bucketFor, widened } from "../timeline/buckets";
import { session } from "./session.svelte";
import { view } from "./view.svelte";

export interface Range {
  from: bigint;
  until: bigint;
}

export interface Problem {
  column: number;
  length: number;
  message: string;
}

/** A search that takes longer than this says so; a shorter one would only flicker. */
const PATIENCE_MS = 150;
const FACET_VALUES = 50;

class Search {
  filter = $state("");
  range = $state.raw<Range | null>(null);
  /** The timeline has room for clocks that are far off, too. */
  whole = $state(false);
  /** Attributes whose values are counted. */
  facets = $state<string[]>([]);
  /** What the engine reads in the filter; of an earlier one for a moment after a keystroke. */
  reading = $state.raw<Reading & { filter: string }>({ filter: "", pieces: [], terms: [], wanted: [] });
  problem = $state.raw<Problem | null>(null);
  /** What was found of the newest search, perhaps not all yet. */
  found = $state.raw<Found | null>(null);
  /** The counts of the last search that was over. */
  answer = $state.raw<QueryResponse | null>(null);
  slow = $state(false);
  paused = $state(false);
  #number = 0;
  #patience: ReturnType<typeof setTimeout> | undefined;
  #asked: { filter: string; range: Range | null } = { filter: "", range: null };
  /** The width of the histogram that was asked for, which changes as more is loaded. */
  #bucket = 0;

  constructor() {
    session.onFound = (found) => {
      this.#found(found);
    };
  }

  /** What is on screen answers an earlier question, and has for longer than a moment. */
  get outdated(): boolean {
    return this.problem !== null || (this.slow && this.found?.search !== this.#number);
  }

  /** The time that the timeline shows. */
  get span(): Range | null {
    if (this.range) return this.range;
    const { spans } = session;
    return spans ? widened(this.whole ? spans.all : spans.usual) : null;
  }

  /** Whether there are clocks so far off that the timeline leaves them out. */
  get hasOutliers(): boolean {
    const { spans } = session;
    return spans !== undefined && (spans.all.from !== spans.usual.from || spans.all.until !== spans.usual.until);
  }

  /** Whether the filter asks for this value of a field, or for events without it. */
  has(field: string, value: string, negated: boolean): boolean {
    return this.reading.terms.some((t) => t.field === field && t.value === value && t.negated === negated);
  }

  /** Adds a term to the filter, or takes it out. */
  async edit(edit: Edit): Promise<void> {
    this.filter = await session.engine.call("edit", { filter: this.filter, edit });
  }

  async #read(filter: string): Promise<void> {
    const reading = await session.engine.call("read", { filter });
    if (filter === this.filter) this.reading = { ...reading, filter };
  }

  /** Searches, unless that is what was searched for last: its answer keeps itself up to date. */
  async ask(): Promise<void> {
    const { filter, range } = this.#asked;
    if (this.found === null || filter !== this.filter || range !== this.range) await this.run();
  }

  /** Searches anew; the newest search wins. */
  async run(): Promise<void> {
    const search = ++this.#number;
    const { filter, range } = this;
    this.#asked = { filter, range };
    this.#read(filter).catch(() => undefined);
    this.#bucket = this.#bucketNanos();
    const request = encodeRequest({
      filter,
      from: range?.from,
      until: range?.until,
      total: true,
      histogram: this.#bucket > 0 ? { bucketNanos: this.#bucket } : undefined,
      facets: ["level", "key", ...this.facets].map((field) => ({ field, limit: FACET_VALUES })),
    });
    clearTimeout(this.#patience);
    this.#patience = setTimeout(() => (this.slow = true), PATIENCE_MS);
    try {
      await session.engine.call("search", { search, request, newest: view.following && !view.target });
      if (search === this.#number) this.problem = null;
    } catch (error) {
      if (search !== this.#number) return;
      clearTimeout(this.#patience);
      this.slow = false;
      const { name, message, column = 0, length = 0 } = error as EngineError;
      if (name !== "Panic") this.problem = { column, length, message };
    }
  }

  /** More was loaded: the histogram may want wider buckets. Not in a pause, which a search would end. */
  grown(): void {
    if (!this.paused && !this.range && this.#bucketNanos() !== this.#bucket) void this.run();
  }

  async pause(on: boolean): Promise<void> {
    this.paused = on;
    await session.engine.call("refresh", { on: !on });
    this.grown();
  }

  #bucketNanos(): number {
    const { span } = this;
    return span ? bucketFor(span.until - span.from) : 0;
  }

  #found(found: Found): void {
    if (found.search !== this.#number) return;
    this.found = found;
    if (!found.answer) return;
    this.answer = decodeResponse(found.answer);
    clearTimeout(this.#patience);
    this.slow = false;
  }
}

export const search = new Search();
