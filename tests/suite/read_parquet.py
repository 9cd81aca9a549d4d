"""Reads a Parquet file with Apache Arrow and holds it against the JSON lines of the same records.

Exits with 1 and a line on the first difference. Prices, quantities and money are 64-bit floats in Parquet and exact
text in JSON; times are ns since 1970 in both after reading.
"""

import datetime
import json
import sys

import pyarrow.parquet

table = pyarrow.parquet.read_table(sys.argv[1])
rows = [json.loads(line) for line in open(sys.argv[2])]
if table.num_rows != len(rows):
    sys.exit(f"{table.num_rows} rows, {len(rows)} lines")


def nanoseconds(text):
    whole, _, part = text.rstrip("Z").partition(".")
    seconds = datetime.datetime.fromisoformat(whole + "+00:00").timestamp()
    return int(seconds) * 10**9 + int((part or "0").ljust(9, "0"))


cells = {name: table.column(name) for name in table.column_names}
for at, row in enumerate(rows):
    row.pop("kind")
    more = {}
    for name, want in row.items():
        if name not in cells:
            more[name] = want
            continue
        cell = cells[name][at]
        if pyarrow.types.is_timestamp(cell.type):
            found, want = cell.value, nanoseconds(want) if want != "-" else None
        elif pyarrow.types.is_floating(cell.type):
            number, _, currency = want.partition(" ")
            found, want = cell.as_py(), float(number)
            if currency and cells[f"{name}_currency"][at].as_py() != currency:
                sys.exit(f"row {at}: {name} is not in {currency}")
        else:
            found = cell.as_py()
        if found != want:
            sys.exit(f"row {at}: {name} is {found!r}, JSON says {want!r}")
    found = cells["more"][at].as_py() if "more" in cells else None
    if (json.loads(found) if found else {}) != more:
        sys.exit(f"row {at}: more is {found!r}, JSON says {more!r}")
    nulls = [n for n in cells if n not in row and n != "more" and not n.endswith("_currency")]
    if any(cells[n][at].as_py() is not None for n in nulls):
        sys.exit(f"row {at}: a column holds what JSON has not")
