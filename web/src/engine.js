// The engine, seen from the page: it runs in a worker, so that a long search never holds up a keystroke.

import { decodeResponse, encodeRequest } from "./query.js";

/** What the engine refused or failed at. `name` is FilterError (with `column` and `length`, in characters),
 *  BufferError, or Panic: after that one the engine is gone. */
export class EngineError extends Error {
  constructor({ name, message, column, length }) {
    super(message);
    Object.assign(this, { name, column, length });
  }
}

export class Engine {
  #worker = new Worker(new URL("./worker.js", import.meta.url), { type: "module" });
  #calls = new Map();
  #lastId = 0;

  constructor() {
    this.#worker.onmessage = ({ data: { id, result, error } }) => {
      const { resolve, reject } = this.#calls.get(id);
      this.#calls.delete(id);
      if (error) reject(new EngineError(error));
      else resolve(result);
    };
    this.#worker.onerror = (event) => {
      const error = new EngineError({ name: "Panic", message: event.message || "the worker could not start" });
      for (const { reject } of this.#calls.values()) reject(error);
      this.#calls.clear();
    };
  }

  /** Opens a buffer in place of the one before, and says what it holds; null if a newer file took its place. */
  open(file) {
    return this.#call("open", file);
  }

  /** The answer to a question about the open buffer; null if a newer question took its place. */
  async query(request) {
    const answer = await this.#call("query", encodeRequest(request));
    return answer && decodeResponse(answer);
  }

  close() {
    this.#worker.terminate();
  }

  #call(type, body) {
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      this.#calls.set(id, { resolve, reject });
      this.#worker.postMessage({ id, type, body });
    });
  }
}
