// Events as text for other programs: the same JSON and CSV that the daemon writes over HTTP.

import type { Event, Value } from "./query";
import { levelOf } from "./level";
import { rfc3339 } from "./time";

/** One event as a JSON object. Attributes that are repeated become arrays; integers keep all their digits. */
export function toJson(event: Event, indent = ""): string {
  const fields = [
    `"seq":${String(event.seq)}`,
    `"time":"${rfc3339(event.time)}"`,
    `"received":"${rfc3339(event.received)}"`,
    `"key":${JSON.stringify(event.key)}`,
    `"level":"${levelOf(event.severity)}"`,
    `"severity":${String(event.severity)}`,
    `"text":${JSON.stringify(event.text)}`,
  ];
  if (event.attributes.length > 0) fields.push(`"attributes":${attributesJson(event)}`);
  if (indent === "") return `{${fields.join(",")}}`;
  return `{\n${fields.map((f) => indent + f.replace('":', '": ')).join(",\n")}\n}`;
}

export const CSV_HEADER = "seq,time,received,key,level,severity,text,attributes\r\n";

/** One record (RFC 4180), with its line's end. */
export function toCsv(event: Event): string {
  const fields = [
    String(event.seq),
    rfc3339(event.time),
    rfc3339(event.received),
    event.key,
    levelOf(event.severity),
    String(event.severity),
    event.text,
    event.attributes.length > 0 ? attributesJson(event) : "",
  ];
  return fields.map(quoted).join(",") + "\r\n";
}

function attributesJson({ attributes }: Event): string {
  const byName = new Map<string, Value[]>();
  for (const [name, value] of attributes) {
    const values = byName.get(name);
    if (values) values.push(value);
    else byName.set(name, [value]);
  }
  const fields = Array.from(byName, ([name, values]) => {
    const json = values.map(valueJson);
    return `${JSON.stringify(name)}:${json.length === 1 ? (json[0] ?? "") : `[${json.join(",")}]`}`;
  });
  return `{${fields.join(",")}}`;
}

function valueJson(value: Value): string {
  if (typeof value === "bigint") return String(value);
  if (typeof value === "number" && !Number.isFinite(value)) return JSON.stringify(String(value));
  if (value instanceof Uint8Array) return JSON.stringify(base64(value));
  return JSON.stringify(value);
}

function base64(bytes: Uint8Array): string {
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
}

function quoted(field: string): string {
  return /[",\r\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field;
}
