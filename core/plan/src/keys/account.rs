//! Keys of the account: broker, paper venue, limits.

use crate::table::{KeyDef, KeyKind, choice, decimal, key, millis, whole, yes_no};

const TEXT: KeyKind = KeyKind::Text;
const AMOUNT: KeyKind = KeyKind::Amount;
const MILLION: i64 = 1_000_000;

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
    key("min_latency_ms", millis(10, 600_000), "ms", "Shortest delay of an order."),
    key("max_latency_ms", millis(100, 600_000), "ms", "Longest delay of an order."),
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
    key(
        "leverage_limit",
        decimal(0, 1, 125 * MILLION),
        "multiple of equity",
        "Largest sum of notionals; no venue lends more than 125 times.",
    ),
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
        decimal(0, 1, 3_600_000 * MILLION),
        "ms",
        "An equal entry within this time is a duplicate.",
    ),
    key(
        "stale_after_ms",
        decimal(0, 1, 86_400_000 * MILLION),
        "ms",
        "Entries need market data at most this old.",
    ),
    key("reset_at", TEXT, "UTC", "When the trading day begins, 00:00 by default."),
    key(
        "groups",
        KeyKind::Custom("object"),
        "",
        "Concentration groups: {name: [symbols]}; each symbol alone when absent.",
    ),
];

/// Which messages are sent.
pub(crate) const NOTIFICATIONS: &[KeyDef] = &[
    key("position_opened", yes_no(false), "", "Tell when a position opens."),
    key("position_closed", yes_no(false), "", "Tell when a position closes."),
    key("email_enabled", yes_no(false), "", "By e-mail."),
    key("telegram_enabled", yes_no(false), "", "By Telegram."),
    key("error_notifications", yes_no(false), "", "Tell about errors."),
    key("performance_reports", yes_no(false), "", "Send reports."),
];
