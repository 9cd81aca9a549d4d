//! Keys of what is traded and of how it is decided: strategies, rules, instruments.

use crate::table::{KeyDef, KeyKind, choice, decimal, key, millis, whole};
use pinion_engine::rules::params::ParamKind;
use pinion_model::number::Ratio;

const TEXT: KeyKind = KeyKind::Text;
const AMOUNT: KeyKind = KeyKind::Amount;
const MILLION: i64 = 1_000_000;

/// A strategy.
pub(crate) const STRATEGY: &[KeyDef] = &[
    key("name", TEXT, "", "Name of the strategy."),
    key(
        "entry_mixins",
        KeyKind::List("entry_rule"),
        "",
        "Entry rules: names, or {name, parameters, timeframe}.",
    ),
    key("exit_mixins", KeyKind::List("exit_rule"), "", "Exit rules, likewise."),
    key("parameters", KeyKind::Custom("object"), "", "Parameters of all rules, with e_ or x_ in front."),
    key(
        "combine_entries",
        KeyKind::Custom("combine"),
        "",
        "How entry rules combine: all (default), any, or {vote: {at_least: 2}}.",
    ),
    key(
        "combine_exits",
        KeyKind::Custom("combine"),
        "",
        "How exit rules combine: any (default), all, or {vote: {at_least: 2}}.",
    ),
    key("side", choice(0, &["long", "short", "both"]), "", "Which positions are opened."),
    key("timeframe", TEXT, "", "Length of a bar: 500ms, 1s, 5m, 1h, 1d; 100t for ticks; 5v for volume."),
    key("bars", choice(0, &["trades", "mid", "bid", "ask"]), "", "Which prices make bars."),
    key("bar_close_delay_ms", millis(0, 60_000), "ms", "How long a time bar waits for late trades."),
    key(
        "position_size",
        KeyKind::Custom("size"),
        "",
        "A fraction of equity, {quantity: \"1\"} or {notional: \"1000\"}.",
    ),
    key("entry_order", choice(0, &["market", "limit"]), "", "How entries are sent."),
    key(
        "limit_offset",
        decimal(0, 0, MILLION / 2),
        "fraction",
        "How far behind the close a limit entry rests.",
    ),
    key("cancel_bars", whole(3, 0, 1_000_000), "bars", "Bars after which a limit entry is cancelled."),
    key("protection", choice(0, &["engine", "venue"]), "", "Who keeps the stops of intrabar rules."),
    key("instruments", KeyKind::List("text"), "", "Symbols that it trades; all when absent."),
];

/// A size as a part of equity.
pub(crate) const FRACTION: ParamKind =
    ParamKind::Ratio { default: Ratio(100_000_000), min: Ratio(1), max: Ratio(100 * Ratio::SCALE) };

/// A size other than a plain fraction; one of these.
pub(crate) const SIZE: &[KeyDef] = &[
    key("quantity", AMOUNT, "base", "Always this quantity."),
    key("notional", AMOUNT, "settle", "Always this notional."),
    key("fraction", KeyKind::Value(FRACTION), "fraction of equity", "This part of equity."),
];

/// An entry in a list of rules.
pub(crate) const RULE: &[KeyDef] = &[
    key("name", TEXT, "", "Name of the rule."),
    key("parameters", KeyKind::Custom("object"), "", "Its parameters."),
    key("params", KeyKind::Custom("object"), "", "As `parameters`."),
    key("timeframe", TEXT, "", "Its own bars."),
    key("weight", KeyKind::Value(VOTES), "votes", "What it counts where its list votes."),
];

/// A number of votes.
const VOTES: ParamKind =
    ParamKind::Ratio { default: Ratio::ONE, min: Ratio(1_000), max: Ratio(1_000 * Ratio::SCALE) };

/// A way to combine rules, as a word.
pub(crate) const COMBINE: ParamKind = ParamKind::Choice { default: 0, options: &["all", "any"] };

/// A way to combine rules that is not a word.
pub(crate) const COMBINE_BY: &[KeyDef] =
    &[key("vote", KeyKind::Section(VOTE), "", "The weights of the rules that fire on one bar are added.")];

/// A vote.
pub(crate) const VOTE: &[KeyDef] =
    &[key("at_least", KeyKind::Value(VOTES), "votes", "The sum of weights that is needed.")];

/// An instrument.
pub(crate) const INSTRUMENT: &[KeyDef] = &[
    key("symbol", TEXT, "", "Symbol at the venue."),
    key("venue", TEXT, "", "Venue, `binance` by default."),
    key("kind", choice(0, &["spot", "perpetual", "future", "equity", "option", "fx"]), "", "What it is."),
    key("base", TEXT, "", "What is traded; read from the symbol when absent."),
    key("quote", TEXT, "", "What prices are stated in; read from the symbol when absent."),
    key("settle", TEXT, "", "What profit and loss are paid in; the quote currency when absent."),
    key(
        "price_decimals",
        whole(2, 0, 12),
        "",
        "Decimals of market data; those of the tick or the data when absent.",
    ),
    key(
        "qty_decimals",
        whole(5, 0, 12),
        "",
        "Decimals of quantities; those of the lot or the data when absent.",
    ),
    key("tick", AMOUNT, "quote", "Price increment of an order."),
    key(
        "tick_bands",
        KeyKind::List("tick_band"),
        "",
        "Increments by price: [{from, tick}], instead of `tick`.",
    ),
    key("lot", AMOUNT, "base", "Quantity increment of an order."),
    key("min_qty", AMOUNT, "base", "Smallest quantity of an order."),
    key("max_qty", AMOUNT, "base", "Largest quantity of an order."),
    key("min_notional", AMOUNT, "settle", "Smallest notional of an order."),
    key("multiplier", AMOUNT, "", "Units of the underlying in one contract."),
    key("expiry", TEXT, "", "Last day of trading, YYYY-MM-DD (its end, UTC)."),
    key("strike", AMOUNT, "quote", "Strike of an option."),
    key("right", choice(0, &["call", "put"]), "", "Right of an option."),
    key("session", TEXT, "UTC", "Trading hours Monday to Friday, HH:MM-HH:MM; around the clock when absent."),
    key(
        "maker_rate",
        decimal(0, -10_000, 100_000),
        "fraction",
        "Fee of resting orders, instead of the broker's.",
    ),
    key(
        "taker_rate",
        decimal(0, -10_000, 100_000),
        "fraction",
        "Fee of crossing orders, instead of the broker's.",
    ),
];

/// A band of prices with its tick.
pub(crate) const TICK_BAND: &[KeyDef] = &[
    key("from", AMOUNT, "quote", "Lowest price of the band; 0 in the first."),
    key("tick", AMOUNT, "quote", "Price increment of an order in the band."),
];
