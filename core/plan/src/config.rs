//! The configuration as typed values: what the text says, with defaults, before data fills the gaps.

use crate::diagnostic::Place;
use crate::paper::PaperPlan;
use crate::places::Places;
use crate::runtime::{Agent, JournalConfig, RuntimeConfig};
use crate::shards::ShardsConfig;
use crate::timeframe::Cut;
use pinion_engine::plan::{BarSource, Combine, Direction, FeeCurrency, Protection, RiskLimits, Sizing};
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
    pub data: DataConfig,
    /// Threads and rings.
    pub runtime: RuntimeConfig,
    /// By agent: where its thread is configured.
    pub(crate) thread_places: ThreadPlaces,
    /// How the instruments are sharded.
    pub shards: Option<ShardsConfig>,
    /// The journal.
    pub journal: JournalConfig,
}

/// Recorded data, and how prices of shares are read.
#[derive(Clone, Debug, Default)]
pub struct DataConfig {
    /// The files.
    pub files: Vec<PathBuf>,
    /// Splits and dividends of shares.
    pub actions: Option<PathBuf>,
    /// Prices of shares are taken as they are, jumps and all.
    pub raw: bool,
}

/// A strategy.
#[derive(Clone, Debug)]
pub(crate) struct StrategyConfig {
    pub places: Places,
    pub name: String,
    pub entries: Vec<RuleConfig>,
    pub exits: Vec<RuleConfig>,
    /// No exit rule is missing because of a mistake.
    pub exits_known: bool,
    pub combine_entries: Combine,
    pub combine_exits: Combine,
    pub direction: Direction,
    pub cut: Option<Cut>,
    pub source: Option<BarSource>,
    pub close_delay_ns: i64,
    /// `None` when it was wrong.
    pub sizing: Option<Sizing>,
    pub limit_entry: Option<(Ratio, u32)>,
    pub protection: Option<Protection>,
    pub instruments: Vec<(String, Place)>,
}

/// A rule with its values in the order of the declaration.
#[derive(Clone, Debug)]
pub(crate) struct RuleConfig {
    pub def: &'static RuleDef,
    pub values: Vec<ParamValue>,
    /// Where each value stands; `None` for a default.
    pub given: Vec<Option<Place>>,
    /// Every value that was given could be read.
    pub sound: bool,
    pub cut: Option<Cut>,
    pub weight: Ratio,
    pub places: Places,
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

/// By [`Agent`]: where its thread is configured.
pub(crate) type ThreadPlaces = [Place; Agent::ALL.len()];

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
    pub places: Places,
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
    pub balances: Vec<(String, Decimal, Place)>,
    pub paper: PaperPlan,
}

/// Currency of fees, by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum FeeName {
    Fixed(FeeCurrency),
    Asset(String),
}

#[derive(Clone, Debug)]
pub(crate) struct RiskConfig {
    pub places: Places,
    pub limits: RiskLimits,
    pub max_gross: Option<Decimal>,
    pub max_net: Option<Decimal>,
    pub groups: Vec<Group>,
}

/// Instruments whose exposures are limited together.
#[derive(Clone, Debug)]
pub(crate) struct Group {
    pub name: String,
    pub symbols: Vec<(String, Place)>,
}

#[derive(Clone, Debug)]
pub(crate) struct InstrumentConfig {
    pub places: Places,
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

impl InstrumentConfig {
    /// The text names it; otherwise the data does.
    pub fn is_named(&self) -> bool {
        self.places.has("symbol")
    }
}

impl Config {
    /// True when nothing about strategies, instruments or bars is left for the data to tell.
    pub fn is_explicit(&self) -> bool {
        let known =
            |i: &InstrumentConfig| (i.price_decimals.is_some() || !i.ticks.is_empty()) && i.lot.is_some();
        let cut = |s: &StrategyConfig| s.cut.is_some() && s.source.is_some();
        let none_missing = !self.instruments.is_empty() && !self.strategies.is_empty();
        none_missing && self.instruments.iter().all(known) && self.strategies.iter().all(cut)
    }

    /// True when a raw capture need not be looked at before it is run: nothing is left for it to tell, and
    /// every instrument has the decimals that the venue prints.
    pub fn holds_any_capture(&self) -> bool {
        let wide = |decimals: Option<u8>| decimals.is_some_and(|d| d >= VENUE_DECIMALS);
        self.is_explicit() && self.instruments.iter().all(|i| wide(i.price_decimals) && wide(i.qty_decimals))
    }

    /// Symbols and kinds of the instruments that the text names.
    pub fn named(&self) -> impl Iterator<Item = (&str, InstrumentKind)> {
        self.instruments.iter().map(|i| (i.symbol.as_str(), i.kind))
    }
}

/// Decimals that Binance prints.
const VENUE_DECIMALS: u8 = 8;

/// What a survey of the data found about one instrument.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fact {
    /// Symbol, or the file's name where the data has none.
    pub symbol: String,
    /// Venue, where the data tells; tables do not.
    pub venue: Option<String>,
    /// Kind of instrument that the data looks like, where it tells.
    pub kind: Option<InstrumentKind>,
    /// Decimals that prices need.
    pub price_decimals: u8,
    /// Decimals that prices need beyond those, because they are adjusted for splits.
    pub extra_decimals: u8,
    /// Decimals that quantities need.
    pub qty_decimals: u8,
    /// Length of its bars, ns, if it is a bar file.
    pub bar_interval_ns: Option<i64>,
    /// Quotes but no trades come for it.
    pub only_quotes: bool,
    /// Depth comes for it.
    pub has_depth: bool,
}
