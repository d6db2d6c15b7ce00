// A real daemon with the page in it, on loopback and free ports.

import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { createSocket } from "node:dgram";
import { mkdtempSync, rmSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { LOGD } from "./paths.ts";

const READ_SECRET = "read secret of the browser tests & more";
const WRITE_SECRET = "write secret of the browser tests";
const PATIENCE_MS = 30_000;

export class Daemon {
  readonly origin: string;
  /** What `--dev` prints: it signs in by itself. */
  link = "";
  readonly readSecret = READ_SECRET;
  readonly #udp: string;
  readonly #http: string;
  readonly #flags: string[];
  readonly #directory = mkdtempSync(join(tmpdir(), "logd-browser-"));
  #child: ChildProcess | undefined;

  /** With these flags beside the addresses. */
  static async start(...flags: string[]): Promise<Daemon> {
    const daemon = new Daemon(await freeUdpPort(), await freeTcpPort(), flags);
    await daemon.up();
    return daemon;
  }

  private constructor(udp: number, http: number, flags: string[]) {
    this.#flags = flags;
    this.#udp = `127.0.0.1:${String(udp)}`;
    this.#http = `127.0.0.1:${String(http)}`;
    this.origin = `http://${this.#http}`;
  }

  /** Starts it, at its addresses from before; waits until it is ready. */
  async up(): Promise<void> {
    const args = ["serve", "--dev", "--udp", this.#udp, "--http", this.#http, "--log", "error", ...this.#flags];
    const child = spawn(LOGD, args, {
      cwd: this.#directory,
      env: environment({ LOGD_READ_SECRET: READ_SECRET, LOGD_WRITE_SECRET: WRITE_SECRET }),
      stdio: ["ignore", "pipe", "inherit"],
    });
    this.#child = child;
    let printed = "";
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(new Error(`the daemon does not get ready: ${printed}`));
      }, PATIENCE_MS);
      child.once("exit", (code) => {
        reject(new Error(`the daemon ended with ${String(code)}: ${printed}`));
      });
      child.stdout.on("data", (bytes: Buffer) => {
        printed += bytes.toString();
        const link = /http:\/\/\S+#secret=\S+/.exec(printed);
        if (!link) return;
        this.link = link[0];
        clearTimeout(timer);
        resolve();
      });
    });
  }

  /** As if the machine had lost power. */
  async down(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child?.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGKILL");
    await ended;
  }

  async stop(): Promise<void> {
    await this.down();
    rmSync(this.#directory, { recursive: true, force: true });
  }

  /** Sends lines, an event each. */
  send(lines: string[], level = "info", key = "/prod/shop/web"): void {
    const sent = spawnSync(LOGD, ["send", "--key", key, "--level", level, "--addr", this.#udp, "--rate", "20000"], {
      cwd: this.#directory,
      env: environment({ LOGD_WRITE_SECRET: WRITE_SECRET }),
      input: lines.map((line) => `${line}\n`).join(""),
    });
    if (sent.status !== 0) throw new Error(`logd send: ${sent.stderr.toString()}`);
  }
}

/** What `logd query` prints of a file, a JSON object a line. */
export function queryFile(file: string, ...filter: string[]): Record<string, unknown>[] {
  const args = ["query", "--file", file, "--all", "--json", "--order", "oldest", ...filter];
  const asked = spawnSync(LOGD, args, { env: environment({}), maxBuffer: 1 << 30 });
  // 1: nothing matches.
  if (asked.status !== 0 && asked.status !== 1) throw new Error(`logd query: ${asked.stderr.toString()}`);
  const lines = asked.stdout.toString().split("\n");
  return lines.filter((line) => line !== "").map((line) => JSON.parse(line) as Record<string, unknown>);
}

/** Without the settings of who runs the tests. */
function environment(own: Record<string, string>): NodeJS.ProcessEnv {
  const others = Object.entries(process.env).filter(([name]) => !name.startsWith("LOGD_"));
  return { ...Object.fromEntries(others), NO_COLOR: "1", ...own };
}

async function freeTcpPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function freeUdpPort(): Promise<number> {
  const socket = createSocket("udp4");
  await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
  const { port } = socket.address();
  await new Promise<void>((resolve) => socket.close(() => resolve()));
  return port;
}
