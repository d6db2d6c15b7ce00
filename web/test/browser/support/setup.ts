// Before the tests: checks that everything is built, and makes the buffers that they open.

import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { type Sample, START, bank, big, calm, odd, shop, skewed } from "./events.ts";
import { BUFFERS, DIST, LOGD, MAKE_BUFFER } from "./paths.ts";

export default function setup(): void {
  for (const [path, made] of [
    [join(DIST, "index.html"), "cargo xtask web"],
    [LOGD, "cargo build -p logd"],
    [MAKE_BUFFER, "cargo build -p logd-tests --bin make_buffer"],
  ] as const) {
    if (!existsSync(path)) throw new Error(`${path} is missing: ${made}`);
  }
  mkdirSync(BUFFERS, { recursive: true });
  const whole = make("shop.logd", shop(), { host: "shop-1", rings: { "": 2 << 20 } });
  make("bank.logd", bank(), { host: "bank-1" });
  make("calm.logd", calm());
  make("odd.logd", odd());
  make("none.logd", []);
  make("late.logd", skewed().late);
  make("lost.logd", skewed().lost);
  make("big.logd", big());
  make("overwritten.logd", shop(), { rings: { "/prod/shop/web": 64 << 10 } });

  write("truncated.logd", whole.subarray(0, Math.floor(whole.length * 0.6)));
  write("stump.logd", whole.subarray(0, 500));
  const damaged = Buffer.from(whole);
  damaged.fill(0x5a, Math.floor(damaged.length / 2), Math.floor(damaged.length / 2) + 64);
  write("damaged.logd", damaged);
  write("notes.txt", Buffer.from("These are notes, not a buffer.\n".repeat(100)));
}

function make(name: string, events: Sample[], head: { host?: string; rings?: Record<string, number> } = {}): Buffer {
  const lines = [{ exported: START + 3_600_000, ...head }, ...events].map((line) => JSON.stringify(line));
  const made = spawnSync(MAKE_BUFFER, { input: lines.join("\n"), maxBuffer: 1 << 30 });
  if (made.status !== 0) throw new Error(`${name}: ${made.stderr.toString()}`);
  write(name, made.stdout);
  return made.stdout;
}

function write(name: string, bytes: Uint8Array): void {
  writeFileSync(join(BUFFERS, name), bytes);
}
