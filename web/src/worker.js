// The engine's side of engine.js. Messages in: {id, type, body}; out: {id, result} or {id, error}.

import init, { Buffer } from "./logd_wasm.js";

// Bytes to search before looking for a newer message: a few milliseconds of work.
const STEP_BYTES = 4 << 20;

const ready = init({ module_or_path: new URL("./logd_wasm_bg.wasm", import.meta.url) });
let buffer = null;
let newestOpen = 0;
let newestQuery = 0;

const calls = {
  async open(file) {
    const turn = ++newestOpen;
    const bytes = new Uint8Array(await file.arrayBuffer());
    if (turn !== newestOpen) return null;
    const opened = new Buffer(bytes);
    buffer?.free();
    buffer = opened;
    return buffer.info();
  },

  async query(request) {
    const turn = ++newestQuery;
    const search = buffer.search(request);
    while (!search.step(STEP_BYTES)) {
      await nextMessage();
      if (turn !== newestQuery) {
        search.free();
        return null;
      }
    }
    const answer = search.finish();
    search.free();
    return answer;
  },
};

self.onmessage = async ({ data: { id, type, body } }) => {
  try {
    await ready;
    const result = await calls[type](body);
    self.postMessage({ id, result }, result instanceof Uint8Array ? [result.buffer] : []);
  } catch ({ name, message, column, length }) {
    self.postMessage({ id, error: { name, message, column, length } });
  }
};

/** Lets the messages that came in the meantime be handled; unlike a timer, without a least delay. */
function nextMessage() {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port2.onmessage = () => {
      port2.close();
      resolve();
    };
    port1.postMessage(null);
  });
}
