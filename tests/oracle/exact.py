"""The definitions of TA-Lib without its rounding: fractions where a result is rational, 80 digits where a root
or an average of the whole past is in it. Slow, and meant for the few values where doubles are in doubt.

A definition takes the bars, the parameters and the number of a bar, and gives a value for each output.
"""

from decimal import Decimal, getcontext
from fractions import Fraction
from math import atan, pi

getcontext().prec = 80

OPEN, HIGH, LOW, CLOSE, VOLUME = range(5)


def window(bars, n, at, column):
    return [bar[column] for bar in bars[at - n + 1 : at + 1]]


def root(value):
    return (Decimal(value.numerator) / Decimal(value.denominator)).sqrt()


def mean(values):
    return Fraction(sum(values), len(values))


def covariance(a, b):
    """n^2 times the population covariance."""
    return len(a) * sum(x * y for x, y in zip(a, b)) - sum(a) * sum(b)


def sma(bars, params, at):
    return [mean(window(bars, params[0], at, CLOSE))]


def vwma(bars, params, at):
    closes, volumes = (window(bars, params[0], at, column) for column in (CLOSE, VOLUME))
    traded = sum(volumes)
    # Nothing traded, no average; TA-Lib's running sums leave a remainder to divide there.
    return [Fraction(sum(c * v for c, v in zip(closes, volumes)), traded) if traded else float("nan")]


def total(bars, params, at):
    return [sum(window(bars, params[0], at, CLOSE))]


def var(bars, params, at):
    closes = window(bars, params[0], at, CLOSE)
    return [Fraction(covariance(closes, closes), len(closes) ** 2)]


def stddev(bars, params, at):
    return [root(var(bars, params, at)[0]) * Decimal(params[1])]


def bbands(bars, params, at):
    middle = mean(window(bars, params[0], at, CLOSE))
    middle = Decimal(middle.numerator) / Decimal(middle.denominator)
    half = root(var(bars, params, at)[0]) * Decimal(params[1])
    return [middle + half, middle, middle - half]


def line(bars, n, at):
    """Value at the oldest bar, and slope, of the least-squares line."""
    closes, positions = window(bars, n, at, CLOSE), list(range(n))
    slope = Fraction(covariance(positions, closes), covariance(positions, positions))
    return mean(closes) - slope * Fraction(n - 1, 2), slope


def linearreg(bars, params, at):
    start, slope = line(bars, params[0], at)
    return [start + slope * (params[0] - 1)]


def tsf(bars, params, at):
    start, slope = line(bars, params[0], at)
    return [start + slope * params[0]]


def intercept(bars, params, at):
    return [line(bars, params[0], at)[0]]


def slope(bars, params, at):
    return [line(bars, params[0], at)[1]]


def angle(bars, params, at):
    # One rounding of the exact slope and one of the arc tangent: doubles do.
    return [atan(line(bars, params[0], at)[1]) * 180 / pi]


def correl(bars, params, at):
    highs, lows = (window(bars, params[0], at, column) for column in (HIGH, LOW))
    spread = covariance(highs, highs) * covariance(lows, lows)
    return [Decimal(covariance(highs, lows)) / Decimal(spread).sqrt() if spread else 0]


def beta(bars, params, at):
    returns = []
    for column in (HIGH, LOW):
        prices = window(bars, params[0] + 1, at, column)
        returns.append([Fraction(b - a, a) if a else Fraction(0) for a, b in zip(prices, prices[1:])])
    spread = covariance(returns[0], returns[0])
    return [covariance(*returns) / spread if spread else 0]


def cci(bars, params, at):
    prices = [h + l + c for h, l, c in zip(*(window(bars, params[0], at, x) for x in (HIGH, LOW, CLOSE)))]
    distance = [abs(price - mean(prices)) for price in prices]
    return [(prices[-1] - mean(prices)) / (mean(distance) * Fraction(15, 1000)) if any(distance) else 0]


def averages(values, n):
    """The exponential average from its seed on, as {index: value}."""
    average = sum(values[:n]) / n
    found = {n - 1: average}
    for at in range(n, len(values)):
        average += (values[at] - average) * 2 / (n + 1)
        found[at] = average
    return found


def ema(bars, params, at):
    return [averages([Decimal(bar[CLOSE]) for bar in bars[: at + 1]], params[0])[at]]


def macd(bars, params, at):
    fast, slow, signal = min(params[:2]), max(params[:2]), params[2]
    closes = [Decimal(bar[CLOSE]) for bar in bars[: at + 1]]
    fast_line, slow_line = averages(closes[slow - fast :], fast), averages(closes, slow)
    lines = [fast_line[i - slow + fast] - slow_line[i] for i in range(slow - 1, at + 1)]
    signal_line = averages(lines, signal)[len(lines) - 1]
    return [lines[-1], signal_line, lines[-1] - signal_line]


DEFINITIONS = {
    "SMA": sma,
    "VWMA": vwma,
    "SUM": total,
    "VAR": var,
    "STDDEV": stddev,
    "BBANDS": bbands,
    "LINEARREG": linearreg,
    "LINEARREG_SLOPE": slope,
    "LINEARREG_INTERCEPT": intercept,
    "LINEARREG_ANGLE": angle,
    "TSF": tsf,
    "CORREL": correl,
    "BETA": beta,
    "CCI": cci,
    "EMA": ema,
    "MACD": macd,
}


def judge(bars, call):
    """One value for each bar asked for; infinity, which agrees with nothing, where no definition decides."""
    definition = DEFINITIONS.get(call["function"])
    if definition is None:
        return [float("inf")] * len(call["at"])
    return [float(definition(bars, call["params"], at)[call["output"]]) for at in call["at"]]
