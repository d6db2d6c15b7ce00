// What was searched for, newest first; kept in the browser.

import { load, save } from "../state/stored";

const NAME = "logd.history";
const MOST = 30;

class History {
  entries = $state<string[]>(load<string[]>(NAME, []));

  add(filter: string): void {
    const entry = filter.trim();
    if (entry === "" || entry === this.entries[0]) return;
    this.entries = [entry, ...this.entries.filter((e) => e !== entry)].slice(0, MOST);
    save(NAME, this.entries);
  }
}

export const history = new History();
