// Every state of the page, dark and light, wide and narrow, against what can be checked of WCAG 2.1 AA.

import AxeBuilder from "@axe-core/playwright";
import type { Page } from "@playwright/test";

import { FATAL } from "./support/events.ts";
import { expect, test } from "./support/test.ts";

/** `rows`: those of the grid, too. They are most of the page, and look the same below every menu. */
async function check(page: Page, state: string, rows = true): Promise<void> {
  // What fades in is judged when it is there.
  await page.evaluate(() => Promise.all(document.getAnimations().map((animation) => animation.finished)));
  const axe = new AxeBuilder({ page })
    .options({ resultTypes: ["violations"] })
    .withTags(["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]);
  const { violations } = await (rows ? axe : axe.exclude('[role="rowgroup"]')).analyze();
  const found = violations.flatMap(({ id, help, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${id}: ${help}: ${target.join(" ")}: ${failureSummary ?? ""}`),
  );
  expect(found, state).toEqual([]);
}

/** Nothing is cut off at the side. */
async function fits(page: Page, state: string): Promise<void> {
  const { wanted, width } = await page.evaluate(() => ({
    wanted: document.documentElement.scrollWidth,
    width: document.documentElement.clientWidth,
  }));
  expect(wanted, `${state}: the page is wider than the window`).toBeLessThanOrEqual(width);
}

for (const colorScheme of ["light", "dark"] as const) {
  for (const [size, viewport] of [
    ["wide", { width: 1280, height: 600 }],
    ["narrow", { width: 360, height: 640 }],
  ] as const) {
    test.describe(`${colorScheme}, ${size}`, () => {
      test.use({ colorScheme, viewport });

      test("the states of the page", async ({ page, site, viewer }) => {
        test.slow();
        const good = async (state: string, rows = true) => {
          await check(page, state, rows);
          await fits(page, state);
        };
        await page.goto(site.url);
        await expect(page.getByRole("button", { name: "Choose files" })).toBeVisible();
        await good("welcome");
        await viewer.choose("notes.txt");
        await expect(page.getByRole("alert").filter({ hasText: "is not a logd buffer" })).toBeVisible();
        await good("no buffer");

        site.hold(3);
        await page.goto(`${site.url}?open=/held/big.logd`);
        await expect(page.getByRole("progressbar")).toBeVisible();
        await good("loading");
        site.release();

        await page.goto(`${site.url}?open=/buffers/overwritten.logd&open=/buffers/truncated.logd`);
        await expect(viewer.row(/./).nth(3)).toBeVisible();
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

      test("signing in, and following", async ({ daemon, page, viewer, watch }) => {
        watch.expect(/401/);
        daemon.send(["something happened"], "warn");
        await page.goto(`${daemon.origin}/view/`);
        await page.getByLabel("Read secret").fill("wrong");
        await page.getByLabel("Read secret").press("Enter");
        await expect(page.getByRole("alert").filter({ hasText: "does not take" })).toBeVisible();
        await check(page, "a secret that is refused");
        await fits(page, "a secret that is refused");
        await page.getByLabel("Read secret").fill(daemon.readSecret);
        await page.getByLabel("Read secret").press("Enter");
        await viewer.finds(1);
        await page.getByRole("button", { name: /^Pause/ }).click();
        await check(page, "paused");
        await fits(page, "paused");
      });
    });
  }
}
