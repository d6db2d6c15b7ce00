// What is suggested while a person types, where it comes later than the person goes on.

import type { Page } from "@playwright/test";

import { expect, test } from "./support/test.ts";

interface Held extends Window {
  hold(type: string): void;
  letGo(): Promise<void>;
}

test.beforeEach(async ({ page, site, viewer }) => {
  await page.addInitScript(() => {
    interface Call {
      id: number;
      type: string;
    }
    const types = new Set<string>();
    const held: (() => Promise<void>)[] = [];
    window.Worker = class extends Worker {
      override postMessage(call: Call): void {
        if (!types.has(call.type)) {
          super.postMessage(call);
          return;
        }
        held.push(
          () =>
            new Promise((resolve) => {
              this.addEventListener("message", ({ data }: MessageEvent<Partial<Call>>) => {
                if (data.id === call.id) resolve();
              });
              super.postMessage(call);
            }),
        );
      }
    };
    Object.assign(window, {
      hold: (type: string) => types.add(type),
      letGo: async () => {
        types.clear();
        await Promise.all(held.splice(0).map((send) => send()));
        // What the answer changes is on screen.
        await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
      },
    });
  });
  await page.goto(`${site.url}?open=/buffers/shop.logd`);
  await viewer.finds(6000);
});

/** From now on calls of this type do not get to the engine. */
async function hold(page: Page, type: string): Promise<void> {
  await page.evaluate((t) => {
    (window as unknown as Held).hold(t);
  }, type);
}

/** Has the engine answer them. */
async function letGo(page: Page): Promise<void> {
  await page.evaluate(() => (window as unknown as Held).letGo());
}

for (const key of ["Tab", "Enter", "Escape"]) {
  test(`after ${key} no suggestions come`, async ({ page, viewer }) => {
    await viewer.search.focus();
    await page.keyboard.type("level:");
    await expect(viewer.suggestions.getByRole("option", { name: "error" })).toBeVisible();
    // The list of what was typed before is there, and another one on its way.
    await hold(page, "ask");
    await page.keyboard.type("w");
    await page.keyboard.press(key);
    await expect(viewer.suggestions).toBeHidden();
    await letGo(page);
    expect(await viewer.suggestions.isVisible()).toBe(false);
  });
}

test("what is chosen of a list takes the place of all that was typed until then", async ({ page, viewer }) => {
  await viewer.search.focus();
  await page.keyboard.type("timed key:");
  const payment = viewer.suggestions.getByRole("option", { name: "/prod/shop/payment" });
  await expect(payment).toBeVisible();
  await hold(page, "typing");
  await page.keyboard.type("/pr");
  await payment.click();
  await expect(viewer.search).toHaveValue("timed key:/prod/shop/payment ");
  await expect(viewer.search).toBeFocused();
  await letGo(page);
  await expect(viewer.search).toHaveValue("timed key:/prod/shop/payment ");
  await expect(viewer.suggestions).toBeHidden();
});

test("what is typed while a choice is written stays", async ({ page, viewer }) => {
  await viewer.search.focus();
  await page.keyboard.type("key:");
  const payment = viewer.suggestions.getByRole("option", { name: "/prod/shop/payment" });
  await expect(payment).toBeVisible();
  await hold(page, "quote");
  await payment.click();
  await page.keyboard.type("/prod/shop/web timed");
  await letGo(page);
  await viewer.finds(0, 6000);
  await expect(viewer.search).toHaveValue("key:/prod/shop/web timed");
});
