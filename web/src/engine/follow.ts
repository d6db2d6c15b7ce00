// Following a daemon: what it has, newest first, and then what it stores, over a connection that is made anew when it
// breaks.

import type { Workspace } from "../../wasm/logd_wasm";
import { Failed, network } from "./failed";
import { type Daemon, type Failure, type LinkState, failureOf } from "./messages";
import { delay } from "./turn";

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 30_000;

export interface Link {
  changed(): void;
  /** All that the daemon had is there. */
  historyIsRead(): void;
  state(state: LinkState, failure?: Failure, retryInMs?: number): void;
  /** The number of the newest event that the engine has of the source. */
  lastSeq(): bigint;
  /** The daemon was started anew: its numbers are others now, and what it has is to be read as another source. */
  restarted(): void;
}

/** Asks whether the daemon is there and takes the secret. Throws what is `Refused` if it does not. */
export async function greet(daemon: Daemon): Promise<void> {
  const answer = await ask(daemon, "api/v1/rings", new AbortController().signal);
  await answer.body?.cancel();
}

/** Reads and follows until the signal aborts. */
export async function follow(
  workspace: Workspace,
  source: number,
  daemon: Daemon,
  link: Link,
  signal: AbortSignal,
): Promise<void> {
  let historyIsDone = false;
  /** Which run of the daemon the events' numbers are of. */
  let life: string | null = null;
  let wait = FIRST_WAIT_MS;
  while (!signal.aborted) {
    link.state("connecting");
    // The tail goes on where the history begins; both end together.
    const connection = new AbortController();
    const either = AbortSignal.any([signal, connection.signal]);
    try {
      if (!historyIsDone) {
        const history = await ask(daemon, "api/v1/export?order=newest", either);
        workspace.beginHistory(source);
        const begun = Promise.withResolvers<undefined>();
        const reading = pump(history, (bytes) => {
          const goOn = workspace.history(source, bytes);
          begun.resolve(undefined);
          link.changed();
          return goOn;
        }).then(() => {
          historyIsDone = true;
          link.historyIsRead();
          begun.resolve(undefined);
        });
        reading.catch((error: unknown) => {
          begun.reject(error);
          connection.abort();
        });
        await begun.promise;
      }
      const since = life === null ? String(link.lastSeq()) : `${String(link.lastSeq())}-${life}`;
      const tail = await ask(daemon, `api/v1/tail?format=buffer&since=${since}`, either);
      const now = tail.headers.get("Logd-Life");
      if (life !== null && now !== null && now !== life) {
        connection.abort();
        link.restarted();
        return;
      }
      life = now;
      link.state("live");
      wait = FIRST_WAIT_MS;
      workspace.beginTail(source);
      await pump(tail, (bytes) => {
        workspace.tail(source, bytes);
        link.changed();
        return true;
      });
      throw new Failed("Ended");
    } catch (error) {
      connection.abort();
      if (signal.aborted) return;
      const failure = failureOf(error);
      if (failure.name === "Refused") {
        link.state("refused", failure);
        return;
      }
      link.state("waiting", failure, wait);
      await delay(wait, signal);
      wait = Math.min(wait * 2, LONGEST_WAIT_MS);
    }
  }
}

async function ask({ url, secret }: Daemon, path: string, signal: AbortSignal): Promise<Response> {
  const headers = { Authorization: `Bearer ${secret}` };
  const asked = fetch(new URL(path, url), { headers, signal, cache: "no-store", credentials: "omit" });
  const answer = await network(asked, "Unreachable");
  if (answer.status === 401 || answer.status === 403) throw new Failed("Refused");
  if (!answer.ok) throw new Failed("Status", `${String(answer.status)} ${await network(answer.text(), "Ended")}`);
  return answer;
}

/** Reads to the end, or until `take` wants no more. */
async function pump(answer: Response, take: (bytes: Uint8Array) => boolean): Promise<void> {
  const reader = answer.body?.getReader();
  for (;;) {
    const piece = reader && (await network(reader.read(), "Ended"));
    if (!piece || piece.done) return;
    if (!take(piece.value)) return reader.cancel();
  }
}
