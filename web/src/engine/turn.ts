// Taking turns in the worker's one thread.

/** How long the worker computes before it looks for messages, in milliseconds. */
export const TURN_MS = 8;

/** Lets the messages that came in the meantime be handled; unlike a timer, without a least delay. */
export function breathe(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port2.onmessage = () => {
      port2.close();
      resolve();
    };
    port1.postMessage(null);
  });
}

/** Bytes to search between two looks at the clock: about a block, which unpacked is several times as large. */
const STEP_BYTES = 256 << 10;

/** A search, or something else that the engine does in steps of so many bytes; true at the end. */
interface Steps {
  step(budget: number): boolean;
}

/**
 * Searches to the end in turns; whether it got there. After each step `afterStep` may look at what was found so far, and say
 * what to wait for before the next one; once others have had their turn, it gives up if `goOn` says so.
 */
export async function searchInTurns(
  search: Steps,
  goOn: () => boolean,
  afterStep?: () => Promise<void> | undefined,
): Promise<boolean> {
  for (let end = performance.now() + TURN_MS; !search.step(STEP_BYTES);) {
    const others = afterStep?.();
    if (!others && performance.now() < end) continue;
    await (others ?? breathe());
    if (!goOn()) return false;
    end = performance.now() + TURN_MS;
  }
  return true;
}

/** Has each search take the place of the one before, which then answers null. Frees them. */
export function newest<S extends Steps & { free(): void }, T>(): (
  search: S,
  answer: (search: S) => T,
) => Promise<T | null> {
  let newest = 0;
  return async (search, answer) => {
    const turn = ++newest;
    try {
      return (await searchInTurns(search, () => turn === newest)) ? answer(search) : null;
    } finally {
      search.free();
    }
  };
}

/** Waits; ends early when the signal aborts. */
export function delay(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal?.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
