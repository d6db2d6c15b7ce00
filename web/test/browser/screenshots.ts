// Pictures of the viewer for the documentation, of the same events every time. Not a test: it compares nothing.

import { join } from "node:path";

import type { Page } from "@playwright/test";

import { FATAL, START } from "./support/events.ts";
import { IMAGES } from "./support/paths.ts";
import { expect, test } from "./support/test.ts";

for (const colorScheme of ["light", "dark"] as const) {
  const shoot = async (page: Page, name: string) => {
    // Without a pointer over anything.
    await page.mouse.move(0, 0);
    await page.screenshot({ path: join(IMAGES, `viewer-${name}-${colorScheme}.png`), animations: "disabled" });
  };

  test.describe(colorScheme, () => {
    // Small enough to be shown as they are, and to be kept with the sources.
    test.use({ colorScheme, timezoneId: "UTC", viewport: { width: 1024, height: 640 } });

    test.beforeEach(async ({ page }) => {
      await page.clock.setFixedTime(START + 90 * 60_000);
    });

    test("event", async ({ page, site, viewer }) => {
      await page.goto(`${site.url}?open=/buffers/shop.logd`);
      await viewer.find("level:fatal");
      await viewer.row(FATAL).click();
      await viewer.find("level>=warn ledger");
      await expect(viewer.selected()).toContainText(FATAL);
      await shoot(page, "event");
    });

    test("overview", async ({ page, site, viewer }) => {
      await page.goto(`${site.url}?open=/buffers/shop.logd&open=/buffers/bank.logd`);
      await viewer.finds(6240);
      await viewer.find("level>=warn");
      await viewer.facets.getByRole("button", { name: "host", exact: true }).click();
      await expect(viewer.facets.getByRole("heading", { name: "host" })).toBeVisible();
      await shoot(page, "overview");
    });

    test("welcome", async ({ page, site }) => {
      await page.goto(site.url);
      await expect(page.getByRole("button", { name: "Choose files" })).toBeVisible();
      await shoot(page, "welcome");
    });

    test.describe("narrow", () => {
      test.use({ viewport: { width: 360, height: 720 } });

      test("narrow", async ({ page, site, viewer }) => {
        await page.goto(`${site.url}?open=/buffers/shop.logd`);
        await viewer.finds(6000);
        await viewer.find("ledger");
        await expect(viewer.row("ledger").first()).toBeVisible();
        await shoot(page, "narrow");
      });
    });
  });
}
