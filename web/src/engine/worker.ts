// The engine's side: calls in, answers and news out.

import init, {
  type Comparison,
  type Search,
  Workspace,
  onlyLevel,
  read,
  term,
  toggled,
  typing,
  value,
} from "../../wasm/logd_wasm";
import wasmUrl from "../../wasm/logd_wasm_bg.wasm?url";
import { eventAsJson, exportMatches } from "./export";
import { Failed } from "./failed";
import { type Link, follow, greet } from "./follow";
import { type Answer, type Call, type Calls, type Daemon, type Name, type News, failureOf } from "./messages";
import { type Pieces, ofFile, ofUrl } from "./read";
import { Standing } from "./standing";
import { breathe, newest } from "./turn";

/** Memory that the blocks of all buffers may take. What does not fit is left out, oldest first, and the page says so. */
const BUDGET = 1536 * 2 ** 20;
/** How often the page hears how far loading is, at most. */
const SOURCES_MS = 100;

const post = (message: Answer | News, transfer: Transferable[] = []) => {
  self.postMessage(message, { transfer });
};

async function start() {
  await init({ module_or_path: wasmUrl });
  const workspace = new Workspace(BUDGET);
  const open = new Map<number, AbortController>();
  /** Files, and histories of daemons, of which more is to be read. */
  const reading = new Set<number>();
  const standing = new Standing(
    workspace,
    // What is counted is never more than the page knows of.
    (message, transfer) => {
      if (telling) tell();
      post(message, transfer);
    },
    () => open.size === 1,
    () => reading.size === 0,
  );
  let telling = false;
  const asked = newest<Search, Uint8Array>();
  const sought = newest<Search, Uint8Array>();
  const compared = newest<Comparison, Uint8Array>();

  const tell = () => {
    telling = false;
    post({ type: "sources", sources: workspace.sources(), spans: workspace.spans() });
  };
  const changed = () => {
    standing.changed();
    if (telling) return;
    telling = true;
    setTimeout(tell, SOURCES_MS);
  };

  /** Reads until the engine wants nothing more. Returns once it knows that it is a buffer; the rest goes on. */
  async function load(name: string, pieces: Pieces): Promise<number> {
    const source = workspace.open(name, pieces.length);
    const closed = new AbortController();
    open.set(source, closed);
    reading.add(source);
    const next = async (): Promise<boolean> => {
      if (closed.signal.aborted) return false;
      const wanted = workspace.wanted(source);
      if (!wanted) return false;
      const bytes = await pieces.read(wanted.offset, wanted.length);
      if (closed.signal.aborted) return false;
      workspace.supply(source, bytes);
      if (!workspace.wanted(source)) reading.delete(source);
      changed();
      return true;
    };
    try {
      // The index and the newest blocks; a person who drops a file sees events, or why there are none.
      for (let i = 0; i < 2 && (await next()); i++);
    } catch (error) {
      open.delete(source);
      reading.delete(source);
      workspace.close(source);
      throw error;
    }
    tell();
    void (async () => {
      while (await next()) await breathe();
      tell();
      post({ type: "loaded", source });
    })().catch((error: unknown) => {
      crashIfPanic(error);
      reading.delete(source);
      changed();
      post({ type: "link", source, state: "broken", failure: failureOf(error) });
    });
    return source;
  }

  /** Begins to follow a daemon that is there. */
  function attach(daemon: Daemon): number {
    const source = workspace.live(new URL(daemon.url).host);
    const closed = new AbortController();
    open.set(source, closed);
    reading.add(source);
    const state: Link["state"] = (state, failure, retryInMs) => {
      post({
        type: "link",
        source,
        state,
        ...(failure === undefined ? {} : { failure }),
        ...(retryInMs === undefined ? {} : { retryInMs }),
      });
    };
    const historyIsRead = () => {
      if (reading.delete(source)) changed();
    };
    const link: Link = {
      changed,
      historyIsRead,
      state,
      lastSeq: () => workspace.sources().find((s) => s.source === source)?.lastSeq ?? 0n,
      restarted: () => {
        state("broken", failureOf(new Failed("Restarted")));
        attach(daemon);
      },
    };
    tell();
    // However it ends, refused for one: nothing more comes.
    void follow(workspace, source, daemon, link, closed.signal).then(historyIsRead);
    return source;
  }

  const calls: { [N in Name]: (body: Calls[N]["body"]) => Promise<Calls[N]["result"]> | Calls[N]["result"] } = {
    open: ({ name, file }) => load(name, ofFile(file)),
    fetch: async ({ name, url }) => load(name, await ofUrl(url)),
    follow: async (daemon) => {
      await greet(daemon);
      return attach(daemon);
    },
    close: ({ source }) => {
      open.get(source)?.abort();
      open.delete(source);
      reading.delete(source);
      workspace.close(source);
      standing.changed();
      tell();
      return undefined;
    },
    search: ({ search, request, newest }) => {
      standing.start(search, request, newest);
      return undefined;
    },
    refresh: ({ on }) => {
      standing.refresh(on);
      return undefined;
    },
    rows: ({ listing, start, count }) => standing.rows(listing, start, count),
    place: ({ listing, at }) => standing.place(listing, at),
    ask: ({ request }) => asked(workspace.search(request), (search) => search.answer()),
    first: ({ request }) => sought(workspace.search(request), firstOf),
    compare: ({ request, a, b }) => compared(workspace.compare(request, a, b), (comparison) => comparison.finish()),
    read: ({ filter }) => read(filter),
    typing: ({ before }) => typing(before),
    quote: ({ text }) => value(text),
    edit: ({ filter, edit }) => {
      if ("term" in edit) return toggled(filter, edit.term);
      if ("onlyLevel" in edit) return onlyLevel(filter, term("level", edit.onlyLevel, false) ?? "");
      return toggled(filter, term(edit.field, edit.value, edit.negated) ?? "");
    },
    ring: ({ source, key }) => workspace.ringOf(source, key),
    json: (event) => eventAsJson(workspace, event),
    export: (question) => exportMatches(workspace, question),
  };
  return calls;
}

function firstOf(search: Search): Uint8Array {
  const listing = search.listing();
  const rows = listing.rows(0, 1);
  listing.free();
  return rows;
}

const ready = start();

self.onmessage = async ({ data: { id, type, body } }: MessageEvent<Call>) => {
  try {
    const calls = await ready;
    const result = await (calls[type] as (body: unknown) => unknown)(body);
    post({ id, result }, result instanceof Uint8Array ? [result.buffer] : []);
  } catch (error) {
    post({ id, failure: failureOf(error) });
  }
};

// A search that stands has no caller to hear of a panic.
self.addEventListener("unhandledrejection", ({ reason }) => {
  crashIfPanic(reason);
});

function crashIfPanic(error: unknown): void {
  const failure = failureOf(error);
  if (failure.name === "Panic") post({ type: "crashed", failure });
}
