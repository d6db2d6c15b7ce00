// The histogram, drawn by uPlot: a bar for each bucket, the levels one upon the other.

import uPlot from "uplot";

import { LEVELS } from "../engine/level";
import { fromMs } from "../engine/time";
import type { Clock } from "../state/prefs.svelte";
import { long, short as shortTime } from "../text/format";
import type { Bars } from "./buckets";
import { LACK_COLORS, hatch } from "./hatch";
import { LACKS, type Lack, type Stretch } from "./regions";

/** From the ground up: what matters lies on the axis, where its height can be compared. */
const ORDER = ["fatal", "error", "warn", "info", "debug", "trace", "none"] as const;

/** A pointer that moved less than this did not drag, in pixels. */
export const DRAG_PX = 4;

/** A longer time has the year at its axis, seconds. */
const YEAR_S = 360 * 86_400;

export interface ChartOptions {
  clock: Clock;
  /** Of which times events are missing. */
  stretches: Stretch[];
  onselect: (fromBucket: number, untilBucket: number) => void;
  onhover: (bucket: number | null) => void;
}

export function makeChart(root: HTMLElement, bars: Bars, options: ChartOptions): uPlot {
  const style = getComputedStyle(root);
  const color = (name: string) => resolved(root, style.getPropertyValue(name));
  const quiet = color("--quiet");
  const line = color("--line");
  const lackColors = Object.fromEntries(LACKS.map((lack) => [lack, color(LACK_COLORS[lack])])) as Record<Lack, string>;
  const paths = uPlot.paths.bars?.({ size: [0.86, 64], align: 1 });
  const levels = [...ORDER].reverse();
  const axis: uPlot.Axis = { stroke: quiet, font: `11px ${style.fontFamily}`, ticks: { show: false } };
  return new uPlot(
    {
      width: root.clientWidth,
      height: root.clientHeight,
      padding: [24, 28, 0, 0],
      ...(options.clock === "utc" ? { tzDate: (s: number) => uPlot.tzDate(new Date(s * 1000), "Etc/UTC") } : {}),
      legend: { show: false },
      cursor: {
        y: false,
        points: { show: false },
        drag: { x: true, y: false, setScale: false },
        move: (u, left, top) => {
          options.onhover(left < 0 ? null : bucketAt(u, bars, left));
          return [left, top];
        },
      },
      select: { show: true, left: 0, top: 0, width: 0, height: 0 },
      scales: {
        x: { time: true, range: (_, min, max) => [min, max + bars.width] },
        y: { range: (_, __, max) => [0, Math.max(1, max * 1.05)] },
      },
      axes: [
        { ...axis, grid: { show: false }, size: 22, gap: 4, values: labels(bars, options.clock), space: 80 },
        {
          ...axis,
          grid: { stroke: line, width: 1 },
          size: 44,
          gap: 4,
          space: 28,
          values: (_, splits) => splits.map(short),
        },
      ],
      series: [
        {},
        ...levels.map((level) => {
          const fill = resolved(root, style.getPropertyValue(`--bar-${level}`), true);
          return { label: level, fill, stroke: fill, width: 0, points: { show: false }, ...(paths ? { paths } : {}) };
        }),
      ],
      hooks: {
        setSelect: [
          (u) => {
            const { left, width } = u.select;
            if (width < DRAG_PX) return;
            options.onselect(bucketAt(u, bars, left), bucketAt(u, bars, left + width) + 1);
            u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
          },
        ],
        drawClear: [
          (u) => {
            hatch(u, options.stretches, axisOf(bars), (lack) => lackColors[lack]);
          },
        ],
      },
    },
    stacked(bars, levels),
    root,
  );
}

export function stacked(bars: Bars, levels: readonly string[]): uPlot.AlignedData {
  // The whole pile first, so that each lower one is drawn over it.
  const piles = levels.map((_, i) => {
    const below = levels.slice(i).map((level) => bars.levels[LEVELS.indexOf(level as (typeof LEVELS)[number])] ?? []);
    return bars.starts.map((__, at) => below.reduce((sum, counts) => sum + (counts[at] ?? 0), 0));
  });
  return [bars.starts, ...piles];
}

/** The times from the first bucket to the end of the last one. */
export function axisOf({ starts, width }: Bars): { from: bigint; until: bigint } {
  const from = starts[0] ?? 0;
  return { from: fromMs(from * 1000), until: fromMs((from + Math.max(1, starts.length) * width) * 1000) };
}

function bucketAt(u: uPlot, bars: Bars, left: number): number {
  const first = bars.starts[0] ?? 0;
  const at = Math.floor((u.posToVal(left, "x") - first) / bars.width);
  return Math.min(Math.max(0, at), bars.starts.length - 1);
}

function labels(bars: Bars, clock: Clock): uPlot.Axis.Values {
  const span = bars.starts.length * bars.width;
  // "2026-11"
  if (span > YEAR_S) return (_, splits) => splits.map((seconds) => long(fromMs(seconds * 1000), clock).slice(0, 7));
  // Parts of "11-21 14:05:01.498".
  const [from, to] = span > 2 * 86_400 ? [0, 5] : [6, bars.width < 1 ? 18 : bars.width < 60 ? 14 : 11];
  return (_, splits) => splits.map((seconds) => shortTime(fromMs(seconds * 1000), clock, 0).slice(from, to));
}

const UNITS: [number, string][] = [
  [1e9, "G"],
  [1e6, "M"],
  [1e3, "k"],
];

function short(value: number): string {
  const [unit, name] = UNITS.find(([u]) => value >= u) ?? [1, ""];
  return Number.isInteger(value) ? `${String(Math.round((value / unit) * 10) / 10)}${name}` : "";
}

/** What `light-dark()` comes to: a canvas does not know it. `kept`: also where a person has forced other colours. */
function resolved(root: HTMLElement, value: string, kept = false): string {
  const probe = document.createElement("span");
  probe.style.color = value;
  if (kept) probe.style.setProperty("forced-color-adjust", "none");
  root.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}
