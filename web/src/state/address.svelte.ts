// The page's address: it has the question and what is looked at after its #, and the browser's history has the earlier ones.

import { comparing } from "./comparing.svelte";
import { ofFragment, toFragment } from "./permalink";
import { search } from "./search.svelte";
import { session } from "./session.svelte";
import { view } from "./view.svelte";

class Address {
  /** Buffers that the link is about. */
  linked = $state.raw<string[]>([]);
  /** The newest entry of the browser's history is a question that is still being typed. */
  #draft = false;

  /** Of the buffers that are open, as far as they are known. */
  get #hashes(): string[] {
    return session.sources.map((s) => s.content).filter((hash) => hash !== undefined);
  }

  /** The link is about other buffers than the open ones. */
  get isOfOthers(): boolean {
    const open = this.#hashes;
    return (
      session.sources.length > 0 &&
      this.linked.length > 0 &&
      // The content of a file without an index is known once it has been read; a daemon's never is.
      session.sources.every((s) => s.live || s.content !== undefined) &&
      !this.linked.some((hash) => open.includes(hash))
    );
  }

  /** Takes over what the address has. */
  restore(): void {
    const { filter, range, at, buffers, compared } = ofFragment(location.hash);
    this.#draft = false;
    this.linked = buffers;
    search.filter = filter;
    search.range = range;
    comparing.linked = compared;
    if (!compared) comparing.open = false;
    comparing.followLink();
    if (at) view.go(at, true);
  }

  /** The question changed; `final`: no more is being typed, what comes next is another one in the browser's history. */
  asked(final: boolean): void {
    const fragment = this.#fragment(this.#hashes);
    const address = location.pathname + location.search + fragment;
    if (this.#draft || fragment === location.hash) history.replaceState(null, "", address);
    else history.pushState(null, "", address);
    this.#draft = !final;
  }

  /** What is looked at changed. */
  follow(): void {
    const hashes = this.#hashes;
    const fragment = this.#fragment(hashes.length > 0 ? hashes : this.linked);
    if (fragment !== location.hash) history.replaceState(null, "", location.pathname + location.search + fragment);
  }

  #fragment(buffers: string[]): string {
    const { selected, reading } = view;
    const at = selected && reading ? { seq: selected.seq, received: selected.received } : null;
    return toFragment({ filter: search.filter, range: search.range, at, buffers, compared: comparing.hashes });
  }
}

export const address = new Address();
