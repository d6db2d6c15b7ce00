// Every state of the page, light and dark, wide and narrow, against what can be checked of WCAG 2.1 AA.

import AxeBuilder from "@axe-core/playwright";
import type { Page } from "@playwright/test";

import { FATAL } from "./support/events.ts";
import { expect, test } from "./support/test.ts";

const SIZES = {
  wide: { width: 1280, height: 600 },
  narrow: { width: 360, height: 640 },
};

/** `rows`: those of the grid, too. They are most of the page, and look the same below every menu. */
async function check(page: Page, state: string, rows = true): Promise<void> {
  await scan(page, `${state}, light`, rows);
  await page.emulateMedia({ colorScheme: "dark" });
  await scan(page, `${state}, dark`, rows);
  await page.emulateMedia({ colorScheme: "light" });
  await fits(page, state);
}

async function scan(page: Page, state: string, rows: boolean): Promise<void> {
  // What fades in is judged when it is there.
  await page.evaluate(() => Promise.all(document.getAnimations().map((animation) => animation.finished)));
  // There are no frames: what would collect from them is spared.
  const axe = new AxeBuilder({ page })
    .options({ resultTypes: ["violations"] })
    .withTags(["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"])
    .setLegacyMode();
  const { violations } = await (rows ? axe : axe.exclude('[role="rowgroup"]')).analyze();
  const found = violations.flatMap(({ id, help, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${id}: ${help}: ${target.join(" ")}: ${failureSummary ?? ""}`),
  );
  expect(found, state).toEqual([]);
}

/** Nothing is cut off at the side, and in the line at the top nothing lies upon the other. */
async function fits(page: Page, state: string): Promise<void> {
  const { wanted, width } = await page.evaluate(() => ({
    wanted: document.documentElement.scrollWidth,
    width: document.documentElement.clientWidth,
  }));
  expect(wanted, `${state}: the page is wider than the window`).toBeLessThanOrEqual(width);
  const top = page.getByRole("banner");
  const boxes = await Promise.all(
    (await top.getByRole("button").or(top.getByRole("status")).all()).map((part) => part.boundingBox()),
  );
  const row = boxes.filter((box) => box !== null && box.y < 48).map((box) => box ?? { x: 0, width: 0 });
  row.sort((a, b) => a.x - b.x);
  row.slice(1).forEach((box, i) => {
    const before = row[i];
    expect(box.x, `${state}: what is at the top lies upon each other`).toBeGreaterThanOrEqual(
      (before?.x ?? 0) + (before?.width ?? 0) - 1,
    );
  });
}

for (const [size, viewport] of Object.entries(SIZES)) {
  test.describe(size, () => {
    test.use({ colorScheme: "light", viewport });

    test("before anything is there", async ({ page, site, viewer }) => {
      const good = (state: string) => check(page, state);
      await page.goto(site.url);
      await expect(page.getByRole("button", { name: "Choose files" })).toBeVisible();
      await good("welcome");
      await viewer.choose("notes.txt");
      await expect(page.getByRole("alert").filter({ hasText: "is not a logd buffer" })).toBeVisible();
      await good("no buffer");

      await page.goto(`${site.url}?open=/buffers/none.logd`);
      await expect(page.getByText("There is no event to show.")).toBeVisible();
      await good("an empty buffer");
      await page.goto(`${site.url}?open=/buffers/lost.logd`);
      await expect(page.getByRole("button", { name: "3 events outside, show" })).toBeVisible();
      await good("clocks that are far off");

      site.hold(3);
      await page.goto(`${site.url}?open=/held/big.logd`);
      await expect(page.getByRole("progressbar")).toBeVisible();
      await good("loading");
      site.release();
    });

    test("menus, and a comparison", async ({ page, site, viewer }) => {
      test.slow();
      const good = (state: string, rows = true) => check(page, state, rows);
      await page.goto(`${site.url}?open=/buffers/overwritten.logd&open=/buffers/truncated.logd`);
      await expect(viewer.row(/./).nth(3)).toBeVisible();
      // Of both, something is missing.
      await expect(viewer.lacks.getByRole("listitem")).toHaveCount(2);
      await good("loaded");
      await page.getByRole("button", { name: /2 buffers/ }).click();
      await good("what is open", false);
      await page.keyboard.press("Escape");
      await page.getByRole("button", { name: "Theme, Times" }).click();
      await good("preferences", false);
      await page.keyboard.press("Escape");
      for (const menu of ["Bookmarks", "Columns", "Export", "Jump to a time", "Earlier searches"]) {
        await viewer.menu(menu);
        await good(menu, false);
        await page.keyboard.press("Escape");
      }
      await viewer.menu("Compare");
      await expect(viewer.comparison.getByRole("rowheader").first()).toBeVisible();
      await good("a comparison", false);
      await page.keyboard.press("Escape");
    });

    test("searching and reading", async ({ page, site, viewer }) => {
      test.slow();
      const good = (state: string, rows = true) => check(page, state, rows);
      await page.goto(`${site.url}?open=/buffers/overwritten.logd`);
      await expect(viewer.row(/./).nth(3)).toBeVisible();
      await viewer.search.fill("attr.");
      await expect(viewer.suggestions).toBeVisible();
      await good("suggestions", false);
      await viewer.find("(level:fatal");
      await expect(page.getByRole("alert").filter({ hasText: /Column/ })).toBeVisible();
      await good("an expression that is wrong");
      await viewer.find("nothing says this");
      await expect(viewer.main.getByText("No event matches.")).toBeVisible();
      await good("no results");
      await viewer.find("level>=error");
      await expect(viewer.row("timed out").first()).toBeVisible();
      await good("errors");
      await viewer.find("exhausted level:fatal");
      await viewer.row(FATAL).first().click();
      await expect(viewer.detail).toBeVisible();
      await page.keyboard.press("b");
      await good("an event, bookmarked");
      await page.keyboard.press("Escape");
      if (size === "narrow") {
        await page.getByRole("button", { name: "Facets" }).click();
        await expect(viewer.facets).toBeVisible();
        await good("facets", false);
        await page.keyboard.press("Escape");
      }
      await page.getByRole("button", { name: "Keys" }).click();
      await expect(page.getByRole("dialog")).toBeVisible();
      await good("help", false);
    });
  });
}

test("signing in, and following", async ({ daemon, page, viewer, watch }) => {
  const good = async (state: string) => {
    for (const [size, viewport] of Object.entries(SIZES)) {
      await page.setViewportSize(viewport);
      await check(page, `${state}, ${size}`);
    }
  };
  watch.expect(/401|ERR_|Failed to load resource/);
  await page.goto(`${daemon.origin}/view/`);
  await expect(page.getByLabel("Read secret")).toBeFocused();
  await good("signing in");
  await page.getByLabel("Read secret").fill("wrong");
  await page.getByLabel("Read secret").press("Enter");
  await expect(page.getByRole("alert").filter({ hasText: "does not take" })).toBeVisible();
  await good("a secret that is refused");
  await daemon.down();
  await page.getByLabel("Read secret").press("Enter");
  await expect(page.getByRole("alert").filter({ hasText: "does not answer" })).toBeVisible();
  await good("no answer");
  await daemon.up();
  daemon.send(["something happened"], "warn");
  await page.getByLabel("Read secret").fill(daemon.readSecret);
  await page.getByLabel("Read secret").press("Enter");
  await viewer.finds(1);
  await page.getByRole("button", { name: /^Pause/ }).click();
  await good("paused");
  await daemon.down();
  await expect(page.getByRole("status").filter({ hasText: "Connection lost" })).toBeVisible();
  await good("a daemon that is gone");
});
