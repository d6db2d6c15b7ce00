// Bookmarks and notes on events; kept in the browser, by the event's number and time.

import { SvelteMap } from "svelte/reactivity";

import type { Event } from "../engine/query";
import { load, save } from "./stored";

export interface Mark {
  seq: string;
  received: string;
  note: string;
  /** What a list of bookmarks shows. */
  key: string;
  text: string;
}

const NAME = "logd.marks";
const MOST = 1000;
const SHOWN = 200;

class Marks {
  all = new SvelteMap<string, Mark>(load<Mark[]>(NAME, []).map((mark) => [idOf(mark), mark]));

  of(event: Event): Mark | undefined {
    return this.all.get(idOf(event));
  }

  toggle(event: Event): void {
    if (this.all.delete(idOf(event))) this.#save();
    else this.note(event, "");
  }

  note(event: Event, note: string): void {
    const { seq, received, key, text } = event;
    const mark = { seq: String(seq), received: String(received), note, key, text: text.slice(0, SHOWN) };
    this.all.set(idOf(event), mark);
    const first = this.all.keys().next();
    if (this.all.size > MOST && !first.done) this.all.delete(first.value);
    this.#save();
  }

  #save(): void {
    save(NAME, Array.from(this.all.values()));
  }
}

export const marks = new Marks();

function idOf({ seq, received }: { seq: bigint | string; received: bigint | string }): string {
  return `${String(seq)}.${String(received)}`;
}
