// Unix nanoseconds (BigInt) as people read them. Lists show the reader's own time zone, details UTC.

const clock = new Intl.DateTimeFormat(undefined, {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  fractionalSecondDigits: 3,
  hourCycle: "h23",
});
const calendar = new Intl.DateTimeFormat(undefined, { dateStyle: "full" });

/** Hours to milliseconds, local. */
export function clockTime(nanos) {
  return clock.format(milliseconds(nanos));
}

/** The day, local, as the reader's language writes it. */
export function day(nanos) {
  return calendar.format(milliseconds(nanos));
}

/** RFC 3339 in UTC, with all nine digits. */
export function rfc3339(nanos) {
  const fraction = ((nanos % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n;
  const seconds = new Date(Number((nanos - fraction) / 1_000_000n)).toISOString().slice(0, -5);
  return `${seconds}.${String(fraction).padStart(9, "0")}Z`;
}

function milliseconds(nanos) {
  return Number(nanos / 1_000_000n);
}
