// The search that stands: it runs in turns over all that is open, and goes on over what is loaded later.

import type { Listing, Search, Workspace } from "../../wasm/logd_wasm";
import { type Found, PAGE, type Place } from "./messages";
import { breathe, delay, searchInTurns } from "./turn";

/** So many rows fill a screen: enough to show something before the search is over. */
const SCREENFUL = 200;
/** So long the search waits for a page that has to ask for them, so that they are not on screen later than need be. */
const FETCH_MS = 16;
/** Pause after the search went on, as a multiple of the time that it took, so that loading goes on between. */
const REST = 2;
const LEAST_REST_MS = 100;

export class Standing {
  #workspace: Workspace;
  #found: (found: Found, transfer: Transferable[]) => void;
  #search: Search | undefined;
  #number = 0;
  /** The page shows the end of the list, and gets its rows at once. */
  #newest = false;
  #listing: Listing | undefined;
  #listingNumber = 0;
  #listingIsBySeq = false;
  #isOneSource: () => boolean;
  #isRead: () => boolean;
  /** Counts searches begun; one that finds a greater number than its own gives up. */
  #turn = 0;
  #running = false;
  #stale = false;
  #on = true;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #restMs = LEAST_REST_MS;
  #fetched: () => void = () => undefined;

  /**
   * `isOneSource`: whether a listing made now is in the order of numbers, not of receipt. `isRead`: whether nothing more of
   * what is open is being read.
   */
  constructor(
    workspace: Workspace,
    found: (found: Found, transfer: Transferable[]) => void,
    isOneSource: () => boolean,
    isRead: () => boolean,
  ) {
    this.#workspace = workspace;
    this.#isOneSource = isOneSource;
    this.#isRead = isRead;
    this.#found = found;
  }

  /**
   * Searches for something else; `newest`: the page will show the end of the list. Throws if the request is wrong; the
   * search before then stays.
   */
  start(search: number, bytes: Uint8Array, newest: boolean): void {
    // What was typed before says where there is nothing to be found.
    if (this.#search) this.#workspace.remember(this.#search);
    const begun = this.#workspace.search(bytes);
    this.#search?.free();
    this.#search = begun;
    this.#number = search;
    this.#newest = newest;
    this.#stale = false;
    clearTimeout(this.#timer);
    void this.#run(begun, true);
  }

  /** More has been loaded, or something was closed. */
  changed(): void {
    this.#stale = true;
    this.#schedule();
  }

  /** Whether to search again by itself. */
  refresh(on: boolean): void {
    this.#on = on;
    this.#schedule();
  }

  rows(listing: number, start: number, count: number): Uint8Array | null {
    if (listing !== this.#listingNumber || !this.#listing) return null;
    this.#fetched();
    return this.#listing.rows(start, count);
  }

  place(listing: number, { received, seq }: Place): number | null {
    if (listing !== this.#listingNumber || !this.#listing) return null;
    return this.#listingIsBySeq && seq !== undefined
      ? this.#listing.indexOfSeq(seq)
      : this.#listing.indexOfTime(received);
  }

  #schedule(): void {
    if (!this.#stale || !this.#on || this.#running || !this.#search) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      if (!this.#stale || !this.#on || this.#running || !this.#search) return;
      this.#stale = false;
      this.#workspace.renew(this.#search);
      void this.#run(this.#search, this.#listing === undefined);
    }, this.#restMs);
  }

  /** `partial`: tells of a first screenful before the end. A search that goes on does not: the list might shrink. */
  async #run(search: Search, partial: boolean): Promise<void> {
    const turn = ++this.#turn;
    const begun = performance.now();
    const isBySeq = this.#isOneSource();
    const whole = this.#isRead();
    this.#running = true;
    let told = !partial;
    try {
      const tell = () => {
        if (told || !this.#tell(search, isBySeq)) return undefined;
        told = true;
        return this.#newest ? undefined : this.#fetching();
      };
      if (!(await searchInTurns(search, () => turn === this.#turn, tell))) return;
      const listing = search.listing();
      this.#replace(listing, isBySeq);
      this.#post(listing.length, whole, search.answer());
      this.#restMs = Math.max(LEAST_REST_MS, REST * (performance.now() - begun));
    } finally {
      if (turn === this.#turn) {
        this.#running = false;
        this.#schedule();
      }
    }
  }

  /** Tells of what was found so far if it is enough; whether it was. */
  #tell(search: Search, isBySeq: boolean): boolean {
    const listing = search.listing();
    if (listing.length < SCREENFUL) {
      listing.free();
      return false;
    }
    this.#replace(listing, isBySeq);
    this.#post(listing.length, false);
    return true;
  }

  /** Until the page has asked for rows of the list that it was told of, and what it asked for besides was answered. */
  async #fetching(): Promise<void> {
    const fetched = new Promise<void>((resolve) => (this.#fetched = resolve));
    await Promise.race([fetched, delay(FETCH_MS)]);
    await breathe();
  }

  #replace(listing: Listing, isBySeq: boolean): void {
    this.#listing?.free();
    this.#listing = listing;
    this.#listingNumber += 1;
    this.#listingIsBySeq = isBySeq;
  }

  #post(length: number, whole: boolean, answer?: Uint8Array): void {
    const found: Found = { type: "found", search: this.#number, listing: this.#listingNumber, length, whole };
    const transfer: Transferable[] = [];
    if (this.#newest && this.#listing) {
      const start = Math.max(0, Math.floor((length - SCREENFUL) / PAGE) * PAGE);
      const bytes = this.#listing.rows(start, length - start);
      found.rows = { start, bytes };
      transfer.push(bytes.buffer);
    }
    if (answer) {
      found.answer = answer;
      transfer.push(answer.buffer);
    }
    this.#found(found, transfer);
  }
}
