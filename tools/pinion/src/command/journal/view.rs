//! Records as people and programs read them: named fields, prices and money as decimals, codes as words.

use crate::command::run_directory::one_journal;
use crate::failure::Failure;
use pinion_engine::risk::checks::{Check, OperandUnit};
use pinion_journal::Reader;
use pinion_journal::system::text_of;
use pinion_model::body::*;
use pinion_model::decimal::{Decimal, Scaled};
use pinion_model::instrument::{CurrencyId, InstrumentId};
use pinion_model::number::{Money, Price, Qty};
use pinion_model::order::*;
use pinion_model::record::{Kind, Record};
use pinion_plan::Plan;
use serde_json::{Map, Value, json};
use std::path::Path;

/// The plan of a journal, from which names and units come.
pub struct View {
    /// The plan.
    pub plan: Plan,
}

type Fields = Map<String, Value>;

impl View {
    /// Reads the plan that a journal begins with.
    pub fn open(dir: &Path) -> Result<View, Failure> {
        one_journal(dir)?;
        let mut cursor = Reader::open(dir)?.cursor(0)?;
        let mut group = Vec::new();
        while cursor.next_group(&mut group)? {
            if group[0].kind() == Some(Kind::Plan) {
                let text = text_of(&group).and_then(|bytes| String::from_utf8(bytes).ok());
                let text =
                    text.ok_or_else(|| Failure::Run("error: the journal's plan is not text".into()))?;
                let plan = pinion_plan::from_canonical(&text).map_err(|found| {
                    Failure::Run(format!("error: this build cannot read the journal's plan\n{found}"))
                })?;
                return Ok(View { plan });
            }
        }
        Err(Failure::Run(format!("error: {} holds no plan: the run ended before it began", dir.display())))
    }

    /// Symbol of an instrument.
    pub fn symbol(&self, id: InstrumentId) -> String {
        self.plan.engine.instruments.get(id.index()).map_or("?".into(), |i| i.symbol.clone())
    }

    fn price(&self, id: InstrumentId, price: Price) -> Value {
        let exponent = self.plan.engine.instruments.get(id.index()).map_or(0, |i| i.price_exponent);
        json!(Scaled { value: price.0.into(), exponent }.to_string())
    }

    fn qty(&self, id: InstrumentId, qty: Qty) -> Value {
        let exponent = self.plan.engine.instruments.get(id.index()).map_or(0, |i| i.qty_exponent);
        json!(Decimal::new(qty.0.into(), exponent).to_string())
    }

    fn money(&self, currency: CurrencyId, money: Money) -> Value {
        let known = self.plan.engine.currencies.get(currency.index());
        let (scale, code) = known.map_or((0, "?"), |c| (c.scale, c.code.as_str()));
        json!(format!("{} {code}", Decimal::new(money.0, scale)))
    }

    fn settle(&self, id: InstrumentId) -> CurrencyId {
        self.plan.engine.instruments.get(id.index()).map_or(CurrencyId(u16::MAX), |i| i.settle)
    }

    /// Name of a rule of a strategy; entries come first.
    pub fn rule(&self, strategy: u16, rule: u16) -> String {
        let found = self.plan.engine.strategies.get(usize::from(strategy));
        let rules = found.iter().flat_map(|s| s.entries.iter().chain(&s.exits)).nth(usize::from(rule));
        rules.map_or("-".into(), |r| r.rule.clone())
    }

    /// The fields of a record.
    pub fn fields(&self, r: &Record) -> Fields {
        let mut f = Fields::new();
        let Some(kind) = r.kind() else { return f };
        match kind {
            Kind::Quote | Kind::Trade | Kind::Bar | Kind::Depth | Kind::DepthLevels => {
                self.market(kind, r, &mut f)
            }
            Kind::Execution => self.execution(&ExecutionBody::from_bytes(&r.body), &mut f),
            Kind::Timer => {
                let b = TimerBody::from_bytes(&r.body);
                put(&mut f, "seq", b.seq);
                put(&mut f, "time", time(b.time_ns));
            }
            Kind::Command => {
                let b = CommandBody::from_bytes(&r.body);
                put(&mut f, "seq", b.seq);
                put(&mut f, "time", time(b.time_ns));
                put(&mut f, "command", CommandKind::from_code(b.command).map_or("?", CommandKind::label));
                put(&mut f, "operator", unpadded(&b.operator));
                put(&mut f, "note", unpadded(&b.note));
            }
            Kind::Budget => self.budget(&BudgetBody::from_bytes(&r.body), &mut f),
            Kind::Grant => self.grant(&GrantBody::from_bytes(&r.body), &mut f),
            Kind::Intent => self.intent(&IntentBody::from_bytes(&r.body), &mut f),
            Kind::Verdict => self.verdict(&VerdictBody::from_bytes(&r.body), &mut f),
            Kind::Order => self.order(&OrderBody::from_bytes(&r.body), &mut f),
            Kind::Cancel => {
                let b = CancelBody::from_bytes(&r.body);
                put(&mut f, "cause", b.cause);
                put(&mut f, "time", time(b.time_ns));
                put(&mut f, "order", b.order);
                put(&mut f, "instrument", self.symbol(b.instrument));
                put(&mut f, "reason", reason(b.reason));
                put(&mut f, "held", b.held != 0);
            }
            Kind::OrderState => {
                let b = OrderStateBody::from_bytes(&r.body);
                put(&mut f, "cause", b.cause);
                put(&mut f, "time", time(b.time_ns));
                put(&mut f, "order", b.order);
                put(&mut f, "instrument", self.symbol(b.instrument));
                put(&mut f, "from", status(b.from));
                put(&mut f, "to", status(b.to));
                put(&mut f, "reason", reason(b.reason));
                put(&mut f, "filled", self.qty(b.instrument, b.filled));
                put(&mut f, "leaves", self.qty(b.instrument, b.leaves));
            }
            Kind::Position => self.position(&PositionBody::from_bytes(&r.body), &mut f),
            Kind::Account => self.account(&AccountBody::from_bytes(&r.body), &mut f),
            Kind::Signal => {
                let b = SignalBody::from_bytes(&r.body);
                put(&mut f, "cause", b.cause);
                put(&mut f, "intent", b.intent);
                put(&mut f, "instrument", self.symbol(b.instrument));
                put(&mut f, "rule", self.rule(b.strategy, b.rule));
                for v in b.values.iter().filter(|v| v.output > 0) {
                    let (name, shown) = self.noted(b.strategy, b.rule, v);
                    f.insert(name, shown);
                }
            }
            Kind::RiskCheck => {
                let b = RiskCheckBody::from_bytes(&r.body);
                put(&mut f, "cause", b.cause);
                put(&mut f, "intent", b.intent);
                for c in b.checks.iter().filter(|c| c.check > 0) {
                    match Check::ALL.get(usize::from(c.check) - 1) {
                        Some(check) => put(&mut f, check.label(), self.operands(*check, c)),
                        None => put(&mut f, "?", json!({"number": c.check - 1, "outcome": c.outcome})),
                    }
                }
            }
            Kind::Start
            | Kind::Plan
            | Kind::Anchor
            | Kind::Mark
            | Kind::Checkpoint
            | Kind::Summary
            | Kind::Resume
            | Kind::Snapshot
            | Kind::End => {
                system(kind, r, &mut f);
            }
        }
        f
    }

    fn market(&self, kind: Kind, r: &Record, f: &mut Fields) {
        match kind {
            Kind::Quote => {
                let b = QuoteBody::from_bytes(&r.body);
                head(f, b.seq, b.recv_ns, &self.symbol(b.instrument), b.cursor);
                put(f, "bid", self.price(b.instrument, b.bid));
                put(f, "bid_qty", self.qty(b.instrument, b.bid_qty));
                put(f, "ask", self.price(b.instrument, b.ask));
                put(f, "ask_qty", self.qty(b.instrument, b.ask_qty));
            }
            Kind::Trade => {
                let b = TradeBody::from_bytes(&r.body);
                head(f, b.seq, b.recv_ns, &self.symbol(b.instrument), b.cursor);
                put(f, "price", self.price(b.instrument, b.price));
                put(f, "qty", self.qty(b.instrument, b.qty));
                put(f, "aggressor", Side::from_code(b.aggressor).map_or("-", Side::label));
            }
            Kind::Bar => {
                let b = BarBody::from_bytes(&r.body);
                head(f, b.seq, b.recv_ns, &self.symbol(b.instrument), b.cursor);
                for (name, price) in [("open", b.open), ("high", b.high), ("low", b.low), ("close", b.close)]
                {
                    put(f, name, self.price(b.instrument, price));
                }
                put(f, "volume", self.qty(b.instrument, b.volume));
            }
            Kind::Depth => {
                let b = DepthBody::from_bytes(&r.body);
                head(f, b.seq, b.recv_ns, &self.symbol(b.instrument), b.cursor);
                put(f, "first_id", b.first_id);
                put(f, "last_id", b.last_id);
                put(f, "bids", b.bids);
                put(f, "asks", b.asks);
                put(f, "snapshot", b.snapshot != 0);
            }
            _ => put(f, "levels", 6),
        }
    }

    fn execution(&self, b: &ExecutionBody, f: &mut Fields) {
        put(f, "seq", b.seq);
        put(f, "time", time(b.time_ns));
        put(f, "order", b.order);
        put(f, "instrument", self.symbol(b.instrument));
        put(f, "report", ReportKind::from_code(b.kind).map_or("?", ReportKind::label));
        if !b.qty.is_zero() {
            put(f, "qty", self.qty(b.instrument, b.qty));
            put(f, "price", self.price(b.instrument, b.price));
            put(f, "fee", self.money(CurrencyId(b.fee_currency), b.fee));
            put(f, "liquidity", Liquidity::from_code(b.liquidity).map_or("?", Liquidity::label));
        }
        if b.reason != 0 {
            put(f, "reason", reason(b.reason));
        }
        put(f, "venue_time", time(b.venue_ns));
    }

    fn intent(&self, b: &IntentBody, f: &mut Fields) {
        put(f, "cause", b.cause);
        put(f, "time", time(b.time_ns));
        put(f, "intent", b.number);
        put(f, "instrument", self.symbol(b.instrument));
        put(f, "action", Action::from_code(b.action).map_or("?", Action::label));
        put(f, "side", Side::from_code(b.side).map_or("?", Side::label));
        put(f, "type", OrderType::from_code(b.order_type).map_or("?", OrderType::label));
        put(f, "rule", self.rule(b.strategy, b.rule));
        put(f, "reason", reason(b.reason));
        put(f, "reference", self.price(b.instrument, b.reference));
        for (name, price) in [("limit", b.limit), ("trigger", b.trigger), ("stop_distance", b.stop_distance)]
        {
            if !price.is_zero() {
                put(f, name, self.price(b.instrument, price));
            }
        }
        if !b.qty.is_zero() {
            put(f, "qty", self.qty(b.instrument, b.qty));
        }
    }

    fn verdict(&self, b: &VerdictBody, f: &mut Fields) {
        let base = self.plan.engine.base_currency;
        put(f, "cause", b.cause);
        put(f, "time", time(b.time_ns));
        put(f, "intent", b.intent);
        put(f, "instrument", self.symbol(b.instrument));
        put(f, "order", b.order);
        put(f, "passed", b.failed == 0);
        let labels = |mask: u32| Check::of_mask(mask).map(Check::label).collect::<Vec<_>>().join(" ");
        if b.failed != 0 {
            put(f, "failed", labels(b.failed));
        }
        if b.adjusted != 0 {
            put(f, "adjusted", labels(b.adjusted));
        }
        if let Some(check) = usize::from(b.binding).checked_sub(1).and_then(|i| Check::ALL.get(i)) {
            put(f, "size_bound_by", check.label());
        }
        put(f, "qty", self.qty(b.instrument, b.qty));
        put(f, "equity", self.money(base, b.equity));
        put(f, "exposure", self.money(base, b.exposure));
    }

    /// The operands of a risk check, in units that people use.
    fn operands(&self, check: Check, operands: &CheckOperands) -> Value {
        let id = operands.instrument;
        let show = |value: i128| match check.unit() {
            OperandUnit::Count => json!(value.to_string()),
            OperandUnit::Price => self.price(id, Price(value as i64)),
            OperandUnit::Qty if value == i128::from(i64::MAX) => json!("any"),
            OperandUnit::Qty => self.qty(id, Qty(value as i64)),
            OperandUnit::Settle => self.money(self.settle(id), Money(value)),
            OperandUnit::Base => self.money(self.plan.engine.base_currency, Money(value)),
            OperandUnit::Nanoseconds => json!(format!("{} ms", value as f64 / 1e6)),
            OperandUnit::Time => json!(time(value as i64)),
        };
        let ((measured, limit), (what, against)) = (operands.values(), check.operands());
        let outcome = ["passed", "failed", "adjusted"].get(usize::from(operands.outcome)).copied();
        json!({
            "outcome": outcome.unwrap_or("?"),
            "what": what,
            "measured": show(measured),
            "against": against,
            "limit": show(limit),
        })
    }

    fn order(&self, b: &OrderBody, f: &mut Fields) {
        put(f, "cause", b.cause);
        put(f, "time", time(b.time_ns));
        put(f, "order", b.order);
        put(f, "intent", b.intent);
        put(f, "instrument", self.symbol(b.instrument));
        put(f, "side", Side::from_code(b.side).map_or("?", Side::label));
        put(f, "type", OrderType::from_code(b.order_type).map_or("?", OrderType::label));
        put(f, "tif", TimeInForce::from_code(b.tif).map_or("?", TimeInForce::label));
        put(f, "qty", self.qty(b.instrument, b.qty));
        for (name, price) in [("limit", b.limit), ("trigger", b.trigger), ("reference", b.reference)] {
            if !price.is_zero() {
                put(f, name, self.price(b.instrument, price));
            }
        }
        put(f, "reason", reason(b.reason));
        put(f, "reduce_only", b.reduce_only != 0);
        put(f, "held", b.held != 0);
    }

    fn position(&self, b: &PositionBody, f: &mut Fields) {
        let settle = self.settle(b.instrument);
        put(f, "cause", b.cause);
        put(f, "time", time(b.time_ns));
        put(f, "order", b.order);
        put(f, "instrument", self.symbol(b.instrument));
        put(f, "qty", self.qty(b.instrument, b.qty));
        put(f, "cost", self.money(settle, b.cost));
        put(f, "realised", self.money(settle, b.realised));
        put(f, "fee", self.money(settle, b.fee));
        if b.closed != 0 {
            put(f, "trade_net", self.money(settle, Money(b.trade_net.into())));
        }
    }

    fn account(&self, b: &AccountBody, f: &mut Fields) {
        let base = self.plan.engine.base_currency;
        put(f, "cause", b.cause);
        put(f, "time", time(b.time_ns));
        put(f, "event", AccountEvent::from_code(b.event).map_or("?", AccountEvent::label));
        put(f, "level", b.level);
        for (name, money) in
            [("equity", b.equity), ("peak", b.peak), ("day_start", b.day_start), ("cash", b.cash)]
        {
            put(f, name, self.money(base, money));
        }
    }

    fn budget(&self, b: &BudgetBody, f: &mut Fields) {
        put(f, "seq", b.seq);
        put(f, "time", time(b.time_ns));
        put(f, "shard", b.shard);
        put(f, "delta", self.money(CurrencyId(b.currency), b.delta));
        put(f, "transfer", b.transfer);
        put(f, "share", format!("{}/{}", b.parts, b.of));
    }

    fn grant(&self, b: &GrantBody, f: &mut Fields) {
        put(f, "cause", b.cause);
        put(f, "time", time(b.time_ns));
        put(f, "shard", b.shard);
        for (name, money) in [("asked", b.asked), ("given", b.given), ("balance", b.balance)] {
            put(f, name, self.money(CurrencyId(b.currency), money));
        }
        put(f, "equity", self.money(self.plan.engine.base_currency, b.equity));
        put(f, "share", format!("{}/{}", b.parts, b.of));
    }

    /// A record as one JSON object.
    pub fn json(&self, r: &Record) -> Value {
        let mut f = Fields::new();
        put(&mut f, "position", r.position);
        put(&mut f, "kind", r.kind().map_or("unknown", Kind::label));
        put(&mut f, "ticks", r.ticks);
        f.extend(self.fields(r));
        Value::Object(f)
    }

    /// A record as one line.
    pub fn line(&self, r: &Record) -> String {
        let kind = r.kind().map_or("unknown", Kind::label);
        let fields = self.fields(r);
        let shown: Vec<String> = fields.iter().map(|(k, v)| format!("{k}={}", plain(v))).collect();
        format!("{:>9} {kind:<12} {}", r.position, shown.join(" "))
    }
}

/// A value without the quotes of JSON.
pub fn plain(value: &Value) -> String {
    if let Some(check) = value.as_object() {
        let word = |key: &str| check.get(key).map_or("?".into(), plain);
        return format!(
            "{}: {} {}, {} {}",
            word("outcome"),
            word("what"),
            word("measured"),
            word("against"),
            word("limit")
        );
    }
    value.as_str().map_or_else(|| value.to_string(), str::to_string)
}

fn put(f: &mut Fields, name: &str, value: impl Into<Value>) {
    f.insert(name.into(), value.into());
}

fn head(f: &mut Fields, seq: u64, recv_ns: i64, symbol: &str, cursor: u64) {
    put(f, "seq", seq);
    put(f, "time", time(recv_ns));
    put(f, "instrument", symbol);
    put(f, "line", cursor);
}

fn system(kind: Kind, r: &Record, f: &mut Fields) {
    use pinion_journal::system::{Anchor, Checkpoint, End, Mark};
    match kind {
        Kind::Mark => {
            if let Some(m) = Mark::read(r) {
                put(f, "durable_position", m.durable_position);
                put(f, "wall", time(m.wall_ns as i64));
            }
        }
        Kind::Anchor => {
            if let Some(a) = Anchor::read(r) {
                put(f, "anchor_ticks", a.ticks);
                put(f, "wall", time(a.wall_ns as i64));
            }
        }
        Kind::Checkpoint => {
            if let Some(c) = Checkpoint::read(r) {
                put(f, "chain", hex(&c.chain));
            }
        }
        Kind::End => {
            if let Some(e) = End::read(r) {
                put(f, "records", e.records);
                put(f, "chain", hex(&e.chain));
            }
        }
        _ => {}
    }
}

/// Bytes as hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

fn reason(code: u16) -> &'static str {
    Reason::from_code(code).map_or("?", Reason::label)
}

fn status(code: u8) -> &'static str {
    OrderStatus::from_code(code).map_or("?", OrderStatus::label)
}

/// UTC with nanoseconds; `-` for no time.
pub fn time(ns: i64) -> String {
    if ns == i64::MIN {
        return "-".into();
    }
    jiff::Timestamp::from_nanosecond(ns.into()).map_or_else(|_| ns.to_string(), |t| t.to_string())
}
