#!/usr/bin/env python3
"""Reads a Pinion journal with nothing but FORMAT.md and the standard library; archives need the program zstd.

Usage: read_journal.py DIRECTORY [PUBLIC KEY, 64 hex digits]
Prints one JSON object: epoch, records, segments, closed, head, pruned, sealed, kinds (number -> count), text (kind
-> text). Exits with 1 and a sentence on standard error if a byte is not as FORMAT.md says. With a key the journal
must also be the one that journal.seal in it says.
"""

import json
import os
import re
import struct
import subprocess
import sys

from primitives import blake3, ed25519_is_good

HEADER = 4096
FRAME = 128
MORE = 1
START, PLAN, ANCHOR, MARK, CHECKPOINT, SUMMARY, END, RESUME, SNAPSHOT = range(0x301, 0x30A)
OWN = (START, ANCHOR, MARK, CHECKPOINT, END, RESUME)
BATCH = 4096


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


def read_bytes(path):
    with open(path, "rb") as file:
        return file.read()


def unpack(path):
    """The content of an archive."""
    data = read_bytes(path)
    head, mark, size, crc = struct.unpack("<8s4sQI", data[-24:])
    require(head == bytes.fromhex("502a4d1810000000") and mark == b"PINZ", path, len(data) - 24, "archive trailer")
    require(crc == crc32c(data[:-4]), path, len(data) - 4, "archive checksum")
    content = subprocess.run(["zstd", "-dc"], input=data[:-24], stdout=subprocess.PIPE, check=True).stdout
    require(len(content) == size, path, 0, "archive size")
    return content


def read_header(path, data, epoch, first):
    require(len(data) >= HEADER, path, len(data), "shorter than a header")
    magic, version, frame, header_epoch, header_first = struct.unpack_from("<8sIIQQ", data, 0)
    require(magic == b"PINIONJL", path, 0, "magic")
    require(version == 1 and frame == FRAME, path, 8, "version or frame size")
    require((header_epoch, header_first) == (epoch, first), path, 16, "the header is not this name's")
    require(not any(data[192:4092]), path, 192, "reserved bytes")
    require(struct.unpack_from("<I", data, 4092)[0] == crc32c(data[:4092]), path, 4092, "header checksum")
    return data[64:96], struct.unpack_from("<Q", data, 120)[0]


def read_pruned(directory, epoch):
    path = os.path.join(directory, f"journal-{epoch:016x}.pruned")
    if not os.path.exists(path):
        return None
    data = read_bytes(path)
    require(len(data) == 160 and crc32c(data[:156]) == struct.unpack_from("<I", data, 156)[0], path, 0, "checksum")
    magic, version, zero, said, start, to, _callers, segments, _when = struct.unpack_from("<8sIIQQQQQQ", data)
    sane = (magic, version, zero, said) == (b"PINIONPR", 1, 0, epoch) and start < to and not any(data[128:156])
    require(sane, path, 0, "record of a prune")
    return {"from": start, "to": to, "segments": segments, "chains": (data[64:96], data[96:128])}


def read_seal(directory, public):
    """Chain values by position; the signature is good."""
    path = os.path.join(directory, "journal.seal")
    text = read_bytes(path)
    statement, signature = text.split(b"signature ")
    good = ed25519_is_good(public, statement, bytes.fromhex(signature.decode().strip()))
    require(good and f"public {public.hex()}\n".encode() in statement, path, len(statement), "seal signature")
    lines = [line.split(" ") for line in statement.decode().splitlines()]
    require(lines[0] == ["pinion-seal", "1"], path, 0, "seal version")
    said = {words[0]: words[1] for words in lines if words[0] in ("epoch", "records", "head")}
    chains = {int(words[1]): words[2] for words in lines if words[0] == "segment"}
    for words in lines:
        if words[0] == "pruned":
            chains |= {int(words[1]): words[3], int(words[2]): words[4]}
    chains[int(said["records"])] = said["head"]
    return int(said["epoch"], 16), chains


class Chain:
    def __init__(self):
        self.value, self.frames = bytes(32), []

    def head(self):
        return blake3(self.value + b"".join(self.frames)) if self.frames else self.value

    def fold(self, then=None):
        self.value, self.frames = self.head() if then is None else then, []

    def header(self, data):
        self.fold(blake3(self.value + data))


class Journal:
    def __init__(self, directory):
        self.directory, self.position, self.closed, self.left = directory, 0, False, False
        self.kinds, self.texts, self.group, self.open = {}, {}, b"", False
        self.chain, self.segments, self.sealed, self.pruned = Chain(), 0, {}, None

    def check_seal(self, path):
        said = self.sealed.pop(self.position, None)
        require(said is None or said == self.chain.head().hex(), path, 0, f"not sealed so at {self.position}")

    def segment(self, path, data, epoch, first):
        self.check_seal(path)
        gone = self.pruned
        if gone and gone["from"] == self.position and first == gone["to"]:
            require(self.chain.head() == gone["chains"][0], path, 0, "chain before what was pruned")
            self.chain.fold(gone["chains"][1])
            self.position, self.segments = first, self.segments + gone["segments"]
            self.sealed = {at: chain for at, chain in self.sealed.items() if at >= first}
            self.check_seal(path)
        require(first == self.position, path, 0, "a segment is missing or too many")
        chain, capacity = read_header(path, data, epoch, first)
        self.chain.fold()
        require(chain == self.chain.value, path, 64, "chain of the header")
        self.chain.header(data[:HEADER])
        self.segments += 1
        taken_up, self.closed, offset = self.left or self.closed, False, HEADER
        while offset < min(len(data), HEADER + capacity * FRAME) and not self.closed:
            frame = data[offset : offset + FRAME]
            if frame[:4] == bytes(4):
                break
            kind = self.frame(path, offset, frame, epoch)
            require(kind != RESUME or offset == HEADER, path, offset, "a Resume inside a segment")
            require(not taken_up or kind == RESUME or offset > HEADER, path, offset, "a Resume is missing")
            offset += FRAME
        whole = HEADER + capacity * FRAME
        lengths = (offset, whole) if self.closed else (whole,)
        require(len(data) in lengths, path, len(data), f"the file should have {lengths[0]} bytes")
        require(not any(data[offset:]), path, offset, "bytes behind the last frame")
        self.left = offset < whole

    def frame(self, path, offset, frame, epoch):
        commit, crc, at, _ticks, kind, _version, flags, _source = struct.unpack_from("<IIQQHBBI", frame)
        require(commit == FRAME, path, offset, "commit word")
        require(crc == crc32c(struct.pack("<QI", epoch, commit) + frame[8:]), path, offset, "frame checksum")
        require(at == self.position, path, offset, "position")
        require((kind == START) == (at == 0), path, offset, "Start")
        require(kind not in OWN or not (self.open or flags & MORE), path, offset, "inside a group")
        self.check_seal(path)
        due = len(self.chain.frames) >= BATCH and not self.open
        require(due == (kind == CHECKPOINT), path, offset, "a Checkpoint is missing or too many")
        if kind in (CHECKPOINT, END):
            require(frame[32:64] == self.chain.head(), path, offset, "chain")
        if kind == CHECKPOINT:
            batch = (at - len(self.chain.frames), len(self.chain.frames))
            require(struct.unpack_from("<QQ", frame, 64) == batch, path, offset, "batch of the Checkpoint")
            self.chain.fold()
        if kind in (PLAN, SUMMARY, SNAPSHOT):
            self.group += frame[32:]
            if not flags & MORE:
                (length,) = struct.unpack_from("<I", self.group)
                self.texts[kind] = self.group[4 : 4 + length].decode(errors="replace")
                self.group = b""
        first = struct.unpack_from("<Q", frame, 32)[0]
        require(kind != MARK or first <= at, path, offset, "mark")
        require(kind != RESUME or first == at, path, offset, "resume")
        require(kind != END or struct.unpack_from("<Q", frame, 64)[0] == at + 1, path, offset, "end")
        self.kinds[kind] = self.kinds.get(kind, 0) + 1
        self.chain.frames.append(frame)
        self.open, self.closed = bool(flags & MORE), kind == END
        self.position += 1
        return kind


def main(directory, public=None):
    pattern = re.compile(r"journal-([0-9a-f]{16})-([0-9]{20})\.seg(\.zst)?")
    names = [pattern.fullmatch(name) for name in os.listdir(directory) if re.search(r"\.seg(\.zst)?$", name)]
    require(names and all(names), directory, 0, "no segments, or a strange name")
    # Where both forms are there, the plain one stays.
    files = {int(name[2]): name for name in sorted(names, key=lambda name: name[0], reverse=True)}
    epoch = int(names[0][1], 16)
    journal = Journal(directory)
    journal.pruned = gone = read_pruned(directory, epoch)
    if public:
        sealed_epoch, journal.sealed = read_seal(directory, public)
        require(sealed_epoch == epoch, directory, 0, "the seal is another journal's")
        journal.sealed.pop(0, None)
    is_sealed = bool(journal.sealed)
    for first in sorted(files):
        path = os.path.join(directory, files[first][0])
        require(int(files[first][1], 16) == epoch, path, 0, "another epoch")
        if gone and gone["from"] <= first < gone["to"]:
            continue
        data = unpack(path) if files[first][3] else read_bytes(path)
        journal.segment(path, data, epoch, first)
    journal.check_seal(directory)
    require(not journal.sealed, directory, 0, "the journal ends before what was sealed")
    report = {"epoch": epoch, "records": journal.position, "segments": journal.segments, "closed": journal.closed}
    report |= {"head": journal.chain.head().hex(), "sealed": is_sealed}
    report["pruned"] = [gone["from"], gone["to"]] if gone else None
    print(json.dumps(report | {"kinds": journal.kinds, "text": journal.texts}))


if __name__ == "__main__":
    require(len(sys.argv) in (2, 3), "usage: read_journal.py DIRECTORY [KEY]", 0, "give one directory")
    main(sys.argv[1], bytes.fromhex(sys.argv[2]) if len(sys.argv) == 3 else None)
