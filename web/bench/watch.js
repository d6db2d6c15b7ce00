// Runs in the page before its own scripts: notes when things happen. It changes nothing.

/** For `addInitScript`: `window.bench` knows the tasks, the frames and what was shown. */
export function watch() {
  const bench = { tasks: [], frames: [], shown: [], counted: [], chosen: 0, interactive: 0, firstRows: 0, typed: 0 };
  window.bench = bench;

  new PerformanceObserver((list) => {
    for (const { startTime, duration } of list.getEntries()) bench.tasks.push({ start: startTime, duration });
  }).observe({ type: "longtask", buffered: true });

  let last = 0;
  const frame = (now) => {
    if (last > 0) bench.frames.push({ at: now, took: now - last });
    last = now;
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);

  // After the next frame was painted.
  const painted = (then) => requestAnimationFrame(() => setTimeout(() => then(performance.now())));

  addEventListener("change", () => (bench.chosen = performance.now()), { capture: true });
  addEventListener("input", () => (bench.typed = performance.now()), { capture: true });

  const hasRows = () => document.querySelector(".grid-row:not(.pending):not([hidden]) .cell.text:not(:empty)") !== null;
  new MutationObserver((changes) => {
    if (bench.interactive === 0 && document.querySelector(".welcome button")) {
      bench.interactive = -1;
      painted((now) => (bench.interactive = now));
    }
    if (bench.firstRows === 0 && bench.chosen > 0 && hasRows()) {
      bench.firstRows = -1;
      painted((now) => (bench.firstRows = now));
    }
    for (const { type, target, attributeName } of changes) {
      // The grid says how many rows there are whenever it shows others.
      if (type === "attributes" && attributeName === "aria-rowcount") painted((now) => bench.shown.push(now));
      const element = target instanceof Element ? target : target.parentElement;
      if (element?.closest(".count")) painted((now) => bench.counted.push(now));
    }
  }).observe(document, {
    subtree: true,
    childList: true,
    characterData: true,
    attributes: true,
    attributeFilter: ["aria-rowcount", "class", "hidden"],
  });
}
