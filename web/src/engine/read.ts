// Reading a buffer piece by piece, as the engine asks: out of a file, or from a server.

import { Failed, network } from "./failed";

/** Bytes from `offset` on; fewer at the end. */
export interface Pieces {
  length: number;
  read(offset: number, length: number): Promise<Uint8Array>;
}

export function ofFile(file: Blob): Pieces {
  return {
    length: file.size,
    read: async (offset, length) => new Uint8Array(await file.slice(offset, offset + length).arrayBuffer()),
  };
}

/** A file of a server: in ranges if the server knows them, else all at once. */
export async function ofUrl(url: string): Promise<Pieces> {
  const first = await get(url, { Range: "bytes=0-0" });
  const length = /^bytes 0-0\/(\d+)$/.exec(first.headers.get("Content-Range") ?? "")?.[1];
  if (first.status !== 206 || length === undefined) return ofFile(await network(first.blob(), "Ended"));
  await first.body?.cancel();
  // A file that changes between two reads would be taken for a damaged one.
  const etag = first.headers.get("ETag");
  return {
    length: Number(length),
    read: async (offset, count) => {
      const range = `bytes=${String(offset)}-${String(offset + count - 1)}`;
      const answer = await get(url, etag?.startsWith('"') ? { Range: range, "If-Range": etag } : { Range: range });
      if (answer.status !== 206) throw new Failed("Changed");
      return new Uint8Array(await network(answer.arrayBuffer(), "Ended"));
    },
  };
}

async function get(url: string, headers: Record<string, string>): Promise<Response> {
  const answer = await network(fetch(url, { headers }), "Unreachable");
  if (!answer.ok) throw new Failed("Status", `${String(answer.status)} ${answer.statusText}`);
  return answer;
}
