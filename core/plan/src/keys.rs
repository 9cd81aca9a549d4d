//! The tables of keys: names, types, ranges, defaults and a sentence for each.

use crate::table::{KeyDef, KeyKind, choice, decimal, key, whole, yes_no};

const TEXT: KeyKind = KeyKind::Text;
const AMOUNT: KeyKind = KeyKind::Amount;
const MILLION: i64 = 1_000_000;

/// The whole configuration. `strategy_name` to `position_size` are the flat form of a strategy.
pub(crate) const CONFIG: &[KeyDef] = &[
    key("name", TEXT, "", "Name of the run."),
    key("strategy", KeyKind::Section(STRATEGY), "", "The strategy."),
    key("strategies", KeyKind::Custom("array"), "", "Several strategies, each as `strategy`."),
    key("strategy_name", TEXT, "", "Name of the strategy (flat form)."),
    key("entry_mixins", KeyKind::Custom("array"), "", "Entry rules (flat form)."),
    key("exit_mixins", KeyKind::Custom("array"), "", "Exit rules (flat form)."),
    key(
        "parameters",
        KeyKind::Custom("object"),
        "",
        "Parameters of all rules, with e_ or x_ in front (flat form).",
    ),
    key("position_size", KeyKind::Custom("any"), "", "Size of an entry (flat form)."),
    key("timeframe", TEXT, "", "Bars of the strategy (flat form)."),
    key("broker", KeyKind::Section(BROKER), "", "Where and how orders are filled."),
    key("risk_management", KeyKind::Section(RISK), "", "Limits."),
    key("instruments", KeyKind::Custom("array"), "", "Instruments; those of the data when absent."),
    key("data", KeyKind::Section(DATA), "", "Recorded market data."),
    key("runtime", KeyKind::Section(RUNTIME), "", "Threads and rings."),
    key("journal", KeyKind::Section(JOURNAL), "", "The journal."),
    key(
        "notifications",
        KeyKind::Ignored("notifications read the journal and are configured with their own command"),
        "",
        "",
    ),
];

/// A strategy.
pub(crate) const STRATEGY: &[KeyDef] = &[
    key("name", TEXT, "", "Name of the strategy."),
    key(
        "entry_mixins",
        KeyKind::Custom("array"),
        "",
        "Entry rules: names, or {name, parameters, timeframe}.",
    ),
    key("exit_mixins", KeyKind::Custom("array"), "", "Exit rules, likewise."),
    key("parameters", KeyKind::Custom("object"), "", "Parameters of all rules, with e_ or x_ in front."),
    key("combine_entries", choice(0, &["all", "any"]), "", "How entry rules combine."),
    key("combine_exits", choice(1, &["all", "any"]), "", "How exit rules combine."),
    key("side", choice(0, &["long", "short", "both"]), "", "Which positions are opened."),
    key("timeframe", TEXT, "", "Length of a bar: 500ms, 1s, 5m, 1h, 1d; 100t for ticks; 5v for volume."),
    key("bars", choice(0, &["trades", "mid", "bid", "ask"]), "", "Which prices make bars."),
    key("bar_close_delay_ms", whole(0, 0, 60_000), "ms", "How long a time bar waits for late trades."),
    key(
        "position_size",
        KeyKind::Custom("any"),
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
    key("instruments", KeyKind::Custom("array"), "", "Symbols that it trades; all when absent."),
];

/// An entry in a list of rules.
pub(crate) const RULE: &[KeyDef] = &[
    key("name", TEXT, "", "Name of the rule."),
    key("parameters", KeyKind::Custom("object"), "", "Its parameters."),
    key("params", KeyKind::Custom("object"), "", "As `parameters`."),
    key("timeframe", TEXT, "", "Its own bars."),
];

/// The broker.
pub(crate) const BROKER: &[KeyDef] = &[
    key("type", choice(0, &["paper", "sim", "binance", "ibkr"]), "", "Venue of the orders."),
    key(
        "trading_mode",
        choice(0, &["paper", "testnet", "shadow", "live"]),
        "",
        "Local fills, the venue's own test net, watching only, or real money.",
    ),
    key("cash", AMOUNT, "base currency", "Opening cash."),
    key("currency", TEXT, "", "Base currency; that of the instruments when absent."),
    key("commission_rate", decimal(0, -10_000, 100_000), "fraction", "Fee of every fill."),
    key("maker_rate", decimal(0, -10_000, 100_000), "fraction", "Fee of resting orders."),
    key("taker_rate", decimal(0, -10_000, 100_000), "fraction", "Fee of crossing orders."),
    key("commission_per_share", AMOUNT, "currency", "Fee per unit of quantity."),
    key("commission_minimum", AMOUNT, "currency", "Smallest fee of a fill."),
    key("commission_cap", decimal(0, 1, MILLION), "fraction", "Largest fee as a fraction of notional."),
    key("fee_currency", TEXT, "", "settle (default), received, or a currency such as BNB."),
    key("balances", KeyKind::Custom("object"), "", "Further opening balances by currency."),
    key("host", TEXT, "", "Address of the venue's gateway; used by the venue's own connection only."),
    key("port", whole(0, 0, 65_535), "", "Its port; likewise."),
    key("client_id", whole(0, 0, 1_000_000), "", "Client id; likewise."),
    key("api_key_env", TEXT, "", "Environment variable with the API key; likewise."),
    key("paper_trading_config", KeyKind::Section(PAPER), "", "How the paper venue fills."),
];

/// The paper venue.
pub(crate) const PAPER: &[KeyDef] = &[
    key(
        "mode",
        choice(1, &["basic", "realistic", "advanced"]),
        "",
        "basic fills at once and exactly; the others as the keys below say.",
    ),
    key(
        "slippage_model",
        choice(1, &["none", "fixed", "linear", "sqrt"]),
        "",
        "How slippage grows with size.",
    ),
    key("base_slippage", decimal(500, 0, 500_000), "fraction", "Slippage of a market order."),
    key("market_impact_enabled", yes_no(false), "", "Move the price with the order's notional."),
    key("market_impact_factor", decimal(100, 0, MILLION), "fraction", "Impact per 100,000 of notional."),
    key("latency_simulation", yes_no(false), "", "Delay orders and reports."),
    key("min_latency_ms", whole(10, 0, 600_000), "ms", "Shortest delay of an order."),
    key("max_latency_ms", whole(100, 0, 600_000), "ms", "Longest delay of an order."),
    key(
        "partial_fill_probability",
        decimal(0, 0, MILLION),
        "probability",
        "How often an order fills in parts.",
    ),
    key("reject_probability", decimal(0, 0, MILLION), "probability", "How often an order is refused."),
    key("seed", whole(1, 0, i64::MAX), "", "Seed of everything random; the same seed gives the same run."),
    key(
        "realistic_fills",
        KeyKind::Ignored("fills always come from the recorded market; choose the models with `mode`"),
        "",
        "",
    ),
];

/// Limits.
pub(crate) const RISK: &[KeyDef] = &[
    key(
        "max_position_size",
        decimal(0, 1, 100 * MILLION),
        "fraction of equity",
        "Largest notional of one position.",
    ),
    key("max_daily_loss", decimal(0, 1, MILLION), "fraction", "Loss of the day at which entries stop."),
    key(
        "max_drawdown",
        decimal(0, 1, MILLION),
        "fraction",
        "Fall from the peak at which entries stop until an operator arms.",
    ),
    key(
        "position_concentration",
        decimal(0, 1, 100 * MILLION),
        "fraction of equity",
        "Largest notional of one group.",
    ),
    key("leverage_limit", decimal(0, 1, 1000 * MILLION), "multiple of equity", "Largest sum of notionals."),
    key("stop_loss_required", yes_no(false), "", "Refuse entries without a stop."),
    key(
        "risk_per_trade",
        decimal(0, 1, MILLION),
        "fraction of equity",
        "Largest loss of one position at its stop.",
    ),
    key("max_gross_exposure", AMOUNT, "base currency", "Largest sum of absolute notionals."),
    key("max_net_exposure", AMOUNT, "base currency", "Largest absolute sum of signed notionals."),
    key(
        "price_collar",
        decimal(0, 1, MILLION),
        "fraction",
        "Largest distance of an order's price from the mark.",
    ),
    key("max_order_quantity", AMOUNT, "quantity", "Largest quantity of one order."),
    key("max_order_notional", AMOUNT, "settlement currency", "Largest notional of one order."),
    key("max_orders_per_second", whole(0, 1, 100_000), "orders", "Most orders within a second."),
    key(
        "duplicate_window_ms",
        whole(0, 1, 3_600_000),
        "ms",
        "An equal entry within this time is a duplicate.",
    ),
    key("stale_after_ms", whole(0, 1, 86_400_000), "ms", "Entries need market data at most this old."),
    key("reset_at", TEXT, "UTC", "When the trading day begins, 00:00 by default."),
    key(
        "groups",
        KeyKind::Custom("object"),
        "",
        "Concentration groups: {name: [symbols]}; each symbol alone when absent.",
    ),
];

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
        KeyKind::Custom("array"),
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

/// Recorded data.
pub(crate) const DATA: &[KeyDef] = &[key(
    "files",
    KeyKind::Custom("array"),
    "",
    "Files, relative to the configuration; read as one recording.",
)];

/// Threads.
pub(crate) const RUNTIME: &[KeyDef] = &[
    key(
        "layout",
        choice(1, &["invoker", "shared"]),
        "",
        "invoker: one thread does all; shared: one hot thread, one cold.",
    ),
    key("hot_core", whole(0, 0, 1023), "", "Processor of the hot thread; not pinned when absent."),
    key("cold_core", whole(1, 0, 1023), "", "Processor of the cold thread; not pinned when absent."),
    key("idle", choice(0, &["auto", "spin", "yield", "backoff"]), "", "What a hot thread without work does."),
    key(
        "journal_ring_records",
        whole(16_384, 64, 1 << 22),
        "records",
        "Depth of the ring from the hot thread to the journal.",
    ),
    key("max_open_orders", whole(1024, 16, 65_536), "orders", "Places in the order table."),
    key("book_levels", whole(2000, 10, 20_000), "levels", "Levels kept on each side of an order book."),
];

/// The journal.
pub(crate) const JOURNAL: &[KeyDef] = &[
    key("segment_mb", whole(64, 1, 4096), "MiB", "Size of a segment."),
    key("msync_ms", whole(200, 1, 60_000), "ms", "How often what was written is forced to disk."),
];
