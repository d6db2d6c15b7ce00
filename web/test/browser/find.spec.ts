// Finding events: by what is typed, by levels, by facets, by time.

import { join } from "node:path";

import { queryFile } from "./support/daemon.ts";
import { FATAL, OUTAGE, START, type Sample, shop } from "./support/events.ts";
import { BUFFERS } from "./support/paths.ts";
import { expect, test } from "./support/test.ts";

const ALL = shop();
const count = (matches: (event: Sample) => boolean) => ALL.filter(matches).length;

test.beforeEach(async ({ page, site, viewer }) => {
  await page.goto(`${site.url}?open=/buffers/shop.logd`);
  await viewer.finds(6000);
});

test("what is typed filters at once, and is marked", async ({ page, viewer }) => {
  await page.keyboard.press("/");
  await expect(viewer.search).toBeFocused();
  await page.keyboard.type("timed out");
  await viewer.finds(
    count(({ text }) => text.includes("timed out")),
    6000,
  );
  await expect(viewer.row("ledger timed out").first().locator("mark")).toHaveText(["timed", "out"]);
  await expect(page).toHaveURL(/#q=timed\+out/);

  await page.getByRole("button", { name: "Clear the search" }).click();
  await viewer.finds(6000);
});

test("an expression of the language is answered by the engine", async ({ viewer }) => {
  await viewer.find('level>=warn key:/prod/shop/web -"GET"');
  await viewer.finds(
    count(({ level, key, text }) => level === "error" && key === "/prod/shop/web" && !text.includes("GET")),
    6000,
  );
  await viewer.find("attr.ms>=1700");
  await viewer.finds(
    count(({ attributes }) => Number(attributes["ms"] ?? 0) >= 1700),
    6000,
  );
});

test("fields and values are completed by keyboard", async ({ page, viewer }) => {
  await viewer.search.focus();
  await page.keyboard.type("lev");
  await expect(viewer.suggestions.getByRole("option", { name: "level" })).toBeVisible();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await expect(viewer.search).toHaveValue("level:");
  await page.keyboard.type("fa");
  await expect(viewer.suggestions.getByRole("option", { name: /^fatal/ })).toBeVisible();
  await page.keyboard.press("ArrowDown");
  await expect(viewer.search).toHaveAttribute("aria-activedescendant", /./);
  await page.keyboard.press("Tab");
  await expect(viewer.search).toHaveValue("level:fatal ");
  await viewer.finds(1, 6000);

  // Values are those that the events have, with their number.
  await viewer.search.fill("");
  await page.keyboard.type("attr.host:");
  await expect(viewer.suggestions.getByRole("option")).toHaveCount(3);
  await expect(viewer.suggestions.getByRole("option", { name: /^web-2\s*[\d,]+$/ })).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(viewer.suggestions).toBeHidden();
  await expect(viewer.search).toBeFocused();
});

test("a mistake is told under its column, and what was found stays", async ({ page, viewer }) => {
  await viewer.find("level:fatal");
  await viewer.finds(1, 6000);
  await viewer.find("level:fatal (timeout");
  await expect(page.getByRole("alert").filter({ hasText: /^Column \d+: / })).toBeVisible();
  await expect(viewer.search).toHaveAttribute("aria-invalid", "true");
  await expect(viewer.search).toHaveAccessibleDescription(/^Column \d+: /);
  await expect(viewer.row(FATAL)).toBeVisible();
  await viewer.find("level:fatal");
  await expect(page.getByRole("alert").filter({ hasText: /Column/ })).toBeHidden();
});

test("earlier searches come back, also after a reload", async ({ page, viewer }) => {
  await viewer.find("paid by card");
  await viewer.search.press("Enter");
  await viewer.finds(
    count(({ text }) => text.includes("paid by card")),
    6000,
  );
  await viewer.find("restocked");
  await viewer.search.press("Enter");
  await page.reload();
  await viewer.menu("Earlier searches");
  await page.getByRole("button", { name: "paid by card", exact: true }).click();
  await expect(viewer.search).toHaveValue("paid by card");
  await viewer.finds(
    count(({ text }) => text.includes("paid by card")),
    6000,
  );
});

test("back and forward go through what was searched for", async ({ page, viewer }) => {
  await viewer.find("level:fatal");
  await viewer.search.press("Enter");
  await viewer.finds(1, 6000);
  await viewer.level("debug").click();
  await expect(viewer.search).toHaveValue("level:fatal -level:debug");
  await page.goBack();
  await expect(viewer.search).toHaveValue("level:fatal");
  await page.goBack();
  await expect(viewer.search).toHaveValue("");
  await viewer.finds(6000);
  await page.goForward();
  await viewer.finds(1, 6000);
});

test("levels are switched off and on", async ({ viewer }) => {
  const infos = count(({ level }) => level === "info");
  await expect(viewer.level("info")).toHaveAccessibleName(new RegExp(`^info\\s*${infos.toLocaleString("en")}$`));
  await viewer.level("info").click();
  await expect(viewer.level("info")).toHaveAttribute("aria-pressed", "false");
  await viewer.finds(6000 - infos, 6000);
  await viewer.level("info").click();
  await viewer.finds(6000);
  await viewer.level("error").click({ modifiers: ["Shift"] });
  await viewer.finds(
    count(({ level }) => level === "error"),
    6000,
  );
});

test("values of facets are clicked in and out", async ({ viewer }) => {
  const payments = count(({ key }) => key === "/prod/shop/payment");
  await viewer.facets.getByRole("button", { name: /^Only \/prod\/shop\/payment, / }).click();
  await viewer.finds(payments, 6000);
  await viewer.facets.getByRole("button", { name: /^Only \/prod\/shop\/payment, / }).click();
  await viewer.finds(6000);
  await viewer.facets.getByRole("button", { name: "Without /prod/shop/payment" }).click();
  await viewer.finds(6000 - payments, 6000);
  await viewer.find("");

  await viewer.facets.getByRole("button", { name: "host", exact: true }).click();
  await expect(viewer.facets.getByRole("heading", { name: "host" })).toBeVisible();
  await viewer.facets.getByRole("button", { name: /^Only web-3, / }).click();
  await viewer.finds(
    count(({ attributes }) => attributes["host"] === "web-3"),
    6000,
  );
});

test("nothing found says so, and offers the way back", async ({ page, viewer }) => {
  await viewer.find("no event says this");
  await viewer.finds(0, 6000);
  await expect(viewer.main.getByText("No event matches.")).toBeVisible();
  await page.getByRole("button", { name: "Clear search and time" }).click();
  await viewer.finds(6000);
});

test("a drag over the timeline chooses a time", async ({ page, viewer }) => {
  const box = await viewer.timeline.boundingBox();
  if (!box) throw new Error("the timeline is not on screen");
  const y = box.y + box.height / 2;
  await page.mouse.move(box.x + box.width * 0.4, y);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.6, y, { steps: 5 });
  await page.mouse.up();
  await expect(page).toHaveURL(/from=\d+&until=\d+/);
  const { from, until } = range(page.url());
  expect(from).toBeGreaterThan(START + 15 * 60_000);
  expect(until).toBeLessThan(START + 45 * 60_000);
  await viewer.finds(
    count(({ time }) => time >= from && time < until),
    6000,
  );
  await page.getByTitle("Whole time").click();
  await viewer.finds(6000);
});

test("the keyboard chooses a time, too", async ({ page, viewer }) => {
  await viewer.grid.focus();
  await page.keyboard.press("t");
  await expect(viewer.timeline).toBeFocused();
  await page.keyboard.press("Home");
  await expect(viewer.timeline).toHaveAttribute("aria-valuetext", /: [\d,]+ events? \(/);
  for (let i = 0; i < 4; i++) await page.keyboard.press("Shift+ArrowRight");
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/from=\d+&until=\d+/);
  const { from, until } = range(page.url());
  expect(from).toBe(START);
  await viewer.finds(
    count(({ time }) => time < until),
    6000,
  );
  await page.keyboard.press("Backspace");
  await viewer.finds(6000);
});

test("a jump to a time puts its events on screen", async ({ page, viewer }) => {
  await viewer.grid.focus();
  await page.keyboard.press("j");
  const input = page.getByRole("textbox", { name: /^14:05/ });
  await expect(input).toBeFocused();
  await input.fill("later");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("alert").filter({ hasText: "This is no time." })).toBeVisible();
  await input.fill("2026-03-14 09:36:00Z");
  await page.keyboard.press("Enter");
  await expect(viewer.row(FATAL)).toBeInViewport();
});

test("the neighbours of an event, of all keys and of its own", async ({ page, viewer }) => {
  await viewer.find("level:fatal");
  await viewer.finds(1, 6000);
  await viewer.row(FATAL).click();
  await expect(viewer.detail).toBeVisible();
  await viewer.detail.getByRole("button", { name: "Around it, all events" }).click();
  await viewer.finds(6000);
  await expect(viewer.selected()).toContainText(FATAL);
  await expect(viewer.selected()).toBeInViewport();
  await expect(viewer.search).toHaveValue("");

  await viewer.detail.getByRole("button", { name: "Around it, same key" }).click();
  await viewer.finds(
    count(({ key }) => key === "/prod/shop/payment"),
    6000,
  );
  await expect(viewer.selected()).toContainText(FATAL);
  await expect(viewer.selected()).toBeInViewport();
  await page.goBack();
  await viewer.finds(6000);
});

test("the neighbours in the ring, where there are several rings", async ({ page, site, viewer }) => {
  // All events are in one ring: all that is around is around in the ring.
  await viewer.find("level:fatal");
  await viewer.row(FATAL).click();
  await expect(viewer.detail.getByRole("button", { name: "Around it, same key" })).toBeVisible();
  await expect(viewer.detail.getByRole("button", { name: /ring/ })).toBeHidden();

  await page.goto(`${site.url}?open=/buffers/overwritten.logd`);
  await viewer.find("GET key:/prod/shop/web");
  await viewer.row("GET /").last().click();
  const text = (await viewer.selected().getByRole("gridcell").last().textContent()) ?? "";
  await viewer.detail.getByRole("button", { name: "Around it, ring /prod/shop/web" }).click();
  await expect(viewer.selected()).toContainText(text);
  await expect(viewer.selected()).toBeInViewport();
  await expect(viewer.search).toHaveValue("key:/prod/shop/web");

  // The fallback ring has the keys that no other has.
  await viewer.find("level:fatal");
  await viewer.row(FATAL).click();
  await viewer.detail.getByRole("button", { name: "Around it, same ring" }).click();
  await viewer.finds(
    count(({ key }) => key !== "/prod/shop/web"),
    queryFile(join(BUFFERS, "overwritten.logd")).length,
  );
  await expect(viewer.selected()).toContainText(FATAL);
  await expect(viewer.selected()).toBeInViewport();
});

test("how many were found is announced", async ({ page, viewer }) => {
  const status = page.getByRole("status");
  await viewer.find("level:fatal");
  await expect(status.filter({ hasText: "1 of 6,000 events" })).toBeAttached();
});

/** The time that a link holds, in milliseconds. */
function range(url: string): { from: number; until: number } {
  const parts = new URLSearchParams(new URL(url).hash.slice(1));
  return { from: Number(parts.get("from")) / 1e6, until: Number(parts.get("until")) / 1e6 };
}

test("the outage is seen in what errors say", async ({ viewer }) => {
  await viewer.find("level>=error");
  const found = ALL.filter(({ level }) => level === "error" || level === "fatal");
  expect(found.every(({ time }) => time >= OUTAGE.from && time < OUTAGE.until)).toBe(true);
  await viewer.finds(found.length, 6000);
});
