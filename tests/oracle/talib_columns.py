"""TA-Lib's columns, and what is exactly right where TA-Lib is not.

    talib_columns.py columns REQUEST.json OUT.bin
    talib_columns.py judge   REQUEST.json OUT.bin

REQUEST holds `bars`, a list of [open, high, low, close, volume] in whole units, and `calls`, a list of
{"function": TA-Lib's name, "params": [values in its order, moving-average types left out]}; a judgement also
has {"output": number, "at": [bar numbers]}. OUT is little-endian doubles: `columns` writes for each call each
of its outputs over all bars, not-a-number while it warms up; `judge` writes one value for each bar asked for.

TA-Lib keeps running sums in doubles, so a long run with large numbers drifts. The judge evaluates the same
definitions with exact fractions, or with 80 decimal digits where a root or a recursion is in them.
"""

import json
import sys

import numpy as np

from exact import judge


def inputs(bars):
    table = np.array(bars, dtype=np.float64).reshape(-1, 5)
    names = ["open", "high", "low", "close", "volume"]
    return {name: np.ascontiguousarray(table[:, at]) for at, name in enumerate(names)}


def columns(request, out):
    from talib import abstract

    data = inputs(request["bars"])
    for call in request["calls"]:
        function = abstract.Function(call["function"])
        names = [name for name in function.parameters if not name.endswith("matype")]
        # TA-Lib has a factor for each Bollinger band; ours are symmetric.
        values = list(call["params"]) + call["params"][-1:] * (call["function"] == "BBANDS")
        if values:
            function.set_parameters(dict(zip(names, values)))
        result = function(data)
        for column in result if isinstance(result, list) else [result]:
            column = column.astype("<f8")
            # Columns of whole numbers hold 0 while they warm up.
            column[: function.lookback] = np.nan
            out.write(column.tobytes())


def main():
    mode, request, target = sys.argv[1:]
    with open(request) as file:
        request = json.load(file)
    with open(target, "wb") as out:
        if mode == "columns":
            columns(request, out)
        else:
            for call in request["calls"]:
                values = judge(request["bars"], call)
                out.write(np.array(values, dtype="<f8").tobytes())


if __name__ == "__main__":
    main()
