//! From a resolved configuration to the plan: dense indices, integers, nothing left to decide.

use crate::config::*;
use crate::diagnostic::{Diagnostics, Place};
use pinion_engine::plan::*;
use pinion_engine::rules::params::{ParamValue, RuleSpec};
use pinion_model::decimal::Decimal;
use pinion_model::instrument::*;
use pinion_model::number::{Money, Price, Qty, Ratio};

/// Everything that a run is made of.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Name of the run.
    pub name: String,
    /// The engine's part.
    pub engine: EnginePlan,
    /// The paper venue's part.
    pub paper: PaperPlan,
    /// Venue of the orders.
    pub broker: BrokerType,
    /// How real it is.
    pub mode: TradingMode,
    /// Threads and rings.
    pub runtime: RuntimeConfig,
    /// The journal.
    pub journal: JournalConfig,
    /// The configuration with every value explicit; reading it gives this plan again.
    pub canonical: String,
    /// BLAKE3 of `canonical`.
    pub hash: [u8; 32],
}

struct Currencies {
    all: Vec<Currency>,
}

impl Currencies {
    fn id(&mut self, code: &str) -> CurrencyId {
        let at = self.all.iter().position(|c| c.code == code).unwrap_or_else(|| {
            self.all.push(Currency { code: code.into(), scale: 8 });
            self.all.len() - 1
        });
        CurrencyId(at as u16)
    }
}

/// Compiles a resolved configuration.
pub(crate) fn compile(config: &Config, canonical: String, found: &mut Diagnostics) -> Option<Plan> {
    let mut currencies = Currencies { all: Vec::new() };
    let base_currency = currencies.id(config.broker.currency.as_deref().unwrap_or("USD"));
    for i in &config.instruments {
        for code in [&i.base, &i.quote, &i.settle].into_iter().flatten() {
            let id = currencies.id(code);
            if Some(code) == i.settle.as_ref() {
                // Money must hold price times quantity exactly.
                let needed = i.price_decimals? + i.qty_decimals? + i.multiplier.scale();
                let scale = &mut currencies.all[id.index()].scale;
                *scale = (*scale).max(needed);
            }
        }
        let base = currencies.id(i.base.as_ref()?);
        let scale = &mut currencies.all[base.index()].scale;
        *scale = (*scale).max(i.qty_decimals?);
    }
    let fee_asset = match &config.broker.fee_currency {
        FeeName::Asset(code) => FeeCurrency::Asset(currencies.id(code)),
        FeeName::Fixed(currency) => *currency,
    };
    for (code, _) in &config.broker.balances {
        currencies.id(code);
    }
    let place = Place { line: 1, column: 1 };
    if currencies.all.iter().any(|c| c.scale > 24) {
        found.error(
            place,
            "an instrument needs more than 24 decimals of money",
            "lower `price_decimals` or `qty_decimals`",
        );
        return None;
    }
    let scales: Vec<u8> = currencies.all.iter().map(|c| c.scale).collect();
    check_amounts(config, &currencies.all, base_currency, found);
    let instruments: Vec<Instrument> = config
        .instruments
        .iter()
        .map(|i| instrument(i, &mut currencies, &scales, found))
        .collect::<Option<_>>()?;
    let mut balances = vec![Money::ZERO; currencies.all.len()];
    balances[base_currency.index()] = money(config.broker.cash, scales[base_currency.index()]);
    for (code, amount) in &config.broker.balances {
        let id = currencies.id(code);
        balances[id.index()] += money(*amount, scales[id.index()]);
    }
    let conversions = conversions(&currencies.all, base_currency, &instruments);
    for (c, conversion) in conversions.iter().enumerate() {
        let needed = c != base_currency.index() && instruments.iter().any(|i| i.settle.index() == c);
        if needed && conversion.is_none() {
            found.error(
                config.broker.place,
                format!(
                    "nothing turns {} into the base currency {}",
                    currencies.all[c].code,
                    currencies.all[base_currency.index()].code
                ),
                "add an instrument that quotes one in the other",
            );
        }
    }
    if let FeeCurrency::Asset(asset) = fee_asset {
        let code = &currencies.all[asset.index()].code;
        let in_base = instruments.iter().all(|i| i.settle == base_currency);
        if conversions[asset.index()].is_none_or(|c| c.inverse) || !in_base {
            let reason =
                format!("fees in {code} need its price in the currency that every instrument is settled in");
            found.error(
                config.broker.place,
                reason,
                format!("add an instrument that trades {code}, or write `fee_currency: settle`"),
            );
        }
    }
    let (groups, group_names) = groups(config, found);
    let mut risk = config.risk.limits.clone();
    risk.max_gross_exposure = config.risk.max_gross.map(|m| money(m, scales[base_currency.index()]));
    risk.max_net_exposure = config.risk.max_net.map(|m| money(m, scales[base_currency.index()]));
    let strategies = config
        .strategies
        .iter()
        .map(|s| strategy(s, &instruments, &risk, found))
        .collect::<Option<Vec<_>>>()?;
    let fees = config.instruments.iter().zip(&instruments);
    let engine = EnginePlan {
        fees: fees.map(|(c, i)| fees_of(c, &config.broker, fee_asset, scales[i.settle.index()])).collect(),
        currencies: currencies.all,
        base_currency,
        balances,
        instruments,
        groups,
        group_names,
        conversions,
        strategies,
        risk,
        max_open_orders: config.runtime.max_open_orders,
        book_levels: config.runtime.book_levels,
    };
    Some(Plan {
        name: config.name.clone(),
        engine,
        paper: config.broker.paper,
        broker: config.broker.kind,
        mode: config.broker.mode,
        runtime: config.runtime.clone(),
        journal: config.journal.clone(),
        hash: *blake3::hash(canonical.as_bytes()).as_bytes(),
        canonical,
    })
}

/// Amounts that the account opens with must be exact in their currency: nothing is cut silently.
fn check_amounts(config: &Config, all: &[Currency], base: CurrencyId, found: &mut Diagnostics) {
    let base = &all[base.index()];
    let cash = ("cash", config.broker.cash, base);
    let others =
        config.broker.balances.iter().filter_map(|(code, amount)| {
            Some((code.as_str(), *amount, all.iter().find(|c| c.code == *code)?))
        });
    for (name, amount, currency) in std::iter::once(cash).chain(others) {
        if amount.to_scaled_i128(currency.scale).is_err() {
            let reason =
                format!("`{name}` has more than the {} decimals of {}", currency.scale, currency.code);
            found.error(config.broker.place, reason, "give fewer decimals");
        }
    }
    for i in &config.instruments {
        if [i.lot, i.max_qty].into_iter().flatten().any(|d| d.mantissa() == 0) {
            found.error(
                i.place,
                format!("the lot or the largest quantity of {} is zero", i.symbol),
                "give an increment above zero",
            );
        }
    }
}

/// An amount in a currency's units, towards zero.
fn money(amount: Decimal, scale: u8) -> Money {
    match amount.to_scaled_i128(scale) {
        Ok(units) => Money(units),
        Err(_) => Money(amount.mantissa() / 10i128.pow(u32::from(amount.scale().saturating_sub(scale)))),
    }
}

fn instrument(
    c: &InstrumentConfig,
    all: &mut Currencies,
    scales: &[u8],
    found: &mut Diagnostics,
) -> Option<Instrument> {
    let (price_exponent, qty_exponent) = (c.price_decimals?, c.qty_decimals?);
    let settle = all.id(c.settle.as_ref()?);
    let factor = notional_factor(c.multiplier, scales[settle.index()], price_exponent, qty_exponent);
    let Some(factor) = factor else {
        found.error(
            c.place,
            format!("the money of {} does not fit", c.symbol),
            "lower `price_decimals` or `qty_decimals`, or mend `multiplier`",
        );
        return None;
    };
    let bands = c.ticks.iter().map(|(from, tick)| {
        Some(TickBand {
            from: Price(from.to_scaled(price_exponent).ok()?),
            tick: tick.to_scaled(price_exponent).ok()?,
        })
    });
    let qty = |d: Option<Decimal>| d.and_then(|d| d.to_scaled(qty_exponent).ok());
    let option = match (c.kind, c.strike) {
        (InstrumentKind::Option, Some(strike)) => {
            Some((Price(strike.to_scaled(price_exponent).ok()?), c.right))
        }
        _ => None,
    };
    Some(Instrument {
        venue: c.venue.clone(),
        symbol: c.symbol.clone(),
        kind: c.kind,
        base: all.id(c.base.as_ref()?),
        quote: all.id(c.quote.as_ref()?),
        settle,
        price_exponent,
        qty_exponent,
        multiplier: c.multiplier,
        contract: c.expiry_ns.map(|expiry_ns| Contract { expiry_ns, option }),
        calendar: match c.session_s {
            None => Calendar::Always,
            Some((open_s, close_s)) => Calendar::Session { days: 0b1_1111, open_s, close_s },
        },
        ticks: vec![TickTable { from_ns: i64::MIN, bands: bands.collect::<Option<_>>()? }],
        lot: qty(c.lot)?.max(1),
        min_qty: Qty(qty(c.min_qty)?),
        max_qty: Qty(qty(c.max_qty)?),
        min_notional: money(c.min_notional, scales[settle.index()]),
        factor,
    })
}

fn fees_of(c: &InstrumentConfig, broker: &BrokerConfig, charged_in: FeeCurrency, scale: u8) -> FeeSchedule {
    FeeSchedule {
        maker: c.maker.unwrap_or(broker.maker),
        taker: c.taker.unwrap_or(broker.taker),
        per_unit: broker.per_unit,
        minimum: money(broker.minimum, scale),
        cap: broker.cap,
        charged_in,
    }
}

/// For each currency an instrument that prices it in the base currency, or the other way round.
fn conversions(
    currencies: &[Currency],
    base: CurrencyId,
    instruments: &[Instrument],
) -> Vec<Option<Conversion>> {
    let ids = (0..currencies.len() as u16).map(CurrencyId);
    ids.map(|id| {
        let at =
            |f: &dyn Fn(&Instrument) -> bool| instruments.iter().position(f).map(|i| InstrumentId(i as u32));
        if id == base {
            return None;
        }
        if let Some(instrument) = at(&|i| i.base == id && i.quote == base) {
            return Some(Conversion { instrument, inverse: false });
        }
        at(&|i| i.quote == id && i.base == base).map(|instrument| Conversion { instrument, inverse: true })
    })
    .collect()
}

fn groups(config: &Config, found: &mut Diagnostics) -> (Vec<u16>, Vec<String>) {
    let mut names: Vec<String> = config.risk.groups.iter().map(|(name, _)| name.clone()).collect();
    let known: Vec<&str> = config.instruments.iter().map(|i| i.symbol.as_str()).collect();
    for (_, members) in &config.risk.groups {
        for symbol in members.iter().filter(|m| !known.contains(&m.as_str())) {
            crate::read::unknown_symbol(symbol, Place { line: 1, column: 1 }, &known, found);
        }
    }
    let of = |symbol: &String| config.risk.groups.iter().position(|(_, members)| members.contains(symbol));
    let groups = config.instruments.iter().map(|i| match of(&i.symbol) {
        Some(at) => at as u16,
        None => {
            names.push(i.symbol.clone());
            names.len() as u16 - 1
        }
    });
    (groups.collect::<Vec<_>>(), names)
}

fn bar_spec(s: &StrategyConfig, cut: Cut, qty_exponent: u8) -> Option<BarSpec> {
    let cut = match cut {
        Cut::Fixed(cut) => cut,
        Cut::Volume(qty) => BarCut::Volume { qty: Qty(qty.to_scaled(qty_exponent).ok()?) },
    };
    Some(BarSpec { cut, source: s.source?, close_delay_ns: s.close_delay_ms * 1_000_000 })
}

fn strategy(
    s: &StrategyConfig,
    instruments: &[Instrument],
    risk: &RiskLimits,
    found: &mut Diagnostics,
) -> Option<StrategyPlan> {
    let ids =
        s.instruments.iter().filter_map(|(symbol, _)| instruments.iter().position(|i| i.symbol == *symbol));
    let ids: Vec<InstrumentId> = ids.map(|i| InstrumentId(i as u32)).collect();
    let qty_exponent = instruments[ids.first()?.index()].qty_exponent;
    let by_volume = s.cut.iter().chain(s.entries.iter().chain(&s.exits).filter_map(|r| r.cut.as_ref()));
    let differ = ids.iter().any(|id| instruments[id.index()].qty_exponent != qty_exponent);
    if differ && by_volume.into_iter().any(|cut| matches!(cut, Cut::Volume(_))) {
        found.error(
            s.place,
            "volume bars over instruments whose quantities have different decimals",
            "give the instruments the same `qty_decimals`, or each a strategy of its own",
        );
    }
    let rule = |r: &RuleConfig| {
        let bars = match r.cut {
            Some(cut) => Some(bar_spec(s, cut, qty_exponent)?),
            None => None,
        };
        Some(RuleSpec { rule: r.def.name.into(), values: r.values.clone(), bars })
    };
    let rules = |list: &[RuleConfig]| list.iter().map(rule).collect::<Option<Vec<_>>>();
    for exit in &s.exits {
        check_targets(s, exit, found);
    }
    if risk.stop_loss_required && !s.exits.iter().any(|r| r.def.name != "TimeBased") {
        found.error(
            s.place,
            "`stop_loss_required` is set, but no exit rule has a stop",
            "add AdvancedATR, ATR, FixedRatio or TrailingStop to `exit_mixins`",
        );
    }
    if s.exits.is_empty() {
        found.warn(
            s.place,
            "the strategy has no exit rule: a position stays open to the end",
            "add one to `exit_mixins`",
        );
    }
    Some(StrategyPlan {
        name: s.name.clone(),
        bars: bar_spec(s, s.cut?, qty_exponent)?,
        direction: s.direction,
        entries: rules(&s.entries)?,
        combine_entries: s.combine_entries,
        exits: rules(&s.exits)?,
        combine_exits: s.combine_exits,
        sizing: s.sizing,
        entry_order: match s.limit_entry {
            None => EntryOrder::Market,
            Some((offset, cancel_bars)) => EntryOrder::Limit { offset, cancel_bars },
        },
        protection: s.protection?,
        instruments: ids,
    })
}

/// Partial targets come in pairs, and together close at most the whole position.
fn check_targets(s: &StrategyConfig, rule: &RuleConfig, found: &mut Diagnostics) {
    let list = |name: &str| {
        let at = rule.def.params.iter().position(|p| p.name == name)?;
        match &rule.values[at] {
            ParamValue::RatioList(list) => Some(list.clone()),
            _ => None,
        }
    };
    let (Some(levels), Some(sizes)) = (list("pt_levels_r"), list("pt_sizes")) else { return };
    if levels.len() != sizes.len() {
        found.error(
            s.place,
            format!("`pt_levels_r` has {} values and `pt_sizes` {}", levels.len(), sizes.len()),
            "give one size for each level",
        );
    }
    if sizes.iter().map(|r| r.0).sum::<i64>() > Ratio::SCALE {
        found.error(
            s.place,
            "`pt_sizes` add up to more than 1",
            "they are fractions of the opening quantity",
        );
    }
}
