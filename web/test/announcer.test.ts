import { afterEach, beforeEach, expect, test, vi } from "vitest";

beforeEach(() => {
  vi.useFakeTimers();
  vi.resetModules();
});

afterEach(() => {
  vi.useRealTimers();
});

async function make() {
  const { announcer } = await import("../src/state/announcer.svelte");
  return announcer;
}

test("what is said at the same time is said one after the other, in that order", async () => {
  const announcer = await make();
  announcer.say("compared", "5 new in B");
  announcer.say("found", "3 of 9 events");
  announcer.say("copied", "Copied");
  expect(announcer.text).toBe("5 new in B");
  vi.advanceTimersByTime(999);
  expect(announcer.text).toBe("5 new in B");
  vi.advanceTimersByTime(1);
  expect(announcer.text).toBe("3 of 9 events");
  vi.advanceTimersByTime(1000);
  expect(announcer.text).toBe("Copied");
});

test("of what is about the same, only the newest is said", async () => {
  const announcer = await make();
  announcer.say("found", "1 event");
  for (let i = 2; i < 100; i++) announcer.say("found", `${i} events`);
  vi.advanceTimersByTime(1000);
  expect(announcer.text).toBe("99 events");
  vi.advanceTimersByTime(60_000);
  expect(announcer.text).toBe("99 events");
});

test("the same text again is a change", async () => {
  const announcer = await make();
  announcer.say("copied", "Copied");
  vi.advanceTimersByTime(5000);
  const before = announcer.text;
  announcer.say("copied", "Copied");
  expect(announcer.text).not.toBe(before);
  expect(announcer.text.trim()).toBe("Copied");
});
