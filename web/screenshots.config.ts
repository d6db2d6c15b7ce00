// `npm run screenshots`: pictures of the viewer for the documentation.

import { defineConfig } from "@playwright/test";

import tests from "./playwright.config.ts";

export default defineConfig(tests, { testMatch: "screenshots.ts" });
