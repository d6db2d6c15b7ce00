// The page: opens a buffer, asks the engine as a person types, and shows the newest matches.

import { Engine } from "./engine.js";
import { Grid } from "./grid.js";
import { NEWEST_FIRST, events } from "./query.js";

const SHOWN = 500;
// A search that takes longer than this says so; a shorter one would only flicker.
const PATIENCE_MS = 150;

const at = (id) => document.getElementById(id);
const count = new Intl.NumberFormat();
const grid = new Grid(at("events"));

let engine = new Engine();
let info = null;

async function open(file) {
  if (!file) return;
  at("trouble").textContent = "";
  at("opening").textContent = `Opening ${file.name} …`;
  try {
    const opened = await engine.open(file);
    // A newer file has the page now.
    if (opened === null) return;
    info = opened;
  } catch (error) {
    // What was open before stays so.
    fail(error, error.name === "BufferError" ? `${file.name} is not a logd buffer.` : `${file.name}: ${error.message}`);
    return;
  } finally {
    at("opening").textContent = "";
  }
  at("file").textContent = `${file.name} · ${count.format(info.events)} events`;
  document.title = `${file.name} – logd`;
  const lacks = missing(info);
  at("missing").replaceChildren(...lacks.map((text) => Object.assign(document.createElement("p"), { textContent: text })));
  at("missing").hidden = lacks.length === 0;
  showViewer(true);
  at("filter").focus();
  await search();
}

/** What a person must know of a buffer that does not hold everything. */
function missing({ overwritten, origin, faults }) {
  const texts = faults
    .filter(({ length }) => length > 0)
    .map(
      ({ offset, length, message }) =>
        `Bytes ${count.format(offset)} to ${count.format(offset + length)} could not be read: ${message}.`,
    );
  if (!origin) texts.push("The end of the file is missing, and with it where the events came from.");
  if (origin?.filter) texts.push(`Only events that match ${origin.filter} were exported.`);
  if (overwritten > 0n) texts.push(`${count.format(overwritten)} older events had been overwritten before the export.`);
  return texts;
}

async function search() {
  const filter = at("filter").value;
  const waiting = setTimeout(() => {
    at("status").textContent = "Searching …";
    at("events").classList.add("stale");
  }, PATIENCE_MS);
  try {
    const answer = await engine.query({ filter, page: { order: NEWEST_FIRST, limit: SHOWN }, total: true });
    // A newer search has the page now.
    if (answer === null) return;
    showProblem(filter, null);
    showAnswer(answer);
  } catch (error) {
    if (error.name !== "FilterError") fail(error, error.message);
    else if (filter === at("filter").value) showProblem(filter, error);
  } finally {
    clearTimeout(waiting);
  }
}

function showAnswer({ rows, total }) {
  grid.show(events(rows));
  const shown = rows.seq.length;
  const matches = `${count.format(total)} of ${count.format(info.events)} events match`;
  at("status").textContent = shown < total ? `${matches}; the newest ${count.format(shown)} are shown` : matches;
  at("events").classList.remove("stale");
  at("events").hidden = shown === 0;
  at("none").hidden = shown > 0;
  at("none").textContent = info.events === 0 ? "The buffer holds no events." : "No event matches.";
}

/** Draws a line under the part of the filter that is wrong, and says why. */
function showProblem(filter, error) {
  const characters = [...filter];
  const start = (error?.column ?? 1) - 1;
  const wrong = document.createElement("mark");
  // Past the end there is nothing to underline but the place where something is missing.
  wrong.textContent = characters.slice(start, start + (error?.length ?? 0)).join("") || (error?.column ? " " : "");
  at("underline").replaceChildren(characters.slice(0, start).join(""), wrong);
  at("underline").scrollLeft = at("filter").scrollLeft;
  at("problem").textContent = error ? error.message : "";
  at("filter").setAttribute("aria-invalid", String(error !== null));
  at("events").classList.toggle("stale", error !== null);
}

/** Tells of a failure. After a panic the engine's memory cannot be trusted: a new one takes its place, empty. */
function fail(error, message) {
  at("trouble").textContent = message;
  if (error.name !== "Panic") return;
  at("trouble").textContent = `The engine failed, which is a bug in logd: ${message}. Open the file again to go on.`;
  engine.close();
  engine = new Engine();
  info = null;
  at("file").textContent = "";
  showViewer(false);
}

function showViewer(shown) {
  at("viewer").hidden = !shown;
  at("welcome").hidden = shown;
}

// Typing
at("filter").addEventListener("input", search);
at("filter").addEventListener("scroll", () => (at("underline").scrollLeft = at("filter").scrollLeft));
at("filter").addEventListener("keydown", (event) => {
  if (event.key === "ArrowDown" || event.key === "Enter") {
    event.preventDefault();
    grid.focus();
  }
});

// Keys that work everywhere but in the box
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Escape" && !at("viewer").hidden) {
    at("filter").focus();
    at("filter").select();
  } else if (event.target !== at("filter") && event.key === "/" && !at("viewer").hidden) {
    event.preventDefault();
    at("filter").focus();
  } else if (event.target !== at("filter") && event.key === "o") {
    at("picker").click();
  }
});

// Opening
for (const id of ["open", "choose"]) at(id).addEventListener("click", () => at("picker").click());
at("picker").addEventListener("change", () => {
  open(at("picker").files[0]);
  // So that choosing the same file again is a change, too.
  at("picker").value = "";
});
document.addEventListener("dragover", (event) => {
  event.preventDefault();
  at("veil").hidden = false;
});
document.addEventListener("dragleave", (event) => {
  if (event.relatedTarget === null) at("veil").hidden = true;
});
document.addEventListener("drop", (event) => {
  event.preventDefault();
  at("veil").hidden = true;
  open(event.dataTransfer.files[0]);
});

// Theme: the system's, until the person chooses; then that choice, kept.
const THEMES = { "": "system", light: "light", dark: "dark" };

function showTheme(theme) {
  document.documentElement.dataset.theme = theme;
  at("theme").textContent = `Theme: ${THEMES[theme]}`;
}

at("theme").addEventListener("click", () => {
  const all = Object.keys(THEMES);
  const next = all[(all.indexOf(document.documentElement.dataset.theme) + 1) % all.length];
  localStorage.setItem("theme", next);
  showTheme(next);
});
showTheme(localStorage.getItem("theme") in THEMES ? localStorage.getItem("theme") : "");
