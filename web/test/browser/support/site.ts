// A web server for the built page and the tests' buffers, as small as one can be.
//
//   /…                the page
//   /buffers/NAME     a buffer, in ranges if asked for
//   /whole/NAME       the same of a server that knows no ranges
//   /held/NAME        the same as /buffers, but only the beginning comes before `release`

import { createReadStream, statSync } from "node:fs";
import { type IncomingMessage, type Server, type ServerResponse, createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, normalize } from "node:path";

import { BUFFERS, DIST } from "./paths.ts";

const TYPES: Record<string, string> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
  ".wasm": "application/wasm",
};

export class Site {
  readonly origin: string;
  /** Bytes of bodies sent, by path. */
  readonly sent = new Map<string, number>();
  readonly #server: Server;
  #answers = Infinity;
  #release: (() => void)[] = [];

  static async start(): Promise<Site> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return new Site(server);
  }

  private constructor(server: Server) {
    this.#server = server;
    this.origin = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
    server.on("request", (request: IncomingMessage, response: ServerResponse) => void this.#answer(request, response));
  }

  get url(): string {
    return `${this.origin}/`;
  }

  async stop(): Promise<void> {
    this.release();
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  /** From now on, of what is under /held/ so many answers come; the others wait. */
  hold(answers: number): void {
    this.#answers = answers;
  }

  release(): void {
    this.#answers = Infinity;
    for (const release of this.#release.splice(0)) release();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = decodeURIComponent(new URL(request.url ?? "/", this.origin).pathname);
    const [, kind = "", rest = ""] = /^\/(buffers|whole|held)\/(.*)$/.exec(path) ?? [];
    const root = kind === "" ? DIST : BUFFERS;
    const file = normalize(join(root, kind === "" ? (path === "/" ? "/index.html" : path) : rest));
    let size: number;
    try {
      if (!file.startsWith(root)) throw new Error("outside");
      size = statSync(file).size;
    } catch {
      response.writeHead(404).end("not found");
      return;
    }
    if (kind === "held" && --this.#answers < 0) await new Promise<void>((resolve) => this.#release.push(resolve));
    const range =
      kind === "buffers" || kind === "held" ? /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? "") : null;
    const [start, end] = range ? [Number(range[1]), Math.min(Number(range[2]), size - 1)] : [0, size - 1];
    const length = Math.max(0, end - start + 1);
    response.writeHead(range ? 206 : 200, {
      "Content-Type": TYPES[extname(file)] ?? "application/octet-stream",
      "Content-Length": length,
      "Cache-Control": "no-cache",
      ...(range ? { "Content-Range": `bytes ${start}-${end}/${size}`, ETag: `"${size}"` } : {}),
    });
    this.sent.set(path, (this.sent.get(path) ?? 0) + length);
    if (length === 0) response.end();
    else createReadStream(file, { start, end }).pipe(response);
  }
}
