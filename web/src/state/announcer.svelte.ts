// What a screen reader is told: one thing after the other, for what takes the place of a text at once may never be read.

/** How long a text stays at least, in milliseconds: screen readers look for changes, and begin to speak. */
const LEAST_MS = 1000;

class Announcer {
  text = $state("");
  /** What is to be said next, by what it is about. */
  #waiting = new Map<string, string>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** Says it when its turn comes; of what is about the same, only the newest. */
  say(about: string, text: string): void {
    this.#waiting.set(about, text);
    if (this.#timer === undefined) this.#next();
  }

  #next(): void {
    this.#timer = undefined;
    const next = this.#waiting.entries().next();
    if (next.done) return;
    const [about, text] = next.value;
    this.#waiting.delete(about);
    // The same text again is a change only if it differs.
    this.text = text === this.text ? `${text}\u00a0` : text;
    this.#timer = setTimeout(() => {
      this.#next();
    }, LEAST_MS);
  }
}

export const announcer = new Announcer();
