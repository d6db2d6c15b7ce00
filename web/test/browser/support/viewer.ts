// The page as a person finds their way in it: by roles and names.

import { readFileSync } from "node:fs";
import { join } from "node:path";

import { type Locator, type Page, expect } from "@playwright/test";

import { BUFFERS } from "./paths.ts";

export class Viewer {
  readonly page: Page;
  readonly main: Locator;
  readonly search: Locator;
  readonly suggestions: Locator;
  readonly grid: Locator;
  readonly timeline: Locator;
  readonly detail: Locator;
  readonly levels: Locator;
  readonly facets: Locator;
  readonly comparison: Locator;
  /** The legend of the stretches of time of which events are missing. */
  readonly lacks: Locator;

  constructor(page: Page) {
    this.page = page;
    this.main = page.getByRole("main");
    this.search = page.getByRole("combobox", { name: "Search" });
    this.suggestions = page.getByRole("listbox", { name: "Suggestions" });
    this.grid = page.getByRole("grid");
    this.timeline = page.getByRole("slider", { name: "Events over time" });
    this.detail = page.getByRole("complementary", { name: "Event" });
    this.levels = page.getByRole("group", { name: "Levels" });
    this.facets = page.getByRole("complementary", { name: "Facets" });
    this.comparison = page.getByRole("region", { name: "Comparison of two buffers" });
    this.lacks = page.getByRole("list", { name: "Times of which events are missing" });
  }

  /** By the button, as one who does not know that files can be dropped. */
  async choose(...names: string[]): Promise<void> {
    const choosing = this.page.waitForEvent("filechooser");
    await this.page
      .getByRole("button", { name: /^(Choose files|Open)$/ })
      .first()
      .click();
    await (await choosing).setFiles(names.map((name) => join(BUFFERS, name)));
  }

  async drop(...names: string[]): Promise<void> {
    const files = names.map((name) => ({ name, bytes: readFileSync(join(BUFFERS, name)).toString("base64") }));
    const dataTransfer = await this.page.evaluateHandle((dropped) => {
      const transfer = new DataTransfer();
      for (const { name, bytes } of dropped) {
        transfer.items.add(new File([Uint8Array.from(atob(bytes), (c) => c.charCodeAt(0))], name));
      }
      return transfer;
    }, files);
    await this.page.dispatchEvent("body", "dragover", { dataTransfer });
    await expect(this.page.getByText("Drop to open")).toBeVisible();
    await this.page.dispatchEvent("body", "drop", { dataTransfer });
  }

  /** Waits until the page says that so many events are found, of so many if not all. */
  async finds(count: number, of?: number): Promise<void> {
    const number = (n: number) => n.toLocaleString("en");
    const events = (n: number) => `${number(n)} ${n === 1 ? "event" : "events"}`;
    const text = of === undefined || of === count ? events(count) : `${number(count)} of ${events(of)}`;
    await expect(this.main.getByText(text, { exact: true })).toBeVisible();
    // The head is a row, too.
    await expect(this.grid).toHaveAttribute("aria-rowcount", String(count + 1));
  }

  /** The rows on screen that hold a text. */
  row(text: string | RegExp): Locator {
    return this.grid.getByRole("row").filter({ hasText: text });
  }

  /** The texts on screen, from above. */
  async texts(): Promise<string[]> {
    const rows = await this.grid.getByRole("row").all();
    const cells = await Promise.all(rows.slice(1).map((row) => row.getByRole("gridcell").last().textContent()));
    return cells.map((cell) => cell ?? "");
  }

  selected(): Locator {
    return this.grid.getByRole("row", { selected: true });
  }

  /** Types an expression in place of the one that is there. */
  async find(expression: string): Promise<void> {
    await this.search.fill(expression);
  }

  level(name: string): Locator {
    return this.levels.getByRole("button", { name: new RegExp(`^${name}`) });
  }

  async menu(name: string): Promise<void> {
    await this.main.getByRole("button", { name, exact: true }).click();
  }

  /** Sets how times are shown, or the theme. */
  async prefer(option: string): Promise<void> {
    await this.page.getByRole("button", { name: "Theme, Times" }).click();
    await this.page.getByRole("radio", { name: option }).check();
    await this.page.keyboard.press("Escape");
  }

  async download(format: string): Promise<string> {
    await this.menu("Export");
    const downloading = this.page.waitForEvent("download");
    await this.page.getByRole("button", { name: format }).click();
    return (await downloading).path();
  }
}
