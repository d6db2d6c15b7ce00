// What every browser test gets, and what no page may do in any of them.

import { test as base, expect } from "@playwright/test";

import { Daemon } from "./daemon.ts";
import { Site } from "./site.ts";
import { Viewer } from "./viewer.ts";

export { expect };

/** What went wrong in pages without a test looking for it. */
class Watch {
  readonly problems: string[] = [];
  readonly #origins: string[] = [];
  readonly #expected: RegExp[] = [];

  /** Requests to it are no others' business. */
  allow(origin: string): void {
    this.#origins.push(origin);
  }

  /** The test makes this go wrong. */
  expect(problem: RegExp): void {
    this.#expected.push(problem);
  }

  request(url: string): void {
    const { origin, protocol } = new URL(url);
    if (protocol !== "blob:" && !this.#origins.includes(origin)) this.say(`a request to ${url}`);
  }

  say(problem: string): void {
    this.problems.push(problem);
  }

  get unexpected(): string[] {
    return this.problems.filter((problem) => !this.#expected.some((e) => e.test(problem)));
  }
}

interface Each {
  watch: Watch;
  viewer: Viewer;
  daemon: Daemon;
}

export const test = base.extend<Each, { site: Site }>({
  site: [
    // eslint-disable-next-line no-empty-pattern -- Playwright reads what a fixture needs from this pattern.
    async ({}, use) => {
      const site = await Site.start();
      await use(site);
      await site.stop();
    },
    { scope: "worker" },
  ],

  watch: [
    async ({ context, site }, use) => {
      const watch = new Watch();
      watch.allow(site.origin);
      context.on("request", (request) => {
        watch.request(request.url());
      });
      context.on("weberror", (error) => {
        watch.say(String(error.error()));
      });
      context.on("console", (message) => {
        if (message.type() === "error") watch.say(message.text());
      });
      await context.addInitScript(() => {
        addEventListener("securitypolicyviolation", ({ effectiveDirective, blockedURI }) => {
          // eslint-disable-next-line no-console -- what is listened for above
          console.error(`Content Security Policy, ${effectiveDirective}: ${blockedURI}`);
        });
      });
      await use(watch);
      expect(watch.unexpected, "errors, violations of the policy and requests to others").toEqual([]);
    },
    { auto: true },
  ],

  viewer: async ({ page }, use) => {
    await use(new Viewer(page));
  },

  daemon: async ({ watch }, use) => {
    const daemon = await Daemon.start();
    watch.allow(daemon.origin);
    await use(daemon);
    await daemon.stop();
  },
});
