// All of it without a mouse.

import { readFileSync } from "node:fs";
import { join } from "node:path";

import type { Page } from "@playwright/test";

import { FATAL, shop } from "./support/events.ts";
import { BUFFERS } from "./support/paths.ts";
import { expect, test } from "./support/test.ts";

/** What has the focus, as a screen reader would name it; fails if nothing has. */
async function focused(page: Page): Promise<string> {
  const name = await page.evaluate(() => {
    const element = document.activeElement;
    if (!(element instanceof HTMLElement) || element === document.body) return "";
    const label = element.getAttribute("aria-label") ?? element.textContent.trim();
    return `${element.getAttribute("role") ?? element.tagName.toLowerCase()} ${label}`;
  });
  expect(name, "the focus is lost").not.toBe("");
  return name;
}

/** Whether the focus can be seen: what has it looks another way without it. */
async function isFocusSeen(page: Page): Promise<boolean> {
  const element = (await page.evaluateHandle(() => document.activeElement)).asElement();
  const box = await element?.boundingBox();
  if (!element || !box) return false;
  const { width, height } = page.viewportSize() ?? box;
  const [x, y] = [Math.max(0, box.x - 4), Math.max(0, box.y - 4)];
  const clip = { x, y, width: Math.min(box.width + 8, width - x), height: Math.min(box.height + 8, height - y) };
  const withFocus = await page.screenshot({ clip });
  await element.evaluate((e: HTMLElement) => {
    e.blur();
  });
  const without = await page.screenshot({ clip });
  await element.evaluate((e: HTMLElement) => {
    e.focus({ preventScroll: true });
  });
  return !withFocus.equals(without);
}

/** Presses Tab until something with this name has the focus. */
async function tabTo(page: Page, name: RegExp, key = "Tab"): Promise<void> {
  for (let i = 0; i < 60; i++) {
    await page.keyboard.press(key);
    if (name.test(await focused(page))) return;
  }
  throw new Error(`no way to ${String(name)} with ${key}`);
}

test("from the first page to an exported file", async ({ page, site, viewer }) => {
  await page.goto(site.url);
  await tabTo(page, /Choose files/);
  const choosing = page.waitForEvent("filechooser");
  await page.keyboard.press("Enter");
  await (await choosing).setFiles(join(BUFFERS, "shop.logd"));
  await viewer.finds(6000);

  await page.keyboard.press("/");
  await page.keyboard.type("level>=error");
  await viewer.finds(shop().filter(({ level }) => level === "error" || level === "fatal").length, 6000);
  await page.keyboard.press("Enter");
  await expect(viewer.grid).toBeFocused();
  await expect(viewer.selected()).toBeVisible();
  await page.keyboard.press("Home");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await expect(viewer.detail).toBeVisible();
  // What is beside the grid can be reached, and Escape leads back.
  await tabTo(page, /Copy text/);
  await tabTo(page, /Bookmark$/);
  await page.keyboard.press("Enter");
  await expect(viewer.detail.getByRole("textbox", { name: "Note" })).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(viewer.detail).toBeHidden();
  await expect(viewer.grid).toBeFocused();
  await page.keyboard.press("Escape");
  await expect(viewer.search).toBeFocused();
  await page.keyboard.press("ControlOrMeta+A");
  await page.keyboard.type("level:fatal");
  await viewer.finds(1, 6000);

  await page.keyboard.press("Enter");
  await tabTo(page, /^button Export/, "Shift+Tab");
  await page.keyboard.press("Enter");
  const downloading = page.waitForEvent("download");
  await tabTo(page, /JSON lines/);
  await page.keyboard.press("Enter");
  const file = await (await downloading).path();
  expect(readFileSync(file, "utf8")).toContain(FATAL);
});

test("Tab meets everything once, and is nowhere lost", async ({ page, site, viewer }) => {
  await page.goto(`${site.url}?open=/buffers/shop.logd`);
  await viewer.finds(6000);
  const met: string[] = [];
  await page.keyboard.press("Tab");
  for (let i = 0; i < 120; i++) {
    const name = await focused(page);
    met.push(name);
    expect(await isFocusSeen(page), `the focus on ${name} can be seen`).toBe(true);
    await page.keyboard.press("Tab");
    // Past the end, the browser's own controls have the focus.
    if (await page.evaluate(() => document.activeElement === document.body)) break;
  }
  expect(met[0]).toMatch(/Skip to the events/);
  for (const name of [
    /shop\.logd/,
    /Open/,
    /Search/,
    /fatal/,
    /Events over time/,
    /Jump to a time/,
    /Export/,
    /^grid/,
  ]) {
    expect(met.filter((m) => name.test(m)).length, `${String(name)} in ${met.join(", ")}`).toBeGreaterThan(0);
  }
});

test("the link to skip what is above leads to the events", async ({ page, site, viewer }) => {
  await page.goto(`${site.url}?open=/buffers/shop.logd`);
  await viewer.finds(6000);
  await page.keyboard.press("Tab");
  await expect(page.getByRole("link", { name: "Skip to the events" })).toBeFocused();
  await expect(page.getByRole("link", { name: "Skip to the events" })).toBeInViewport();
  await page.keyboard.press("Enter");
  await expect(viewer.grid).toBeFocused();
});

test("? lists the keys, and closing it gives the focus back", async ({ page, site, viewer }) => {
  await page.goto(`${site.url}?open=/buffers/shop.logd`);
  await viewer.finds(6000);
  await viewer.grid.focus();
  await page.keyboard.press("?");
  const help = page.getByRole("dialog", { name: "Keys" });
  await expect(help).toBeVisible();
  await expect(help.getByText("Go to the search")).toBeVisible();
  // A dialog has its own keys: none goes through to the page.
  await page.keyboard.press("/");
  await expect(viewer.search).not.toBeFocused();
  await page.keyboard.press("Escape");
  await expect(help).toBeHidden();
  await expect(viewer.grid).toBeFocused();
  // In the search a ? is a ?.
  await page.keyboard.press("/");
  await page.keyboard.press("?");
  await expect(help).toBeHidden();
  await expect(viewer.search).toHaveValue("?");
});

test("menus open, close and give the focus back", async ({ page, site, viewer }) => {
  await page.goto(`${site.url}?open=/buffers/shop.logd`);
  await viewer.finds(6000);
  for (const name of ["Bookmarks", "Columns", "Export", "Jump to a time"]) {
    const button = page.getByRole("button", { name, exact: true });
    await button.focus();
    await page.keyboard.press("Enter");
    await expect(button).toHaveAttribute("aria-expanded", "true");
    await page.keyboard.press("Escape");
    await expect(button).toHaveAttribute("aria-expanded", "false");
    await expect(button).toBeFocused();
  }
});

test("the focus goes on when what had it is gone", async ({ page, site, viewer }) => {
  await page.goto(`${site.url}?open=/buffers/shop.logd`);
  await viewer.finds(6000);
  // The button that clears the search goes with the search.
  await page.keyboard.press("/");
  await page.keyboard.type("level:fatal");
  await viewer.finds(1, 6000);
  await tabTo(page, /Clear the search/);
  await page.keyboard.press("Enter");
  await viewer.finds(6000);
  await focused(page);

  await viewer.find("nothing says this");
  await viewer.finds(0, 6000);
  await page.getByRole("button", { name: "Clear search and time" }).focus();
  await page.keyboard.press("Enter");
  await viewer.finds(6000);
  await focused(page);

  await viewer.choose("bank.logd");
  await viewer.finds(6240);
  await page.getByRole("button", { name: /2 buffers/ }).focus();
  await page.keyboard.press("Enter");
  await tabTo(page, /Close bank\.logd/);
  await page.keyboard.press("Enter");
  await viewer.finds(6000);
  await focused(page);
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: /shop\.logd/ }).focus();
  await page.keyboard.press("Enter");
  await tabTo(page, /Close shop\.logd/);
  await page.keyboard.press("Enter");
  await expect(page.getByRole("button", { name: "Choose files" })).toBeFocused();
});
