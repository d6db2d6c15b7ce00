#!/usr/bin/env python3
"""Sends one event to logd, with nothing but the standard library: send.py KEY TEXT"""
import hmac, os, socket, struct, sys, time


def field(number, data):
    """A protobuf field of bytes, text or a message: tag, length as a varint, content."""
    length, rest = b"", len(data)
    while rest > 127:
        length, rest = length + bytes([rest & 127 | 128]), rest >> 7
    return bytes([number << 3 | 2]) + length + bytes([rest]) + data


def datagram(secret, key, text, now):
    """A signed WRITE of one event of severity INFO (9); `now` is Unix time in nanoseconds."""
    event = field(7, text.encode()) + field(12, key.encode()) + bytes([13 << 3, 9])
    signed = struct.pack(">q", now) + field(2, event)
    return hmac.digest(secret.encode(), signed, "sha256") + signed


if __name__ == "__main__":
    host, port = os.environ.get("LOGD_ADDR", "127.0.0.1:6102").rsplit(":", 1)
    packet = datagram(os.environ["LOGD_WRITE_SECRET"], sys.argv[1], sys.argv[2], time.time_ns())
    socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(packet, (host, int(port)))
