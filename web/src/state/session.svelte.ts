// What is open, and the engine that has it.

import { Engine } from "../engine/client";
import { type Daemon, type Failure, type Found, type LinkState, failureOf } from "../engine/messages";
import type { SourceInfo, Spans } from "../../wasm/logd_wasm";

export interface LinkInfo {
  state: LinkState;
  /** Why it is not live. */
  failure: Failure | undefined;
  /** When the next attempt is made, in milliseconds of Date. */
  retryAt: number | undefined;
}

/** Something to tell, until a person has read it. */
export interface Trouble {
  with: "file" | "daemon" | "engine";
  name: string;
  failure: Failure;
}

class Session {
  sources = $state.raw<SourceInfo[]>([]);
  /** When the events of all of them were, by the senders' clocks. */
  spans = $state.raw<Spans>();
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
      sources: (sources, spans) => {
        this.sources = sources;
        this.spans = spans;
      },
      loaded: (source) => (this.loaded[source] = true),
      link: (source, state, failure, retryInMs) => {
        const retryAt = retryInMs === undefined ? undefined : Date.now() + retryInMs;
        this.links[source] = { state, failure, retryAt };
      },
      crashed: (error) => {
        this.#engine = undefined;
        this.sources = [];
        this.spans = undefined;
        this.links = {};
        // The next engine counts its sources from zero again.
        this.loaded = {};
        this.trouble = { with: "engine", name: "", failure: failureOf(error) };
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

  async openFiles(files: Iterable<File>): Promise<void> {
    await Promise.all(
      Array.from(files, (file) =>
        this.#open("file", file.name, async () => {
          await this.engine.call("open", { name: file.name, file });
        }),
      ),
    );
  }

  async openUrl(url: string): Promise<void> {
    const name = decodeURIComponent(new URL(url, location.href).pathname.split("/").pop() ?? "") || url;
    await this.#open("file", name, async () => {
      await this.engine.call("fetch", { name, url: new URL(url, location.href).href });
    });
  }

  /** Whether the daemon took the secret. */
  async follow(daemon: Daemon): Promise<boolean> {
    return this.#open("daemon", new URL(daemon.url).host, async () => {
      await this.engine.call("follow", daemon);
    });
  }

  async close(source: number): Promise<void> {
    await this.engine.call("close", { source });
  }

  async #open(what: "file" | "daemon", name: string, open: () => Promise<void>): Promise<boolean> {
    this.opening = [...this.opening, name];
    this.trouble = null;
    try {
      await open();
      this.onOpened();
      return true;
    } catch (error) {
      const failure = failureOf(error);
      // A crash has been told.
      if (failure.name !== "Panic") this.trouble = { with: what, name, failure };
      return false;
    } finally {
      this.opening = this.opening.filter((n) => n !== name);
    }
  }
}

export const session = new Session();
