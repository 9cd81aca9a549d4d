#!/usr/bin/env python3
"""Reads a Pinion counters file with nothing but COUNTERS.md and the standard library.

Usage: read_counters.py FILE
Prints one JSON object: state, pid, build, label, directory, slots (kind/name -> counter -> value), units,
errors. Exits with 1 and a sentence on standard error if the file is not as COUNTERS.md says.
"""

import json
import mmap
import os
import struct
import sys

KINDS = {1: "session", 2: "agent", 3: "thread", 4: "link", 5: "feed"}
HEADER, DEFINITION, ENTRY, SLOT = 512, 256, 128, 256
ERROR_HEADER, ERROR, ERRORS = 128, 256, 16
AREA = ERROR_HEADER + ERRORS * ERROR


def main(path):
    def require(condition, reason):
        if not condition:
            sys.exit(f"{path}: {reason}")

    with open(path, "rb") as file:
        size = os.fstat(file.fileno()).st_size
        require(size >= HEADER, "shorter than a header")
        data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    word = lambda at: struct.unpack_from("<Q", data, at)[0]
    text = lambda at, most: data[at : at + most].split(b"\0", 1)[0].decode()

    require(data[:8] == b"PINIONCT", "no counters file")
    require(word(8) != 0, "not finished being made")
    require(word(8) == 1, f"version {word(8)}, this reader knows 1")
    require(word(16) == size, f"cut short: {size} bytes of {word(16)}")
    definitions, slots, areas = word(24), word(32), word(40)
    slots_at, values_at, errors_at = word(48), word(56), word(64)
    require(slots_at == HEADER + definitions * DEFINITION, "slot table")
    require(errors_at == values_at + slots * SLOT and size == errors_at + areas * AREA, "values or errors")

    names, units = {}, {}
    for at in range(HEADER, slots_at, DEFINITION):
        kind, index = word(at) & 0xFFFFFFFF, word(at) >> 32
        names[kind, index], units[text(at + 24, 40)] = text(at + 24, 40), text(at + 8, 16)
        require(text(at + 64, 192), "a definition without a sentence")

    found, state = {}, 0
    for at in range(slots_at, slots_at + slots * ENTRY, ENTRY):
        kind, count, values = word(at) & 0xFFFFFFFF, word(at) >> 32, word(at + 8)
        require(values % SLOT == 0 and values_at <= values < errors_at, "values of a slot")
        counters = {names[kind, n]: word(values + 8 * n) for n in range(count)}
        found[f"{KINDS[kind]}/{text(at + 16, 48)}"] = counters
        state = counters["state"] if kind == 1 else state

    errors = []
    for area in range(errors_at, size, AREA):
        for at in range(area + ERROR_HEADER, area + AREA, ERROR):
            if word(at + 32) == 0:
                break
            errors.append({"source": text(area, 64), "count": word(at), "text": text(at + 40, word(at + 32))})

    print(json.dumps({
        "state": {1: "running", 2: "ended", 3: "failed"}[state],
        "pid": word(72),
        "build": text(128, 64),
        "label": text(192, 64),
        "directory": text(256, 256),
        "slots": found,
        "units": units,
        "errors": errors,
    }))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
