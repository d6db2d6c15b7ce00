// What a person looks at: the event that is chosen, and where the grid is.

import type { Place } from "../engine/messages";
import type { Event } from "../engine/query";

class View {
  selected = $state.raw<Event | null>(null);
  /** The detail pane is open. */
  reading = $state(false);
  /** The grid stays at the newest event. */
  following = $state(true);
  /** Where the grid shall go next; `choose`: and choose the event there. */
  target = $state.raw<(Place & { choose: boolean }) | null>(null);
  /** Attributes that the loaded rows have, most frequent first. */
  attributes = $state.raw<string[]>([]);
  /** Which of the dialogs is open. */
  dialog = $state<"" | "help" | "signIn">("");
  /** The facets, where they lie over the events for want of room. */
  facetsOpen = $state(false);
  narrow = $state(false);

  constructor() {
    const media = matchMedia("(max-width: 40rem)");
    this.narrow = media.matches;
    media.addEventListener("change", () => (this.narrow = media.matches));
  }

  go(to: Place, choose = false): void {
    this.following = false;
    this.target = { ...to, choose };
  }

  select(event: Event | null, reading: boolean): void {
    this.selected = event;
    this.reading = event !== null && reading;
    if (event) this.following = false;
  }
}

export const view = new View();
