//! Records as people and programs read them: named fields, prices and money as decimals, codes as words.

mod books;
mod market;
mod orders;
mod system;

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

    /// A price as a decimal.
    pub fn price(&self, id: InstrumentId, price: Price) -> Value {
        let exponent = self.plan.engine.instruments.get(id.index()).map_or(0, |i| i.price_exponent);
        json!(Scaled { value: price.0.into(), exponent }.to_string())
    }

    /// A quantity as a decimal.
    pub fn qty(&self, id: InstrumentId, qty: Qty) -> Value {
        let exponent = self.plan.engine.instruments.get(id.index()).map_or(0, |i| i.qty_exponent);
        json!(Decimal::new(qty.0.into(), exponent).to_string())
    }

    /// An amount with its currency.
    pub fn money(&self, currency: CurrencyId, money: Money) -> Value {
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
            Kind::Cancel => self.cancel(&CancelBody::from_bytes(&r.body), &mut f),
            Kind::OrderState => self.order_state(&OrderStateBody::from_bytes(&r.body), &mut f),
            Kind::Position => self.position(&PositionBody::from_bytes(&r.body), &mut f),
            Kind::Account => self.account(&AccountBody::from_bytes(&r.body), &mut f),
            Kind::Signal => self.signal(&SignalBody::from_bytes(&r.body), &mut f),
            Kind::RiskCheck => self.risk_check(&RiskCheckBody::from_bytes(&r.body), &mut f),
            Kind::Start
            | Kind::Plan
            | Kind::Anchor
            | Kind::Mark
            | Kind::Checkpoint
            | Kind::Summary
            | Kind::Resume
            | Kind::Snapshot
            | Kind::End => {
                system::system(kind, r, &mut f);
            }
        }
        f
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
