import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vitest/config";

import { offline } from "./src/offline/plugin.ts";

export default defineConfig({
  // The page may lie anywhere: at /view/ of a daemon, or in a directory of its own.
  base: "./",
  plugins: [svelte(), offline()],
  worker: { format: "es" },
  build: {
    target: "es2023",
    // Inlined as data: they would need a laxer content security policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  test: {
    include: ["test/**/*.test.ts"],
  },
});
