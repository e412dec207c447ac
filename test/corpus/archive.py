# SPDX-License-Identifier: LGPL-2.1-or-later
"""Writes tar archives block by block: every field may be wrong."""

import gzip
import struct


def field(number, length):
    """A number as octal digits, or base-256 where it does not fit or is negative."""
    if isinstance(number, bytes):
        return number.ljust(length, b"\0")
    if 0 <= number < 8 ** (length - 1):
        return b"%0*o\0" % (length - 1, number)
    return bytes([0x80 if number >= 0 else 0xFF]) + (number & (1 << 8 * (length - 1)) - 1).to_bytes(
        length - 1, "big"
    )


def header(name, kind=b"0", size=0, mode=0o644, uid=0, gid=0, mtime=0, link=b"", magic=b"ustar\x0000",
           uname=b"", prefix=b"", device=(0, 0), checksum=None, tail=b""):
    block = bytearray(512)

    def put(at, data):
        block[at : at + len(data)] = data

    put(0, name[:100])
    put(100, field(mode, 8))
    put(108, field(uid, 8))
    put(116, field(gid, 8))
    put(124, field(size, 12))
    put(136, field(mtime, 12))
    put(148, b" " * 8)
    put(156, kind)
    put(157, link[:100])
    put(257, magic)
    put(265, uname)
    put(329, field(device[0], 8))
    put(337, field(device[1], 8))
    put(345, prefix)
    put(386 if magic == b"ustar  \0" else 500, tail)
    put(148, b"%06o\0 " % (sum(block) if checksum is None else checksum))
    return bytes(block)


def padded(data):
    return data + b"\0" * (-len(data) % 512)


def record(key, value, length=None):
    body = b" " + key + b"=" + value + b"\n"
    n = len(body) + 1
    while len(str(n)) + len(body) != n:
        n = len(str(n)) + len(body)
    return str(n if length is None else length).encode() + body


def pax(records, kind=b"x", size=None):
    """An extended header; records: bytes, or a list of (key, value)."""
    data = records if isinstance(records, bytes) else b"".join(record(k, v) for k, v in records)
    return header(b"PaxHeader", kind, len(data) if size is None else size) + padded(data)


def gnu_long(kind, name, size=None):
    data = name + b"\0"
    return header(b"././@LongLink", kind, len(data) if size is None else size, magic=b"ustar  \0") + padded(data)


def entry(name, data=b"", kind=b"0", records=(), **fields):
    """A whole entry; names and links that are too long for their fields go into an extended header."""
    records = list(records)
    link = fields.get("link", b"")
    if len(name) > 100:
        records.append((b"path", name))
    if len(link) > 100:
        records.append((b"linkpath", link))
    fields.setdefault("size", len(data))
    return (pax(records) if records else b"") + header(name, kind, **fields) + padded(data)


def directory(name, mode=0o755, **fields):
    return entry(name, kind=b"5", mode=mode, **fields)


def symlink(name, target, **fields):
    return entry(name, kind=b"2", mode=0o777, link=target, **fields)


def hard_link(name, target, **fields):
    return entry(name, kind=b"1", link=target, **fields)


END = b"\0" * 1024


def tar(*entries):
    return b"".join(entries) + END


def zipped(data, level=6):
    return gzip.compress(data, level, mtime=0)


def capability(version, rootid=0):
    """security.capability with cap_net_raw=ep."""
    data = struct.pack("<IIIII", version << 24 | 1, 1 << 13, 0, 0, 0)
    return data + (struct.pack("<I", rootid) if version == 3 else b"")
