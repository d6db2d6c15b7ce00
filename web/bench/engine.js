// Runs in a page without the viewer: the engine alone.

/** Loads a buffer and runs every query; for each the median time in milliseconds, and what the answer is. */
export async function search({ url, file, memory, queries, runs }) {
  const { default: init, Workspace } = await import(`${url}/engine/logd_wasm.js`);
  await init({ module_or_path: `${url}/engine/logd_wasm_bg.wasm` });
  const workspace = new Workspace(memory);
  const bytes = new Uint8Array(await (await fetch(`${url}/files/${file}`)).arrayBuffer());
  const source = workspace.open(file, bytes.length);
  for (let next = workspace.wanted(source); next; next = workspace.wanted(source)) {
    workspace.supply(source, bytes.subarray(next.offset, next.offset + next.length));
  }
  const median = (times) => times.sort((a, b) => a - b)[times.length >> 1];
  const ask = (request) => {
    const search = workspace.search(request);
    while (!search.step(2 ** 31));
    search.answer();
    search.free();
  };
  // The browser's clock goes in steps of 0.1 ms.
  const timed = (request) => {
    const begun = performance.now();
    let [times, took] = [0, 0];
    for (; took < 10; times++) {
      ask(request);
      took = performance.now() - begun;
    }
    return took / times;
  };
  const results = queries.map(({ request }) => {
    const wanted = new Uint8Array(request);
    // The engine's code gets faster as the browser compiles it anew.
    for (let i = 0; i < 3; i++) ask(wanted);
    return median(Array.from({ length: runs }, () => timed(wanted)));
  });
  return results;
}
