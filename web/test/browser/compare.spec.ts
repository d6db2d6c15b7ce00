// Comparing two open buffers: an hour in which payments fail, with what was logged before they did.

import type { Locator, Page } from "@playwright/test";

import { FATAL, type Sample, bank, calm, shop } from "./support/events.ts";
import { expect, test } from "./support/test.ts";
import { Viewer } from "./support/viewer.ts";

const BOTH = "?open=/buffers/calm.logd&open=/buffers/shop.logd";
const CALM = calm();
const SHOP = shop();
const number = (count: number) => count.toLocaleString("en");
const sum = (a: number, b: number) => `${number(a)} events in A, ${number(b)} events in B.`;
const errors = SHOP.filter(({ level }) => level === "error").length;

/** The row of a value: what it is, its counts in A and B, shares, the change. */
function row(viewer: Viewer, value: string | RegExp): Locator {
  const name = viewer.page.getByRole("rowheader", { name: value, exact: true });
  return viewer.comparison.getByRole("row").filter({ has: name });
}

function side(page: Page, name: "A" | "B"): Locator {
  return page.getByRole("combobox", { name: `Buffer ${name}` });
}

async function sides(page: Page): Promise<string[]> {
  const chosen = (name: "A" | "B") =>
    side(page, name).evaluate((select: HTMLSelectElement) => select.selectedOptions[0]?.textContent ?? "");
  return [await chosen("A"), await chosen("B")];
}

async function choose(page: Page, name: "A" | "B", buffer: string): Promise<void> {
  await side(page, name).selectOption({ label: buffer });
}

test.describe("two buffers", () => {
  test.beforeEach(async ({ page, site, viewer }) => {
    await page.goto(site.url + BOTH);
    await viewer.finds(CALM.length + SHOP.length);
  });

  test("what is found and what differs are both announced", async ({ page, viewer }) => {
    // All that was ever said.
    const said = await page.evaluateHandle(() => {
      const texts: string[] = [];
      const region = document.querySelector("[aria-live]");
      if (!region) throw new Error("nothing is announced");
      const listen = () => texts.push(region.textContent);
      new MutationObserver(listen).observe(region, { childList: true, characterData: true, subtree: true });
      return texts;
    });
    await viewer.find("level>=warn");
    await viewer.menu("Compare");
    const all = () => said.evaluate((texts) => texts.join("\n"));
    await expect.poll(all).toMatch(/^calm\.logd compared with shop\.logd: /m);
    await expect.poll(all).toMatch(/^\d+ of [\d,]+ events$/m);
  });

  test("a link holds it", async ({ context, page, viewer }) => {
    await viewer.menu("Compare");
    await page.getByRole("button", { name: "Swap A and B" }).click();
    await expect(viewer.comparison.getByText(sum(SHOP.length, CALM.length), { exact: false })).toBeVisible();
    await expect(page).toHaveURL(/compare=/);
    const link = page.url();

    // Another person, who has the files, too, and opens them one after the other.
    const other = new Viewer(await context.newPage());
    await other.page.goto(link.replace(/\?[^#]*/, ""));
    await other.choose("calm.logd");
    await other.finds(CALM.length);
    await expect(other.comparison).toBeHidden();
    await other.choose("shop.logd");
    await expect(other.comparison.getByText(sum(SHOP.length, CALM.length), { exact: false })).toBeVisible();
    expect(await sides(other.page)).toEqual(["shop.logd", "calm.logd"]);

    await page.keyboard.press("Escape");
    await expect(viewer.comparison).toBeHidden();
    await expect(page).not.toHaveURL(/compare=/);
  });

  test("what is new, gone and shifted is counted", async ({ viewer }) => {
    await viewer.menu("Compare");
    await expect(viewer.comparison).toBeFocused();
    await expect(viewer.comparison.getByText(sum(CALM.length, SHOP.length), { exact: false })).toBeVisible();
    await expect(row(viewer, "error").getByRole("cell")).toHaveText(["0", number(errors), /0% → \d/, "new"]);
    await expect(row(viewer, "fatal").getByRole("cell")).toHaveText(["0", "1", /0% → 0\.\d+%$/, "new"]);
    await expect(row(viewer, FATAL.replace("3", "<_>"))).toBeVisible();

    const changes = viewer.comparison.getByRole("group", { name: "Changes to show" });
    const isNew = changes.getByRole("button", { name: /^\d+ new in B$/ });
    await expect(isNew).toHaveAttribute("aria-pressed", "true");
    await isNew.click();
    await expect(isNew).toHaveAttribute("aria-pressed", "false");
    await expect(row(viewer, FATAL.replace("3", "<_>"))).toBeHidden();
    const alike = row(viewer, /^shelf /);
    await expect(alike).toBeHidden();
    await changes.getByRole("button", { name: /^\d+ alike$/ }).click();
    await expect(alike).toBeVisible();
  });

  test("the sides change places, and are chosen", async ({ page, viewer }) => {
    await page.keyboard.press("d");
    expect(await sides(page)).toEqual(["calm.logd", "shop.logd"]);
    await expect(row(viewer, "error").getByRole("cell").last()).toHaveText("new");
    await page.getByRole("button", { name: "Swap A and B" }).click();
    expect(await sides(page)).toEqual(["shop.logd", "calm.logd"]);
    await expect(row(viewer, "error").getByRole("cell")).toHaveText([number(errors), "0", /→ 0%$/, "gone"]);
    await expect(viewer.comparison.getByText(sum(SHOP.length, CALM.length), { exact: false })).toBeVisible();

    // Nothing is compared with itself.
    await choose(page, "A", "calm.logd");
    expect(await sides(page)).toEqual(["calm.logd", "shop.logd"]);
    await viewer.choose("bank.logd");
    await choose(page, "B", "bank.logd");
    await expect(viewer.comparison.getByText(sum(CALM.length, bank().length), { exact: false })).toBeVisible();
    await expect(row(viewer, "/prod/bank/gateway").getByRole("cell").last()).toHaveText("new");
    // What was chosen is closed: the first two are compared again.
    await page.getByRole("button", { name: /3 buffers/ }).click();
    await page.getByRole("button", { name: "Close bank.logd" }).click();
    await expect.poll(() => sides(page)).toEqual(["calm.logd", "shop.logd"]);
    await expect(row(viewer, "error").getByRole("cell").last()).toHaveText("new");
    // There is no comparison of one.
    await page.getByRole("button", { name: "Close calm.logd" }).click();
    await expect(viewer.comparison).toBeHidden();
    await expect(viewer.main.getByRole("button", { name: "Compare" })).toBeHidden();
    await viewer.finds(SHOP.length);
  });

  test("the search and the time narrow what is compared", async ({ page, viewer }) => {
    const count = (events: Sample[], matches: (event: Sample) => boolean) => events.filter(matches).length;
    await page.keyboard.press("d");
    await viewer.find("key:/prod/shop/payment");
    const isPayment = ({ key }: Sample) => key === "/prod/shop/payment";
    const narrowed = viewer.comparison.getByText(sum(count(CALM, isPayment), count(SHOP, isPayment)), { exact: false });
    await expect(narrowed).toBeVisible();
    // The box says what is wrong; what was compared stays.
    await viewer.find("key:/prod/shop/payment (");
    await expect(viewer.search).toHaveAttribute("aria-invalid", "true");
    await expect(narrowed).toBeVisible();
    await viewer.find("no event says this");
    await expect(viewer.comparison.getByText("No event matches.")).toBeVisible();
  });

  test("a difference leads to its events", async ({ page, viewer }) => {
    await page.keyboard.press("d");
    await row(viewer, "fatal").getByRole("button").click();
    await expect(viewer.comparison).toBeHidden();
    await expect(viewer.search).toHaveValue("level:fatal");
    await viewer.finds(1, CALM.length + SHOP.length);
    await expect(viewer.grid).toBeFocused();

    await viewer.find("");
    await viewer.grid.focus();
    await page.keyboard.press("d");
    const pattern = row(viewer, /^order <_>: ledger timed out after <_>/);
    const found = SHOP.filter(({ text }) => text.includes("ledger timed out")).length;
    await expect(pattern.getByRole("cell").nth(1)).toHaveText(number(found));
    await pattern.getByRole("button").click();
    await viewer.finds(found, CALM.length + SHOP.length);
  });

  test("by keyboard, there and back", async ({ page, viewer }) => {
    await viewer.grid.focus();
    await page.keyboard.press("d");
    await expect(viewer.comparison).toBeFocused();
    const rows = viewer.comparison.getByRole("rowheader").getByRole("button");
    await expect(rows.first()).toBeVisible();
    for (let i = 0; i < 20 && !(await rows.first().evaluate((e) => e === document.activeElement)); i++) {
      await page.keyboard.press("Tab");
    }
    await expect(rows.first()).toBeFocused();
    // Through all the tables as through one.
    const count = await rows.count();
    for (let i = 1; i < count; i++) await page.keyboard.press("ArrowDown");
    await expect(rows.last()).toBeFocused();
    await expect(rows.last()).toBeInViewport();
    await page.keyboard.press("ArrowDown");
    await expect(rows.last()).toBeFocused();
    await page.keyboard.press("ArrowUp");
    await expect(rows.nth(count - 2)).toBeFocused();

    await page.keyboard.press("Escape");
    await expect(viewer.comparison).toBeHidden();
    await expect(viewer.grid).toBeFocused();
    await page.keyboard.press("d");
    await expect(viewer.comparison).toBeFocused();
    await page.keyboard.press("d");
    await expect(viewer.comparison).toBeHidden();
    await expect(viewer.grid).toBeFocused();
    await viewer.menu("Compare");
    await page.getByRole("button", { name: "Back to the events" }).click();
    await expect(viewer.comparison).toBeHidden();
    await expect(viewer.grid).toBeFocused();
  });
});

test("of one buffer there is nothing to compare", async ({ page, site, viewer }) => {
  await page.goto(`${site.url}?open=/buffers/shop.logd`);
  await viewer.finds(SHOP.length);
  await expect(viewer.main.getByRole("button", { name: "Compare" })).toBeHidden();
  await viewer.grid.focus();
  await page.keyboard.press("d");
  await expect(viewer.comparison).toBeHidden();
});

test("what is loaded later is compared when a person asks for it", async ({ page, site, viewer }) => {
  site.hold(3);
  await page.goto(`${site.url}?open=/buffers/shop.logd&open=/held/big.logd`);
  await viewer.menu("Compare");
  await expect(row(viewer, "info")).toBeVisible();
  const all = viewer.comparison.getByText(sum(SHOP.length, 100_000), { exact: false });
  await expect(all).toBeHidden();
  site.release();
  await viewer.finds(SHOP.length + 100_000);
  // Nothing that is read moves by itself.
  await expect(all).toBeHidden();
  const again = viewer.comparison.getByRole("button", { name: "Compare again" });
  await again.click();
  await expect(all).toBeVisible();
  await expect(again).toBeHidden();
  // What is neither A nor B does not matter.
  await viewer.choose("bank.logd");
  await viewer.finds(SHOP.length + 100_000 + bank().length);
  await expect(again).toBeHidden();
});
