// Runs the tests of one module under Node: node harness.cjs MODULE.js [FILTER...]
//
// The module was compiled with `#[wasm_bindgen_test]` and translated for Node. The names that it imports and
// exports are those of wasm-bindgen-test, whose version Cargo.lock pins together with wasm-bindgen's.
"use strict";

const [path, ...filters] = process.argv.slice(2);

// The console belongs to the test that runs: what it prints is shown only if it fails.
const handlers = {};
globalThis.__wbgtest_og_console_log = console.log;
globalThis.__wbgtest_og_console_error = console.error;
for (const method of ["debug", "log", "info", "warn", "error"]) {
  const original = console[method];
  console[method] = (...args) => (handlers[method] ? handlers[method](args) : original.apply(console, args));
}
globalThis.__wbg_test_invoke = (f) => f();

// The random numbers of property tests: the same in every run, so that a failure can be repeated. The native
// runs of the same tests draw new ones each time.
let state = 0x9e3779b9;
globalThis.crypto.getRandomValues = (bytes) => {
  for (let i = 0; i < bytes.length; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    bytes[i] = state;
  }
  return bytes;
};

async function main() {
  const wasm = require(path);
  const all = Object.keys(wasm.__wasm).filter((name) => name.startsWith("__wbgt_"));
  if (all.length === 0) {
    globalThis.__wbgtest_og_console_log("no tests in this module");
    return true;
  }
  const chosen = all.filter((name) => filters.every((filter) => name.includes(filter)));
  const context = new wasm.WasmBindgenTestContext(false);
  context.filtered_count(all.length - chosen.length);
  for (const method of ["debug", "log", "info", "warn", "error"]) {
    handlers[method] = wasm[`__wbgtest_console_${method}`];
  }
  return context.run(chosen.map((name) => wasm.__wasm[name]));
}

main().then(
  (passed) => process.exit(passed ? 0 : 1),
  (error) => {
    globalThis.__wbgtest_og_console_error(error);
    process.exit(1);
  },
);
