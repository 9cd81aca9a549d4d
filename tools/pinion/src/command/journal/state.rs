//! `journal state`: what the engine knew at a position or an instant, from the journal alone: the engine runs
//! over the inputs up to there again.

use super::at_rest::AtRest;
use super::facts;
use super::latency::put;
use super::look::{Look, LookArgs};
use super::view::View;
use super::when;
use crate::command::replay::{Made, feed};
use crate::failure::Failure;
use crate::output::Output;
use clap::Args;
use pinion_engine::Engine;
use pinion_model::instrument::{CurrencyId, InstrumentId};
use pinion_model::record::{Class, Kind, Record};
use serde_json::{Value, json};
use std::path::PathBuf;

#[derive(Args)]
pub struct StateArgs {
    /// Directory of the journal
    dir: PathBuf,
    /// Up to the record at this position, or up to this engine time (2025-03-25T23:07:21Z, 23:07:21, -10m);
    /// the end without it
    #[arg(long, value_name = "POSITION|TIME", allow_hyphen_values = true)]
    at: Option<String>,
    #[command(flatten)]
    look: LookArgs,
    #[command(flatten)]
    output: Output,
}

/// An engine after some of a journal's inputs, and the last market input of each instrument.
struct Then {
    engine: Engine,
    /// The position behind the last record that counts.
    end: u64,
    last: Vec<Option<Record>>,
}

/// `journal state`.
pub fn state(args: &StateArgs) -> Result<(), Failure> {
    let look = args.look.look()?;
    let journal = AtRest::open_quick(&args.dir)?;
    journal.refuse_pruned("the state at a position follows from every input before it")?;
    let end = match &args.at {
        None => journal.end_position(),
        Some(text) => match text.parse::<u64>() {
            Ok(position) if position < journal.end_position() => position + 1,
            Ok(position) => {
                let last = journal.end_position().saturating_sub(1);
                return Err(Failure::Usage(format!(
                    "error: there is no position {position}; the last is {last}"
                )));
            }
            Err(_) => {
                let at = when::parse(text, &look.zone, &journal.bounds()?)?;
                journal.position_at(at.saturating_add(1))?
            }
        },
    };
    let then = run(&journal, end).map_err(|failure| journal.explained(failure))?;
    let json = then.json(&journal.view);
    let text = then.text(&journal.view, &json, &look);
    put(&args.output, &look, &json, &text)?;
    journal.nothing_lost()
}

fn run(journal: &AtRest, end: u64) -> Result<Then, Failure> {
    let plan = &journal.view.plan.engine;
    let engine = Engine::new(plan).map_err(|e| Failure::Run(format!("error: {e}")))?;
    let mut then = Then { engine, end, last: vec![None; plan.instruments.len()] };
    if journal.first_position() > 0 {
        return Err(Failure::Run(format!(
            "error: the journal begins at position {}; what came before it is needed",
            journal.first_position()
        )));
    }
    let (mut made, mut group) = (Made::default(), Vec::new());
    // A group whose head is before the end is one input, wherever its levels stand.
    let mut cursor = journal.cursor(0)?;
    while cursor.position() < end && cursor.next_group(&mut group)? {
        let head = &group[0];
        if head.kind().map(Kind::class) != Some(Class::Input) {
            continue;
        }
        if !feed(&mut then.engine, &group, &mut made) {
            return Err(Failure::Run(format!(
                "error: the input at position {} cannot be read",
                head.position
            )));
        }
        made.records.clear();
        let is_market = head.kind() != Some(Kind::Execution);
        let place =
            facts::instrument(head).filter(|_| is_market).and_then(|id| then.last.get_mut(id.index()));
        if let Some(place) = place {
            *place = Some(*head);
        }
    }
    if cursor.position() < end {
        return Err(journal.missing(cursor.position()));
    }
    Ok(then)
}

impl Then {
    fn json(&self, view: &View) -> Value {
        let engine = &self.engine;
        let base = view.plan.engine.base_currency;
        let money = |m| view.money(base, m);
        let (level, daily, drawdown) = engine.halts();
        let account = &engine.desk().account;
        let ids = || (0..self.last.len() as u32).map(InstrumentId);
        let balances = view.plan.engine.currencies.iter().enumerate();
        let balances = balances.map(|(at, _)| CurrencyId(at as u16));
        let balances: Vec<Value> =
            balances.map(|id| view.money(id, engine.portfolio().balance(id))).collect();
        json!({
            "position": self.end.saturating_sub(1),
            "time": super::view::time(engine.now_ns()),
            "time_ns": engine.now_ns(),
            "inputs": engine.seq(),
            "account": {
                "equity": engine.equity().map(money),
                "day_start": engine.day().map(|(_, start)| money(start)),
                "peak": engine.opening_equity().map(|_| money(account.peak())),
                "balances": balances,
                "stopping_level": level,
                "daily_loss_halt": daily,
                "drawdown_halt": drawdown,
                "degraded": engine.is_degraded(),
            },
            "market": ids().map(|id| self.market(view, id)).collect::<Vec<_>>(),
            "positions": ids().map(|id| self.position(view, id)).collect::<Vec<_>>(),
            "orders": self.orders(view),
            "counters": {
                "intents": engine.counters().intents,
                "refused": engine.counters().refused,
                "orders": engine.counters().orders,
                "fills": engine.counters().fills,
                "rejected": engine.counters().rejected,
            },
        })
    }

    fn market(&self, view: &View, id: InstrumentId) -> Value {
        let (mark, book) = (self.engine.portfolio().mark(id), self.engine.book(id));
        let level = |l: Option<pinion_model::event::Level>| {
            l.map(|l| json!({"price": view.price(id, l.price), "qty": view.qty(id, l.qty)}))
        };
        let last = self.last[id.index()].as_ref();
        json!({
            "instrument": view.symbol(id),
            "bid": mark.is_known().then(|| view.price(id, mark.bid)),
            "ask": mark.is_known().then(|| view.price(id, mark.ask)),
            "unit": view.unit("bid", id),
            "age_ns": (mark.is_known() && mark.time_ns != i64::MIN).then(|| self.engine.now_ns() - mark.time_ns),
            "book": book.is_synced().then(|| json!({"bid": level(book.best_bid()), "ask": level(book.best_ask())})),
            "last_input": last.map(|r| view.json(r)),
        })
    }

    fn position(&self, view: &View, id: InstrumentId) -> Value {
        let portfolio = self.engine.portfolio();
        let (position, instrument) = (portfolio.position(id), portfolio.instrument(id));
        let closing = portfolio.mark(id).closing(position.qty);
        let money = |m| view.money(instrument.settle, m);
        json!({
            "instrument": view.symbol(id),
            "qty": view.qty(id, position.qty),
            "average_price": (!position.qty.is_zero()).then(|| view.price(id, position.average_price_floor(instrument))),
            "cost": money(position.cost),
            "unrealised": money(position.unrealised(instrument, closing)),
            "realised": money(position.realised),
            "fees": money(position.fees),
        })
    }

    fn orders(&self, view: &View) -> Vec<Value> {
        let open = self.engine.desk().orders.open_orders();
        let one = |o: &pinion_engine::orders::table::Order| {
            let price = |p: pinion_model::number::Price| (!p.is_zero()).then(|| view.price(o.instrument, p));
            json!({
                "order": o.number,
                "instrument": view.symbol(o.instrument),
                "side": o.side.label(),
                "type": o.order_type.label(),
                "status": o.status.label(),
                "qty": view.qty(o.instrument, o.qty),
                "filled": view.qty(o.instrument, o.filled),
                "limit": price(o.limit),
                "trigger": price(o.trigger),
                "reason": o.reason.label(),
            })
        };
        open.map(one).collect()
    }

    fn text(&self, view: &View, json: &Value, look: &Look) -> String {
        let plain = |v: &Value| if v.is_null() { "-".to_string() } else { super::view::plain(v) };
        let title = |name: &str| format!("\n{}\n", look.paint("1", name));
        let mut text = format!(
            "{} after position {}, at {} ({}), {} inputs\n",
            view.plan.name,
            json["position"],
            look.time(Some(self.engine.now_ns()).filter(|_| self.engine.seq() > 0)).trim_end(),
            look.zone_name,
            json["inputs"]
        );
        text += &title("account");
        for name in
            ["equity", "day_start", "peak", "stopping_level", "daily_loss_halt", "drawdown_halt", "degraded"]
        {
            text += &format!("  {name:<16} {}\n", plain(&json["account"][name]));
        }
        let balances: Vec<String> =
            json["account"]["balances"].as_array().iter().flat_map(|b| b.iter()).map(plain).collect();
        text += &format!("  {:<16} {}\n", "balances", balances.join(", "));
        text += &title("market");
        text += &format!(
            "  {:<12} {:>16} {:>16} {:<6} {:>12}  last input\n",
            "instrument", "bid", "ask", "unit", "age"
        );
        for m in json["market"].as_array().into_iter().flatten() {
            let age = m["age_ns"].as_i64().map_or("-".into(), |ns| when::length(ns as f64));
            let last = &m["last_input"];
            let last = if last.is_null() {
                "-".into()
            } else {
                format!("{} [{}]", plain(&last["kind"]), last["position"])
            };
            text += &format!(
                "  {:<12} {:>16} {:>16} {:<6} {age:>12}  {last}\n",
                plain(&m["instrument"]),
                plain(&m["bid"]),
                plain(&m["ask"]),
                plain(&m["unit"])
            );
        }
        text += &title("positions");
        text += &rows(
            json["positions"].as_array(),
            &["instrument", "qty", "average_price", "cost", "unrealised", "realised", "fees"],
            plain,
        );
        text += &title("working orders");
        let columns =
            ["order", "instrument", "side", "type", "status", "qty", "filled", "limit", "trigger", "reason"];
        text += &rows(json["orders"].as_array(), &columns, plain);
        text
    }
}

/// Objects as aligned columns.
fn rows(all: Option<&Vec<Value>>, columns: &[&str], plain: impl Fn(&Value) -> String) -> String {
    let all = all.map_or(&[][..], Vec::as_slice);
    if all.is_empty() {
        return "  none\n".into();
    }
    let cells: Vec<Vec<String>> =
        all.iter().map(|v| columns.iter().map(|c| plain(&v[*c])).collect()).collect();
    let width = |at: usize| cells.iter().map(|row| row[at].len()).max().unwrap_or(0).max(columns[at].len());
    let line = |row: Vec<&str>| {
        let cells: Vec<String> =
            row.iter().enumerate().map(|(at, c)| format!("{c:>w$}", w = width(at))).collect();
        format!("  {}\n", cells.join("  "))
    };
    let mut text = line(columns.to_vec());
    cells.iter().for_each(|row| text += &line(row.iter().map(String::as_str).collect()));
    text
}
