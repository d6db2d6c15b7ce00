// Senders' clocks that are wrong, and events that were long under way: the list is in order of receipt, the timeline goes
// by the senders' clocks.

import { bank, skewed } from "./support/events.ts";
import { expect, test } from "./support/test.ts";

const { late, lost } = skewed();
const BANK = bank();

test("a bar leads to its first event in the list, wherever that is", async ({ page, site, viewer }) => {
  await page.goto(`${site.url}?open=/buffers/late.logd`);
  await viewer.finds(late.length);
  await viewer.timeline.focus();
  await page.keyboard.press("Home");
  await expect(viewer.timeline).toHaveAttribute("aria-valuetext", /: 10 events \(warn 10\)$/);
  await page.keyboard.press("Enter");
  // Received among the events of three quarters of an hour later.
  await expect(viewer.row("till 0 was closed")).toBeInViewport();
  await expect(viewer.row("settled batch 179")).toBeInViewport();

  await viewer.find("settled");
  await viewer.finds(BANK.filter(({ level }) => level === "info").length, late.length);
  await viewer.timeline.focus();
  await page.keyboard.press("End");
  await page.keyboard.press("Enter");
  await expect(viewer.row("settled batch 239")).toBeInViewport();
  // With the pointer, as well.
  const box = await viewer.timeline.boundingBox();
  if (!box) throw new Error("no timeline");
  // A third is before the bank's first event, and has no bar.
  await viewer.timeline.click({ position: { x: box.width * 0.45, y: box.height / 2 } });
  await expect(viewer.row("settled batch 239")).toBeHidden();
  await expect(viewer.row(/settled batch \d\d$/).first()).toBeInViewport();
});

test("a clock that has forgotten the year does not squeeze the timeline", async ({ page, site, viewer }) => {
  await page.goto(`${site.url}?open=/buffers/lost.logd`);
  await viewer.finds(lost.length);
  const buckets = async () => Number(await viewer.timeline.getAttribute("aria-valuemax"));
  await expect.poll(buckets).toBeGreaterThan(50);
  const outside = page.getByRole("button", { name: "3 events outside, show" });
  await expect(outside).toBeVisible();
  // Of what matches.
  await viewer.find('"till 2"');
  await expect(page.getByRole("button", { name: "1 event outside, show" })).toBeVisible();
  await viewer.find("settled");
  await expect(page.getByRole("button", { name: /outside/ })).toBeHidden();
  await viewer.find("");

  await outside.click();
  await expect(outside).toBeHidden();
  await viewer.timeline.focus();
  await page.keyboard.press("Home");
  await expect(viewer.timeline).toHaveAttribute("aria-valuetext", /^1969-12-.*: 3 events|^1970-01-01: 3 events/);
  await page.keyboard.press("Enter");
  await expect(viewer.row("till 1 has a new battery")).toBeInViewport();
  await page.getByRole("button", { name: "With clocks far off" }).click();
  await expect(outside).toBeVisible();
  await expect.poll(buckets).toBeGreaterThan(50);
});
