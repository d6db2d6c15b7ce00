import { defineConfig } from "@playwright/test";

import { findBrowser } from "./test/browser/support/browser.ts";
import { RESULTS } from "./test/browser/support/paths.ts";

export default defineConfig({
  testDir: "test/browser",
  outputDir: RESULTS,
  globalSetup: "./test/browser/support/setup.ts",
  fullyParallel: true,
  workers: 2,
  forbidOnly: process.env["CI"] !== undefined,
  // A machine may be busy: what comes at once on an idle one may take its time.
  timeout: 60_000,
  expect: { timeout: 15_000 },
  reporter: [["list"]],
  use: {
    browserName: "chromium",
    launchOptions: findBrowser(),
    viewport: { width: 1280, height: 800 },
    locale: "en-GB",
    timezoneId: "Europe/Berlin",
    // The tests of the service worker allow it; everywhere else it would only cost time.
    serviceWorkers: "block",
    // Without a film of every test: painting it costs as much as the tests.
    trace: { mode: "retain-on-failure", screenshots: false },
  },
});
