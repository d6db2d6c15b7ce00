// OpenTelemetry severity numbers as people read them.

const NAMES = ["", "trace", "debug", "info", "warn", "error", "fatal"];

/** The level that a severity number, 0 to 24, belongs to; empty for 0. */
export function levelOf(severity) {
  return NAMES[Math.ceil(severity / 4)];
}
