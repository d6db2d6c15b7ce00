// What a buffer lacks: the timeline shows when, and says it in words.

import type { Page } from "@playwright/test";

import { shop } from "./support/events.ts";
import { expect, test } from "./support/test.ts";
import type { Viewer } from "./support/viewer.ts";

const ALL = shop().length;
const TIME = String.raw`\d\d-\d\d \d\d:\d\d:\d\d`;

/** The number of events in a text, if it says one. */
function events(text: string): number {
  return Number(/([\d,]+) events/.exec(text)?.[1]?.replaceAll(",", ""));
}

/** What the timeline says of its first and its last bucket. */
async function ends(page: Page, viewer: Viewer): Promise<string[]> {
  const said: string[] = [];
  await viewer.timeline.focus();
  for (const key of ["Home", "End"]) {
    await page.keyboard.press(key);
    await expect(viewer.timeline).toHaveAttribute("aria-valuetext", /: [\d,]+ events?/);
    said.push((await viewer.timeline.getAttribute("aria-valuetext")) ?? "");
  }
  return said;
}

/** Of the first and of the last tenth of the chart, how much is painted at all. */
async function painted(viewer: Viewer): Promise<number[]> {
  return viewer.timeline.locator("canvas").evaluate((canvas: HTMLCanvasElement) => {
    const context = canvas.getContext("2d");
    const width = Math.floor(canvas.width / 10);
    // Below the top of the bars, above the times; not the scale at the left.
    return [1.5 * width, canvas.width - width].map((left) => {
      const { data } = context?.getImageData(left, canvas.height * 0.3, width, canvas.height * 0.2) ?? { data: [0] };
      const alphas = data.filter((_, i) => i % 4 === 3);
      return alphas.filter((alpha) => alpha > 0).length / alphas.length;
    });
  });
}

test("of a buffer that has everything, nothing is said", async ({ page, site, viewer }) => {
  await page.goto(`${site.url}?open=/buffers/shop.logd`);
  await viewer.finds(ALL);
  await expect(viewer.lacks).toBeHidden();
  for (const text of await ends(page, viewer)) expect(text).not.toContain("not all");
});

test("overwritten", async ({ page, site, viewer }) => {
  await page.goto(`${site.url}?open=/buffers/overwritten.logd`);
  const lack = viewer.lacks.getByRole("listitem");
  await expect(lack).toHaveText(new RegExp(String.raw`Overwritten: [\d,]+ events until ${TIME}, /prod/shop/web$`));
  await viewer.finds(ALL - events((await lack.textContent()) ?? ""));
  const [first, last] = await ends(page, viewer);
  expect(first).toMatch(/; not all: overwritten$/);
  expect(last).not.toContain("not all");
  // Hatched there, and only there.
  const [left = 0, right = 0] = await painted(viewer);
  expect(left).toBeGreaterThan(0.95);
  expect(right).toBeLessThan(0.9);
});

test("damaged", async ({ page, site, viewer }) => {
  await page.goto(`${site.url}?open=/buffers/damaged.logd`);
  const lack = viewer.lacks.getByRole("listitem");
  await expect(lack).toHaveText(new RegExp(`Unreadable: [\\d,]+ events ${TIME} – ${TIME}$`));
  await viewer.finds(ALL - events((await lack.textContent()) ?? ""));
  // The damage is in the middle.
  for (const text of await ends(page, viewer)) expect(text).not.toContain("not all");
  await page.keyboard.press("Home");
  for (let i = 0; i < 5; i++) await page.keyboard.press("PageDown");
  await expect(viewer.timeline).toHaveAttribute("aria-valuetext", /; not all: unreadable$/);
});

test("left out for want of memory", async ({ page, site, viewer }) => {
  // With as much memory as a small machine has, or this test would need gigabytes.
  let changed = false;
  await page.route(/\/worker-[^/]+\.js$/, async (route) => {
    const answer = await route.fetch();
    const script = await answer.text();
    const small = script.replace("1536*2**20", "4*2**20");
    changed = small !== script;
    await route.fulfill({ response: answer, body: small });
  });
  await page.goto(`${site.url}?open=/buffers/big.logd`);
  const lack = viewer.lacks.getByRole("listitem");
  await expect(lack).toHaveText(new RegExp(`Left out for want of memory: [\\d,]+ events ${TIME} – ${TIME}$`));
  await expect(page.getByRole("progressbar")).toBeHidden();
  expect(changed).toBe(true);
  await viewer.finds(100_000 - events((await lack.textContent()) ?? ""));
  // The newest are kept.
  await expect(viewer.row(shop(100_000).at(-1)?.text ?? "")).toBeVisible();
  const [, last] = await ends(page, viewer);
  expect(last).not.toContain("not all");
});

test("of several buffers, each kind once, with where", async ({ page, site, viewer }) => {
  await page.goto(`${site.url}?open=/buffers/overwritten.logd&open=/buffers/damaged.logd&open=/buffers/truncated.logd`);
  await expect(viewer.lacks.getByRole("listitem")).toHaveCount(2);
  const overwritten = viewer.lacks.getByRole("listitem").first();
  const damaged = viewer.lacks.getByRole("listitem").last();
  await expect(overwritten).toHaveText(/Overwritten: .*, overwritten\.logd \/prod\/shop\/web$/);
  // How many the end of the truncated one had, nobody knows.
  await expect(damaged).toHaveText(/Unreadable: events /);
  await expect(damaged).toHaveAttribute("title", /, damaged\.logd\n.*, truncated\.logd/);
});
