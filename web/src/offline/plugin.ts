// Writes sw.js: a service worker that keeps exactly the files of this build.

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";

import type { Plugin } from "vite";

export function offline(): Plugin {
  return {
    name: "logd-offline",
    apply: "build",
    generateBundle(_, bundle) {
      const files = Object.keys(bundle)
        .filter((name) => !name.endsWith(".map"))
        .sort();
      // Names hold the content's hash, except the page's own.
      const build = createHash("sha256")
        .update(files.join())
        .update(JSON.stringify(bundle["index.html"] ?? ""))
        .digest("hex");
      const template = readFileSync(new URL("./sw.js", import.meta.url), "utf8");
      this.emitFile({
        type: "asset",
        fileName: "sw.js",
        source: template
          .replace("__BUILD__", build.slice(0, 16))
          .replace("[/* files */]", JSON.stringify(["./", ...files.filter((f) => f !== "index.html")])),
      });
    },
  };
}
