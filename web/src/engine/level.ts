// Levels: four severity numbers of OpenTelemetry each, and none.

export const LEVELS = ["none", "trace", "debug", "info", "warn", "error", "fatal"] as const;
export type Level = (typeof LEVELS)[number];

/** The level that a severity number, 0 to 24, belongs to. */
export function levelOf(severity: number): Level {
  return LEVELS[Math.ceil(severity / 4)] ?? "none";
}
