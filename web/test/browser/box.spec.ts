// The search box shows what an expression is made of, and where it is wrong.

import type { Locator, Page } from "@playwright/test";

import { expect, test } from "./support/test.ts";

test.beforeEach(async ({ page, site, viewer }) => {
  await page.goto(`${site.url}?open=/buffers/bank.logd`);
  await viewer.finds(240);
});

/** A part of the expression, as it is painted. */
function part(page: Page, text: string): Locator {
  return page.getByRole("search").getByText(text, { exact: true });
}

const color = (locator: Locator) => locator.evaluate((element) => getComputedStyle(element).color);

/** Where a character of the box is on screen: all are equally wide. */
async function column(search: Locator, index: number): Promise<number> {
  return search.evaluate((input: HTMLInputElement, i) => {
    const context = document.createElement("canvas").getContext("2d");
    if (!context) throw new Error("no canvas");
    context.font = getComputedStyle(input).font;
    return input.getBoundingClientRect().x + context.measureText(input.value.slice(0, i)).width - input.scrollLeft;
  }, index);
}

const left = async (locator: Locator) => (await locator.boundingBox())?.x ?? NaN;

test("fields, values, patterns and operators have colours of their own", async ({ page, viewer }) => {
  const expression = 'level>=warn OR -key:/prod/bank settled "batch 7" /cert.*/';
  await viewer.search.focus();
  // As it is typed, not only when it is there.
  await page.keyboard.type(expression);
  const colours = {
    field: await color(part(page, "level>=")),
    value: await color(part(page, "warn")),
    operator: await color(part(page, "OR")),
    regex: await color(part(page, "/cert.*/")),
  };
  expect(new Set(Object.values(colours)).size).toBe(4);
  expect(await color(part(page, "key:"))).toBe(colours.field);
  expect(await color(part(page, "/prod/bank"))).toBe(colours.value);
  // What is painted lies where what is typed is.
  for (const text of ["level>=", "warn", "OR", "key:", "/prod/bank", "/cert.*/"]) {
    expect(
      Math.abs((await left(part(page, text))) - (await column(viewer.search, expression.indexOf(text)))),
    ).toBeLessThan(1);
  }
});

test("what is wrong is underlined under its column, also far to the right", async ({ page, viewer }) => {
  const long = `${"settled OR ".repeat(20)}level:loud`;
  for (const expression of ["settled level:loud batch", long]) {
    await viewer.search.fill(expression);
    const at = expression.indexOf("loud");
    await expect(viewer.search).toHaveAccessibleDescription(new RegExp(`^Column ${at + 1}: `));
    await viewer.search.press("End");
    // Once as it is coloured, once as it is underlined.
    const painted = page.getByRole("search").getByText("loud", { exact: true });
    await expect(painted).toHaveCount(2);
    for (const each of await painted.all()) {
      await expect.poll(async () => Math.abs((await left(each)) - (await column(viewer.search, at)))).toBeLessThan(1);
    }
    await expect(painted.last()).toHaveCSS("text-decoration-line", "underline");
  }
  await viewer.find("settled");
  await expect(page.getByRole("alert").filter({ hasText: /^Column/ })).toBeHidden();
});
