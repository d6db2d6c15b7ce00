// The list of events: one line each, newest first; Enter or a click opens one.

import { levelOf } from "./level.js";
import { clockTime, day, rfc3339 } from "./time.js";

const ROWS_A_PAGE = 20;

export class Grid {
  #root;
  #events = new WeakMap();

  constructor(root) {
    this.#root = root;
    root.addEventListener("click", ({ target }) => {
      const row = target.closest(".event");
      // A click that ends a selection of text is no click on the row.
      if (row && getSelection().isCollapsed) this.#toggle(row);
    });
    root.addEventListener("keydown", (event) => this.#key(event));
  }

  show(events) {
    const fragment = document.createDocumentFragment();
    let lastDay = "";
    for (const event of events) {
      const today = day(event.time);
      if (today !== lastDay) {
        fragment.append(element("div", { className: "day", role: "presentation" }, today));
        lastDay = today;
      }
      fragment.append(this.#row(event));
    }
    this.#root.replaceChildren(fragment);
    this.#root.scrollTop = 0;
    this.#root.querySelector(".event")?.setAttribute("tabindex", "0");
  }

  focus() {
    this.#root.querySelector('.event[tabindex="0"]')?.focus();
  }

  #row(event) {
    const level = levelOf(event.severity);
    const row = element("div", { className: `event ${level}`, role: "row", tabIndex: -1, ariaExpanded: "false" });
    for (const [name, text] of [
      ["time", clockTime(event.time)],
      ["level", level],
      ["key", event.key],
      // One line an event; the whole text is in the detail.
      ["text", event.text.replaceAll(/\s*\n\s*/g, " ⏎ ")],
    ]) {
      row.append(element("span", { className: name, role: "gridcell" }, text));
    }
    this.#events.set(row, event);
    return row;
  }

  #toggle(row) {
    this.#choose(row);
    const open = row.ariaExpanded === "true";
    row.ariaExpanded = String(!open);
    if (open) row.nextElementSibling.remove();
    else row.after(detail(this.#events.get(row)));
  }

  #choose(row) {
    this.#root.querySelector('.event[tabindex="0"]')?.setAttribute("tabindex", "-1");
    row.setAttribute("tabindex", "0");
    row.focus();
  }

  #key(event) {
    const row = event.target.closest(".event");
    if (!row || event.ctrlKey || event.metaKey || event.altKey) return;
    const rows = [...this.#root.querySelectorAll(".event")];
    const at = rows.indexOf(row);
    const to = {
      ArrowDown: at + 1,
      ArrowUp: at - 1,
      PageDown: at + ROWS_A_PAGE,
      PageUp: at - ROWS_A_PAGE,
      Home: 0,
      End: rows.length - 1,
    }[event.key];
    if (to !== undefined) {
      this.#choose(rows[Math.max(0, Math.min(to, rows.length - 1))]);
    } else if (event.key === "Enter" || event.key === " ") {
      this.#toggle(row);
    } else {
      return;
    }
    event.preventDefault();
  }
}

function detail(event) {
  const list = element("dl", { className: "detail" });
  for (const [name, value] of [
    ["time", rfc3339(event.time)],
    ["received", rfc3339(event.received)],
    ["key", event.key],
    ["level", `${levelOf(event.severity) || "none"} (${event.severity})`],
    ["seq", event.seq],
    ["text", event.text],
    ...event.attributes.map(([name, value]) => [name, value instanceof Uint8Array ? hex(value) : value]),
  ]) {
    list.append(element("dt", {}, name), element("dd", {}, String(value)));
  }
  return list;
}

function hex(bytes) {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(" ");
}

function element(tag, properties, text = "") {
  const made = Object.assign(document.createElement(tag), properties);
  made.textContent = text;
  return made;
}
