// The events in the tests' buffers: an hour of a small shop, in which its payments fail for some minutes. The same
// numbers every time, so that a test can say what must be found without asking the engine.

export interface Sample {
  /** Unix milliseconds of the sender's clock; `received` is a little later. */
  time: number;
  received: number;
  level: "trace" | "debug" | "info" | "warn" | "error" | "fatal";
  key: string;
  text: string;
  attributes: Record<string, string | number | boolean>;
}

export const START = Date.UTC(2026, 2, 14, 9);
const HOUR = 3_600_000;
const MINUTE = 60_000;
/** When payments begin to fail, and when they work again. */
export const OUTAGE = { from: START + 34 * MINUTE, until: START + 41 * MINUTE };

/** Numbers that look random. Source: SplitMix32, a reduction of Steele, Lea and Flood's SplitMix64. */
function randomness(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x9e3779b9) | 0;
    let z = state ^ (state >>> 16);
    z = Math.imul(z, 0x21f0aaad);
    z ^= z >>> 15;
    z = Math.imul(z, 0x735a2d97);
    return ((z ^ (z >>> 15)) >>> 0) % below;
  };
}

const PATHS = ["/", "/basket", "/items/4711", "/items/1138", "/search?q=lamp", "/checkout", "/account"];
const HOSTS = ["web-1", "web-2", "web-3"];
const STACK = [
  "com.example.pay.PoolExhausted: no free connection after 30000 ms",
  "\tat com.example.pay.Pool.acquire(Pool.java:118)",
  "\tat com.example.pay.Ledger.book(Ledger.java:57)",
  "\tat com.example.pay.Worker.run(Worker.java:203)",
].join("\n");

/** The one fatal event. */
export const FATAL = "worker 3 stopped: the ledger's connection pool is exhausted";

export function shop(count = 6000): Sample[] {
  const random = randomness(1);
  const pick = <T>(of: readonly T[]) => of[random(of.length)] as T;
  let fatal = false;
  return Array.from({ length: count }, (_, i) => {
    const time = START + Math.floor((i * HOUR) / count);
    const outage = time >= OUTAGE.from && time < OUTAGE.until;
    const sent = { time, received: time + 2 + random(20) };
    if (!fatal && time >= OUTAGE.from + 2 * MINUTE) {
      fatal = true;
      return event(sent, "fatal", "/prod/shop/payment", FATAL, { worker: 3, stack_trace: STACK });
    }
    const order = 20_000 + i;
    const trace_id = random(2 ** 32)
      .toString(16)
      .padStart(8, "0");
    if (outage && random(100) < 35) {
      const waited = 30_000 + random(500);
      return random(3) > 0
        ? event(sent, "error", "/prod/shop/payment", `order ${order}: ledger timed out after ${waited} ms`, {
            order,
            worker: 1 + random(4),
            trace_id,
            stack_trace: STACK,
          })
        : event(sent, "error", "/prod/shop/web", `POST /checkout 502 ${waited} ms`, {
            "http.method": "POST",
            url: "/checkout",
            status: 502,
            host: pick(HOSTS),
            trace_id,
          });
    }
    switch (random(12)) {
      case 0:
        return event(sent, "info", "/prod/shop/payment", `order ${order} paid by card`, { order, trace_id });
      case 1:
        return event(sent, "debug", "/prod/shop/cart", `basket of customer ${random(900)} has ${1 + random(9)} items`);
      case 2:
        return event(sent, "trace", "/prod/shop/inventory", `shelf ${random(64)}: ${random(500)} left`);
      case 3: {
        const slow = 900 + random(900);
        const text = `query took ${slow} ms: select * from stock where item = ${1000 + random(4000)}`;
        return random(4) > 0
          ? event(sent, "info", "/prod/shop/inventory", `restocked item ${1000 + random(4000)}`)
          : event(sent, "warn", "/prod/shop/inventory", text, { ms: slow, slow: true });
      }
      case 4:
        return event(sent, "info", "/prod/shop/mail", `confirmation for order ${order} sent`, { order });
      default: {
        const url = pick(PATHS);
        const status = random(40) === 0 ? 404 : 200;
        return event(
          sent,
          status === 404 ? "warn" : "info",
          "/prod/shop/web",
          `GET ${url} ${status} ${3 + random(90)} ms`,
          {
            "http.method": "GET",
            url,
            status,
            host: pick(HOSTS),
            trace_id,
          },
        );
      }
    }
  });
}

/** The same shop until its payments began to fail. */
export function calm(): Sample[] {
  return shop().filter(({ time }) => time < OUTAGE.from);
}

/** More than is read at once, for nothing in it can be compressed well. */
export function big(): Sample[] {
  const random = randomness(2);
  const digit = () =>
    random(2 ** 32)
      .toString(16)
      .padStart(8, "0");
  return shop(100_000).map((event) => {
    const attributes = { ...event.attributes, digest: Array.from({ length: 20 }, digit).join("") };
    return { ...event, attributes };
  });
}

/** What a bank logged in the same hour: it has the reason. */
export function bank(): Sample[] {
  return Array.from({ length: 240 }, (_, i) => {
    const time = START + i * 15_000 + 500;
    const outage = time >= OUTAGE.from - MINUTE && time < OUTAGE.until;
    return outage
      ? event({ time, received: time }, "error", "/prod/bank/gateway", `certificate of ledger.example expired`)
      : event({ time, received: time }, "info", "/prod/bank/gateway", `settled batch ${i}`, { batch: i });
  });
}

/** What the bank logged, and among it what a machine sent that had been cut off before, and one that has forgotten the year. */
export function skewed(): { late: Sample[]; lost: Sample[] } {
  const among = (texts: string[], time: number) => {
    const received = START + 45 * MINUTE;
    const others = texts.map((text) => event({ time, received }, "warn", "/prod/bank/branch", text));
    const before = bank().filter((e) => e.received < received);
    return [...before, ...others, ...bank().slice(before.length)];
  };
  return {
    late: among(
      Array.from({ length: 10 }, (_, i) => `till ${i} was closed`),
      START - 30 * MINUTE,
    ),
    lost: among(["till 1 has a new battery", "till 2 has a new battery", "till 3 has a new battery"], 0),
  };
}

/** Lines that are long, wide or strange. */
export function odd(): Sample[] {
  const texts = [
    "first of the odd ones",
    `{"payload":"${"0123456789abcdef".repeat(65_536)}","end":true}`,
    "two lines\nof which this is the second",
    "Grüße, 日本語 and 🦀",
    "<img src=x onerror=alert(1)> is text, not a picture",
    "",
    "last of the odd ones",
  ];
  return texts.map((text, i) =>
    event({ time: START + i * 1000, received: START + i * 1000 }, "info", "/dev/me/odd", text, { n: i }),
  );
}

function event(
  sent: { time: number; received: number },
  level: Sample["level"],
  key: string,
  text: string,
  attributes: Sample["attributes"] = {},
): Sample {
  return { ...sent, level, key, text, attributes };
}
