// What the cells of a row hold.

import { type Event, type Value } from "../engine/query";
import { levelOf } from "../engine/level";
import type { Clock } from "../state/prefs.svelte";
import { t } from "../text";
import { lag, long, short } from "../text/format";
import { visible } from "../text/visible";
import type { Column } from "./grid";

/** Characters of a text that a line can show; the rest is in the detail pane. */
const LONGEST = 1000;

const WIDTHS: Record<string, string> = {
  time: "18ch",
  received: "18ch",
  level: "6ch",
  // A part of the room, so that some is left for the text.
  key: "clamp(10ch, 24%, 26ch)",
  seq: "10ch",
  source: "minmax(8ch, 18ch)",
  text: "minmax(20ch, 1fr)",
};

export function columnsOf(ids: string[], clock: Clock): Column[] {
  return ids.map((id) => ({
    id: id.startsWith("attr.") ? "attribute" : id,
    label: t.grid.columns[id] ?? id.slice("attr.".length),
    width: clock === "relative" && id === "time" ? "14ch" : (WIDTHS[id] ?? "minmax(6ch, 16ch)"),
  }));
}

export interface Look {
  columns: string[];
  clock: Clock;
  /** A text in pieces, every second one to be marked. */
  pieces: (text: string) => string[];
  marked: boolean;
  source: string;
}

export function fillRow(row: HTMLElement, cells: HTMLElement[], event: Event, look: Look): void {
  row.classList.add(`level-${levelOf(event.severity)}`);
  row.classList.toggle("marked", look.marked);
  look.columns.forEach((id, i) => {
    const cell = cells[i];
    if (!cell) return;
    if (id === "text") fillText(cell, oneLine(event.text), look);
    else if (id === "key") fillKey(cell, event.key);
    else cell.textContent = cellText(event, id, look);
    if (id === "time") {
      const { text, far } = lag(event);
      cell.classList.toggle("far", far);
      cell.title = far ? t.grid.receivedLater(text) : "";
    }
  });
}

/** Apart from the direction of its cell. */
function fillKey(cell: HTMLElement, key: string): void {
  const whole = cell.querySelector("bdi") ?? document.createElement("bdi");
  whole.textContent = key;
  if (!whole.isConnected) cell.replaceChildren(whole);
}

/** With its year, where that is another one than the events around it have. */
function timeText({ time, received }: Event, clock: Clock): string {
  if (clock === "relative") return short(time, clock, Date.now());
  const whole = long(time, clock);
  return whole.slice(0, 4) === long(received, clock).slice(0, 4)
    ? short(time, clock, 0)
    : whole.slice(0, 16).replace("T", " ");
}

function cellText(event: Event, id: string, { clock, source }: Look): string {
  if (id === "time") return timeText(event, clock);
  if (id === "received") return short(event.received, clock, Date.now());
  if (id === "level") return levelOf(event.severity);
  if (id === "seq") return String(event.seq);
  if (id === "source") return source;
  return event.attributes
    .filter(([name]) => `attr.${name}` === id)
    .map(([, value]) => visible(oneLine(valueText(value))))
    .join(", ");
}

function fillText(cell: HTMLElement, text: string, { pieces }: Look): void {
  // As the text itself runs: what does not fit is cut at its end.
  if (cell.dir !== "auto") cell.dir = "auto";
  const parts = pieces(text).map(visible);
  if (parts.length === 1) {
    cell.textContent = parts[0] ?? "";
    return;
  }
  cell.replaceChildren(
    ...parts.map((part, i) => {
      if (i % 2 === 0) return part;
      const mark = document.createElement("mark");
      mark.textContent = part;
      return mark;
    }),
  );
}

export function valueText(value: Value): string {
  if (value instanceof Uint8Array) return Array.from(value, (byte) => byte.toString(16).padStart(2, "0")).join(" ");
  return String(value);
}

function oneLine(text: string): string {
  return text.slice(0, LONGEST).replaceAll(/\s*\n\s*/g, " ⏎ ");
}
