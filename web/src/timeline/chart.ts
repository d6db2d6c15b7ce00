// The histogram, drawn by uPlot: a bar for each bucket, the levels one upon the other.

import uPlot from "uplot";

import { LEVELS } from "../engine/level";
import { fromMs } from "../engine/time";
import type { Clock } from "../state/prefs.svelte";
import { short as shortTime } from "../text/format";
import type { Bars } from "./buckets";

/** From the ground up: what matters lies on the axis, where its height can be compared. */
const ORDER = ["fatal", "error", "warn", "info", "debug", "trace", "none"] as const;

export interface ChartOptions {
  clock: Clock;
  /** Whether something older is missing. */
  lacking: boolean;
  onselect: (fromBucket: number, untilBucket: number) => void;
  onhover: (bucket: number | null) => void;
}

export function makeChart(root: HTMLElement, bars: Bars, options: ChartOptions): uPlot {
  const style = getComputedStyle(root);
  const color = (name: string) => resolved(root, style.getPropertyValue(name));
  const quiet = color("--quiet");
  const line = color("--line");
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
          const fill = color(`--bar-${level}`);
          return { label: level, fill, stroke: fill, width: 0, points: { show: false }, ...(paths ? { paths } : {}) };
        }),
      ],
      hooks: {
        setSelect: [
          (u) => {
            const { left, width } = u.select;
            if (width < 4) return;
            options.onselect(bucketAt(u, bars, left), bucketAt(u, bars, left + width) + 1);
            u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
          },
        ],
        drawClear: [
          (u) => {
            if (options.lacking) hatch(u, quiet);
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

function bucketAt(u: uPlot, bars: Bars, left: number): number {
  const first = bars.starts[0] ?? 0;
  const at = Math.floor((u.posToVal(left, "x") - first) / bars.width);
  return Math.min(Math.max(0, at), bars.starts.length - 1);
}

/** Stripes before the first bucket, where events are missing. */
function hatch(u: uPlot, color: string): void {
  const { ctx, bbox } = u;
  const width = 8 * devicePixelRatio;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, width, bbox.height);
  ctx.clip();
  ctx.strokeStyle = color;
  ctx.lineWidth = devicePixelRatio;
  for (let y = -width; y < bbox.height + width; y += 5 * devicePixelRatio) {
    ctx.beginPath();
    ctx.moveTo(bbox.left, bbox.top + y + width);
    ctx.lineTo(bbox.left + width, bbox.top + y);
    ctx.stroke();
  }
  ctx.restore();
}

function labels(bars: Bars, clock: Clock): uPlot.Axis.Values {
  const span = bars.starts.length * bars.width;
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

/** What `light-dark()` comes to: a canvas does not know it. */
function resolved(root: HTMLElement, value: string): string {
  const probe = document.createElement("span");
  probe.style.color = value;
  root.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}
