// The engine, seen from the page: it runs in a worker, so that a long search never holds up a keystroke.

import type { SourceInfo, Spans } from "../../wasm/logd_wasm";
import type { Answer, Calls, Failure, Found, LinkState, Name, News } from "./messages";

/** What the engine refused or failed at. */
export class EngineError extends Error {
  /** Where a filter is wrong, in characters from 1. */
  readonly column: number | undefined;
  readonly length: number | undefined;

  constructor({ name, message, column, length }: Failure) {
    super(message);
    this.name = name;
    this.column = column;
    this.length = length;
  }
}

export interface Listener {
  found(found: Found): void;
  sources(sources: SourceInfo[], spans: Spans | undefined): void;
  loaded(source: number): void;
  link(source: number, state: LinkState, failure?: Failure, retryInMs?: number): void;
  /** The engine is gone, and all it had open. */
  crashed(error: EngineError): void;
}

interface Waiting {
  resolve: (result: never) => void;
  reject: (error: EngineError) => void;
}

export class Engine {
  #worker: Worker;
  #waiting = new Map<number, Waiting>();
  #lastId = 0;

  constructor(listener: Listener) {
    this.#worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module", name: "logd engine" });
    this.#worker.onmessage = ({ data }: MessageEvent<Answer | News>) => {
      if ("id" in data) this.#answer(data, listener);
      else if (data.type === "found") listener.found(data);
      else if (data.type === "sources") listener.sources(data.sources, data.spans);
      else if (data.type === "loaded") listener.loaded(data.source);
      else if (data.type === "crashed") this.#crash(new EngineError(data.failure), listener);
      else listener.link(data.source, data.state, data.failure, data.retryInMs);
    };
    this.#worker.onerror = (event) => {
      this.#crash(new EngineError({ name: "Panic", message: event.message }), listener);
    };
  }

  call<N extends Name>(type: N, body: Calls[N]["body"]): Promise<Calls[N]["result"]> {
    const id = ++this.#lastId;
    return new Promise<Calls[N]["result"]>((resolve, reject) => {
      this.#waiting.set(id, { resolve: resolve as Waiting["resolve"], reject });
      this.#worker.postMessage({ id, type, body });
    });
  }

  close(): void {
    this.#worker.terminate();
  }

  #answer(answer: Answer, listener: Listener): void {
    const waiting = this.#waiting.get(answer.id);
    this.#waiting.delete(answer.id);
    if ("failure" in answer) {
      const error = new EngineError(answer.failure);
      // After a panic the engine's memory cannot be trusted.
      if (error.name === "Panic") this.#crash(error, listener);
      waiting?.reject(error);
    } else {
      waiting?.resolve(answer.result as never);
    }
  }

  #crash(error: EngineError, listener: Listener): void {
    this.#worker.terminate();
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
    listener.crashed(error);
  }
}
