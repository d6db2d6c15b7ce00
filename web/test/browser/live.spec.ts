// Following a daemon.

import { randomBytes } from "node:crypto";
import { readdirSync } from "node:fs";
import { join, relative } from "node:path";

import { Daemon } from "./support/daemon.ts";
import { OUTAGE } from "./support/events.ts";
import { DIST } from "./support/paths.ts";
import { expect, test } from "./support/test.ts";
import { Wire } from "./support/wire.ts";

const lines = (from: number, count: number) => Array.from({ length: count }, (_, i) => `line ${from + i}.`);

test("a browser that asks for the daemon is led to the page, and signs in by hand", async ({
  daemon,
  page,
  viewer,
  watch,
}) => {
  watch.expect(/401/);
  daemon.send(lines(1, 10));
  await page.goto(daemon.origin);
  await expect(page).toHaveURL(`${daemon.origin}/view/`);
  const secret = page.getByLabel("Read secret");
  await secret.fill("a wrong one");
  await secret.press("Enter");
  await expect(page.getByRole("alert").filter({ hasText: "The daemon does not take this secret." })).toBeVisible();
  await expect(secret).toHaveAttribute("aria-invalid", "true");
  await secret.fill(daemon.readSecret);
  await page.getByRole("button", { name: "Follow", exact: true }).click();
  await viewer.finds(10);
  await expect(page.getByRole("status").filter({ hasText: "Live" })).toBeVisible();

  // Kept for the tab, and for no other.
  await page.reload();
  await viewer.finds(10);
  const other = await page.context().newPage();
  await other.goto(`${daemon.origin}/view/`);
  await expect(other.getByLabel("Read secret")).toBeVisible();
});

test("the link of --dev signs in, and the secret leaves the address", async ({ daemon, page, viewer }) => {
  daemon.send(lines(1, 5));
  await page.goto(daemon.link);
  await viewer.finds(5);
  expect(page.url()).not.toContain("secret");
  expect(await page.evaluate(() => history.length)).toBeLessThanOrEqual(2);
  await page.goBack();
  expect(page.url()).not.toContain("secret");
});

test("a wrong link says that the daemon does not take it", async ({ daemon, page, watch }) => {
  watch.expect(/401/);
  await page.goto(`${daemon.origin}/view/#secret=nonsense`);
  await expect(page.getByRole("alert").filter({ hasText: "The daemon does not take this secret." })).toBeVisible();
  await expect(page.getByLabel("Read secret")).toBeVisible();
  expect(page.url()).not.toContain("secret");
});

test("of a daemon that refuses while it is read, nothing more is waited for", async ({
  daemon,
  page,
  viewer,
  watch,
}) => {
  watch.expect(/401/);
  let refuse: () => void = () => undefined;
  const decided = new Promise<void>((resolve) => (refuse = resolve));
  await page.route("**/api/v1/export?*", async (route) => {
    await decided;
    await route.fulfill({ status: 401, body: "another secret now" });
  });
  // A link to an event that is nowhere: as long as more may come, its place stays free.
  await page.goto(daemon.link.replace("#", `#at=999999.${OUTAGE.from}000000&`));
  await viewer.choose("shop.logd");
  await viewer.finds(6000);
  await expect(viewer.detail).toBeHidden();
  refuse();
  await expect(page.getByRole("status").filter({ hasText: "Refused" })).toBeVisible();
  // What came next.
  await expect(viewer.detail).toBeVisible();
  await expect(viewer.selected()).toBeInViewport();
});

test("the page may do only what its policy says", async ({ daemon, request }) => {
  const answer = await request.get(`${daemon.origin}/view/`);
  const policy = answer.headers()["content-security-policy"] ?? "";
  expect(policy).toContain("default-src 'none'");
  expect(policy).not.toContain("'unsafe-inline'");
  expect(policy).not.toContain("'unsafe-eval'");
  expect(policy).not.toMatch(/https?:/);
});

test("all that is downloaded has at most 450 kB", async ({ daemon, request }) => {
  const files = readdirSync(DIST, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.endsWith(".gz"))
    .map((entry) => relative(DIST, join(entry.parentPath, entry.name)));
  expect(files).toContain("index.html");
  const sizes = files.map(async (file) => {
    const answer = await request.head(`${daemon.origin}/view/${file === "index.html" ? "" : file}`, {
      headers: { "accept-encoding": "gzip" },
    });
    expect(answer.status(), file).toBe(200);
    return Number(answer.headers()["content-length"]);
  });
  const bytes = (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
  expect(bytes).toBeLessThanOrEqual(450_000);
});

test("events appear as they are sent; a pause holds them back", async ({ daemon, page, viewer }) => {
  daemon.send(lines(1, 200));
  await page.goto(daemon.link);
  await viewer.finds(200);
  daemon.send(lines(201, 100));
  await viewer.finds(300);
  await expect(viewer.row("line 300.")).toBeVisible();

  await page.getByRole("button", { name: "Pause" }).click();
  daemon.send(lines(301, 50));
  await expect(page.getByRole("button", { name: "Paused, 50 new" })).toBeVisible();
  await expect(viewer.row("line 300.")).toBeVisible();
  await expect(viewer.row("line 350.")).toBeHidden();
  await page.getByRole("button", { name: /^Paused/ }).click();
  await viewer.finds(350);
  await expect(viewer.row("line 350.")).toBeVisible();
});

test("a filter is applied to what comes, too", async ({ daemon, page, viewer }) => {
  daemon.send(lines(1, 20));
  await page.goto(daemon.link);
  await viewer.find("level:error");
  await viewer.finds(0, 20);
  daemon.send(["the disk is full"], "error");
  await viewer.finds(1, 21);
  daemon.send(lines(21, 5));
  await viewer.finds(1, 26);
  await expect(viewer.row("the disk is full")).toBeVisible();
});

test("nothing that is being read moves while events come", async ({ daemon, page, viewer }) => {
  daemon.send(lines(1, 3000));
  await page.goto(daemon.link);
  await viewer.finds(3000);
  await viewer.grid.hover();
  await page.mouse.wheel(0, -2000);
  const [read = ""] = (await viewer.texts()).slice(5);
  const row = viewer.row(read);
  await expect(row).toBeVisible();
  // Where it is on screen in every frame from now on.
  await row.evaluate((element) => {
    const places = new Set<number>();
    const text = element.textContent;
    Object.assign(window, { places });
    const look = () => {
      const rows = [...document.querySelectorAll('[role="row"]')];
      places.add(Math.round(rows.find((r) => r.textContent === text)?.getBoundingClientRect().y ?? -1));
      requestAnimationFrame(look);
    };
    look();
  });
  for (let i = 0; i < 5; i++) {
    daemon.send(lines(3001 + i * 400, 400));
    await viewer.finds(3400 + i * 400);
  }
  expect(await page.evaluate(() => [...((window as Window & { places?: Set<number> }).places ?? [])])).toHaveLength(1);

  // With the keyboard as well, and with the pane open.
  await row.click();
  await expect(viewer.detail).toBeVisible();
  const before = await viewer.selected().boundingBox();
  daemon.send(lines(5001, 400));
  await viewer.finds(5400);
  expect((await viewer.selected().boundingBox())?.y).toBe(before?.y);

  await page.keyboard.press("Escape");
  await page.keyboard.press("f");
  await expect(viewer.row("line 5400.")).toBeVisible();
});

test("a reload keeps the question, and the event that is read", async ({ daemon, page, viewer }) => {
  daemon.send(lines(1, 2000));
  await page.goto(daemon.link);
  await viewer.find("line");
  await viewer.finds(2000);
  await viewer.grid.focus();
  await page.keyboard.press("Home");
  await page.keyboard.press("Enter");
  await expect(viewer.detail.getByText("line 1.", { exact: true })).toBeVisible();
  await page.reload();
  await viewer.finds(2000);
  await expect(viewer.search).toHaveValue("line");
  await expect(viewer.selected()).toContainText("line 1.");
  await expect(viewer.selected()).toBeInViewport();
  await expect(viewer.detail.getByText("line 1.", { exact: true })).toBeVisible();
});

test("a daemon that comes back is followed again", async ({ daemon, page, viewer, watch }) => {
  watch.expect(/ERR_|Failed to load resource/);
  daemon.send(lines(1, 30));
  await page.goto(daemon.link);
  await viewer.finds(30);
  await daemon.down();
  await expect(page.getByRole("status").filter({ hasText: "Connection lost" })).toBeVisible();
  // What was read stays.
  await viewer.find('"line 7."');
  await viewer.finds(1, 30);
  await viewer.find("");
  await daemon.up();
  daemon.send(lines(31, 5));
  await expect(page.getByRole("status").filter({ hasText: "Live" })).toBeVisible({ timeout: 30_000 });
  await viewer.finds(35);
  await expect(viewer.row("line 30.")).toBeVisible();
  await expect(viewer.row("line 35.")).toBeVisible();
  // The memory of the first run is gone with it; the page says that its source is complete no more.
  await page.getByRole("button", { name: /2 buffers/ }).click();
  await expect(page.getByText("Reading stopped: the daemon was started anew.")).toBeVisible();
});

test("after a broken connection the page catches up, and counts what it missed", async ({ page, viewer, watch }) => {
  watch.expect(/ERR_|Failed to load resource/);
  // So little room that events are overwritten before the page comes back.
  const daemon = await Daemon.start("--set", "fallback.size=64KiB");
  const wire = await Wire.to(daemon.origin);
  watch.allow(wire.origin);
  try {
    const status = page.getByRole("status");
    daemon.send(lines(1, 10));
    await page.goto(daemon.link.replace(daemon.origin, wire.origin));
    await viewer.finds(10);
    await expect(status.filter({ hasText: "Live" })).toBeVisible();

    wire.cut();
    await expect(status.filter({ hasText: "Connection lost" })).toBeVisible();
    daemon.send(lines(11, 5));
    wire.mend();
    await viewer.finds(15);
    await expect(page.getByText(/events missed/)).toBeHidden();

    wire.cut();
    await expect(status.filter({ hasText: "Connection lost" })).toBeVisible();
    daemon.send(Array.from({ length: 3000 }, () => randomBytes(60).toString("base64")));
    wire.mend();
    await expect(status.filter({ hasText: "Live" })).toBeVisible({ timeout: 30_000 });
    const told = page.getByRole("banner").getByText(/^[\d,]+ events missed while following\.$/);
    await expect(told).toBeVisible();
    const missed = Number((await told.textContent())?.replaceAll(/[^\d]/g, ""));
    expect(missed).toBeGreaterThan(1000);
    await viewer.finds(3015 - missed);
    // The timeline shows when.
    const lack = viewer.lacks.getByRole("listitem").filter({ hasText: "Missed while following" });
    await expect(lack).toHaveText(new RegExp(`Missed while following: ${missed.toLocaleString("en")} events .* – `));
    await viewer.timeline.focus();
    await page.keyboard.press("End");
    await expect(async () => {
      await page.keyboard.press("ArrowLeft");
      expect(await viewer.timeline.getAttribute("aria-valuetext")).toMatch(/; not all: .*missed while following$/);
    }).toPass();
    await viewer.find('"line 3."');
    await viewer.finds(1, 3015 - missed);
  } finally {
    await wire.remove();
    await daemon.stop();
  }
});
