// A client of logd in a few lines of JavaScript that share nothing with its own:
//     LOGD_WRITE_SECRET=… node send.mjs PORT KEY TEXT [COPIES]
import { createHmac } from "node:crypto";
import { createSocket } from "node:dgram";

const [port, key, text, copies = "1"] = process.argv.slice(2);

// Protobuf: a tag, a length, the bytes.
const varint = (n) => (n < 128 ? [n] : [(n & 127) | 128, ...varint(n >>> 7)]);
const field = (number, bytes) =>
  Buffer.concat([Buffer.from([...varint((number << 3) | 2), ...varint(bytes.length)]), bytes]);
const warn = Buffer.from([6 << 3, 4]); // Msg.lvl = WARN
const msg = Buffer.concat([warn, field(7, Buffer.from(text)), field(12, Buffer.from(key))]);
const cmd = field(2, msg); // Cmd.msg; Cmd.name is WRITE, which is 0

const time = Buffer.alloc(8);
time.writeBigUInt64BE(BigInt(Date.now()) * 1_000_000n);
const mac = createHmac("sha256", process.env.LOGD_WRITE_SECRET).update(time).update(cmd).digest();

const socket = createSocket("udp4");
let left = Number(copies);
const send = () => socket.send([mac, time, cmd], Number(port), "127.0.0.1", () => (--left > 0 ? send() : socket.close()));
send();
