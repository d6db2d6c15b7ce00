// Opening buffers: from the disk, from a server, whole and broken.

import { statSync } from "node:fs";
import { join } from "node:path";

import { bank, odd, shop } from "./support/events.ts";
import { BUFFERS } from "./support/paths.ts";
import { expect, test } from "./support/test.ts";

test("a file is chosen, and its newest events are on screen", async ({ page, site, viewer }) => {
  await page.goto(site.url);
  await expect(page.getByRole("heading", { name: "Drop a log buffer here" })).toBeVisible();
  await viewer.choose("shop.logd");
  await viewer.finds(6000);
  await expect(page).toHaveTitle(/^shop\.logd/);
  await expect(viewer.row(shop().at(-1)?.text ?? "")).toBeVisible();
});

test("files are dropped, and their events are in one order", async ({ page, site, viewer }) => {
  await page.goto(site.url);
  await viewer.drop("shop.logd", "bank.logd");
  await viewer.finds(6240);
  await page.getByRole("button", { name: /2 buffers/ }).click();
  await expect(page.getByText("Exported on shop-1", { exact: false })).toBeVisible();
  await expect(page.getByText("Exported on bank-1", { exact: false })).toBeVisible();
  await page.keyboard.press("Escape");

  const all = [...shop(), ...bank()].sort((a, b) => a.received - b.received).map(({ text }) => text);
  await expect(viewer.row(all.at(-1) ?? "").last()).toBeVisible();
  const shown = await viewer.texts();
  expect(shown.length).toBeGreaterThan(10);
  expect(shown).toEqual(all.slice(-shown.length));
});

test("one of several is closed, and its events are gone", async ({ page, site, viewer }) => {
  await page.goto(site.url);
  await viewer.choose("shop.logd");
  await viewer.choose("bank.logd");
  await viewer.finds(6240);
  await page.getByRole("button", { name: /2 buffers/ }).click();
  await page.getByRole("button", { name: "Close shop.logd" }).click();
  await viewer.finds(240);
  await page.getByRole("button", { name: "Close bank.logd" }).click();
  await expect(page.getByRole("button", { name: "Choose files" })).toBeVisible();
});

test("a truncated file opens as far as it goes", async ({ page, site, viewer }) => {
  await page.goto(site.url);
  await viewer.choose("truncated.logd");
  await expect(viewer.row(/./).nth(5)).toBeVisible();
  await page.getByRole("button", { name: /truncated\.logd/ }).click();
  await expect(page.getByText("The end of the file is missing", { exact: false })).toBeVisible();
  await expect(page.getByText(/^Bytes [\d,]+ to [\d,]+ could not be read/)).toBeVisible();
});

test("of a damaged file, what is not damaged is read", async ({ page, site, viewer }) => {
  await page.goto(site.url);
  await viewer.choose("damaged.logd");
  await expect(viewer.row(/./).nth(5)).toBeVisible();
  await page.getByRole("button", { name: /damaged\.logd/ }).click();
  await expect(page.getByText(/^Bytes [\d,]+ to [\d,]+ could not be read/)).toBeVisible();
});

test("of a file that was cut too early to show anything, the page says why", async ({ page, site, viewer }) => {
  await page.goto(site.url);
  await viewer.choose("stump.logd");
  await expect(viewer.main.getByText("There is no event to show.")).toBeVisible();
  await expect(viewer.main.getByText("The end of the file is missing", { exact: false })).toBeVisible();
});

test("a buffer that lacks its oldest events says so", async ({ page, site, viewer }) => {
  await page.goto(site.url);
  await viewer.choose("overwritten.logd");
  await expect(viewer.row(/./).nth(5)).toBeVisible();
  await page.getByRole("button", { name: /overwritten\.logd/ }).click();
  await expect(page.getByText(/^[\d,]+ older events had been overwritten\.$/)).toBeVisible();
});

test("what is no buffer is refused, and what is open stays", async ({ page, site, viewer }) => {
  await page.goto(site.url);
  await viewer.choose("notes.txt");
  await expect(page.getByRole("alert").filter({ hasText: "notes.txt is not a logd buffer." })).toBeVisible();
  await page.getByRole("button", { name: "Dismiss" }).click();
  await viewer.choose("shop.logd");
  await viewer.finds(6000);
  await viewer.choose("notes.txt");
  await expect(page.getByRole("alert").filter({ hasText: "notes.txt is not a logd buffer." })).toBeVisible();
  await viewer.finds(6000);
});

test("a link opens a buffer of a server, in ranges", async ({ page, site, viewer }) => {
  await page.goto(`${site.url}?open=/buffers/shop.logd`);
  await viewer.finds(6000);
});

test("a link opens a buffer of a server that knows no ranges", async ({ page, site, viewer }) => {
  await page.goto(`${site.url}?open=/whole/shop.logd&open=/buffers/bank.logd`);
  await viewer.finds(6240);
});

test("a link to nothing says what is missing", async ({ page, site, watch }) => {
  watch.expect(/404/);
  await page.goto(`${site.url}?open=/buffers/gone.logd`);
  await expect(page.getByRole("alert").filter({ hasText: /gone\.logd could not be opened: .*404/ })).toBeVisible();
  await expect(page.getByRole("button", { name: "Choose files" })).toBeVisible();
});

test("of a big buffer the newest part is read first", async ({ page, site, viewer }) => {
  const path = "/held/big.logd";
  const size = statSync(join(BUFFERS, "big.logd")).size;
  // How large it is; the end, with the index; the newest blocks.
  site.sent.clear();
  site.hold(3);
  await page.goto(`${site.url}?open=${path}`);
  await expect(viewer.row(shop(100_000).at(-1)?.text ?? "").last()).toBeVisible();
  expect(site.sent.get(path)).toBeLessThan(size / 2);
  await expect(page.getByRole("progressbar")).toBeVisible();
  site.release();
  await viewer.finds(100_000);
  await expect(page.getByRole("progressbar")).toBeHidden();
});

test("long, wide and strange texts", async ({ page, site, viewer }) => {
  await page.goto(site.url);
  await viewer.choose("odd.logd");
  await viewer.finds(7);
  await expect(viewer.row("<img src=x onerror=alert(1)> is text, not a picture")).toBeVisible();
  await expect(viewer.row("two lines ⏎ of which this is the second")).toBeVisible();
  await expect(viewer.row("Grüße, 日本語 and 🦀")).toBeVisible();

  // A megabyte in one line: cut in the grid, cut in the pane, whole when asked for.
  await viewer.row('{"payload"').click();
  await expect(viewer.detail.getByText('{"payload":"0123456789abcdef', { exact: false })).toBeVisible();
  await viewer.detail.getByRole("button", { name: /^Show all 1\.0 MB/ }).click();
  const whole = odd()[1]?.text ?? "";
  await expect
    .poll(() =>
      viewer.detail
        .locator("pre")
        .first()
        .evaluate((e) => e.textContent),
    )
    .toBe(whole);
});
