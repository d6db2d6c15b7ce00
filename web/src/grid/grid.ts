// A grid of any number of rows: as many elements as fit the screen, used again and again.

import { VirtualScroll } from "./scroll";

export interface Column {
  id: string;
  label: string;
  /** A track of `grid-template-columns`. */
  width: string;
}

export interface Delegate {
  /** Fills the cells of a row; false while its event has not come yet. */
  fill(row: HTMLElement, cells: HTMLElement[], index: number): boolean;
  /** Rows from `first` on, before `last`, are on screen. */
  show(first: number, last: number): void;
  /** A person chose a row; `open` is to look into it. */
  choose(index: number, open: boolean): void;
  /** A person scrolled. */
  scrolled(): void;
}

/** After the last scroll event, the bar is put to where it belongs. */
const SETTLE_MS = 150;
let grids = 0;

export class VirtualGrid {
  readonly scroll: VirtualScroll;
  readonly #root: HTMLElement;
  readonly #delegate: Delegate;
  readonly #id = `grid${String(++grids)}`;
  readonly #spacer = element("div", "grid-spacer", "presentation");
  readonly #window = element("div", "grid-window", "presentation");
  readonly #head = element("div", "grid-head", "row");
  readonly #rows = element("div", "grid-rows", "rowgroup");
  readonly #resize: ResizeObserver;
  #columns: Column[] = [];
  #pool: { row: HTMLElement; cells: HTMLElement[]; index: number; filled: boolean }[] = [];
  #active = -1;
  /** Counts the elements made, for their ids. */
  #made = 0;
  /** The index of the row in the first element. */
  #first = 0;
  #settle: ReturnType<typeof setTimeout> | undefined;
  #frame = 0;
  #refreshing = 0;
  /** Height of the element and of its head, as last measured: to ask for it lays the page out. */
  #height = 0;
  #headHeight = 0;

  constructor(root: HTMLElement, label: string, rowHeight: number, delegate: Delegate) {
    this.#root = root;
    this.#delegate = delegate;
    this.scroll = new VirtualScroll(rowHeight);
    root.setAttribute("role", "grid");
    root.tabIndex = 0;
    root.setAttribute("aria-label", label);
    this.#head.setAttribute("aria-rowindex", "1");
    this.#window.append(this.#head, this.#rows);
    this.#spacer.append(this.#window);
    root.replaceChildren(this.#spacer);
    root.addEventListener("scroll", this.#scrolled, { passive: true });
    root.addEventListener("keydown", this.#key);
    root.addEventListener("click", this.#click);
    this.#resize = new ResizeObserver(() => {
      this.layout();
    });
    this.#resize.observe(root);
  }

  destroy(): void {
    this.#resize.disconnect();
    clearTimeout(this.#settle);
    cancelAnimationFrame(this.#frame);
    cancelAnimationFrame(this.#refreshing);
    this.#root.removeEventListener("scroll", this.#scrolled);
    this.#root.removeEventListener("keydown", this.#key);
    this.#root.removeEventListener("click", this.#click);
    this.#root.replaceChildren();
  }

  get length(): number {
    return this.scroll.length;
  }

  get active(): number {
    return this.#active;
  }

  setColumns(columns: Column[], rowHeight: number): void {
    this.#columns = columns;
    this.#root.style.setProperty("--columns", columns.map((c) => c.width).join(" "));
    this.#root.style.setProperty("--row-height", `${String(rowHeight)}px`);
    this.#root.setAttribute("aria-colcount", String(columns.length));
    const row = this.scroll.top / this.scroll.rowHeight;
    this.scroll.rowHeight = rowHeight;
    this.scroll.go(row * rowHeight);
    this.#head.replaceChildren(
      ...columns.map(({ id, label }) => {
        const cell = element("span", `cell cut ${id}`, "columnheader");
        cell.textContent = label;
        return cell;
      }),
    );
    this.#rows.replaceChildren();
    this.#pool = [];
    this.layout();
  }

  /** Other rows from now on, `top` pixels of them above the screen; the active one is `active`, or none. */
  setRows(length: number, top: number, active: number): void {
    this.scroll.length = length;
    this.#root.setAttribute("aria-rowcount", String(length + 1));
    this.#active = active;
    this.#fit();
    this.scroll.go(top);
    this.#forget();
    this.#put();
    this.draw();
  }

  /** The same rows, of which some look different now. In the next frame: by then there may be other rows. */
  refresh(): void {
    this.#forget();
    cancelAnimationFrame(this.#refreshing);
    this.#refreshing = requestAnimationFrame(() => {
      this.draw();
    });
  }

  setActive(index: number, reveal: boolean): void {
    this.#active = index;
    if (reveal && index >= 0) this.scroll.reveal(index);
    this.#put();
    this.draw();
  }

  /** Puts a row in the middle of the screen. */
  center(index: number): void {
    this.scroll.go((index + 0.5) * this.scroll.rowHeight - this.scroll.viewport / 2);
    this.#put();
    this.draw();
  }

  end(): void {
    this.scroll.go(this.scroll.end);
    this.#put();
    this.draw();
  }

  focus(): void {
    this.#root.focus({ preventScroll: true });
  }

  /** Fits the elements to the size on screen. */
  layout(): void {
    this.#height = this.#root.clientHeight;
    this.#headHeight = this.#head.offsetHeight;
    const wasAtEnd = this.scroll.atEnd;
    this.#fit();
    this.scroll.go(wasAtEnd ? this.scroll.end : this.scroll.top);
    this.#forget();
    this.#put();
    this.draw();
  }

  #fit(): void {
    this.scroll.viewport = Math.max(0, this.#height - this.#headHeight);
    this.#window.style.height = `${String(this.#height)}px`;
    this.#spacer.style.height = `${String(this.scroll.spacer + this.#headHeight)}px`;
    const wanted = Math.ceil(this.scroll.viewport / this.scroll.rowHeight) + 1;
    while (this.#pool.length > wanted) this.#pool.pop()?.row.remove();
    while (this.#pool.length < wanted) this.#pool.push(this.#newRow());
  }

  draw(): void {
    const { top, rowHeight, first, last } = this.scroll;
    this.#delegate.show(first, last);
    this.#rotate(first);
    let activeId = "";
    for (let i = 0; i < this.#pool.length; i++) {
      const index = first + i;
      const slot = this.#pool[i];
      if (!slot) continue;
      const { row, cells } = slot;
      row.hidden = index >= last;
      if (row.hidden) {
        slot.index = -1;
        continue;
      }
      if (slot.index !== index || !slot.filled) {
        slot.index = index;
        row.setAttribute("aria-rowindex", String(index + 2));
        slot.filled = this.#delegate.fill(row, cells, index);
      }
      row.style.transform = `translateY(${String(index * rowHeight - top)}px)`;
      row.setAttribute("aria-selected", String(index === this.#active));
      if (index === this.#active) activeId = row.id;
    }
    if (activeId === "") this.#root.removeAttribute("aria-activedescendant");
    else this.#root.setAttribute("aria-activedescendant", activeId);
  }

  /**
   * Puts the elements that left the screen at one end to the other end: an event keeps its element while it is on
   * screen, and a screen reader meets the elements in the order of the events.
   */
  #rotate(first: number): void {
    const by = first - this.#first;
    this.#first = first;
    if (Math.abs(by) >= this.#pool.length) return;
    for (let i = 0; i < by; i++) {
      const slot = this.#pool.shift();
      if (!slot) return;
      this.#pool.push(slot);
      this.#rows.append(slot.row);
    }
    for (let i = 0; i > by; i--) {
      const slot = this.#pool.pop();
      if (!slot) return;
      this.#pool.unshift(slot);
      this.#rows.prepend(slot.row);
    }
  }

  #forget(): void {
    for (const slot of this.#pool) slot.filled = false;
  }

  #newRow() {
    const row = element("div", "grid-row", "row");
    row.id = `${this.#id}-${String(++this.#made)}`;
    const cells = this.#columns.map(({ id }) => element("span", `cell cut ${id}`, "gridcell"));
    row.append(...cells);
    row.hidden = true;
    this.#rows.append(row);
    return { row, cells, index: -1, filled: false };
  }

  /** Puts the scroll bar to where it belongs. */
  #put(): void {
    if (!this.scroll.drifted) return;
    this.#root.scrollTop = this.scroll.bar;
    this.scroll.put(this.#root.scrollTop);
  }

  #scrolled = (): void => {
    if (!this.scroll.moved(this.#root.scrollTop)) return;
    clearTimeout(this.#settle);
    this.#settle = setTimeout(() => {
      this.#put();
    }, SETTLE_MS);
    cancelAnimationFrame(this.#frame);
    this.#frame = requestAnimationFrame(() => {
      this.draw();
      this.#delegate.scrolled();
    });
  };

  #click = (event: MouseEvent): void => {
    const row = event.target instanceof Element ? event.target.closest<HTMLElement>(".grid-row") : null;
    const slot = this.#pool.find((s) => s.row === row);
    // A click that ends a selection of text is no click on the row.
    if (slot && (document.getSelection()?.isCollapsed ?? true)) this.#delegate.choose(slot.index, true);
  };

  #key = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey || this.length === 0) return;
    const page = Math.max(1, Math.floor(this.scroll.viewport / this.scroll.rowHeight) - 1);
    // Without an active row, what is on screen is where one begins.
    const from = this.#active >= 0 ? this.#active : this.scroll.atEnd ? this.length : this.scroll.first - 1;
    const targets: Record<string, number> = {
      ArrowDown: from + 1,
      ArrowUp: from - 1,
      PageDown: from + page,
      PageUp: from - page,
      Home: 0,
      End: this.length - 1,
    };
    const to = targets[event.key];
    if (to !== undefined) this.#delegate.choose(Math.min(Math.max(0, to), this.length - 1), false);
    else if (event.key === "Enter" && this.#active >= 0) this.#delegate.choose(this.#active, true);
    else return;
    event.preventDefault();
  };
}

function element(tag: string, className: string, role: string): HTMLElement {
  const made = document.createElement(tag);
  made.className = className;
  made.setAttribute("role", role);
  return made;
}
