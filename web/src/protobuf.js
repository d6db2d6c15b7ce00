// Reads and writes the part of protobuf that query.proto uses, by a table of fields (see query.js).
//
// A table maps a field's name to [number, type, ...flags]; the flags are "repeated" and "optional", and a type is
// a name in SCALARS or another table. Times and sequence numbers, which are fixed in width, are BigInt; whole
// numbers of variable width are counts and lengths and fit a Number, except the signed one. A repeated fixed64 is
// a typed array: a column.

/** The bytes of a message. A field that is absent, or has its default and is not optional, is left out. */
export function encode(table, message) {
  const out = [];
  for (const [name, [number, type, ...flags]] of Object.entries(table)) {
    if (message[name] === undefined) continue;
    const repeated = flags.includes("repeated");
    for (const value of repeated ? message[name] : [message[name]]) {
      if (typeof type === "object") {
        pushField(out, number, BYTES, withLength(encode(type, value)));
      } else if (repeated || flags.includes("optional") || !isDefault(type, value)) {
        pushField(out, number, SCALARS[type].wire, SCALARS[type].write(value));
      }
    }
  }
  return Uint8Array.from(out);
}

/** The message in `bytes`. An absent field has its default, or is undefined if it is optional or a message. */
export function decode(table, bytes) {
  const message = {};
  const fields = new Map();
  for (const [name, [number, type, ...flags]] of Object.entries(table)) {
    const repeated = flags.includes("repeated");
    fields.set(number, { name, type, repeated });
    if (repeated) message[name] = SCALARS[type]?.column?.(NOTHING) ?? [];
    else if (typeof type === "string" && !flags.includes("optional")) message[name] = SCALARS[type].zero;
  }
  const reader = new Reader(bytes);
  while (!reader.atEnd()) {
    const { number, wire, value } = reader.field();
    const field = fields.get(number);
    if (field) store(message, field, wire, value);
  }
  return message;
}

const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;
const FIXED32 = 5;

const NOTHING = new Uint8Array();
const toText = new TextDecoder();
const fromText = new TextEncoder();

// `read` takes the value's bytes as they are on the wire, without a length.
const SCALARS = {
  bool: { wire: VARINT, zero: false, read: (v) => v[0] !== 0, write: (v) => [v ? 1 : 0] },
  enum: { wire: VARINT, zero: 0, read: toNumber, write: varint },
  uint32: { wire: VARINT, zero: 0, read: toNumber, write: varint },
  uint64: { wire: VARINT, zero: 0, read: toNumber, write: varint },
  sint64: { wire: VARINT, zero: 0n, read: (v) => unzigzag(toBigInt(v)) },
  double: { wire: FIXED64, zero: 0, read: (v) => viewOf(v).getFloat64(0, true) },
  fixed64: { wire: FIXED64, zero: 0n, read: (v) => viewOf(v).getBigUint64(0, true), write: fixed64, column: seqs },
  sfixed64: { wire: FIXED64, zero: 0n, read: (v) => viewOf(v).getBigInt64(0, true), write: fixed64, column: times },
  string: { wire: BYTES, zero: "", read: (v) => toText.decode(v), write: (v) => withLength(fromText.encode(v)) },
  bytes: { wire: BYTES, zero: NOTHING, read: (v) => v, write: withLength },
};

function store(message, { name, type, repeated }, wire, value) {
  const scalar = SCALARS[type];
  if (!repeated) {
    message[name] = scalar ? scalar.read(value) : decode(type, value);
  } else if (!scalar) {
    message[name].push(decode(type, value));
  } else if (scalar.column) {
    message[name] = scalar.column(value);
  } else if (wire === BYTES && scalar.wire === VARINT) {
    const packed = new Reader(value);
    while (!packed.atEnd()) message[name].push(scalar.read(packed.value(VARINT)));
  } else {
    message[name].push(scalar.read(value));
  }
}

class Reader {
  #bytes;
  #at = 0;

  constructor(bytes) {
    this.#bytes = bytes;
  }

  atEnd() {
    return this.#at === this.#bytes.length;
  }

  field() {
    const tag = toNumber(this.value(VARINT));
    const wire = tag & 7;
    return { number: tag >>> 3, wire, value: this.value(wire) };
  }

  /** The bytes of the value that comes next. */
  value(wire) {
    switch (wire) {
      case VARINT: {
        let length = 1;
        while (this.#bytes[this.#at + length - 1] >= 0x80) length += 1;
        return this.#take(length);
      }
      case FIXED64:
        return this.#take(8);
      case BYTES:
        return this.#take(toNumber(this.value(VARINT)));
      case FIXED32:
        return this.#take(4);
      default:
        throw new RangeError(`no such wire type: ${wire}`);
    }
  }

  #take(length) {
    const end = this.#at + length;
    if (end > this.#bytes.length) throw new RangeError("the message ends in the middle of a field");
    const taken = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return taken;
  }
}

function toNumber(bytes) {
  return bytes.reduceRight((sum, byte) => sum * 128 + (byte & 0x7f), 0);
}

function toBigInt(bytes) {
  return bytes.reduceRight((sum, byte) => (sum << 7n) | BigInt(byte & 0x7f), 0n);
}

function unzigzag(n) {
  return n & 1n ? -(n >> 1n) - 1n : n >> 1n;
}

function viewOf(bytes) {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

// A typed array must begin at a multiple of its element's size, so the bytes are copied.
function seqs(bytes) {
  return new BigUint64Array(bytes.slice().buffer);
}

function times(bytes) {
  return new BigInt64Array(bytes.slice().buffer);
}

function varint(n) {
  const bytes = [];
  for (; n >= 0x80; n = Math.floor(n / 128)) bytes.push((n % 128) | 0x80);
  bytes.push(n);
  return bytes;
}

function fixed64(n) {
  const bytes = new Uint8Array(8);
  viewOf(bytes).setBigUint64(0, BigInt.asUintN(64, n), true);
  return bytes;
}

function withLength(bytes) {
  return [...varint(bytes.length), ...bytes];
}

function pushField(out, number, wire, value) {
  out.push(...varint(number * 8 + wire), ...value);
}

function isDefault(type, value) {
  return type === "bytes" ? value.length === 0 : value === SCALARS[type].zero;
}
