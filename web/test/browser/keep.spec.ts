// Keeping what was found: as a file, as a link, and the page itself for a time without a network.

import { readFileSync } from "node:fs";

import { queryFile } from "./support/daemon.ts";
import { FATAL, type Sample, shop } from "./support/events.ts";
import { expect, test } from "./support/test.ts";
import { Viewer } from "./support/viewer.ts";

const FILTER = "level>=error key:/prod/shop/payment";
const FOUND = shop().filter(
  ({ level, key }) => (level === "error" || level === "fatal") && key === "/prod/shop/payment",
);

const OLDEST = FOUND[0]?.text ?? "";

/** What an exported event must say, whatever else it says. */
function facts({ time, level, key, text, attributes }: Sample) {
  return { time: new Date(time).toISOString(), level, key, text, attributes };
}

/** Of an event in JSON: the same, its time in milliseconds. */
function factsOfJson(event: Record<string, unknown>) {
  const { level, key, text, attributes } = event;
  return { time: new Date(String(event["time"])).toISOString(), level, key, text, attributes: attributes ?? {} };
}

test.describe("export", () => {
  test.beforeEach(async ({ page, site, viewer }) => {
    await page.goto(`${site.url}?open=/buffers/shop.logd`);
    await viewer.find(FILTER);
    await viewer.finds(FOUND.length, 6000);
  });

  test("a buffer, which the command line reads and the page opens", async ({ page, viewer }) => {
    const file = await viewer.download("Buffer (.logd)");
    expect(queryFile(file).map(factsOfJson)).toEqual(FOUND.map(facts));

    const choosing = page.waitForEvent("filechooser");
    await page.getByRole("button", { name: "Open", exact: true }).click();
    await (await choosing).setFiles({ name: "again.logd", mimeType: "", buffer: readFileSync(file) });
    await viewer.finds(2 * FOUND.length, 6000 + FOUND.length);
    await page.getByRole("button", { name: /2 buffers/ }).click();
    await expect(page.getByText(/^Only events that match .* were exported\.$/)).toBeVisible();
  });

  test("JSON lines", async ({ viewer }) => {
    const lines = readFileSync(await viewer.download("JSON lines"), "utf8")
      .trimEnd()
      .split("\n");
    expect(lines.map((line) => factsOfJson(JSON.parse(line) as Record<string, unknown>))).toEqual(FOUND.map(facts));
  });

  test("a table", async ({ viewer }) => {
    const table = readFileSync(await viewer.download("Table (.csv)"), "utf8");
    const lines = table.trimEnd().split("\n");
    expect(lines[0]).toBe("seq,time,received,key,level,severity,text,attributes");
    expect(lines).toHaveLength(FOUND.length + 1);
    expect(lines.find((line) => line.includes(FATAL))).toContain(",/prod/shop/payment,fatal,");
  });

  test("only the time that is chosen", async ({ page, viewer }) => {
    await viewer.find("");
    await viewer.finds(6000);
    await viewer.timeline.focus();
    await page.keyboard.press("Home");
    for (let i = 0; i < 3; i++) await page.keyboard.press("Shift+ArrowRight");
    await page.keyboard.press("Enter");
    await expect(page).toHaveURL(/until=\d+/);
    const until = Number(new URLSearchParams(new URL(page.url()).hash.slice(1)).get("until")) / 1e6;
    const wanted = shop().filter(({ time }) => time < until);
    await viewer.finds(wanted.length, 6000);
    const file = await viewer.download("Buffer (.logd)");
    expect(queryFile(file).map(factsOfJson)).toEqual(wanted.map(facts));
  });
});

test("a link holds the question and the event", async ({ context, page, site, viewer }) => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await page.goto(site.url);
  await viewer.choose("shop.logd");
  await viewer.find(FILTER);
  await viewer.finds(FOUND.length, 6000);
  await viewer.grid.focus();
  await page.keyboard.press("Home");
  await page.keyboard.press("Enter");
  await expect(viewer.detail.getByText(OLDEST)).toBeVisible();
  await viewer.menu("Export");
  await page.getByRole("button", { name: "Copy link" }).click();
  const link = await page.evaluate(() => navigator.clipboard.readText());

  // Another person, who has the file, too.
  const other = new Viewer(await context.newPage());
  await other.page.goto(link);
  await expect(other.page.getByText("This link is about a buffer.", { exact: false })).toBeVisible();
  await other.choose("shop.logd");
  await expect(other.search).toHaveValue(FILTER);
  await other.finds(FOUND.length, 6000);
  await expect(other.selected()).toContainText(OLDEST);
  await expect(other.selected()).toBeInViewport();
  await expect(other.detail.getByText(OLDEST)).toBeVisible();

  // And one who has another.
  const third = new Viewer(await context.newPage());
  await third.page.goto(link);
  await third.choose("bank.logd");
  await expect(third.page.getByText("This link is about another buffer", { exact: false })).toBeVisible();
});

test("a link to a buffer of a server holds all of it", async ({ context, page, site, viewer }) => {
  await page.goto(`${site.url}?open=/buffers/shop.logd`);
  await viewer.find(FILTER);
  await viewer.finds(FOUND.length, 6000);
  await viewer.grid.focus();
  await page.keyboard.press("Home");
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/at=/);
  const other = await context.newPage();
  await other.goto(page.url());
  const seen = new Viewer(other);
  await seen.finds(FOUND.length, 6000);
  await expect(seen.selected()).toContainText(OLDEST);
});

test("the event of a link is waited for while a buffer is being read", async ({ context, page, site, viewer }) => {
  await page.goto(`${site.url}?open=/held/big.logd`);
  await viewer.finds(100_000);
  await viewer.grid.focus();
  await page.keyboard.press("Home");
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/at=/);
  const text = await viewer.selected().textContent();
  // Only the newest events come at first.
  site.hold(3);
  const other = new Viewer(await context.newPage());
  await other.page.goto(page.url());
  await expect(other.page.getByRole("progressbar")).toBeVisible();
  await expect(other.row(/./).nth(1)).toBeVisible();
  site.release();
  await other.finds(100_000);
  await expect(other.selected()).toHaveText(text ?? "");
  await expect(other.selected()).toBeInViewport();
  await expect(other.detail).toBeVisible();
});

test.describe("without a network", () => {
  test.use({ serviceWorkers: "allow" });

  test("the page works once it was loaded", async ({ context, page, site, viewer }) => {
    await page.goto(site.url);
    await page.evaluate(async () => {
      const { active } = await navigator.serviceWorker.ready;
      if (active?.state === "activated") return;
      await new Promise((resolve) => active?.addEventListener("statechange", resolve));
    });
    await context.setOffline(true);
    await page.reload();
    await viewer.choose("shop.logd");
    await viewer.finds(6000);
    await viewer.find("level:fatal");
    await viewer.finds(1, 6000);
    await expect(viewer.row(FATAL)).toBeVisible();
  });
});
