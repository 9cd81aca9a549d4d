#!/usr/bin/env python3
"""Turns the recording that ships inside the Rust package `barter` into Pinion's capture format, losslessly.

  convert_barter.py SOURCE.json OUT.capture.gz            convert
  convert_barter.py --verify SOURCE.json OUT.capture.gz   turn OUT back and compare with SOURCE

SOURCE is examples/data/binance_spot_trades_l1_btcusdt_ethusdt_solusdt.json of barter 0.14.0. README.md
beside this file has the mapping of fields. Needs Python 3.9 or later and nothing else.
"""
import datetime
import gzip
import json
import sys

SYMBOLS = ["BTCUSDT", "ETHUSDT", "SOLUSDT"]


def to_ns(text):
    whole, _, fraction = text.rstrip("Z").partition(".")
    seconds = datetime.datetime.fromisoformat(whole).replace(tzinfo=datetime.timezone.utc).timestamp()
    return int(seconds) * 1_000_000_000 + int(fraction.ljust(9, "0") or 0)


def to_text(ns):
    seconds, fraction = divmod(ns, 1_000_000_000)
    text = datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S")
    digits = f"{fraction:09d}"
    # The source prints no fraction, three, six or nine digits, whichever is the shortest.
    for length in (0, 3, 6, 9):
        if digits[length:].strip("0") == "":
            return text + ("." + digits[:length] if length else "") + "Z"


def convert(line):
    item = json.loads(line, parse_float=str)["Item"]
    symbol = SYMBOLS[item["instrument"]]
    received, happened = to_ns(item["time_received"]), to_ns(item["time_exchange"])
    (kind, body), = item["kind"].items()
    if kind == "OrderBookL1":
        assert to_ns(body["last_update_time"]) == happened
        bid, ask = body["best_bid"], body["best_ask"]
        data = {"s": symbol, "b": bid["price"], "B": bid["amount"], "a": ask["price"], "A": ask["amount"], "Tns": happened}
        stream = "bookTicker"
    else:
        assert happened % 1_000_000 == 0
        data = {"e": "trade", "s": symbol, "t": int(body["id"]), "p": body["price"], "q": body["amount"],
                "T": happened // 1_000_000, "m": body["side"] == "Sell"}
        stream = "trade"
    frame = {"stream": f"{symbol.lower()}@{stream}", "data": data}
    return f"{received} " + json.dumps(frame, separators=(",", ":"))


def back(line):
    received, _, frame = line.partition(" ")
    data = json.loads(frame)["data"]
    head = {"time_received": to_text(int(received)), "exchange": "binance_spot", "instrument": SYMBOLS.index(data["s"])}
    if "Tns" in data:
        happened = to_text(data["Tns"])
        kind = {"OrderBookL1": {"last_update_time": happened, "best_bid": {"price": data["b"], "amount": data["B"]},
                                "best_ask": {"price": data["a"], "amount": data["A"]}}}
    else:
        happened = to_text(data["T"] * 1_000_000)
        kind = {"Trade": {"id": str(data["t"]), "price": data["p"], "amount": data["q"],
                          "side": "Sell" if data["m"] else "Buy"}}
    return {"Item": {"time_exchange": happened, **head, "kind": kind}}


def main():
    arguments = [a for a in sys.argv[1:] if a != "--verify"]
    if len(arguments) != 2:
        sys.exit(__doc__)
    source, out = arguments
    with open(source) as file:
        lines = [line for line in file if line.strip()]
    if "--verify" in sys.argv:
        with gzip.open(out, "rt") as file:
            for number, (ours, theirs) in enumerate(zip(file, lines, strict=True), 1):
                if back(ours) != json.loads(theirs, parse_float=str):
                    sys.exit(f"line {number} differs")
        print(f"{len(lines)} events, none lost or changed")
        return
    # No name and no time in the header, so the same input gives the same bytes.
    with open(out, "wb") as raw, gzip.GzipFile("", "wb", 9, raw, mtime=0) as file:
        for line in lines:
            file.write((convert(line) + "\n").encode())
    print(f"{len(lines)} events written to {out}")


main()
