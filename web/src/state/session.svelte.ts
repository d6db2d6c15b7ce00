// What is open, and the engine that has it.

import { Engine, type EngineError } from "../engine/client";
import type { Daemon, Found, LinkState } from "../engine/messages";
import type { SourceInfo } from "../../wasm/logd_wasm";

export interface LinkInfo {
  state: LinkState;
  message: string;
  /** When the next attempt is made, in milliseconds of Date. */
  retryAt: number | undefined;
}

/** Something to tell, until a person has read it. */
export interface Trouble {
  kind: "notABuffer" | "failed" | "crashed" | "refused";
  name: string;
  message: string;
}

class Session {
  sources = $state.raw<SourceInfo[]>([]);
  links = $state<Record<number, LinkInfo>>({});
  /** Files that were read to their end. */
  loaded = $state<Record<number, boolean>>({});
  opening = $state<string[]>([]);
  trouble = $state<Trouble | null>(null);
  onFound: (found: Found) => void = () => undefined;
  onOpened: () => void = () => undefined;
  #engine: Engine | undefined;

  get engine(): Engine {
    this.#engine ??= new Engine({
      found: (found) => {
        this.onFound(found);
      },
      sources: (sources) => (this.sources = sources),
      loaded: (source) => (this.loaded[source] = true),
      link: (source, state, message = "", retryInMs) => {
        const retryAt = retryInMs === undefined ? undefined : Date.now() + retryInMs;
        this.links[source] = { state, message, retryAt };
      },
      crashed: (error) => {
        this.#engine = undefined;
        this.sources = [];
        this.links = {};
        this.trouble = { kind: "crashed", name: "", message: error.message };
      },
    });
    return this.#engine;
  }

  get events(): number {
    return this.sources.reduce((sum, s) => sum + s.events, 0);
  }

  /** Whether nothing more comes of a file: it was read to its end, or as far as that went. */
  isRead(source: number): boolean {
    return this.loaded[source] === true || this.links[source]?.state === "broken";
  }

  get live(): SourceInfo | undefined {
    // The newest: of a daemon that was started anew there are two.
    return this.sources.findLast((s) => s.live);
  }

  /** The senders' times of all events, Unix nanoseconds. */
  get span(): { from: bigint; until: bigint } | null {
    let from: bigint | undefined;
    let until: bigint | undefined;
    for (const { oldest, newest } of this.sources) {
      if (oldest !== undefined && (from === undefined || oldest < from)) from = oldest;
      if (newest !== undefined && (until === undefined || newest >= until)) until = newest + 1n;
    }
    return from === undefined || until === undefined ? null : { from, until };
  }

  async openFiles(files: Iterable<File>): Promise<void> {
    await Promise.all(
      Array.from(files, (file) =>
        this.#open(file.name, async () => {
          await this.engine.call("open", { name: file.name, file });
        }),
      ),
    );
  }

  async openUrl(url: string): Promise<void> {
    const name = decodeURIComponent(new URL(url, location.href).pathname.split("/").pop() ?? "") || url;
    await this.#open(name, async () => {
      await this.engine.call("fetch", { name, url: new URL(url, location.href).href });
    });
  }

  /** Whether the daemon took the secret. */
  async follow(daemon: Daemon): Promise<boolean> {
    return this.#open(daemon.url, async () => {
      await this.engine.call("follow", daemon);
    });
  }

  async close(source: number): Promise<void> {
    await this.engine.call("close", { source });
  }

  async #open(name: string, open: () => Promise<void>): Promise<boolean> {
    this.opening = [...this.opening, name];
    this.trouble = null;
    try {
      await open();
      this.onOpened();
      return true;
    } catch (error) {
      const { name: kind, message } = error as EngineError;
      if (kind === "BufferError") this.trouble = { kind: "notABuffer", name, message };
      else if (kind === "Refused") this.trouble = { kind: "refused", name, message };
      else if (kind !== "Panic") this.trouble = { kind: "failed", name, message };
      return false;
    } finally {
      this.opening = this.opening.filter((n) => n !== name);
    }
  }
}

export const session = new Session();
