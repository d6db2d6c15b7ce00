// The browser of this machine. Nothing is downloaded.

import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

import type { LaunchOptions } from "@playwright/test";

const NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/** What tests must do without: a sandbox in containers that allow none, and all that would ask the network. */
const ARGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Throws if there is none: a test that is skipped would pass for one that was run. */
export function findBrowser(): LaunchOptions {
  const given = process.env["CHROMIUM"];
  const directories = (process.env["PATH"] ?? "").split(delimiter);
  const executablePath = given ? given : NAMES.flatMap((name) => directories.map((d) => join(d, name))).find(canRun);
  if (executablePath === undefined || !canRun(executablePath)) {
    throw new Error(
      (given ? `CHROMIUM names ${given}, which cannot be run. ` : "There is no Chromium on the PATH. ") +
        "The viewer's browser tests need one: install it (on Debian: apt-get install chromium), or set CHROMIUM to its path.",
    );
  }
  return { executablePath, args: ARGS };
}

function canRun(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
