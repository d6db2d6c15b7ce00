// Where a list of any height is, behind a scroll bar of limited height.
//
// Browsers stop at about 33 million pixels (Firefox at 17.8). A longer list gets a shorter spacer: a small movement of the
// scroll bar moves the list by as many pixels, a large one, a drag of the thumb, by the same proportion. In between the
// bar is put back to where it belongs.

export const MAX_SPACER = 12_000_000;

export class VirtualScroll {
  rowHeight: number;
  /** Height of what is seen. */
  viewport = 0;
  length = 0;
  /** Pixels of the list above the viewport. */
  top = 0;
  /** Where the bar was last seen, or put. */
  #bar = 0;
  readonly #max: number;

  constructor(rowHeight: number, max = MAX_SPACER) {
    this.rowHeight = rowHeight;
    this.#max = max;
  }

  get total(): number {
    return this.length * this.rowHeight;
  }

  get spacer(): number {
    return Math.min(this.total, Math.max(this.#max, this.viewport));
  }

  /** The largest `top`. */
  get end(): number {
    return Math.max(0, this.total - this.viewport);
  }

  get atEnd(): boolean {
    return this.top >= this.end - this.rowHeight / 2;
  }

  get first(): number {
    return Math.floor(this.top / this.rowHeight);
  }

  /** Past the last row of which something is seen. */
  get last(): number {
    return Math.min(this.length, Math.ceil((this.top + this.viewport) / this.rowHeight));
  }

  /** Where the bar belongs. */
  get bar(): number {
    const range = this.spacer - this.viewport;
    return this.end <= 0 || range <= 0 ? 0 : (this.top / this.end) * range;
  }

  /** The bar was moved, by whomever; whether the list moved with it. */
  moved(bar: number): boolean {
    const delta = bar - this.#bar;
    // Bars are put at whole device pixels.
    if (Math.abs(delta) <= 1) return false;
    this.#bar = bar;
    const range = this.spacer - this.viewport;
    const small = Math.abs(delta) < 2 * this.viewport && bar > 0 && bar < range - 1;
    if (this.spacer === this.total) this.go(bar);
    else this.go(small ? this.top + delta : (bar / range) * this.end);
    return true;
  }

  /** Whether the bar is so far from where it belongs that it should be put there. */
  get drifted(): boolean {
    return Math.abs(this.#bar - this.bar) > 1;
  }

  /** The bar has been put there. */
  put(bar: number): void {
    this.#bar = bar;
  }

  go(top: number): void {
    this.top = Math.min(Math.max(0, top), this.end);
  }

  /** Moves as little as needed to show the whole row. */
  reveal(row: number): void {
    const start = row * this.rowHeight;
    if (start < this.top) this.go(start);
    else if (start + this.rowHeight > this.top + this.viewport) this.go(start + this.rowHeight - this.viewport);
  }
}
