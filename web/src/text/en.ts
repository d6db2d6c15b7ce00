// Every text that a person reads, in English. A translation is an object of the same shape.

import type { FailedKind } from "../engine/failed";
import type { Failure } from "../engine/messages";

const number = new Intl.NumberFormat("en");
const n = (value: number | bigint) => number.format(value);
const percents = new Intl.NumberFormat("en", { style: "percent", maximumSignificantDigits: 3 });
const percent = (share: number) => (share > 0 && share < 0.0001 ? "< 0.01%" : percents.format(share));
const factor = new Intl.NumberFormat("en", { maximumSignificantDigits: 2 });
const events = (count: number | bigint) => `${n(count)} ${Number(count) === 1 ? "event" : "events"}`;

const lacks = {
  overwritten: "Overwritten",
  leftOut: "Left out for want of memory",
  damaged: "Unreadable",
  missed: "Missed while following",
};

/** What kept something from being read. The engine's own errors have their words already. */
const failure = ({ name, message }: Failure) => {
  const changed = "it changed while it was read";
  const texts: Record<FailedKind | "NotReadableError" | "NotFoundError", string> = {
    Unreachable: "the server does not answer",
    Status: `the server answered ${message}`,
    Refused: "the daemon does not take the secret",
    Changed: changed,
    Ended: "the connection broke",
    Restarted: "the daemon was started anew. What it had sent before stays here until it is closed",
    // Of a file, the browser's own.
    NotReadableError: changed,
    NotFoundError: "it is not there any more",
  };
  return (texts as Record<string, string>)[name] ?? message;
};

export const en = {
  number: n,
  failure,
  app: { title: "logd", skip: "Skip to the events" },

  open: {
    button: "Open",
    choose: "Choose files",
    drop: "Drop to open",
    heading: "Drop a log buffer here",
    explain: "A .logd file, as logd export writes it. It is read and searched in this page; nothing is sent anywhere.",
    orFile: "Or open a file",
    opening: (name: string) => `Opening ${name} …`,
    failed: (name: string, why: Failure) =>
      why.name === "BufferError"
        ? `${name} is not a logd buffer. Choose a file that logd export wrote.`
        : `${name} could not be opened: ${failure(why)}.`,
    crashed: (message: string) =>
      message === ""
        ? "The engine could not start. Load the page again."
        : `The engine failed, which is a bug in logd: ${message}. Open the buffers again to go on.`,
    dismiss: "Dismiss",
    otherBuffer: "This link is about another buffer than the open one; what it points at may not be here.",
    neededBuffer: "This link is about a buffer. Open it here to see what the link points at.",
  },

  sources: {
    label: "Open buffers",
    none: "Nothing open",
    many: (count: number) => `${n(count)} buffers`,
    events,
    loading: (percent: number) => `${n(percent)} % read`,
    close: (name: string) => `Close ${name}`,
    leftOut: (count: number) =>
      `${events(count)} left out: memory for one buffer is limited to 1.5 GiB. The oldest are missing.`,
    overwritten: (count: bigint) => `${n(count)} older events had been overwritten.`,
    missed: (count: number) => `${n(count)} events missed while following.`,
    filtered: (filter: string) => `Only events that match ${filter} were exported.`,
    noEnd: "The end of the file is missing, and with it where the events came from.",
    fault: (from: number, to: number, message: string) => `Bytes ${n(from)} to ${n(to)} could not be read: ${message}.`,
    moreFaults: (count: number) => `${n(count)} more parts could not be read.`,
    broken: (why: Failure | undefined) => (why ? `Reading stopped: ${failure(why)}.` : "Reading stopped."),
    exported: (host: string, time: string) => `Exported on ${host}, ${time}`,
    incomplete: "Something is missing",
  },

  live: {
    heading: (host: string) => `Follow ${host}`,
    explain: "See what this daemon has, and what comes. Its read secret is kept for this tab only.",
    secret: "Read secret",
    signIn: "Follow",
    signingIn: "Connecting …",
    failed: (host: string, why: Failure) =>
      why.name === "Refused"
        ? "The daemon does not take this secret. It is the read secret that is wanted, not the one to write with."
        : why.name === "Unreachable"
          ? `${host} does not answer. Is the daemon running?`
          : `${host} cannot be followed: ${failure(why)}.`,
    states: {
      connecting: "Connecting",
      live: "Live",
      waiting: "Connection lost",
      refused: "Refused",
      broken: "Stopped",
    },
    retry: (seconds: number) => `next attempt in ${n(seconds)} s`,
    pause: "Pause",
    resume: "Resume",
    paused: (count: number) => `Paused, ${n(count)} new`,
    /** The same where there is no room. */
    held: (count: number) => `+${n(count)}`,
    follow: "Follow newest",
    following: "Following newest",
  },

  search: {
    label: "Search",
    placeholder: 'level>=warn key:/prod/api "timed out" -retry',
    history: "Earlier searches",
    noHistory: "What you search for will be listed here.",
    clear: "Clear the search",
    suggestions: "Suggestions",
    problemAt: (column: number, message: string) => `Column ${n(column)}: ${message.replace(/^column \d+: /, "")}`,
  },

  levels: {
    label: "Levels",
    names: {
      none: "none",
      trace: "trace",
      debug: "debug",
      info: "info",
      warn: "warn",
      error: "error",
      fatal: "fatal",
    } as Record<string, string>,
    shown: (level: string) => `${level} is shown`,
    hidden: (level: string) => `${level} is hidden`,
    hint: "Click to hide or show, Shift-click to show only this level",
  },

  timeline: {
    label: "Events over time",
    help: "Click to go there, drag to zoom in; arrow keys move, with Shift they select, Enter goes there or zooms in, Backspace zooms out",
    bucket: (time: string, count: number, levels: string) =>
      `${time}: ${events(count)}${levels === "" ? "" : ` (${levels})`}`,
    none: "No events to count.",
    zoomOut: "Whole time",
    outside: (count: number) => `${events(count)} outside, show`,
    outsideWhy:
      "Sent with a clock far from the time of receipt; with room for it, there would be little for the others",
    withOutliers: "With clocks far off",
    range: (from: string, until: string) => `${from} – ${until}`,
    lacking: "Times of which events are missing",
    lacks,
    lack: (
      lack: keyof typeof lacks,
      count: bigint | null,
      from: string | null,
      until: string | null,
      place: string,
    ) => {
      const what = count === null ? "events" : events(count);
      const when =
        until === null
          ? from === null
            ? ""
            : ` after ${from}`
          : from === null
            ? ` until ${until}`
            : ` ${from} – ${until}`;
      return `${lacks[lack]}: ${what}${when}${place === "" ? "" : `, ${place}`}`;
    },
    incomplete: (text: string, kinds: (keyof typeof lacks)[]) =>
      `${text}; not all: ${kinds.map((kind) => lacks[kind].toLowerCase()).join(", ")}`,
  },

  facets: {
    label: "Facets",
    show: "Facets",
    key: "Key",
    level: "Level",
    attributes: "Attributes",
    attributesHint: "Count the values of an attribute:",
    empty: "No values.",
    more: (count: number) => `${n(count)} more`,
    fewer: "Fewer",
    atLeast: (count: string) => `≥ ${count}`,
    include: (value: string) => `Only ${value}`,
    exclude: (value: string) => `Without ${value}`,
    remove: (field: string) => `Do not count ${field}`,
    find: "Find a value",
  },

  grid: {
    label: "Events, oldest first",
    columns: {
      time: "Time",
      level: "Level",
      key: "Key",
      text: "Text",
      seq: "Seq",
      received: "Received",
      source: "Buffer",
    } as Record<string, string>,
    choose: "Columns",
    attributesHint: "Attributes seen in these events:",
    noMatch: "No event matches.",
    noMatchOf: (all: number) => (all === 1 ? "There is one event." : `There are ${events(all)} without the search.`),
    noMatchInTime: "Perhaps one does at another time.",
    mistake: "The search cannot be read.",
    mistakeWhere: "What is wrong is said below it.",
    noEvents: "There are no events yet.",
    noEventsYet: "They come here as soon as an application sends some.",
    emptyBuffer: "There is no event to show.",
    emptyWhy: "There was none when this was exported, or none that matched.",
    reading: "Reading …",
    clear: "Clear search and time",
    searching: "Searching …",
    matches: (found: number, all: number) => `${n(found)} of ${events(all)}`,
    all: (count: number) => events(count),
    soFar: (found: number) => `${n(found)} so far`,
    jump: "Jump to a time",
    jumpHint: "14:05, 2026-11-21 14:05:01 or with Z for UTC",
    jumpBad: "This is no time. Write it as 14:05 or 2026-11-21 14:05:01.",
    go: "Go",
    receivedLater: (lag: string) => `Received ${lag}`,
  },

  compare: {
    button: "Compare",
    label: "Comparison of two buffers",
    close: "Back to the events",
    sides: { a: "A", b: "B" },
    choose: (side: string) => `Buffer ${side}`,
    swap: "Swap A and B",
    busy: "Comparing …",
    failed: (message: string) => `The comparison failed: ${message}`,
    sum: (a: number, b: number) =>
      `${events(a)} in A, ${events(b)} in B. Shares are of these; the most surprising first.`,
    loaded: "More has been loaded since.",
    again: "Compare again",
    changes: "Changes to show",
    count: (change: string, count: number) =>
      ({
        new: `${n(count)} new in B`,
        gone: `${n(count)} gone from A`,
        shifted: `${n(count)} shifted`,
        alike: `${n(count)} alike`,
      })[change] ?? n(count),
    announce: (a: string, b: string, counts: string) => `${a} compared with ${b}: ${counts}`,
    fields: { level: "Levels", key: "Keys", pattern: "Patterns of text" } as Record<string, string>,
    value: "What",
    shares: "Share, A to B",
    change: "Change",
    fromTo: (a: number, b: number) => `${percent(a)} → ${percent(b)}`,
    /** `times`: how many times as large the share in B is. */
    shift: (change: string, times: number) => {
      if (change === "new") return "new";
      if (change === "gone") return "gone";
      return times >= 1 ? `× ${factor.format(times)}` : `÷ ${factor.format(1 / times)}`;
    },
    pick: (value: string) => `Show the events of ${value}`,
    empty: "(no text)",
    none: "None of these changes.",
    rest: (count: number) => `${n(count)} more are less surprising.`,
    capped: "There are more distinct values than can be counted; some are missing here.",
  },

  detail: {
    label: "Event",
    none: "Choose an event to read it whole.",
    close: "Close",
    previous: "Previous event",
    next: "Next event",
    sent: "Sent",
    received: "Received",
    key: "Key",
    seq: "Seq",
    buffer: "Buffer",
    text: "Text",
    attributes: "Attributes",
    stack: "Stack trace",
    copyText: "Copy text",
    copyJson: "Copy JSON",
    copied: "Copied",
    notCopied: "The browser refused to copy.",
    bookmark: "Bookmark",
    unmark: "Remove bookmark",
    note: "Note",
    notePlaceholder: "A note for yourself, kept in this browser",
    contextAll: "Around it, all events",
    contextRing: (prefix: string) => (prefix === "/" ? "Around it, same ring" : `Around it, ring ${prefix}`),
    contextKey: "Around it, same key",
    context: "Context",
    column: (name: string) => `Show ${name} as a column`,
    facet: (name: string) => `Count values of ${name}`,
    whole: (size: string) => `Show all ${size}`,
    bytes: (count: number) => `${n(count)} bytes`,
    late: (by: string, far: boolean) =>
      far ? `${by} later: the sender's clock is behind, or the event was held back` : `${by} later`,
    early: (by: string) => `${by} before it was sent: the sender's clock is ahead`,
    empty: "(no text)",
  },

  marks: {
    button: "Bookmarks",
    none: "No bookmarks yet. Press b on an event.",
    noted: "Note",
  },

  keep: {
    button: "Export",
    logd: "Buffer (.logd)",
    ndjson: "JSON lines (.ndjson)",
    csv: "Table (.csv)",
    writing: "Writing …",
    failed: (message: string) => `The export failed: ${message}`,
    link: "Copy link",
    linkCopied: "Link copied",
  },

  prefs: {
    theme: "Theme",
    themes: { system: "System", light: "Light", dark: "Dark" },
    clock: "Times",
    clocks: { local: "Local", utc: "UTC", relative: "Relative" },
  },

  help: {
    button: "Keys",
    heading: "Keys",
    keys: [
      ["/", "Go to the search"],
      ["↓ or Enter", "From the search to the events"],
      ["↑ ↓ Page Up Page Down Home End", "Move among the events"],
      ["Enter", "Read the event whole"],
      ["Esc", "Close what is open, then back to the search"],
      ["b", "Bookmark the event"],
      ["c", "Copy the event's text"],
      ["j", "Jump to a time"],
      ["f", "Follow the newest events"],
      ["p", "Pause or resume a daemon's events"],
      ["t", "Go to the timeline"],
      ["[ and ]", "Zoom out and back in (the browser's history)"],
      ["x", "Show or hide the facets"],
      ["d", "Compare two buffers, or go back to the events"],
      ["o", "Open files"],
      ["?", "This list"],
    ] as [string, string][],
    language: "Search language",
    examples: [
      ["timeout", 'text contains "timeout", in any case'],
      ['"connection refused" -level:debug', "the phrase, but no debug events"],
      ["level>=warn key:/prod/api", "warnings and worse of one service"],
      ["level:error (timeout OR /refused|reset/)", "either, of the errors"],
      ["attr.status>=500 attr.url:/api/*", "by attributes"],
    ] as [string, string][],
    close: "Close",
  },

  relative: {
    now: "now",
    ago: (text: string) => `${text} ago`,
    ahead: (text: string) => `in ${text}`,
  },
};
