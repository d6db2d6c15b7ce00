// The rows of one listing, as far as they were asked for or came with it.

import type { Engine } from "../engine/client";
import { type Found, PAGE } from "../engine/messages";
import { type Event, decodeRows, events } from "../engine/query";

const MOST_PAGES = 64;

export class Rows {
  readonly listing: number;
  readonly length: number;
  readonly #engine: Engine;
  #pages = new Map<number, Event[]>();
  #asked = new Map<number, Promise<boolean>>();

  constructor(engine: Engine, { listing, length, rows }: Pick<Found, "listing" | "length" | "rows">) {
    this.#engine = engine;
    this.listing = listing;
    this.length = length;
    if (!rows) return;
    const came = events(decodeRows(rows.bytes));
    // Fewer came if some of them are gone.
    if (rows.start + came.length !== length) return;
    for (let at = 0; at < came.length; at += PAGE) {
      this.#pages.set((rows.start + at) / PAGE, came.slice(at, at + PAGE));
    }
  }

  get(index: number): Event | undefined {
    return this.#pages.get(Math.floor(index / PAGE))?.[index % PAGE];
  }

  /** Fetches what is missing of these rows; whether there was anything, and it came. */
  async load(first: number, last: number): Promise<boolean> {
    const missing: Promise<boolean>[] = [];
    for (let page = Math.floor(Math.max(0, first) / PAGE); page * PAGE < Math.min(last, this.length); page++) {
      if (!this.#pages.has(page)) missing.push(this.#page(page));
    }
    return (await Promise.all(missing)).includes(true);
  }

  /** Of these rows, all that have come. */
  loaded(): Event[] {
    return Array.from(this.#pages.values()).flat();
  }

  #page(page: number): Promise<boolean> {
    const asked = this.#asked.get(page) ?? this.#fetch(page);
    this.#asked.set(page, asked);
    return asked;
  }

  async #fetch(page: number): Promise<boolean> {
    const bytes = await this.#engine.call("rows", { listing: this.listing, start: page * PAGE, count: PAGE });
    this.#asked.delete(page);
    if (!bytes) return false;
    const oldest = this.#pages.keys().next();
    if (this.#pages.size >= MOST_PAGES && !oldest.done) this.#pages.delete(oldest.value);
    this.#pages.set(page, events(decodeRows(bytes)));
    return true;
  }
}
