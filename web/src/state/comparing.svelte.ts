// Which two buffers are compared, and what came of it.

import { type Comparison, decodeComparison } from "../engine/comparison";
import { encodeRequest } from "../engine/query";
import { search } from "./search.svelte";
import { session } from "./session.svelte";

class Comparing {
  /** The comparison takes the place of the events. */
  open = $state(false);
  /** Numbers of the buffers, once a person has chosen. */
  chosen = $state.raw<{ a: number; b: number } | null>(null);
  /** Content hashes of the two that a link is about, until both are open. */
  linked = $state.raw<[a: string, b: string] | null>(null);
  found = $state.raw<Comparison | null>(null);
  busy = $state(false);
  failure = $state("");
  /** Events of the two that were loaded when it was made. */
  events = $state(0);
  #turn = 0;

  get possible(): boolean {
    return session.sources.length > 1;
  }

  /** What is compared: the choice as far as it is open, else the first two. */
  get sides(): { a: number; b: number } | null {
    const open = session.sources.map((s) => s.source);
    if (this.chosen && open.includes(this.chosen.a) && open.includes(this.chosen.b)) return this.chosen;
    const [a, b] = open;
    return a === undefined || b === undefined ? null : { a, b };
  }

  /** What a link to it must name; a daemon's events have no hash. */
  get hashes(): [a: string, b: string] | null {
    if (!this.open) return this.linked;
    const of = (source: number | undefined) => session.sources.find((s) => s.source === source)?.content;
    const [a, b] = [of(this.sides?.a), of(this.sides?.b)];
    return a !== undefined && b !== undefined ? [a, b] : null;
  }

  /** Compares what a link is about, once both are open. */
  followLink(): void {
    const { linked } = this;
    if (!linked) return;
    const a = session.sources.find((s) => s.content === linked[0]);
    const b = session.sources.find((s) => s.content === linked[1] && s !== a);
    if (!a || !b) return;
    this.linked = null;
    this.chosen = { a: a.source, b: b.source };
    this.open = true;
  }

  /** Events of the two that are loaded. */
  get loaded(): number {
    const { sides } = this;
    return session.sources.reduce((n, s) => n + (s.source === sides?.a || s.source === sides?.b ? s.events : 0), 0);
  }

  async run(): Promise<void> {
    const { sides } = this;
    const turn = ++this.#turn;
    if (!sides) return;
    const { filter, range } = search;
    this.busy = true;
    const events = this.loaded;
    try {
      const request = encodeRequest({ filter, from: range?.from, until: range?.until });
      const bytes = await session.engine.call("compare", { request, ...sides });
      if (turn !== this.#turn || !bytes) return;
      this.found = decodeComparison(bytes);
      this.events = events;
      this.failure = "";
    } catch (error) {
      // The search box says what is wrong with a filter.
      const { name, message } = error as Error;
      if (turn === this.#turn && name !== "FilterError") this.failure = message;
    } finally {
      if (turn === this.#turn) this.busy = false;
    }
  }
}

export const comparing = new Comparing();
