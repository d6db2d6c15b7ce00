// Hatching for stretches of time of which events are missing: a direction for each kind, so that it does not take colours
// to tell them apart.

import type uPlot from "uplot";

import { type Lack, type Stretch, extent } from "./regions";

/** Names of colours in style/tokens.css. */
export const LACK_COLORS: Record<Lack, string> = {
  overwritten: "--quiet",
  leftOut: "--accent",
  damaged: "--bar-error",
  missed: "--bar-warn",
};

/** Shifts of a line over the height of a tile, in tiles. */
const SLANTS: Record<Lack, number[]> = { overwritten: [1], leftOut: [-1], damaged: [1, -1], missed: [0] };

/** The least width of a stretch, so that it is seen, and the distance of its lines; in pixels of the page. */
const LEAST = 6;
const TILE = 6;

export function hatch(
  u: uPlot,
  stretches: Stretch[],
  axis: { from: bigint; until: bigint },
  color: (lack: Lack) => string,
): void {
  const { ctx, bbox } = u;
  const tile = TILE * devicePixelRatio;
  const least = LEAST * devicePixelRatio;
  for (const stretch of stretches) {
    const [start, end] = extent(stretch, axis);
    const width = Math.max(least, (end - start) * bbox.width);
    const left = Math.min(bbox.left + start * bbox.width, bbox.left + bbox.width - width);
    ctx.save();
    ctx.beginPath();
    ctx.rect(left, bbox.top, width, bbox.height);
    ctx.clip();
    ctx.strokeStyle = ctx.fillStyle = color(stretch.lack);
    ctx.globalAlpha = 0.08;
    ctx.fillRect(left, bbox.top, width, bbox.height);
    ctx.globalAlpha = 0.55;
    ctx.lineWidth = devicePixelRatio;
    ctx.beginPath();
    for (const slant of SLANTS[stretch.lack]) {
      const run = slant * bbox.height;
      for (let x = left - Math.abs(run); x < left + width + Math.abs(run); x += tile) {
        ctx.moveTo(x, bbox.top + bbox.height);
        ctx.lineTo(x + run, bbox.top);
      }
    }
    ctx.stroke();
    ctx.restore();
  }
}
