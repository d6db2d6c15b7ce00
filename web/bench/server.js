// Serves the built page, the engine beside it, and the buffers that are measured.

import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";

const TYPES = {
  ".css": "text/css",
  ".html": "text/html",
  ".js": "text/javascript",
  ".json": "application/json",
  ".svg": "image/svg+xml",
  ".wasm": "application/wasm",
};

/** `rooms`: directories by the first part of the path; "" is the one of all else. Returns the address, and how to stop. */
export async function serve(rooms) {
  const server = createServer(async (request, response) => {
    const path = normalize(new URL(request.url ?? "/", "http://localhost").pathname);
    const room = Object.keys(rooms).find((name) => name !== "" && path.startsWith(`/${name}/`)) ?? "";
    const file = join(rooms[room], path.slice(room === "" ? 0 : room.length + 1) || "/");
    const found = file.endsWith("/") ? join(file, "index.html") : file;
    try {
      const { size } = await stat(found);
      response.writeHead(200, {
        "Content-Type": TYPES[extname(found)] ?? "application/octet-stream",
        "Content-Length": size,
      });
      createReadStream(found).pipe(response);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { url: `http://127.0.0.1:${String(server.address().port)}`, close: () => server.close() };
}
