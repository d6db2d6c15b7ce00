// Protobuf's wire format: fields one after the other, each a tag and a value.
// https://protobuf.dev/programming-guides/encoding/

const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;
const FIXED32 = 5;

const toText = new TextDecoder();
const fromText = new TextEncoder();

/** Reads the fields of one message: `while (reader.next()) switch (reader.field) …`. */
export class Reader {
  /** The number of the field that `next` came to. */
  field = 0;
  #wire = VARINT;
  #at = 0;
  /** Where the value begins. */
  #start = 0;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Goes to the next field, past the value of the one before if nobody took it; false at the end. */
  next(): boolean {
    if (this.#at === this.#bytes.length) return false;
    const tag = this.#varint();
    this.field = Math.floor(tag / 8);
    this.#wire = tag & 7;
    switch (this.#wire) {
      case VARINT:
        this.#start = this.#at;
        this.#skipVarint();
        break;
      case FIXED64:
        this.#take(8);
        break;
      case BYTES:
        this.#take(this.#varint());
        break;
      case FIXED32:
        this.#take(4);
        break;
      default:
        throw new RangeError(`no such wire type: ${String(this.#wire)}`);
    }
    return true;
  }

  /** A whole number without sign; exact up to 2⁵³. */
  uint(): number {
    return this.#varintAt(this.#start)[0];
  }

  bool(): boolean {
    return this.uint() !== 0;
  }

  sint64(): bigint {
    let n = 0n;
    for (let i = this.#at - 1; i >= this.#start; i--) n = (n << 7n) | BigInt(this.#byte(i) & 0x7f);
    return n & 1n ? -(n >> 1n) - 1n : n >> 1n;
  }

  double(): number {
    return this.#view.getFloat64(this.#start, true);
  }

  sfixed64(): bigint {
    return this.#view.getBigInt64(this.#start, true);
  }

  fixed64(): bigint {
    return this.#view.getBigUint64(this.#start, true);
  }

  /** A view of the message, not a copy. */
  bytes(): Uint8Array {
    return this.#bytes.subarray(this.#start, this.#at);
  }

  string(): string {
    return toText.decode(this.bytes());
  }

  /** A column of numbers: packed, or one of them, to be put behind those already there. */
  uints(into: number[]): void {
    if (this.#wire === VARINT) {
      into.push(this.uint());
      return;
    }
    for (let at = this.#start; at < this.#at;) {
      const [n, end] = this.#varintAt(at);
      into.push(n);
      at = end;
    }
  }

  // A typed array begins at a multiple of its element's size, so these are copies.
  fixed64s(): BigUint64Array<ArrayBuffer> {
    return new BigUint64Array(this.bytes().slice().buffer);
  }

  sfixed64s(): BigInt64Array<ArrayBuffer> {
    return new BigInt64Array(this.bytes().slice().buffer);
  }

  #take(length: number): void {
    this.#start = this.#at;
    this.#at += length;
    if (this.#at > this.#bytes.length) throw cut();
  }

  #varint(): number {
    const [n, end] = this.#varintAt(this.#at);
    this.#at = end;
    return n;
  }

  #varintAt(start: number): [number, number] {
    let n = 0;
    let scale = 1;
    for (let at = start; ; at++) {
      const byte = this.#byte(at);
      n += (byte & 0x7f) * scale;
      if (byte < 0x80) return [n, at + 1];
      scale *= 128;
    }
  }

  #skipVarint(): void {
    while (this.#byte(this.#at++) >= 0x80);
  }

  #byte(at: number): number {
    const byte = this.#bytes[at];
    if (byte === undefined) throw cut();
    return byte;
  }
}

/** Writes the fields of one message. A value that is the field's default is left out. */
export class Writer {
  #out: number[] = [];

  finish(): Uint8Array<ArrayBuffer> {
    return Uint8Array.from(this.#out);
  }

  uint(field: number, n: number): this {
    if (n !== 0) {
      this.#varint(field * 8 + VARINT);
      this.#varint(n);
    }
    return this;
  }

  bool(field: number, value: boolean): this {
    return this.uint(field, value ? 1 : 0);
  }

  /** Of a field with presence: written even if it is zero. */
  sfixed64(field: number, n: bigint): this {
    this.#varint(field * 8 + FIXED64);
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setBigInt64(0, n, true);
    this.#out.push(...bytes);
    return this;
  }

  string(field: number, text: string): this {
    return text === "" ? this : this.message(field, fromText.encode(text));
  }

  bytes(field: number, bytes: Uint8Array): this {
    return bytes.length === 0 ? this : this.message(field, bytes);
  }

  /** A message, which is there even if it is empty. */
  message(field: number, bytes: Uint8Array): this {
    this.#varint(field * 8 + BYTES);
    this.#varint(bytes.length);
    for (const byte of bytes) this.#out.push(byte);
    return this;
  }

  #varint(n: number): void {
    let rest = n;
    for (; rest >= 0x80; rest = Math.floor(rest / 128)) this.#out.push((rest % 128) | 0x80);
    this.#out.push(rest);
  }
}

function cut(): RangeError {
  return new RangeError("the message ends in the middle of a field");
}
