#!/usr/bin/env python3
"""Makes datagrams.json: signed datagrams and what they mean, to hold implementations against.

Nothing of logd is used, and no protobuf library: the bytes below follow from RFC 2104 (HMAC), FIPS 180-4
(SHA-256), Go's documentation of time.Time.MarshalBinary, proto/wire.proto and protobuf's encoding guide.

    python3 tests/vectors/make.py            writes datagrams.json
    python3 tests/vectors/make.py --check    fails if datagrams.json is not what it would write

In the file, bytes are hexadecimal, and numbers of 64 bits are decimal strings. A field of an event that was
not sent is left out. `time` is what the daemon takes for the event's time: field 15, else field 1.
"""

import hashlib
import hmac
import json
import pathlib
import struct
import sys

# 2023-11-14T22:13:20.123456789Z, the moment at which all of this is sent.
NOW = 1_700_000_000_123_456_789
FILE = pathlib.Path(__file__).with_name("datagrams.json")

WRITE_SECRET = b"write secret"
READ_SECRET = b"read secret"
LEGACY_SECRET = b"legacy secret"
LONG_SECRET = bytes(range(200))  # longer than a block of SHA-256, and not text
SECRETS = [
    {"name": "write", "right": "write", "bytes": WRITE_SECRET.hex(), "legacy_sha256": False},
    {"name": "read", "right": "read", "bytes": READ_SECRET.hex(), "legacy_sha256": False},
    {"name": "legacy", "right": "write", "bytes": LEGACY_SECRET.hex(), "legacy_sha256": True},
    {"name": "long", "right": "write", "bytes": LONG_SECRET.hex(), "legacy_sha256": False},
]


# Protobuf: a message is a list of (field number, wire type, bytes after the key).


def varint(n):
    n &= (1 << 64) - 1  # negative numbers take ten bytes
    out = bytearray()
    while n >= 0x80:
        out.append(n & 0x7F | 0x80)
        n >>= 7
    out.append(n)
    return bytes(out)


def key(number, wire_type):
    return varint(number << 3 | wire_type)


def number(field, n):
    return key(field, 0) + varint(n) if n else b""


def delimited(field, body):
    return key(field, 2) + varint(len(body)) + body


def string(field, text):
    return delimited(field, text.encode()) if text else b""


def fixed64(field, n):
    return key(field, 1) + struct.pack("<Q", n) if n else b""


def zigzag(n):
    return n << 1 if n >= 0 else (-n << 1) - 1


def timestamp(field, nanos):
    return delimited(field, number(1, nanos // 10**9) + number(2, nanos % 10**9))


def attribute(name, kind, value):
    body = string(1, name)
    # A value is written even when it is zero or empty: that it is there is what tells its type.
    if kind == "text":
        body += delimited(2, value.encode())
    elif kind == "int":
        body += key(3, 0) + varint(zigzag(value))
    elif kind == "float":
        body += key(4, 1) + struct.pack("<d", value)
    elif kind == "flag":
        body += key(5, 0) + varint(int(value))
    elif kind == "bytes":
        body += delimited(6, value)
    return delimited(14, body)


def attribute_json(name, kind, value):
    # A float is its bits, so that -0.0, NaN and the last digit survive.
    text = {
        "text": lambda: value,
        "int": lambda: str(value),
        "float": lambda: struct.pack(">d", value).hex(),
        "flag": lambda: value,
        "bytes": lambda: value.hex(),
    }[kind]()
    return {"name": name, "type": kind, "value": text}


def event(
    t=None, env="", svc="", fn="", lvl=0, txt="", stack_trace="", http_method=0, url="",
    response_status=0, key="", severity=0, attributes=(), time_unix_nano=0, unknown=b"",
):
    """The bytes of a Msg, and what they say."""
    body = (timestamp(1, t) if t is not None else b"") + string(3, env) + string(4, svc) + string(5, fn)
    body += number(6, lvl) + string(7, txt) + string(8, stack_trace) + number(9, http_method)
    body += string(10, url) + number(11, response_status) + string(12, key) + number(13, severity)
    body += b"".join(attribute(*a) for a in attributes) + fixed64(15, time_unix_nano) + unknown
    time = time_unix_nano or t
    says = {
        "time": None if time is None else str(time), "env": env, "svc": svc, "fn": fn, "lvl": lvl,
        "txt": txt, "stack_trace": stack_trace, "http_method": http_method, "url": url,
        "response_status": response_status, "key": key, "severity": severity,
        "attributes": [attribute_json(*a) for a in attributes],
    }
    return body, {k: v for k, v in says.items() if v not in (None, "", 0, [])}


NAMES = {"WRITE": 0, "TAIL": 1, "PING": 2, "QUERY": 3}


def command(name, msg=None, query=None, batch=(), sender=0, counter=0, unknown=b""):
    """The bytes of a Cmd, and what they say."""
    body = number(1, NAMES[name])
    body += delimited(2, msg[0]) if msg else b""
    body += delimited(3, query[0]) if query else b""
    body += b"".join(delimited(4, m[0]) for m in batch)
    body += fixed64(5, sender) + number(6, counter) + unknown
    events = ([msg] if msg else []) + list(batch)
    says = {
        "name": name, "sender": str(sender), "counter": str(counter),
        "events": [m[1] for m in events], "query_params": query[1] if query else None,
    }
    return body, says


def bare(msg):
    """A Msg in place of a Cmd. It must begin with its field 1."""
    assert msg[0][0] == 0x0A
    says = command("WRITE", msg)[1]
    return msg[0], says


def query_params(
    offset=0, limit=0, t_start=None, t_end=None, env="", svc="", fn="", lvl=0, txt="", http_method=0,
    url="", response_status=0, key_prefix="",
):
    body = number(1, offset) + number(2, limit)
    body += timestamp(3, t_start) if t_start is not None else b""
    body += timestamp(4, t_end) if t_end is not None else b""
    body += string(5, env) + string(6, svc) + string(7, fn) + number(8, lvl) + string(9, txt)
    body += number(10, http_method) + string(11, url) + number(12, response_status) + string(13, key_prefix)
    says = {
        "offset": offset, "limit": limit, "t_start": None if t_start is None else str(t_start),
        "t_end": None if t_end is None else str(t_end), "env": env, "svc": svc, "fn": fn, "lvl": lvl,
        "txt": txt, "http_method": http_method, "url": url, "response_status": response_status,
        "key_prefix": key_prefix,
    }
    return body, {k: v for k, v in says.items() if v not in (None, "", 0)}


# Datagrams.


def unix_time(nanos):
    return struct.pack(">q", nanos)


def go_time(nanos, zone_minutes=-1):
    """time.Time.MarshalBinary, version 1. Seconds since the year 1; -1 minutes means UTC."""
    seconds = nanos // 10**9 + 62_135_596_800
    return struct.pack(">bqih", 1, seconds, nanos % 10**9, zone_minutes)


def sign_hmac(secret, time, payload):
    return hmac.new(secret, time + payload, hashlib.sha256).digest() + time + payload


def sign_legacy(secret, time, payload):
    return hashlib.sha256(secret + time + payload).digest() + time + payload


ACCEPTED = []
REFUSED = []


def accept(name, secret, says, sign=sign_hmac, time=unix_time(NOW), at=NOW, canonical=True):
    payload, cmd = says
    ACCEPTED.append({
        "name": name,
        "secret": secret,
        "scheme": "hmac-sha256" if sign is sign_hmac else "sha256",
        "time": str(at),
        "datagram": sign(bytes.fromhex(next(s for s in SECRETS if s["name"] == secret)["bytes"]), time, payload).hex(),
        # Whether an encoder that knows the schema writes the payload in just these bytes.
        "canonical": canonical,
        "cmd": cmd,
    })


def refuse(name, reason, datagram):
    REFUSED.append({"name": name, "reason": reason, "datagram": datagram.hex()})


HELLO = event(key="/prod/api/login", txt="hello", severity=9, time_unix_nano=NOW)
ORIGINAL = event(
    t=NOW, env="prod", svc="api", fn="login", lvl=5, txt="could not log in", stack_trace="main.go:1\nlogin.go:2",
    http_method=6, url="/login?next=%2F", response_status=500,
)

accept("one event", "write", command("WRITE", HELLO))
accept("an event of an original client", "write", command("WRITE", ORIGINAL))
accept("a key in place of env, svc and fn", "write",
       command("WRITE", event(t=NOW, key="/prod/api", lvl=3, txt="key")))
accept("a bare event", "write", bare(ORIGINAL))
accept("a bare event without a time of its own in nanoseconds", "write",
       bare(event(t=1_700_000_000 * 10**9, env="e", svc="s", txt="x")))
accept("a secret longer than a block", "long", command("WRITE", HELLO))
accept("legacy sum, time in 8 bytes", "legacy", command("WRITE", ORIGINAL), sign_legacy)
accept("legacy sum, time of Go in UTC", "legacy", command("WRITE", ORIGINAL), sign_legacy, go_time(NOW))
accept("legacy sum, time of Go in another zone", "legacy", command("WRITE", ORIGINAL), sign_legacy, go_time(NOW, 330))
accept("legacy sum, bare event, time of Go", "legacy", bare(ORIGINAL), sign_legacy, go_time(NOW))
accept("a legacy secret signs with HMAC, too", "legacy", command("WRITE", HELLO))
accept("a batch with sender and counter", "write", command(
    "WRITE", sender=0xFEDC_BA98_7654_3210, counter=1_000_000,
    batch=[event(key="/prod/api", txt=f"line {i}", severity=i + 1, time_unix_nano=NOW + i) for i in range(3)]))
accept("an event and a batch", "write", command(
    "WRITE", HELLO, batch=[event(key="/a/b", txt="second"), event(key="/a/b", txt="third")], sender=1))
accept("the largest sender and counter", "write",
       command("WRITE", HELLO, sender=2**64 - 1, counter=2**64 - 1))
accept("attributes of every type", "write", command("WRITE", event(
    key="/prod/api", txt="attributes", severity=17, time_unix_nano=NOW, attributes=[
        ("trace_id", "text", "4bf92f3577b34da6"), ("status", "int", 503), ("ratio", "float", 0.1),
        ("cached", "flag", True), ("digest", "bytes", bytes(range(256)))])))
accept("attributes at their limits", "write", command("WRITE", event(
    key="/prod/api", attributes=[
        ("empty text", "text", ""), ("zero", "int", 0), ("minus one", "int", -1), ("min", "int", -2**63),
        ("max", "int", 2**63 - 1), ("minus zero", "float", -0.0), ("infinity", "float", float("inf")),
        ("not a number", "float", float("nan")), ("false", "flag", False), ("empty bytes", "bytes", b""),
        ("größe 量", "text", "ünïcödé 🦀"), ("zero", "text", "the name again")])))
accept("text beyond ASCII and with control characters", "write",
       command("WRITE", event(key="/prod/api", txt="naïve \0\r\n\x1b[31m 漢字 🦀" + "x" * 500)))
accept("a negative status", "write", command("WRITE", event(key="/a/b", txt="x", response_status=-1)))
accept("a time before 1970", "write", command("WRITE", event(t=-1_500_000_000, key="/a/b", txt="x")))
accept("field 15 wins over field 1", "write",
       command("WRITE", event(t=NOW, key="/a/b", txt="x", time_unix_nano=NOW + 1)))
FUTURE_FIELDS = (number(100, 7) + string(101, "from the future") + fixed64(102, 7) + key(103, 5) + b"\1\2\3\4"
                 + key(104, 3) + number(1, 7) + key(104, 4))
accept("fields of a later schema", "write", command(
    "WRITE", event(key="/a/b", txt="x", unknown=FUTURE_FIELDS), unknown=FUTURE_FIELDS), canonical=False)
accept("a WRITE that names its default", "write",
       (key(1, 0) + varint(0) + command("WRITE", HELLO)[0], command("WRITE", HELLO)[1]), canonical=False)
accept("PING", "read", command("PING"))
accept("TAIL of everything", "read", command("TAIL"))
accept("TAIL with a filter", "read", command("TAIL", query=query_params(
    env="prod", svc="api", lvl=4, txt="Timeout", http_method=2, url="/users", response_status=504)))
accept("QUERY", "read", command("QUERY", query=query_params(
    offset=10, limit=100, t_start=NOW - 3600 * 10**9, t_end=NOW, lvl=5, fn="login", key_prefix="/prod")))

GOOD = sign_hmac(WRITE_SECRET, unix_time(NOW), command("WRITE", HELLO)[0])
refuse("nothing", "too_short", b"")
refuse("no payload", "too_short", sign_hmac(WRITE_SECRET, unix_time(NOW), b""))
refuse("cut after the MAC", "too_short", GOOD[:32])
refuse("cut in the payload", "bad_mac", GOOD[:-1])
refuse("one byte more", "bad_mac", GOOD + b"\0")
refuse("one bit of the MAC", "bad_mac", bytes([GOOD[0] ^ 1]) + GOOD[1:])
refuse("one bit of the time", "bad_mac", GOOD[:39] + bytes([GOOD[39] ^ 1]) + GOOD[40:])
refuse("one bit of the payload", "bad_mac", GOOD[:-1] + bytes([GOOD[-1] ^ 0x80]))
refuse("another secret", "bad_mac", sign_hmac(b"Write secret", unix_time(NOW), HELLO[0]))
refuse("too old", "stale", sign_hmac(WRITE_SECRET, unix_time(NOW - 100_000_001), HELLO[0]))
refuse("too new", "future", sign_hmac(WRITE_SECRET, unix_time(NOW + 100_000_001), HELLO[0]))
refuse("too old, time of Go", "stale", sign_legacy(LEGACY_SECRET, go_time(NOW - 100_000_001), HELLO[0]))
refuse("a legacy sum for a secret that does not accept it", "bad_mac",
       sign_legacy(WRITE_SECRET, unix_time(NOW), command("WRITE", HELLO)[0]))
refuse("an HMAC over a time of Go", "bad_mac", sign_hmac(LEGACY_SECRET, go_time(NOW), HELLO[0]))
refuse("a time of Go and no payload", "too_short", sign_legacy(LEGACY_SECRET, go_time(NOW), b""))


def main():
    vectors = {"now": str(NOW), "ttl_nanos": "100000000", "secrets": SECRETS, "accepted": ACCEPTED, "refused": REFUSED}
    text = json.dumps(vectors, indent=1, ensure_ascii=True) + "\n"
    if sys.argv[1:] == ["--check"]:
        if FILE.read_text() != text:
            sys.exit(f"{FILE} is not what make.py writes")
    elif not sys.argv[1:]:
        FILE.write_text(text)
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main()
