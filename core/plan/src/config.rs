//! The configuration as typed values: what the text says, with defaults, before data fills the gaps.

use crate::diagnostic::{Diagnostics, Place};
use pinion_engine::plan::{
    BarCut, BarSource, Combine, Direction, FeeCurrency, Protection, RiskLimits, Sizing,
};
use pinion_engine::rules::params::{ParamValue, RuleDef};
use pinion_model::decimal::Decimal;
use pinion_model::instrument::{InstrumentKind, OptionRight};
use pinion_model::number::Ratio;
use std::path::PathBuf;

/// A configuration.
#[derive(Clone, Debug)]
pub struct Config {
    /// Name of the run.
    pub name: String,
    pub(crate) strategies: Vec<StrategyConfig>,
    pub(crate) broker: BrokerConfig,
    pub(crate) risk: RiskConfig,
    pub(crate) instruments: Vec<InstrumentConfig>,
    /// Recorded data.
    pub files: Vec<PathBuf>,
    /// Threads and rings.
    pub runtime: RuntimeConfig,
    /// The journal.
    pub journal: JournalConfig,
}

/// A strategy.
#[derive(Clone, Debug)]
pub(crate) struct StrategyConfig {
    pub place: Place,
    pub name: String,
    pub entries: Vec<RuleConfig>,
    pub exits: Vec<RuleConfig>,
    pub combine_entries: Combine,
    pub combine_exits: Combine,
    pub direction: Direction,
    pub cut: Option<Cut>,
    pub source: Option<BarSource>,
    pub close_delay_ms: i64,
    pub sizing: Sizing,
    pub limit_entry: Option<(Ratio, u32)>,
    pub protection: Option<Protection>,
    pub instruments: Vec<(String, Place)>,
}

/// How bars are cut, before volumes are in the instrument's units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cut {
    Fixed(BarCut),
    Volume(Decimal),
}

/// A rule with its values in the order of the declaration.
#[derive(Clone, Debug)]
pub(crate) struct RuleConfig {
    pub def: &'static RuleDef,
    pub values: Vec<ParamValue>,
    pub cut: Option<Cut>,
}

/// Where orders go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BrokerType {
    /// The paper venue.
    Paper,
    /// The simulated venue.
    Sim,
    /// Binance.
    Binance,
    /// Interactive Brokers.
    Ibkr,
}

/// How real it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TradingMode {
    /// Local fills on recorded or live data.
    Paper,
    /// The venue's own test net.
    Testnet,
    /// Live data, would-be orders.
    Shadow,
    /// Real money.
    Live,
}

#[derive(Clone, Debug)]
pub(crate) struct BrokerConfig {
    pub place: Place,
    pub kind: BrokerType,
    pub mode: TradingMode,
    pub cash: Decimal,
    pub currency: Option<String>,
    pub maker: Ratio,
    pub taker: Ratio,
    pub per_unit: Decimal,
    pub minimum: Decimal,
    pub cap: Option<Ratio>,
    pub fee_currency: FeeName,
    pub balances: Vec<(String, Decimal)>,
    pub paper: PaperPlan,
}

/// Currency of fees, by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum FeeName {
    Fixed(FeeCurrency),
    Asset(String),
}

/// How the paper venue fills. Integers only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PaperPlan {
    /// Fill at once and exactly; the rest is off.
    pub basic: bool,
    /// How slippage grows with size.
    pub slippage: Slippage,
    /// Slippage of a market order, fraction of price.
    pub base_slippage: Ratio,
    /// Impact per 100,000 units of notional, fraction of price; zero is off.
    pub impact: Ratio,
    /// Shortest delay of an order, ns.
    pub min_latency_ns: i64,
    /// Longest delay of an order, ns.
    pub max_latency_ns: i64,
    /// How often an order fills in parts.
    pub partial_probability: Ratio,
    /// How often an order is refused.
    pub reject_probability: Ratio,
    /// Seed of everything random.
    pub seed: u64,
}

/// How slippage grows with the order's size against what stands at the touch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slippage {
    /// None.
    None,
    /// Always the base.
    Fixed,
    /// Base times (1 + size / touch).
    Linear,
    /// Base times (1 + square root of size / touch).
    Sqrt,
}

impl Slippage {
    /// Names, in the order of configuration's choice.
    pub(crate) const ALL: [(Slippage, &'static str); 4] = [
        (Slippage::None, "none"),
        (Slippage::Fixed, "fixed"),
        (Slippage::Linear, "linear"),
        (Slippage::Sqrt, "sqrt"),
    ];
}

#[derive(Clone, Debug, Default)]
pub(crate) struct RiskConfig {
    pub limits: RiskLimits,
    pub max_gross: Option<Decimal>,
    pub max_net: Option<Decimal>,
    pub groups: Vec<(String, Vec<String>)>,
}

#[derive(Clone, Debug)]
pub(crate) struct InstrumentConfig {
    pub place: Place,
    pub symbol: String,
    pub venue: String,
    pub kind: InstrumentKind,
    pub base: Option<String>,
    pub quote: Option<String>,
    pub settle: Option<String>,
    pub price_decimals: Option<u8>,
    pub qty_decimals: Option<u8>,
    /// Price from which each tick holds, the first from 0.
    pub ticks: Vec<(Decimal, Decimal)>,
    pub lot: Option<Decimal>,
    pub min_qty: Option<Decimal>,
    pub max_qty: Option<Decimal>,
    pub min_notional: Decimal,
    pub multiplier: Decimal,
    pub expiry_ns: Option<i64>,
    pub strike: Option<Decimal>,
    pub right: OptionRight,
    /// Seconds after midnight, UTC.
    pub session_s: Option<(u32, u32)>,
    pub maker: Option<Ratio>,
    pub taker: Option<Ratio>,
}

/// Threads and rings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuntimeConfig {
    /// Which agent runs where.
    pub layout: Layout,
    /// Processor of the hot thread.
    pub hot_core: Option<usize>,
    /// Processor of the cold thread.
    pub cold_core: Option<usize>,
    /// What a hot thread without work does.
    pub idle: Idle,
    /// Depth of the ring to the journal, records.
    pub journal_ring_records: usize,
    /// Places in the order table.
    pub max_open_orders: u32,
    /// Levels kept on each side of a book.
    pub book_levels: u32,
}

impl RuntimeConfig {
    /// What the hot thread does without work, and why, on a machine with this many processors: it spins
    /// only where it owns a core.
    pub fn hot_idle(&self, processors: usize) -> (Idle, &'static str) {
        match self.idle {
            Idle::Auto if self.hot_core.is_some() && processors > 1 => {
                (Idle::Spin, "pinned, alone on its core")
            }
            Idle::Auto => (Idle::Yield, "the thread does not own a core"),
            other => (other, "as configured"),
        }
    }
}

/// Which agent runs on which thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// The caller's thread does everything.
    Invoker,
    /// One hot thread, one cold.
    Shared,
}

impl Layout {
    /// Names, in the order of configuration's choice.
    pub const ALL: [(Layout, &'static str); 2] = [(Layout::Invoker, "invoker"), (Layout::Shared, "shared")];

    /// The word for it.
    pub fn label(self) -> &'static str {
        Self::ALL[self as usize].1
    }
}

/// What a thread without work does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Idle {
    /// Spin on a core of its own, else yield.
    Auto,
    /// Spin.
    Spin,
    /// Give the processor away.
    Yield,
    /// Spin, then yield, then sleep.
    Backoff,
}

impl Idle {
    /// Names, in the order of configuration's choice.
    pub const ALL: [(Idle, &'static str); 4] =
        [(Idle::Auto, "auto"), (Idle::Spin, "spin"), (Idle::Yield, "yield"), (Idle::Backoff, "backoff")];

    /// The word for it.
    pub fn label(self) -> &'static str {
        Self::ALL[self as usize].1
    }
}

/// The journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JournalConfig {
    /// Size of a segment, MiB.
    pub segment_mb: usize,
    /// How often it is forced to disk, ms.
    pub msync_ms: u64,
}

impl Config {
    /// True when nothing about instruments or bars is left for the data to tell.
    pub fn is_explicit(&self) -> bool {
        let known =
            |i: &InstrumentConfig| (i.price_decimals.is_some() || !i.ticks.is_empty()) && i.lot.is_some();
        let cut = |s: &StrategyConfig| s.cut.is_some() && s.source.is_some();
        !self.instruments.is_empty() && self.instruments.iter().all(known) && self.strategies.iter().all(cut)
    }
}

/// What a survey of the data found about one instrument.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fact {
    /// Symbol, or the file's name where the data has none.
    pub symbol: String,
    /// Venue, where the data tells.
    pub venue: Option<String>,
    /// Decimals that prices need.
    pub price_decimals: u8,
    /// Decimals that quantities need.
    pub qty_decimals: u8,
    /// Length of its bars, ns, if it is a bar file.
    pub bar_interval_ns: Option<i64>,
    /// Quotes but no trades come for it.
    pub only_quotes: bool,
    /// Depth comes for it.
    pub has_depth: bool,
}

pub(crate) fn parse_timeframe(text: &str, at: Place, found: &mut Diagnostics) -> Option<Cut> {
    let split = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let number = Decimal::parse(number.as_bytes()).ok().filter(|n| n.mantissa() > 0);
    let ns = |unit_ns: i64| {
        let count = number?.to_scaled(0).ok()?;
        let interval_ns = count.checked_mul(unit_ns).filter(|ns| *ns <= 31 * 86_400_000_000_000)?;
        Some(Cut::Fixed(BarCut::Time { interval_ns }))
    };
    let cut = match unit.trim() {
        "ms" => ns(1_000_000),
        "s" => ns(1_000_000_000),
        "m" | "min" => ns(60_000_000_000),
        "h" => ns(3_600_000_000_000),
        "d" => ns(86_400_000_000_000),
        "t" => number
            .and_then(|n| n.to_scaled(0).ok())
            .and_then(|n| u32::try_from(n).ok())
            .map(|count| Cut::Fixed(BarCut::Ticks { count })),
        "v" => number.map(Cut::Volume),
        _ => None,
    };
    if cut.is_none() {
        found.error(
            at,
            format!("`{text}` is not a timeframe"),
            "write 500ms, 1s, 5m, 1h or 1d; 100t for ticks; 5v for volume",
        );
    }
    cut
}

pub(crate) fn timeframe_text(cut: Cut) -> String {
    match cut {
        Cut::Volume(qty) => format!("{qty}v"),
        Cut::Fixed(BarCut::Ticks { count }) => format!("{count}t"),
        Cut::Fixed(BarCut::Volume { qty }) => format!("{}v", qty.0),
        Cut::Fixed(BarCut::Time { interval_ns }) => {
            let units = [
                (86_400_000_000_000, "d"),
                (3_600_000_000_000, "h"),
                (60_000_000_000, "m"),
                (1_000_000_000, "s"),
            ];
            let unit = units.iter().find(|(ns, _)| interval_ns % ns == 0);
            unit.map_or(format!("{}ms", interval_ns / 1_000_000), |(ns, word)| {
                format!("{}{word}", interval_ns / ns)
            })
        }
    }
}
