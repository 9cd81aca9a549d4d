//! Compiled expressions against a naive reading of the same tree: random conditions on random bars, with the
//! past looked up in copies of the indicators instead of rings.

use pinion_engine::expression::{Program, Subject, compile};
use pinion_engine::indicators::bollinger::BandWidth;
use pinion_engine::indicators::call::Call;
use pinion_engine::indicators::fx::{Fx, fx};
use pinion_engine::indicators::wilder::RsiThreshold;
use pinion_engine::indicators::{Set, Spec};
use pinion_engine::plan::BarCut;
use pinion_engine::rules::View;
use pinion_engine::rules::params::RuleKind;
use pinion_model::event::Bar;
use pinion_model::instrument::Calendar;
use pinion_model::number::{Price, Qty, Ratio};
use pinion_model::order::Side;
use proptest::prelude::*;
use std::cmp::Ordering;
use std::fmt;

/// Indicators that the random expressions read: text, name, parameters, output; prices, changes, numbers.
type Listed = (&'static str, &'static str, &'static [i64], usize);
const PRICES: [Listed; 5] = [
    ("sma(3)", "SMA", &[3], 0),
    ("ema(4)", "EMA", &[4], 0),
    ("bb(4, 1.5).upper", "BBANDS", &[4, 1_500_000_000], 0),
    ("bb(4, 1.5).middle", "BBANDS", &[4, 1_500_000_000], 1),
    ("bb(4, 1.5).lower", "BBANDS", &[4, 1_500_000_000], 2),
];
const CHANGES: [Listed; 2] = [("atr(3)", "ATR", &[3], 0), ("mom(2)", "MOM", &[2], 0)];
const NUMBERS: [Listed; 2] = [("rsi(3)", "RSI", &[3], 0), ("willr(3)", "WILLR", &[3], 0)];

#[derive(Clone, Debug)]
enum Number {
    /// Halves.
    Written(i64),
    Bar(&'static str, usize),
    Output(Listed, usize),
    Extreme(bool, Box<Number>, usize),
    Magnitude(Box<Number>),
    Two(&'static str, Box<Number>, Box<Number>),
}

#[derive(Clone, Debug)]
enum Condition {
    Compare(Number, &'static str, Number),
    Crosses(bool, Number, Number),
    Within(Number, i64, i64),
    Not(Box<Condition>),
    Two(&'static str, Box<Condition>, Box<Condition>),
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let back = |back: &usize| if *back == 0 { String::new() } else { format!("[{back}]") };
        match self {
            Number::Written(halves) => write!(f, "{}.{}", halves / 2, halves % 2 * 5),
            Number::Bar(name, bars) => write!(f, "{name}{}", back(bars)),
            Number::Output(listed, bars) => write!(f, "{}{}", listed.0, back(bars)),
            Number::Extreme(highest, of, bars) => {
                write!(f, "{}({of}, {bars})", if *highest { "highest" } else { "lowest" })
            }
            Number::Magnitude(of) => write!(f, "abs({of})"),
            Number::Two(name @ ("min" | "max"), a, b) => write!(f, "{name}({a}, {b})"),
            Number::Two(sign, a, b) => write!(f, "({a} {sign} {b})"),
        }
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Condition::Compare(a, is, b) => write!(f, "{a} {is} {b}"),
            Condition::Crosses(above, a, b) => {
                write!(f, "{a} crosses {} {b}", if *above { "above" } else { "below" })
            }
            Condition::Within(a, low, high) => write!(f, "{a} in {low}..{high}"),
            Condition::Not(of) => write!(f, "not ({of})"),
            Condition::Two(word, a, b) => write!(f, "({a} {word} {b})"),
        }
    }
}

/// Bars with the indicators after each of them.
struct Past<'a> {
    bars: &'a [Bar],
    sets: &'a [Set],
    at: usize,
}

fn call(listed: &Listed) -> Call {
    Call::of(pinion_engine::indicators::catalog::find(listed.1).unwrap(), listed.2).unwrap()
}

fn width() -> BandWidth {
    BandWidth::new(Ratio(1_500_000_000))
}

impl Past<'_> {
    fn bar(&self, name: &str, back: usize) -> i64 {
        let bar = &self.bars[self.at - back];
        match name {
            "open" => bar.open.0,
            "high" => bar.high.0,
            "low" => bar.low.0,
            _ => bar.close.0,
        }
    }

    fn number(&self, number: &Number, back: usize) -> Option<Fx> {
        Some(match number {
            Number::Written(halves) => Fx::from_bits(i128::from(*halves) << 31),
            Number::Bar(name, more) => fx(Price(self.bar(name, back + more))),
            Number::Output(listed, more) => {
                let set = &self.sets[self.at - back - more];
                let reading = set.clone().call(call(listed));
                set.signal(reading, listed.3)?
            }
            Number::Extreme(highest, of, bars) => {
                let all: Option<Vec<Fx>> = (0..*bars).map(|i| self.number(of, back + i)).collect();
                if *highest { all?.into_iter().max()? } else { all?.into_iter().min()? }
            }
            Number::Magnitude(of) => self.number(of, back)?.abs(),
            Number::Two(sign, a, b) => {
                let (a, b) = (self.number(a, back)?, self.number(b, back)?);
                let (x, y) = (a.to_bits(), b.to_bits());
                match *sign {
                    "+" => a + b,
                    "-" => a - b,
                    "*" => Fx::from_bits((x * y) >> 32),
                    "/" => Fx::from_bits((x << 32).checked_div(y)?),
                    "min" => a.min(b),
                    _ => a.max(b),
                }
            }
        })
    }

    /// RSI with a number and price with a band are compared exactly.
    fn order(&self, a: &Number, b: &Number) -> Option<Ordering> {
        let set = &self.sets[self.at];
        match (a, b) {
            (Number::Output(("rsi(3)", ..), 0), Number::Written(halves)) if *halves <= 200 => {
                let slot = set.clone().declare(Spec::Rsi(3));
                set.rsi(slot).compare(RsiThreshold::new(Ratio(halves * 500_000_000)))
            }
            (Number::Bar(name, 0), Number::Output(("bb(4, 1.5).upper", ..), 0)) => {
                let slot = set.clone().declare(Spec::Bollinger(4));
                set.bollinger(slot).compare_upper(Price(self.bar(name, 0)), width())
            }
            (Number::Bar(name, 0), Number::Output(("bb(4, 1.5).lower", ..), 0)) => {
                let slot = set.clone().declare(Spec::Bollinger(4));
                set.bollinger(slot).compare_lower(Price(self.bar(name, 0)), width())
            }
            _ => Some(self.number(a, 0)?.cmp(&self.number(b, 0)?)),
        }
    }

    fn compare(&self, a: &Number, is: &str, b: &Number) -> Option<bool> {
        let mirrored = matches!(a, Number::Written(_))
            || matches!(a, Number::Output(("bb(4, 1.5).upper" | "bb(4, 1.5).lower", ..), 0));
        let order = if mirrored { self.order(b, a)?.reverse() } else { self.order(a, b)? };
        Some(match is {
            "<" => order.is_lt(),
            "<=" => order.is_le(),
            ">" => order.is_gt(),
            ">=" => order.is_ge(),
            "==" => order.is_eq(),
            _ => order.is_ne(),
        })
    }

    /// Three values: what rests on a missing number is unknown, as far as it matters.
    fn condition(&self, condition: &Condition) -> Option<bool> {
        match condition {
            Condition::Compare(a, is, b) => self.compare(a, is, b),
            Condition::Crosses(above, a, b) => {
                let before = self.number(a, 1).zip(self.number(b, 1)).map(|(a, b)| a.cmp(&b));
                let before = before.map(|o| if *above { o.is_le() } else { o.is_ge() });
                both(self.compare(a, if *above { ">" } else { "<" }, b), before)
            }
            Condition::Within(a, low, high) => both(
                self.compare(a, ">=", &Number::Written(2 * low)),
                self.compare(a, "<", &Number::Written(2 * high)),
            ),
            Condition::Not(of) => self.condition(of).map(|holds| !holds),
            Condition::Two("and", a, b) => both(self.condition(a), self.condition(b)),
            Condition::Two(_, a, b) => {
                both(self.condition(a).map(|h| !h), self.condition(b).map(|h| !h)).map(|h| !h)
            }
        }
    }
}

fn both(a: Option<bool>, b: Option<bool>) -> Option<bool> {
    match (a, b) {
        (Some(false), _) | (_, Some(false)) => Some(false),
        (Some(true), Some(true)) => Some(true),
        _ => None,
    }
}

/// Bars until everything has a value.
fn number_warm_up(number: &Number, back: usize) -> usize {
    match number {
        Number::Written(_) => 1,
        Number::Bar(_, more) => 1 + back + more,
        Number::Output(listed, more) => call(listed).warm_up() + back + more,
        Number::Extreme(_, of, bars) => number_warm_up(of, back + bars - 1),
        Number::Magnitude(of) => number_warm_up(of, back),
        Number::Two(_, a, b) => number_warm_up(a, back).max(number_warm_up(b, back)),
    }
}

fn warm_up(condition: &Condition) -> usize {
    match condition {
        Condition::Compare(a, _, b) => number_warm_up(a, 0).max(number_warm_up(b, 0)),
        Condition::Crosses(_, a, b) => number_warm_up(a, 1).max(number_warm_up(b, 1)),
        Condition::Within(a, ..) => number_warm_up(a, 0),
        Condition::Not(of) => warm_up(of),
        Condition::Two(_, a, b) => warm_up(a).max(warm_up(b)),
    }
}

fn leaf(list: &'static [Listed]) -> impl Strategy<Value = Number> {
    (prop::sample::select(list), 0usize..4).prop_map(|(listed, back)| Number::Output(listed, back / 2))
}

fn two(sign: &'static str) -> impl Fn((Number, Number)) -> Number {
    move |(a, b)| Number::Two(sign, a.into(), b.into())
}

fn written() -> impl Strategy<Value = Number> {
    (1i64..400).prop_map(Number::Written)
}

fn price() -> BoxedStrategy<Number> {
    let bar = (prop::sample::select(&["open", "high", "low", "close"][..]), 0usize..5)
        .prop_map(|(name, back)| Number::Bar(name, back.saturating_sub(1)));
    let plain = prop_oneof![bar, leaf(&PRICES)].boxed();
    let extreme = (any::<bool>(), plain.clone(), 1usize..5)
        .prop_map(|(highest, of, bars)| Number::Extreme(highest, of.into(), bars));
    prop_oneof![6 => plain, 1 => extreme]
        .prop_recursive(2, 6, 2, |inner| {
            prop_oneof![
                (inner.clone(), inner.clone()).prop_map(two("+")),
                (inner.clone(), inner.clone()).prop_map(two("min")),
                (inner.clone(), inner.clone()).prop_map(two("max")),
                (inner.clone(), written()).prop_map(two("*")),
                (inner.clone(), written()).prop_map(two("/")),
            ]
        })
        .boxed()
}

fn change() -> BoxedStrategy<Number> {
    let difference = (price(), price()).prop_map(two("-"));
    prop_oneof![leaf(&CHANGES), difference]
        .prop_recursive(2, 4, 2, |inner| {
            prop_oneof![
                (inner.clone(), inner.clone()).prop_map(two("-")),
                inner.prop_map(|of| Number::Magnitude(of.into())),
            ]
        })
        .boxed()
}

fn plain() -> BoxedStrategy<Number> {
    let quotient = (price(), price()).prop_map(two("/"));
    let share = (change(), change()).prop_map(two("/"));
    prop_oneof![2 => leaf(&NUMBERS), 1 => quotient, 1 => share]
        .prop_recursive(2, 4, 2, |inner| {
            prop_oneof![
                (inner.clone(), inner.clone()).prop_map(two("*")),
                (inner.clone(), written()).prop_map(two("+")),
            ]
        })
        .boxed()
}

fn condition() -> BoxedStrategy<Condition> {
    let relation = || prop::sample::select(&["<", "<=", ">", ">=", "==", "!="][..]);
    let compare = |a, b| (a, relation(), b).prop_map(|(a, is, b)| Condition::Compare(a, is, b)).boxed();
    let crosses =
        |a, b| (any::<bool>(), a, b).prop_map(|(above, a, b)| Condition::Crosses(above, a, b)).boxed();
    prop_oneof![
        3 => compare(price(), price()),
        1 => compare(price(), written().boxed()),
        1 => compare(change(), change()),
        2 => compare(plain(), written().boxed()),
        1 => compare(written().boxed(), plain()),
        1 => compare(plain(), plain()),
        2 => crosses(price(), price()),
        1 => crosses(plain(), written().boxed()),
        1 => (plain(), 1i64..50, 1i64..50).prop_map(|(a, low, more)| Condition::Within(a, low, low + more)),
    ]
    .prop_recursive(3, 8, 2, |inner| {
        let word = prop::sample::select(&["and", "or"][..]);
        prop_oneof![
            inner.clone().prop_map(|of| Condition::Not(of.into())),
            (word, inner.clone(), inner).prop_map(|(word, a, b)| Condition::Two(word, a.into(), b.into())),
        ]
    })
    .boxed()
}

/// Bars with closes that often repeat, so that equalities and markets without movement come up.
fn bars() -> impl Strategy<Value = Vec<Bar>> {
    let bar = (0i64..6, 0i64..4, 0i64..4, 0i64..6).prop_map(|(open, up, down, close)| {
        let (open, close) = (100 + 5 * open, 100 + 5 * close);
        let (high, low) = (open.max(close) + up, open.min(close) - down);
        Bar {
            open_ns: 0,
            open: Price(open),
            high: Price(high),
            low: Price(low),
            close: Price(close),
            volume: Qty(1),
        }
    });
    prop::collection::vec((bar, 1usize..5), 10..16)
        .prop_map(|runs| runs.into_iter().flat_map(|(bar, times)| vec![bar; times]).collect())
}

fn view<'a>(bar: &'a Bar, bars: u64, set: &'a Set, time_ns: i64) -> View<'a> {
    let cut = BarCut::Time { interval_ns: 60_000_000_000 };
    View { bar, bars, set, time_ns, cut, calendar: &Calendar::Always }
}

const ENTRY: Subject<'_> = Subject::Entry { side: Side::Buy, since: None };

fn restored<T: serde::Serialize + serde::de::DeserializeOwned>(value: &T) -> T {
    postcard::from_bytes(&postcard::to_stdvec(value).unwrap()).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]
    #[test]
    fn a_program_says_what_its_text_says(condition in condition(), bars in bars()) {
        let text = condition.to_string();
        let mut set = Set::default();
        let program = compile(&text, RuleKind::Entry, &mut set);
        prop_assert!(program.is_ok(), "{text}: {program:?}");
        let mut program: Program = program.unwrap();
        prop_assert_eq!(program.warm_up(), warm_up(&condition) as u64, "{}", &text);
        let mut naive = Set::default();
        for listed in PRICES.iter().chain(&CHANGES).chain(&NUMBERS) {
            naive.call(call(listed));
        }
        let mut sets = Vec::new();
        for (at, bar) in bars.iter().enumerate() {
            set.update(bar);
            naive.update(bar);
            sets.push(naive.clone());
            if at == bars.len() / 2 {
                // Saved and restored in the middle, it goes on as if nothing had happened.
                (set, program) = (restored(&set), restored(&program));
            }
            let past = Past { bars: &bars, sets: &sets, at };
            let want = at + 1 >= warm_up(&condition) && past.condition(&condition) == Some(true);
            let said = program.holds(&view(bar, at as u64 + 1, &set, 0), &ENTRY);
            prop_assert_eq!(said, want, "{} at bar {}", &text, at);
        }
    }
}
