// How a person likes to see things; kept in the browser.

import { load, save } from "./stored";

export type Theme = "system" | "light" | "dark";
export type Clock = "local" | "utc" | "relative";
export const THEMES: Theme[] = ["system", "light", "dark"];
export const CLOCKS: Clock[] = ["local", "utc", "relative"];

/** Columns that every event has; attributes come as `attr.NAME`. */
export const OWN_COLUMNS = ["time", "level", "key", "text", "seq", "received", "source"];

interface Kept {
  theme: Theme;
  clock: Clock;
  columns: string[];
  facets: boolean;
}

const kept = load<Partial<Kept>>("logd.prefs", {});

class Prefs {
  theme = $state<Theme>(THEMES.includes(kept.theme as Theme) ? (kept.theme as Theme) : "system");
  clock = $state<Clock>(CLOCKS.includes(kept.clock as Clock) ? (kept.clock as Clock) : "local");
  columns = $state<string[]>(Array.isArray(kept.columns) ? kept.columns : ["time", "level", "key", "text"]);
  facets = $state(kept.facets ?? true);

  save(): void {
    const { theme, clock, columns, facets } = this;
    save("logd.prefs", { theme, clock, columns, facets } satisfies Kept);
  }

  toggleColumn(id: string): void {
    const on = this.columns.includes(id);
    if (on) this.columns = this.columns.filter((c) => c !== id);
    // The text stays last: it takes what room is left.
    else this.columns = [...this.columns.filter((c) => c !== "text"), id, ...this.columns.filter((c) => c === "text")];
  }
}

export const prefs = new Prefs();
