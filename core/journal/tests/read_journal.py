#!/usr/bin/env python3
"""Reads a Pinion journal with nothing but FORMAT.md and the standard library.

Usage: read_journal.py DIRECTORY
Prints one JSON object: epoch, records, segments, closed, kinds (number -> count), text (kind -> text).
Exits with 1 and a sentence on standard error if a byte is not as FORMAT.md says. It does not compute
the chain: BLAKE3 is not in the standard library.
"""

import json
import os
import re
import struct
import sys

HEADER = 4096
FRAME = 128
MORE = 1
PLAN, MARK, SUMMARY, END = 0x302, 0x304, 0x306, 0x307


def crc_table():
    table = []
    for value in range(256):
        for _ in range(8):
            value = (value >> 1) ^ (0x82F63B78 if value & 1 else 0)
        table.append(value)
    return table


TABLE = crc_table()


def crc32c(data):
    value = 0xFFFFFFFF
    for byte in data:
        value = TABLE[(value ^ byte) & 0xFF] ^ (value >> 8)
    return value ^ 0xFFFFFFFF


def require(condition, path, offset, reason):
    if not condition:
        sys.exit(f"{path}: byte {offset}: {reason}")


def read_header(path, data, epoch, first):
    require(len(data) >= HEADER, path, len(data), "shorter than a header")
    magic, version, frame, header_epoch, header_first = struct.unpack_from("<8sIIQQ", data, 0)
    require(magic == b"PINIONJL", path, 0, "magic")
    require(version == 1 and frame == FRAME, path, 8, "version or frame size")
    require((header_epoch, header_first) == (epoch, first), path, 16, "the header is not this name's")
    require(not any(data[192:4092]), path, 192, "reserved bytes")
    require(struct.unpack_from("<I", data, 4092)[0] == crc32c(data[:4092]), path, 4092, "header checksum")
    return struct.unpack_from("<Q", data, 120)[0]


def main(directory):
    pattern = re.compile(r"journal-([0-9a-f]{16})-([0-9]{20})\.seg")
    names = [pattern.fullmatch(name) for name in os.listdir(directory) if name.endswith(".seg")]
    require(names and all(names), directory, 0, "no segments, or a strange name")
    names.sort(key=lambda name: int(name[2]))
    position, closed, kinds, texts, group = 0, False, {}, {}, b""
    for name in names:
        path = os.path.join(directory, name[0])
        epoch, first = int(name[1], 16), int(name[2])
        with open(path, "rb") as file:
            data = file.read()
        require(first == position and not closed, path, 0, "a segment is missing or too many")
        capacity = read_header(path, data, epoch, first)
        offset = HEADER
        while offset < len(data):
            frame = data[offset : offset + FRAME]
            commit, crc, at, _ticks, kind, _version, flags, _source = struct.unpack_from("<IIQQHBBI", frame)
            if commit == 0:
                break
            require(commit == FRAME, path, offset, "commit word")
            seeded = struct.pack("<QI", epoch, commit) + frame[8:]
            require(crc == crc32c(seeded), path, offset, "frame checksum")
            require(at == position, path, offset, "position")
            kinds[kind] = kinds.get(kind, 0) + 1
            if kind in (PLAN, SUMMARY):
                group += frame[32:]
                if not flags & MORE:
                    (length,) = struct.unpack_from("<I", group)
                    texts[kind] = group[4 : 4 + length].decode()
                    group = b""
            if kind == MARK:
                require(struct.unpack_from("<Q", frame, 32)[0] <= position, path, offset, "mark")
            if kind == END:
                closed = True
                require(struct.unpack_from("<Q", frame, 64)[0] == position + 1, path, offset, "end")
            position += 1
            offset += FRAME
        expected = offset if closed else HEADER + capacity * FRAME
        require(len(data) == expected, path, len(data), f"the file should have {expected} bytes")
        require(not any(data[offset:]), path, offset, "bytes behind the last frame")
    report = {"epoch": epoch, "records": position, "segments": len(names), "closed": closed}
    print(json.dumps(report | {"kinds": kinds, "text": texts}))


if __name__ == "__main__":
    require(len(sys.argv) == 2, "usage: read_journal.py DIRECTORY", 0, "give one directory")
    main(sys.argv[1])
